"""Exit code and result of a run: the contract's table and its precedence."""

from itertools import combinations

import pytest

from clusterdns.report.model import Check, CleanupResult, Outcome, Result
from clusterdns.report.verdicts import exit_code, result_of

PRECEDENCE = (11, 3, 2, 1, 10, 12)


def check(outcome: Outcome) -> Check:
    """A check that came to this."""
    return Check(f"tests/test_{outcome}.py::test_it", "", "must", outcome)


def code_when(*causes: int) -> int:
    """The exit code when all of these have a reason at once."""
    by_pytest = [code for code in (3, 2, 10) if code in causes]
    return exit_code(
        by_pytest[0] if by_pytest else 0,
        [check("failed" if 1 in causes else "passed"), check("not-run")],
        CleanupResult("changed" if 11 in causes else "clean"),
        require_complete=12 in causes,
    )


@pytest.mark.parametrize(("higher", "lower"), list(combinations(PRECEDENCE, 2)))
def test_precedence(higher: int, lower: int) -> None:
    """Of two reasons the one that stands first in the contract decides."""
    assert code_when(higher, lower) == higher
    assert code_when(lower) == lower


@pytest.mark.parametrize("outcome", ["passed", "deviation", "waived", "not-applicable", "not-run"])
def test_what_is_no_failure_gives_0(outcome: Outcome) -> None:
    """Only a failed check makes a run fail; being incomplete must be asked for."""
    assert exit_code(0, [check(outcome)], CleanupResult("clean")) == 0


def test_a_mistake_of_the_suite_is_an_internal_error() -> None:
    """An ad hoc skip must not pass for a verdict on the cluster."""
    assert exit_code(1, [check("failed")], CleanupResult("clean"), suite_error=True) == 3


def test_kept_on_purpose_is_not_changed() -> None:
    """--keep leaves things behind and is not punished."""
    assert exit_code(0, [check("passed")], CleanupResult("kept", [], ["namespace x"])) == 0


def test_what_pytest_counts_is_not_overruled() -> None:
    """A failing test outside the suite, nothing collected, wrong usage: as pytest has them."""
    assert [exit_code(code, [], CleanupResult("clean")) for code in (0, 1, 4, 5)] == [0, 1, 4, 5]


@pytest.mark.parametrize(
    ("code", "outcomes", "result"),
    [
        (0, ["passed", "deviation", "waived", "not-applicable"], "success"),
        (0, ["passed", "not-run"], "partial"),
        (12, ["passed", "not-run"], "partial"),
        (1, ["passed", "failed", "not-run"], "failure"),
        (2, ["failed"], "error"),
        (3, ["passed"], "error"),
        (10, ["not-run"], "error"),
        (11, ["passed"], "error"),
        (11, ["failed"], "failure"),
    ],
)
def test_result(code: int, outcomes: list[Outcome], result: Result) -> None:
    """Each code has its result; a cluster that was left changed is never a success."""
    assert result_of(code, [check(outcome) for outcome in outcomes]) == result
