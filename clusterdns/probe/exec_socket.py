"""The exec of a command in a pod, as a socket that never blocks.

``kubernetes.stream.stream`` swaps a method on the ApiClient that it is given, so each exec has
an ApiClient of its own. Only the handshake is left to the libraries: afterwards one thread owns
the connection (TLS connections are not made to be read and written by two threads at once), and
``websockets``' sans-I/O protocol makes and reads the frames: that library's own connections, as
those of the handshake's, read one message at a time and block.
"""

import ast
import contextlib
import json
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kubernetes import client
from kubernetes.stream import stream
from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State

from clusterdns.api_requests import requests_of
from clusterdns.background import in_time
from clusterdns.cluster import path_of

STDIN, STDOUT, STDERR, STATUS, CLOSE_CHANNEL = 0, 1, 2, 3, 255
LARGEST_FRAME = 16 * 1024  # API servers bound what they read at once
NORMAL_CLOSURE = 1000  # RFC 6455 section 7.4.1


class StreamEndedError(Exception):
    """The stream is over; str() says how it ended.

    ``permanent``: a new one would fail too. ``failed``: the command itself ended with an error,
    or could not be started, which is permanent when it had said nothing yet.
    """

    def __init__(self, evidence: str, permanent: bool = False, failed: bool = False) -> None:
        super().__init__(evidence)
        self.permanent = permanent
        self.failed = failed


@dataclass(frozen=True)
class ExecTarget:
    """Which container, by which API server.

    Exec needs the verb ``create`` on pods/exec, and before Kubernetes 1.35 also ``get``.
    """

    configuration: client.Configuration
    namespace: str
    pod: str
    container: str | None = None

    def __str__(self) -> str:
        return f"{self.namespace}/{self.pod}"


@dataclass
class ExecSocket:
    """One running exec; all methods return at once."""

    websocket: Any
    subprotocol: str
    target: str
    status: dict[str, Any] | None = None  # what the API server said at the end of the command
    _frames: Protocol = field(
        default_factory=lambda: Protocol(Side.CLIENT, state=State.OPEN, max_size=None)
    )
    _message: bytearray = field(default_factory=bytearray)  # the parts of one that is not complete
    _outgoing: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self._socket = self.websocket.sock
        self._socket.setblocking(False)

    def fileno(self) -> int:
        """The file descriptor, for select."""
        return int(self._socket.fileno())

    def send(self, data: bytes, channel: int = STDIN) -> None:
        """Queue bytes for a channel and write what can be written."""
        for start in range(0, len(data), LARGEST_FRAME):
            part = data[start : start + LARGEST_FRAME]
            self._frames.send_binary(bytes([channel]) + part)
        self.flush()

    def flush(self) -> bool:
        """Write what can be written; True when nothing is left."""
        for piece in self._frames.data_to_send():
            self._outgoing += piece
        try:
            while self._outgoing:
                sent = self._socket.send(bytes(self._outgoing[:65536]))
                del self._outgoing[:sent]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:
            self._outgoing.clear()  # the other end is gone: receive tells why
        return not self._outgoing

    def receive(self) -> list[tuple[int, bytes]]:
        """What has come, as (channel, bytes); raises StreamEndedError at the end of the stream."""
        came: list[tuple[int, bytes]] = []
        while True:
            try:
                data = self._socket.recv(65536)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return came
            except OSError as error:
                return self._over(came, f"reading failed: {error}")
            if not data:
                return self._over(came, "the connection was closed")
            self._frames.receive_data(data)
            self.flush()  # a ping is answered
            for frame in self._frames.events_received():
                assert isinstance(frame, Frame)
                if frame.opcode is Opcode.CLOSE:
                    text = bytes(frame.data[2:]).decode(errors="replace")
                    return self._over(came, f"the API server closed the stream {text}".strip())
                if (message := self._complete(frame)) is None or len(message) < 2:
                    continue
                if message[0] == STATUS:
                    self._note_status(message[1:])
                else:
                    came.append((message[0], message[1:]))
            if self._frames.parser_exc is not None:
                return self._over(came, f"this is no WebSocket stream: {self._frames.parser_exc}")

    def _complete(self, frame: Frame) -> bytes | None:
        """The message that this frame completes; None for a part, and for pings and pongs."""
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return None
        if frame.fin and not self._message:
            return bytes(frame.data)
        self._message += frame.data
        if not frame.fin:
            return None
        message = bytes(self._message)
        self._message.clear()
        return message

    def _over(self, came: list[tuple[int, bytes]], how: str) -> list[tuple[int, bytes]]:
        """First hand over what came before the end; the next call raises."""
        if came:
            return came
        said = (self.status or {}).get("message")
        failed = 0 < (self.exit_code or 0) <= 128  # above: ended by a signal
        evidence = f"exec in {self.target}: {how}" + (f" ({said})" if said else "")
        raise StreamEndedError(evidence, failed=failed)

    def _note_status(self, text: bytes) -> None:
        try:
            self.status = json.loads(text)
        except ValueError:
            self.status = {"status": "Failure", "message": text.decode(errors="replace")}

    @property
    def exit_code(self) -> int | None:
        """The exit code of the command, once the status came; 127 when it could not be started."""
        if self.status is None:
            return None
        if self.status.get("status") == "Success":
            return 0
        for cause in (self.status.get("details") or {}).get("causes") or []:
            if cause.get("reason") == "ExitCode":
                return int(cause["message"])
        return 127

    def close_stdin(self) -> bool:
        """Tell the command that no more input comes; False when the API server cannot."""
        if not self.subprotocol.startswith("v5."):
            return False
        self._frames.send_binary(bytes([CLOSE_CHANNEL, STDIN]))
        self.flush()
        return True

    def close(self) -> None:
        """Hang up without waiting."""
        with contextlib.suppress(OSError, InvalidState):  # it may be closed already
            self._frames.send_close(NORMAL_CLOSURE)
            self.flush()
        with contextlib.suppress(OSError):
            self._socket.close()


