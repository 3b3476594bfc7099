"""The relay as a local process instead of an exec in a pod: the same lines, no cluster."""

import contextlib
import socket
import subprocess
from typing import Self

from clusterdns.probe.exec_socket import StreamEndedError
from clusterdns.probe.jobs import Window
from clusterdns.probe.link import Link
from clusterdns.probe.relayed import RelayProbe, relay_command, relay_source


class LocalLines:
    """A link.LineStream to a child process, over one socket."""

    def __init__(self, command: list[str], first: bytes) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        self.process = subprocess.Popen(command, stdin=theirs.fileno(), stdout=theirs.fileno())
        theirs.close()
        self._out = bytearray()
        self._text = bytearray()
        self.send(first)

    def fileno(self) -> int:
        """For select."""
        return self._socket.fileno()

    def send(self, data: bytes) -> None:
        """Queue bytes and write what can be written."""
        self._out += data
        self.flush()

    def flush(self) -> bool:
        """Write what can be written; True when nothing is left."""
        try:
            while self._out:
                del self._out[: self._socket.send(self._out[:65536])]
        except BlockingIOError:
            pass
        except OSError:
            self._out.clear()  # the relay is gone: receive tells so
        return not self._out

    def receive(self) -> list[str]:
        """The lines that are complete."""
        with contextlib.suppress(BlockingIOError):
            while True:
                try:
                    data = self._socket.recv(65536)
                except ConnectionError as error:
                    raise StreamEndedError(f"reading failed: {error}") from error
                if not data:
                    raise StreamEndedError("the relay ended")
                self._text += data
        *lines, rest = self._text.decode("ascii").split("\n")
        self._text = bytearray(rest.encode())
        return lines

    def close(self) -> None:
        """Hang up and wait for the process."""
        self._socket.close()
        self.process.wait(5)


class LocalProbe:
    """A context manager: a RelayProbe around local relays, with the list of those it started."""

    def __init__(self, window: Window | None = None, command: list[str] | None = None) -> None:
        self.relays: list[LocalLines] = []
        self._command = command or relay_command()
        self._window = window or Window(grace=2.0, reconnect=1.0)

    def open(self) -> LocalLines:
        """One more relay."""
        self.relays.append(LocalLines(self._command, relay_source()))
        return self.relays[-1]

    def __enter__(self) -> Self:
        self.link = Link(self.open, "local", self._window)
        self.probe = RelayProbe(self.link, "here", "local", "this-host")
        return self

    def __exit__(self, *_: object) -> None:
        self.probe.close()
