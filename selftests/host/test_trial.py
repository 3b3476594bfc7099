"""What counts as found: the named checks, and nothing that the right cause does not explain."""

from typing import Any

import pytest

from trials.faults.mutant import Mutant, Seen
from trials.faults.trial import Trial, judge
from trials.suite import Verdict

ADVICE = Mutant(
    "slow", "It is slow.", "C", lambda _: None, lambda _: Seen(True, ""), deviates=("test_a",)
)


def verdict(*failed: str, explained: tuple[str, ...] = (), cause: str = "slow") -> Verdict:
    """A run in which the advice test_a did not hold, and these checks failed."""
    checks = [{"id": f"tests/x.py::{name}", "param": "", "outcome": "failed"} for name in failed]
    checks.append({"id": "tests/x.py::test_a", "param": "", "outcome": "deviation"})
    names = [f"tests/x.py::{name}" for name in explained]
    one = {"cause": cause, "confidence": "medium", "checks": names}
    document: dict[str, Any] = {"checks": checks, "diagnoses": [one]}
    return Verdict(1 if failed else 0, 1.0, document, "")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (verdict(), True),
        (verdict("test_b", explained=("test_b",)), True),
        (verdict("test_b"), False),
        (verdict("test_b", explained=("test_b",), cause="other"), False),
    ],
    ids=["advice", "follows", "unexplained", "by-another-cause"],
)
def test_advice_may_break_what_its_cause_explains(said: Verdict, found: bool) -> None:
    """A fault that should only be advised of may break checks too; others must not fail."""
    trial = Trial("slow", "It is slow.", ["slow"])
    judge(trial, ADVICE, said)
    assert trial.detected is found, trial.missed
