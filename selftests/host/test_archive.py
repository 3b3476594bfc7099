"""Images are written file by file: same content, same bytes; nothing in them but what was said."""

import json
import tarfile
from pathlib import Path

import pytest

from host.bootstrap import node
from host.bootstrap.archive import (
    NET_BIND_SERVICE,
    NOBODY,
    Entry,
    Image,
    write_archive,
    write_layer,
)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Something to put into an image."""
    path = tmp_path / "program"
    path.write_bytes(b"\x7fELF")
    return path


def test_the_same_entries_give_the_same_layer(tmp_path: Path, program: Path) -> None:
    """Neither the clock nor the user shows in a layer."""
    entries = [Entry("coredns", copy_of=program), Entry("also", link_to="coredns")]
    first = write_layer(tmp_path / "1.tar", entries)
    program.touch()
    second = write_layer(tmp_path / "2.tar", entries)

    assert first.sha256 == second.sha256


def test_coredns_is_alone_in_its_image(tmp_path: Path, program: Path) -> None:
    """No shell, not root, and allowed to bind port 53: as the official image."""
    image = node.coredns_image("9.9.9", program, tmp_path)

    with tarfile.open(image.layers[0].path) as tar:
        (file,) = tar.getmembers()
    assert (file.name, file.mode) == ("coredns", 0o755)
    assert (
        file.pax_headers["SCHILY.xattr.security.capability"].encode("latin-1") == NET_BIND_SERVICE
    )
    assert (image.user, image.entrypoint) == (NOBODY, ("/coredns",))


def test_a_shared_layer_is_stored_once(tmp_path: Path, program: Path) -> None:
    """Eleven images of one root file system are little more than one."""
    layer = write_layer(tmp_path / "layer.tar", [Entry("program", copy_of=program)])
    archive = tmp_path / "images.tar"
    write_archive(archive, [Image("a:1", (layer,)), Image("b:1", (layer,), ("/program",))])

    with tarfile.open(archive) as tar:
        names = tar.getnames()
        manifest = json.load(tar.extractfile("manifest.json") or pytest.fail("no manifest"))
    assert names.count(f"{layer.sha256}.tar") == 1
    assert [entry["RepoTags"] for entry in manifest] == [["a:1"], ["b:1"]]
    assert len({entry["Config"] for entry in manifest}) == 2
