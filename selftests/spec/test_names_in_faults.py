"""What a mutant says of the suite is there: its checks are collected, its diagnoses are causes."""

from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase

import pytest

from clusterdns.diagnosis.finding import all_causes
from selftests.spec.collected import Test, collect
from trials.faults.mutant import Mutant
from trials.faults.register import MUTANTS


def unknown(mutant: Mutant, checks: Iterable[str], causes: Iterable[str]) -> list[str]:
    """What a mutant demands that is nowhere.

    Whatever ``causes`` names is a cause. Where it names none, the mutant's own name is one,
    unless no catalogue has the fault: then ``unknown`` may be all that can be said.
    """
    checks, causes = set(checks), set(causes)
    names = [pattern.partition("[")[0] for pattern in (*mutant.fails, *mutant.deviates)]
    found = [
        f"{mutant.name} demands {name} of no check"
        for name in names
        if not any(fnmatchcase(check, name) for check in checks)
    ]
    demanded = [*mutant.causes] or ([mutant.name] if mutant.catalogued else [])
    found += [f"{mutant.name} leads to {name}: no cause" for name in demanded if name not in causes]
    return found


@pytest.fixture(scope="module")
def names() -> set[str]:
    """The names of all checks."""
    return {name_of(test) for test in collect()}


def name_of(test: Test) -> str:
    """``test_x`` of ``tests/dns/test_size.py::test_x``."""
    return test.id.rpartition("::")[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_a_mutant_demands_is_there(mutant: Mutant, names: set[str]) -> None:
    """A misspelt name would only be found when somebody breaks a cluster."""
    assert unknown(mutant, names, all_causes()) == []


@pytest.mark.parametrize("catalogued", [True, False])
def test_each_cause_that_a_mutant_names_is_one(catalogued: bool) -> None:
    """One right name beside a misspelt one is not enough, whether a catalogue has it or not."""
    mutant = replace(MUTANTS[0], fails=(), deviates=(), causes=("oom", "ooom"))
    mutant = replace(mutant, catalogued=catalogued)
    assert unknown(mutant, (), ["oom"]) == [f"{mutant.name} leads to ooom: no cause"]


@pytest.mark.parametrize(("catalogued", "missing"), [(True, 1), (False, 0)])
def test_without_causes_it_is_the_mutants_own_name(catalogued: bool, missing: int) -> None:
    """Of a fault that no catalogue has nobody need know the cause."""
    mutant = replace(MUTANTS[0], fails=(), deviates=(), causes=(), catalogued=catalogued)
    assert len(unknown(mutant, (), ["oom"])) == missing
