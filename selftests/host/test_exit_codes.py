"""The bootstrap may import nothing of ours, so it has a copy of the exit codes."""

import pytest

from clusterdns.report.exit_codes import MEANINGS, ExitCode
from host.bootstrap import exit_codes


def test_copy_of_the_bootstrap_is_the_same() -> None:
    """Names and numbers."""
    ours = {each.name: each.value for each in ExitCode}

    assert {each.name: each.value for each in exit_codes.ExitCode} == ours


def test_pytests_own_are_among_them() -> None:
    """0 to 5 mean what pytest means by them, and 10 to 12 are none of pytest's."""
    pytests = {each.value for each in pytest.ExitCode}

    assert {each.value for each in ExitCode} & pytests == set(range(6))


def test_each_is_explained() -> None:
    """The summary says what the number means."""
    assert list(MEANINGS) == list(ExitCode)
