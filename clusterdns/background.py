"""Work in a thread of its own, with a deadline for whoever waits for it: the one place for both.

A thread cannot be ended from outside. What is late is left behind, and never keeps the process
from ending.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, TypeVar

T = TypeVar("T")


def begin(name: str, work: Callable[[], T]) -> Future[T]:
    """Do something in a thread of that name; the future has its result, or what it raised."""
    future: Future[T] = Future()
    threading.Thread(target=_fill, args=(future, work), name=name, daemon=True).start()
    return future


def _fill(future: Future[T] | None, work: Callable[[], T]) -> None:
    """Do the work; let go of the future, which an error holds that holds this frame."""
    assert future is not None
    try:
        future.set_result(work())
    except BaseException as error:  # whoever asks for the result gets it
        future.set_exception(error)
        future = None


def has_ended(work: Future[Any], within: float) -> bool:
    """Wait at most so many seconds; whether it has ended by then. Raises nothing of the work's."""
    wait([work], max(0.0, within))
    return work.done()


def in_time(name: str, work: Callable[[], T], within: float) -> T:
    """The result of work that has no deadline of its own.

    Raises TimeoutError after so many seconds, else whatever the work raises.
    """
    return begin(name, work).result(within)
