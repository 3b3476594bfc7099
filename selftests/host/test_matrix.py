"""The matrix goes on where it was ended, and says what went wrong."""

from pathlib import Path
from typing import cast

import pytest

from clusterdns.cluster import Cluster
from host.bootstrap.steps import HostError
from selftests.experiments.places import inventory
from trials.cluster import Breakable, Tools
from trials.healthy import matrix
from trials.healthy.matrix import Row, Rows, swap
from trials.healthy.rounds import Round


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Breakable:
    """A cluster with some CoreDNS, and a kind that fails."""
    kind = tmp_path / "kind"
    kind.write_text("#!/bin/sh\necho 'ERROR: no space left' >&2\nexit 1\n")
    kind.chmod(0o755)
    monkeypatch.setattr(matrix, "take_inventory", lambda _: inventory((), ()))
    monkeypatch.setattr("host.bootstrap.image.coredns_archive", lambda _: tmp_path / "archive.tar")
    tools = Tools(kind, Path("kubectl"), "node:1", "dnsutils:1", None)
    return Breakable("x", tmp_path / "kubeconfig", tools, cast(Cluster, None))


def test_image_that_cannot_be_loaded_is_told(cluster: Breakable) -> None:
    """With the words of kind: nothing was tried, and nothing is a mistake of ours."""
    with pytest.raises(HostError, match="kind load image-archive: ERROR: no space left"):
        swap(cluster, "9.9.9")


def round_of(exit_code: int) -> Round:
    """A run that ended so."""
    return Round(exit_code, 600, (), 0, 0, 12000, 25.0, 30.0, 0)


def row_of(version: str, *codes: int) -> Row:
    """A row of these runs."""
    return Row("one-node", version, tuple(map(round_of, codes)), "abc1234", "2026-01-01")


def test_rows_outlive_the_process(tmp_path: Path) -> None:
    """What was green often enough is not tried again; all else is."""
    file = tmp_path / "rows.json"
    first = Rows(file)
    rows = [row_of("1.12.1", 0, 0, 0), row_of("1.9.4", 0, 1, 0), row_of("1.11.3", 0)]
    for row in rows:
        first.add(row)
    again = Rows(file)
    assert list(again) == [rows[1], rows[2], rows[0]]
    assert [again.is_done("one-node", row.version, 3) for row in rows] == [True, False, False]
    assert not again.is_done("three-nodes", "1.12.1", 3)


def test_row_that_is_tried_again_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """One line for each version on each kind of cluster."""
    rows = Rows(tmp_path / "rows.json")
    for code in (1, 0):
        rows.add(row_of("1.12.1", code))
    assert list(rows) == [row_of("1.12.1", 0)]


@pytest.mark.parametrize("word", ["1.12.1", "v1.12.1"])
def test_version_is_taken_as_the_image_or_the_program_has_it(word: str) -> None:
    """With or without the "v" of the image's tag."""
    assert matrix.parse(["--coredns", word]).coredns == ["1.12.1"]


@pytest.mark.parametrize("word", ["latest", "1.12", "v1.12.1-rc1", ""])
def test_what_is_no_version_is_refused_at_once(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one sentence, before anything is made."""
    with pytest.raises(SystemExit):
        matrix.parse([f"--coredns={word}"])
    told = capsys.readouterr().err.splitlines()[-1]
    assert (
        told
        == f"matrix: error: argument --coredns: {word!r} is no version of CoreDNS, such as 1.12.1"
    )
