"""What the local node image is made of, and the tag that follows from it."""

import functools
import hashlib
import platform
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from host.bootstrap.cache import PROJECT

REPOSITORY = "localhost/cluster-dns-node"
# Whatever decides what is in the image; the rest of this package only decides when it is built.
CODE = ("recipe.py", "build.py", "archive.py", "node.py")
NOT_IN_THE_IMAGE = "clusters"


@dataclass(frozen=True)
class Recipe:
    """host/kind/recipe.toml: versions without "v", Debian package names."""

    kubernetes: str
    kind: str
    etcd: str
    coredns: str
    pause: str
    further_coredns: tuple[str, ...]
    suite: str
    node_packages: tuple[str, ...]
    pod_packages: tuple[str, ...]


@functools.cache
def recipe(project: Path = PROJECT) -> Recipe:
    """The recipe of this checkout."""
    table = tomllib.loads((project / "host" / "kind" / "recipe.toml").read_text())
    debian = table["debian"]
    return Recipe(
        kubernetes=table["kubernetes"],
        kind=table["kind"],
        etcd=table["etcd"],
        coredns=table["coredns"],
        pause=table["pause"],
        further_coredns=tuple(table["further_coredns"]),
        suite=debian["suite"],
        node_packages=tuple(debian["node"]),
        pod_packages=tuple(debian["pod"]),
    )


def digest(*parts: str | bytes | Path) -> str:
    """12 hex digits over texts and files (names and contents); folders count with all in them."""
    total = hashlib.sha256()
    for part in parts:
        for piece in _pieces(part):
            total.update(len(piece).to_bytes(8, "big") + piece)
    return total.hexdigest()[:12]


def _pieces(part: str | bytes | Path) -> Iterable[bytes]:
    if isinstance(part, bytes):
        yield part
    elif isinstance(part, str):
        yield part.encode()
    else:
        files = [part] if part.is_file() else sorted(p for p in part.rglob("*") if p.is_file())
        for file in files:
            yield file.name.encode() if file == part else str(file.relative_to(part)).encode()
            yield file.read_bytes()


def inputs(project: Path = PROJECT) -> list[Path]:
    """Every file that the image depends on."""
    folder = project / "host" / "kind"
    kind = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] != NOT_IN_THE_IMAGE
    )
    return kind + [project / "host" / "bootstrap" / name for name in CODE]


def wanted_tag(project: Path = PROJECT) -> str:
    """The reference of the image that this checkout wants."""
    names = [str(path.relative_to(project)) for path in inputs(project)]
    hashed = digest(platform.machine(), *names, *inputs(project))
    return f"{REPOSITORY}:v{recipe(project).kubernetes}-{hashed}"
