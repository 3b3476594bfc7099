"""Whoever reads what we print may go away, or stop reading: that must stop nothing of ours.

A closed pipe, a terminal that was hung up, a full disk: what cannot be written is dropped, and
all else goes on as if somebody listened.
"""

import contextlib
import os
import select
import sys
from collections.abc import Callable
from typing import Any, ClassVar, TextIO

DESCRIPTORS = 256  # of those with a lower number than this some may lead to the lost reader


PATIENCE_S = 0.2  # a reader that is only slow is given so long, once, by who is in a hurry


def takes_more(descriptor: int, within: float = 0.0) -> bool:
    """Whether a short text can be written within so many seconds, without waiting for longer."""
    poll = select.poll()
    try:
        poll.register(descriptor, select.POLLOUT)
        return any(event & select.POLLOUT for _, event in poll.poll(within * 1000))
    except (OSError, ValueError):
        return False


def let_go(descriptor: int) -> None:
    """Turn each descriptor that leads where this one does into /dev/null.

    Also the copies that others keep (pytest's capture does), and what is in buffers: so nothing
    that is written or flushed later, at the end of the interpreter too, meets the lost reader.
    """
    with contextlib.suppress(OSError):
        lost = os.fstat(descriptor)
        nowhere = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        for number in range(DESCRIPTORS):
            with contextlib.suppress(OSError):
                if os.path.samestat(os.fstat(number), lost):
                    os.dup2(nowhere, number, inheritable=os.get_inheritable(number))
        os.close(nowhere)


def pass_on(source: int, target: int) -> None:
    """Write all that comes from one descriptor to another, or drop it; until the end of it."""
    while chunk := os.read(source, 65536):
        while chunk:
            try:
                chunk = chunk[os.write(target, chunk) :]
            except BlockingIOError:
                takes_more(target, PATIENCE_S)
            except OSError:
                let_go(target)


def tell(descriptor: int, text: str) -> None:
    """Write past every buffer, at once or not at all: for signal handlers. Raises nothing."""
    with contextlib.suppress(OSError):
        if takes_more(descriptor):
            os.write(descriptor, text.encode(errors="replace"))


class SafeOutput:
    """A text stream whose reader may go away; what it is not given, it does not do: see above.

    While ``hurried`` (for all listeners at once) it waits for no reader either: a text that would
    have to wait is dropped. So a reader that has stopped reading does not hold up the clean-up,
    nor the end of a run that was interrupted.
    """

    hurried: ClassVar[bool] = False
    _stalled: ClassVar[bool] = False  # a reader did not take more in time

    def __init__(self, stream: TextIO, shown: Callable[[str], str] = str) -> None:
        """``shown`` makes of a text what may be printed of it."""
        self._stream = stream
        self._shown = shown

    def write(self, text: str) -> int:
        """Write, if anybody listens. Raises UnicodeEncodeError as the stream does."""
        if self._may_write():
            try:
                self._stream.write(self._shown(text))
            except OSError as error:
                self._lose(error)
        return len(text)

    def flush(self) -> None:
        """Flush, if anybody listens."""
        if self._may_write():
            try:
                self._stream.flush()
            except OSError as error:
                self._lose(error)

    def _may_write(self) -> bool:
        if self._stream.closed:
            return False
        if not SafeOutput.hurried:
            return True
        takes = takes_more(self._stream.fileno(), 0.0 if SafeOutput._stalled else PATIENCE_S)
        SafeOutput._stalled = not takes
        return takes

    def _lose(self, error: OSError) -> None:
        if not isinstance(error, BlockingIOError):  # only slow: what it did not take is lost
            let_go(self._stream.fileno())

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)


def open_standard_streams() -> None:
    """Open what was closed before we began (``>&-``): else the next file would be "stdout"."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # the lowest free number is the one that is given
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            number = 1 if name == "stdout" else 2
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8", closefd=False))
