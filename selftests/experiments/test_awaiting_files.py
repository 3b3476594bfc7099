"""CoreDNS is not blamed for a Corefile that the kubelet has not brought yet."""

from dataclasses import dataclass
from typing import cast

import pytest

from clusterdns.experiments.reload import valid
from clusterdns.own_coredns import NotPossibleError, OwnCoreDns


@dataclass
class Witness:
    """An instance whose witness notes one more file at each look, up to so many."""

    files: int
    looks: int = 0

    def logs(self, container: str) -> str:
        """What the witness has noted by now."""
        assert container == valid.WITNESS
        self.looks += 1
        return "brought 2026-11-23\n" * min(self.looks, self.files)


def awaited(files: int, before: int) -> int:
    """How often the witness was looked at until the file was there."""
    witness = Witness(files)
    valid.await_file(cast(OwnCoreDns, witness), before)
    return witness.looks


def test_file_that_comes_is_awaited() -> None:
    """The wait ends with the first file that is new."""
    assert awaited(files=3, before=2) == 3


def test_file_that_never_comes_makes_the_checks_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be said about a reload then."""
    monkeypatch.setattr(valid, "KUBELET_S", 0.3)
    with pytest.raises(NotPossibleError, match="kubelet did not bring"):
        awaited(files=2, before=2)


def test_nobody_is_awaited_where_nothing_was_noted() -> None:
    """A witness that cannot start must not stop the experiment."""
    assert awaited(files=2, before=0) == 0
