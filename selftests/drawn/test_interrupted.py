"""Ctrl-C ends a run of drawn faults, also where the fault could not be taken out any more."""

import argparse
from contextlib import nullcontext
from unittest.mock import Mock

import pytest

from trials.faults.drawn import run
from trials.faults.scene import RevertError


def interrupted(*_: object) -> None:
    """A trial that is interrupted, and whose fault stays in."""
    try:
        raise KeyboardInterrupt
    finally:
        raise RevertError("wrong still")


def test_the_next_fault_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interruption is what ends it, not the cluster that is given up for it."""
    cluster = Mock(return_value=nullcontext(Mock()))
    monkeypatch.setattr(run, "find_tools", Mock())
    monkeypatch.setattr(run, "breakable_cluster", cluster)
    monkeypatch.setattr(run, "prepare", Mock())
    monkeypatch.setattr(run, "Scene", Mock())
    monkeypatch.setattr(run, "Onlooker", Mock(return_value=Mock(settle=lambda: Mock(wrong=[]))))
    monkeypatch.setattr(run, "begin", Mock(side_effect=lambda mutant: Mock()))
    monkeypatch.setattr(run, "report", Mock())
    monkeypatch.setattr(run, "try_drawn", interrupted)
    options = argparse.Namespace(
        report_dir=None, cluster=None, topology="one-node", keep_cluster=False, green=False
    )
    with pytest.raises(KeyboardInterrupt):
        run.try_drawn_ones(options, [Mock(), Mock()], [])
    assert cluster.call_count == 1, "another cluster was made after the interruption"
