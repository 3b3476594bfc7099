"""Wait for a distributed system to catch up, or for a moment: the one place that sleeps."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(
    probe: Callable[[], T], want: T | Callable[[T], bool], within: float, every: float = 0.1
) -> T:
    """Call probe until it returns what we want; return its last value either way.

    ``want`` is the value itself or a predicate over it. ``within`` and ``every`` are seconds.
    Nothing is raised at the deadline: the caller's assert judges the value.
    """
    satisfied: Callable[[T], bool] = want if callable(want) else lambda value: value == want
    deadline = time.monotonic() + within
    while not satisfied(value := probe()) and time.monotonic() < deadline:
        time.sleep(every)
    return value


def until(moment: float) -> None:
    """Let time pass until a moment (time.monotonic); not at all when it is over."""
    time.sleep(max(0.0, moment - time.monotonic()))
