"""Wait for a distributed system to catch up, or for a moment: the one place that sleeps."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Pace:
    """How long to pause between two looks, in seconds: each pause is longer than the last."""

    first: float
    most: float
    growth: float = 1.3

    def after(self, pause: float) -> float:
        """The pause that follows another one."""
        return min(self.most, pause * self.growth)


GENTLY = Pace(first=0.2, most=1.0)  # for whatever asks the API server


def eventually(
    probe: Callable[[], T], want: T | Callable[[T], bool], within: float, every: float | Pace = 0.1
) -> T:
    """Call probe until it returns what we want; return its last value either way.

    ``want`` is the value itself or a predicate over it. ``within`` and ``every`` are seconds;
    a probe that asks the API server goes GENTLY. Nothing is raised at the deadline: the caller's
    assert judges the value.
    """
    satisfied: Callable[[T], bool] = want if callable(want) else lambda value: value == want
    deadline = time.monotonic() + within
    pace = every if isinstance(every, Pace) else Pace(every, every)
    pause = pace.first
    while not satisfied(value := probe()) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = pace.after(pause)
    return value


def until(moment: float) -> None:
    """Let time pass until a moment (time.monotonic); not at all when it is over."""
    time.sleep(max(0.0, moment - time.monotonic()))
