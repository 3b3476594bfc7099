"""The relay's stream of lines over a long-lived exec in a probe pod."""

import selectors
import time
from collections.abc import Sequence

from clusterdns.probe.exec_socket import (
    STDERR,
    STDOUT,
    ExecSocket,
    ExecTarget,
    StreamEndedError,
    open_exec,
)


class ExecLines:
    """Lines to and from a command in a pod; see link.LineStream. No method waits."""

    def __init__(self, socket: ExecSocket) -> None:
        self._socket = socket
        self._text = bytearray()
        self._complaints = bytearray()

    def fileno(self) -> int:
        """The file descriptor, for select."""
        return self._socket.fileno()

    def send(self, data: bytes) -> None:
        """Queue bytes and write what can be written."""
        self._socket.send(data)

    def flush(self) -> bool:
        """Write what can be written; True when nothing is left."""
        return self._socket.flush()

    def receive(self) -> list[str]:
        """The lines that are complete.

        Raises StreamEndedError with what the command complained of.
        """
        try:
            came = self._socket.receive()
        except StreamEndedError as ended:
            complaint = self._complaints.decode(errors="replace").strip()
            if not complaint:
                raise
            raise StreamEndedError(f"{ended}: {complaint}", ended.permanent, ended.failed) from None
        for channel, data in came:
            if channel == STDOUT:
                self._text += data
            elif channel == STDERR:
                self._complaints = (self._complaints + data)[-4096:]
        end = self._text.rfind(b"\n") + 1
        if not end:
            return []
        lines = self._text[:end].decode("ascii", errors="replace").splitlines()
        del self._text[:end]
        return lines

    def close(self) -> None:
        """Hang up; the relay ends with its standard input."""
        self._socket.close()


def open_lines(target: ExecTarget, command: Sequence[str], within: float) -> ExecLines:
    """Start a command in a pod and talk to it in lines. Raises StreamEndedError."""
    return ExecLines(open_exec(target, command, within, stdin=True))


def wait_readable(socket: ExecSocket, deadline: float) -> bool:
    """Until bytes are there (True) or the deadline, a time.monotonic() value, has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        return False
    with selectors.DefaultSelector() as selector:
        selector.register(socket.fileno(), selectors.EVENT_READ)
        return bool(selector.select(left))
