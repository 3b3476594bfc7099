"""Who names a proof that needs a CoreDNS binary is told at once that there is none."""

import pytest

from selftests import realcoredns
from selftests.realcoredns import demand_for


@pytest.mark.parametrize(
    ("binary", "told"),
    [("", "names none"), ("/nowhere/coredns", "names no program: /nowhere/coredns")],
    ids=["none", "no-program"],
)
def test_missing_binary_is_told(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, binary: str, told: str
) -> None:
    """Where such a file is collected, and nowhere else."""
    monkeypatch.setattr(realcoredns, "BINARY", binary)
    demand_for([request.node], "test_*_for_real.py")
    with pytest.raises(pytest.UsageError, match=f"needs a CoreDNS binary, and .* {told}"):
        demand_for([request.node], "test_real*.py")


def test_binary_is_taken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any program at all: what it is shows soon."""
    monkeypatch.setattr(realcoredns, "BINARY", "/bin/sh")
    demand_for([request.node], "test_real*.py")
