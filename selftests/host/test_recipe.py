"""The tag of the node image changes with everything that is in the image, and with nothing else."""

import shutil
from pathlib import Path

import pytest

from host.bootstrap.cache import PROJECT
from host.bootstrap.recipe import REPOSITORY, digest, inputs, recipe, wanted_tag


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the image is made from."""
    shutil.copytree(PROJECT / "host", tmp_path / "host")
    return tmp_path


INPUTS = [path.relative_to(PROJECT) for path in inputs()]


@pytest.mark.parametrize("changed", INPUTS, ids=str)
def test_any_input_changes_the_tag(project: Path, changed: Path) -> None:
    """One byte more in a recipe, source or node file is another image."""
    before = wanted_tag(project)
    file = project / changed
    # A comment is a change, too; TOML must stay readable.
    file.write_bytes(file.read_bytes() + b"\n")

    assert wanted_tag(project) != before


def test_a_cluster_configuration_is_no_input(project: Path) -> None:
    """Another topology needs no other image."""
    before = wanted_tag(project)
    (project / "host" / "kind" / "clusters" / "one-node.yaml").write_text("other")

    assert wanted_tag(project) == before


def test_a_new_file_is_an_input(project: Path) -> None:
    """A file that is added to the node counts without being listed anywhere."""
    before = wanted_tag(project)
    (project / "host" / "kind" / "node" / "extra").write_text("")

    assert wanted_tag(project) != before


def test_the_tag_names_the_version_and_twelve_digits() -> None:
    """The tag says what it is."""
    repository, _, tag = wanted_tag().rpartition(":")
    version, _, digits = tag.rpartition("-")

    assert repository == REPOSITORY
    assert version == f"v{recipe().kubernetes}"
    assert len(digits) == 12


def test_where_one_input_ends_matters() -> None:
    """Two inputs never look like two others."""
    assert digest("ab", "c") != digest("a", "bc")
