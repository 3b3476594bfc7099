"""Each check notices each lie that it is there for, says which lie it was, and cries no wolf."""

import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from selftests.liars.conftest import run_suite
from selftests.liars.edges import EDGES
from selftests.liars.liar import BASIC, Liar
from selftests.liars.liars import LIARS

EVERYBODY = (*LIARS, *EDGES)
ANSWERS = 5000
# On a busy machine an honest server is late as well: only its own liar is asked about it.
UNSURE = {f"test_paths::test_path_is_in_time[{transport}]" for transport in ("udp", "tcp")}


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report about servers that only tell the truth."""
    folder = tmp_path_factory.mktemp("honest")
    done = run_suite(folder, "--deselect=tests/network/test_paths.py::test_path_is_in_time")
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(yaml.safe_load((folder / "report" / "results.yaml").read_text()))


def test_an_honest_server_passes(honest: dict[str, Any]) -> None:
    """Everything passes, and whole answers were compared from both nodes, of both servers."""
    assert {check["outcome"] for check in honest["checks"]} == {"passed"}
    asked = [check["asked"] for check in honest["checks"]]
    assert sum(asked) >= ANSWERS


def test_the_names_of_liars_are_unique() -> None:
    """One name, one liar."""
    assert len({liar.name for liar in EVERYBODY}) == len(EVERYBODY)


@pytest.mark.parametrize("liar", EVERYBODY, ids=lambda liar: liar.name)
def test_a_lie_is_caught(met: dict[str, Any], honest: dict[str, Any], liar: Liar) -> None:
    """Exactly the named checks do not pass."""
    checks = {name_of(check) for check in honest["checks"]} | UNSURE
    meant = {name for name in checks if any(matches(name, p) for p in liar.caught_by)}
    wanted = {name for name in meant if liar.meets(name.partition("::")[0])}
    unsure = UNSURE - wanted
    failed = set(met[liar.name]["failed"]) - unsure

    assert failed == wanted, f"missed {wanted - failed}; cried wolf {failed - wanted}"
    assert all(any(matches(name, p) for name in failed) for p in liar.caught_by), liar.caught_by


@pytest.mark.parametrize("liar", EVERYBODY, ids=lambda liar: liar.name)
def test_the_message_says_the_lie(met: dict[str, Any], liar: Liar) -> None:
    """What the server said is in the message of each check."""
    for name, message in met[liar.name]["failed"].items():
        assert any(word in message for word in liar.says), f"{name} says only:\n{message}"


def test_every_check_has_caught_a_liar(met: dict[str, Any], honest: dict[str, Any]) -> None:
    """A check that has never failed for a lie of its own is a guess."""
    teeth = {n for liar, found in met.items() if liar != "servfail" for n in found["failed"]}
    toothless = {name_of(check) for check in honest["checks"]} - teeth
    basic = {name for name in toothless if name.partition("::")[0].removeprefix("test_") in BASIC}
    print(f"{len(teeth)} checks have caught a liar, {len(toothless)} not:", *sorted(toothless))
    assert basic == set()


def name_of(check: dict[str, Any]) -> str:
    """FILE::TEST[PARAM] of an entry of results.yaml."""
    file, _, name = check["id"].partition("::")
    return f"{Path(file).stem}::{name}" + (f"[{check['param']}]" if check["param"] else "")


def matches(name: str, pattern: str) -> bool:
    """Whether FILE::TEST[PARAM] is meant by a pattern."""
    return fnmatch.fnmatchcase(name, f"test_{pattern}")
