"""All self-tests: the markers of checks, and what ends a session gives fixtures their time."""

import signal
from types import FrameType

import pytest

from fixtures import markers

TERM_KEY = pytest.StashKey[object]()


def pytest_configure(config: pytest.Config) -> None:
    """SIGTERM ends the session as Ctrl-C does: fixtures end, and clusters go.

    Self-tests import checks, which wear their markers here too.
    """
    markers.pytest_configure(config)
    config.stash[TERM_KEY] = signal.signal(signal.SIGTERM, _stop)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Restore the default handler of SIGTERM."""
    if TERM_KEY in config.stash:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)
