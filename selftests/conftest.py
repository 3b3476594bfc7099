"""All self-tests: what ends a session must give fixtures their time to remove clusters."""

import signal
from types import FrameType

import pytest

TERM_KEY = pytest.StashKey[object]()


def pytest_configure(config: pytest.Config) -> None:
    """SIGTERM ends the session as Ctrl-C does: fixtures end, and clusters go."""
    config.stash[TERM_KEY] = signal.signal(signal.SIGTERM, _stop)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give back the handler that was there before."""
    if TERM_KEY in config.stash:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)
