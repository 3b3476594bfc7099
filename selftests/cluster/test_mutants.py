"""Eight faults, each put into the cluster, found by the suite, and taken out again."""

from pathlib import Path

import pytest

from trials.cluster import Breakable
from trials.faults.register import MUTANTS, by_name, chosen
from trials.faults.scene import RevertError
from trials.faults.trial import prepare, try_mutant


@pytest.fixture(scope="module")
def breakable(selftest_cluster: Breakable) -> Breakable:
    """The cluster, with the plain pods from which symptoms are looked at."""
    prepare(selftest_cluster)
    return selftest_cluster


@pytest.mark.parametrize("name", [mutant.name for mutant in MUTANTS if mutant.always])
def test_fault_is_found(breakable: Breakable, name: str, tmp_path: Path) -> None:
    """The checks that are named for a fault must fail, and the repair must leave no trace."""
    mutant = by_name(name)
    try:
        trial = try_mutant(breakable, mutant, tmp_path, mutant.select)
    except RevertError as error:
        pytest.exit(f"{name} could not be taken out of the cluster again: {error}", returncode=11)
    assert trial.missed == [], trial


def test_names_are_unique() -> None:
    """A mutant is called by its name."""
    names = [mutant.name for mutant in MUTANTS]
    assert sorted(set(names)) == sorted(names)


def test_every_mutant_demands_something() -> None:
    """A mutant that no check must notice proves nothing."""
    assert [m.name for m in MUTANTS if not (m.fails or m.deviates)] == []


@pytest.mark.parametrize(
    ("words", "found"),
    [("no-reload", ["no-reload"]), ("dns-svc-no*", ["dns-svc-no-tcp"]), ("there-is-none", [])],
)
def test_mutants_are_chosen_by_name(words: str, found: list[str]) -> None:
    """A whole name chooses one; wildcards and parts choose more; another word none."""
    assert [mutant.name for mutant in chosen(words)] == found