def open_exec(
    target: ExecTarget, command: Sequence[str], within: float, stdin: bool = False
) -> ExecSocket:
    """Start a command in a pod; ``within`` seconds for the handshake.

    Raises StreamEndedError, permanent when the pod is gone or exec is forbidden.
    """

    def handshake() -> ExecSocket:
        with client.ApiClient(target.configuration) as api_client:
            core = client.CoreV1Api(api_client)
            options: dict[str, Any] = {"container": target.container} if target.container else {}
            path = f"{path_of('Pod', target.namespace, target.pod)}/exec"
            requests_of(target.configuration).note("GET", path)
            opened = stream(
                core.connect_get_namespaced_pod_exec,
                target.pod,
                target.namespace,
                command=list(command),
                stdin=stdin,
                stdout=True,
                stderr=True,
                tty=False,
                _preload_content=False,
                **options,
            )
        return ExecSocket(opened.sock, opened.subprotocol or "", str(target))

    try:
        return in_time("exec-handshake", handshake, within)
    except TimeoutError as error:
        raise StreamEndedError(f"exec in {target}: no handshake within {within:g} s") from error
    except client.ApiException as error:
        raise _refusal(target, error) from error
    except OSError as error:
        raise StreamEndedError(f"exec in {target}: {error}") from error


def _refusal(target: ExecTarget, error: client.ApiException) -> StreamEndedError:
    """The WebSocket library puts status, headers and body of a refusal into one text."""
    text = str(error.reason)
    handshake = re.match(r"Handshake status (\d+) (.*?) -\+-\+-", text)
    if handshake is None:
        return StreamEndedError(f"exec in {target}: {text or error}")
    message = handshake.group(2)
    body = text.rsplit("-+-+- ", 1)[1]
    with contextlib.suppress(ValueError, SyntaxError, KeyError, TypeError):  # a proxy's own page
        message = json.loads(ast.literal_eval(body) if body.startswith("b") else body)["message"]
    permanent = handshake.group(1) in ("401", "403", "404")
    return StreamEndedError(f"exec in {target}: HTTP {handshake.group(1)}: {message}", permanent)
