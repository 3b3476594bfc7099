"""What a mutant says of the suite is there: its checks are collected, its diagnoses are causes."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

import pytest

from clusterdns.diagnosis.finding import all_causes
from selftests.spec.collected import Test, collect
from trials.faults.mutant import Mutant
from trials.faults.register import MUTANTS


def unknown(mutant: Mutant, checks: Iterable[str], causes: Iterable[str]) -> list[str]:
    """What a mutant demands that is nowhere. It may lead to no cause only if it is not known."""
    checks, causes = set(checks), set(causes)
    demanded = [pattern.partition("[")[0] for pattern in (*mutant.fails, *mutant.deviates)]
    found = [
        f"{mutant.name} demands {name} of no check"
        for name in demanded
        if not any(fnmatchcase(check, name) for check in checks)
    ]
    if mutant.catalogued and not causes.intersection(mutant.right_causes):
        found.append(f"{mutant.name} leads to no cause: {', '.join(mutant.right_causes)}")
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
