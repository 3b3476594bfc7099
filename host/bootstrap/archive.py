"""Container images written file by file: what goes in is known to the byte, no engine is needed.

The archive has the layout of `docker save` (a manifest.json, one configuration and a list of
layers per image), which containerd, kind and docker load. Layers are shared between images.
"""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
NOBODY = "65532:65532"
# Permitted and effective cap_net_bind_service (linux/capability.h, struct vfs_cap_data, revision 2)
NET_BIND_SERVICE = bytes.fromhex("0100000200040000000000000000000000000000")


def architecture() -> str:
    """The architecture of the host, as images name it."""
    return ARCHITECTURES.get(platform.machine(), platform.machine())


@dataclass(frozen=True)
class Entry:
    """A file of a layer: a copy of another file, a link, or (with neither) an empty file."""

    name: str
    copy_of: Path | None = None
    link_to: str | None = None
    mode: int = 0o755
    capability: bytes = b""


@dataclass(frozen=True)
class Layer:
    """A tar file and its digest."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class Image:
    """A name, what is in it, and how it starts."""

    name: str
    layers: tuple[Layer, ...]
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""
    environment: tuple[str, ...] = field(
        default=("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",)
    )


def layer_of(path: Path) -> Layer:
    """A layer from a tar file that exists."""
    with path.open("rb") as file:
        return Layer(path, hashlib.file_digest(file, "sha256").hexdigest())


def write_layer(path: Path, entries: Iterable[Entry]) -> Layer:
    """Write a layer; the same entries give the same bytes."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries:
            info = tarfile.TarInfo(entry.name)
            info.mode = entry.mode
            if entry.capability:
                value = entry.capability.decode("latin-1")
                info.pax_headers = {"SCHILY.xattr.security.capability": value}
            if entry.link_to:
                info.type, info.linkname = tarfile.SYMTYPE, entry.link_to
                tar.addfile(info)
            elif entry.copy_of:
                info.size = entry.copy_of.stat().st_size
                with entry.copy_of.open("rb") as source:
                    tar.addfile(info, source)
            else:
                tar.addfile(info)
    return layer_of(path)


def write_archive(path: Path, images: Sequence[Image]) -> None:
    """Write images into one archive."""
    manifest = []
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        written = set()
        for image in images:
            configuration = _configuration(image)
            name = f"{hashlib.sha256(configuration).hexdigest()}.json"
            for layer in image.layers:
                if layer.sha256 not in written:
                    written.add(layer.sha256)
                    tar.add(layer.path, f"{layer.sha256}.tar", filter=_anonymous)
            if name not in written:
                written.add(name)
                _add_bytes(tar, name, configuration)
            layers = [f"{layer.sha256}.tar" for layer in image.layers]
            manifest.append({"Config": name, "RepoTags": [image.name], "Layers": layers})
        _add_bytes(tar, "manifest.json", json.dumps(manifest).encode())


def _configuration(image: Image) -> bytes:
    """The image's configuration (OCI image specification, config.md)."""
    settings = {
        "Entrypoint": list(image.entrypoint),
        "Cmd": list(image.command),
        "User": image.user,
        "Env": list(image.environment),
        "WorkingDir": "/",
    }
    content = {
        "architecture": architecture(),
        "os": "linux",
        "config": {key: value for key, value in settings.items() if value},
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{layer.sha256}" for layer in image.layers],
        },
    }
    return json.dumps(content, sort_keys=True).encode()


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mtime = 0
    return info


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))
