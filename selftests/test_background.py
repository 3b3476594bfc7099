"""Work in a thread of its own: its result, what it raises, and its deadline."""

import gc
import threading
import weakref

import pytest

from clusterdns.background import begin, has_ended, in_time
from clusterdns.wait import eventually


class Held:
    """Something that work holds when it fails, such as a socket."""


def test_result_and_error_reach_whoever_waits() -> None:
    """As if there were no thread."""
    assert in_time("adds", lambda: 1 + 1, 5) == 2
    with pytest.raises(ZeroDivisionError):
        in_time("divides", lambda: 1 // 0, 5)


def test_what_is_late_is_left_behind() -> None:
    """Whoever waits goes on; the work ends when it ends."""
    go = threading.Event()
    late = begin("late", go.wait)

    with pytest.raises(TimeoutError):
        in_time("late, too", go.wait, 0.01)
    assert not has_ended(late, 0.01)
    go.set()
    assert has_ended(late, 5)


def test_what_failed_work_held_is_let_go_at_once() -> None:
    """An open socket must not wait for the garbage collector, and warn in another's check."""
    held: list[weakref.ref[Held]] = []

    def fail() -> None:
        mine = Held()
        held.append(weakref.ref(mine))
        raise ValueError(mine.__class__)

    gc.disable()
    try:
        with pytest.raises(ValueError, match="Held") as caught:
            in_time("fails", fail, 5)
        del caught
        assert eventually(lambda: held[0]() is None, True, within=2)
    finally:
        gc.enable()
