"""The exec endpoint of an API server, whose pods are local processes: no cluster needed."""

import base64
import contextlib
import hashlib
import json
import os
import selectors
import socket
import subprocess
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlparse

from kubernetes import client

BINARY, CLOSE, PING = 0x2, 0x8, 0x9  # opcodes (RFC 6455 section 5.2)
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3


def server_frame(payload: bytes, opcode: int = BINARY, final: bool = True) -> bytes:
    """A frame as a server sends it: not masked."""
    size = len(payload)
    head = bytes([(0x80 if final else 0) | opcode])
    if size < 126:
        return head + bytes([size]) + payload
    if size < 65536:
        return head + b"\x7e" + size.to_bytes(2, "big") + payload
    return head + b"\x7f" + size.to_bytes(8, "big") + payload


class FakeExec:
    """Serves /api/v1/namespaces/*/pods/POD/exec; only the pods that it knows exist.

    ``path`` becomes PATH of the commands, so an image with or without perl is a folder.
    ``refusals`` are pods whose exec is refused with that status.
    """

    def __init__(self, path: str | None = None, refusals: Mapping[str, int] | None = None) -> None:
        self.path = path or os.environ["PATH"]
        self.refusals = dict(refusals or {})
        self.busy = 0  # so many requests are answered with 503 first
        self.started: list[list[str]] = []
        self.connections: list[socket.socket] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.serve(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        port = self._server.server_address[1]
        self.configuration = client.Configuration(host=f"http://127.0.0.1:{port}")
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._server.shutdown()
        self._server.server_close()

    def cut(self) -> None:
        """All streams die, as when an API server or a load balancer goes away."""
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        """One exec, from the handshake to the exit status."""
        url = urlparse(request.path)
        pod = url.path.split("/")[-2]
        status = self.refusals.get(pod)
        if self.busy:
            self.busy, status = self.busy - 1, 503
        if status is not None:
            body = json.dumps({"kind": "Status", "message": f'pods "{pod}" says {status}'})
            request.send_response(status)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body.encode())
            return
        key = request.headers["Sec-WebSocket-Key"] + MAGIC
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        request.send_response(101)
        request.send_header("Upgrade", "websocket")
        request.send_header("Connection", "Upgrade")
        request.send_header("Sec-WebSocket-Accept", accept)
        request.send_header("Sec-WebSocket-Protocol", "v5.channel.k8s.io")
        request.end_headers()
        request.close_connection = True
        self.connections.append(request.connection)
        command = parse_qs(url.query)["command"]
        self.started.append(command)
        with contextlib.suppress(OSError):
            self._run(request.connection, command)

    def _run(self, connection: socket.socket, command: list[str]) -> None:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env={"PATH": self.path},
            )
        except OSError as error:
            _end(connection, {"status": "Failure", "message": f"{command[0]}: {error}"})
            return
        with process:
            try:
                _bridge(connection, process)
            finally:
                process.kill()
        _end(connection, _status(process.wait()))


def _bridge(connection: socket.socket, process: "subprocess.Popen[bytes]") -> None:
    """Carry bytes both ways until the process has closed its output."""
    channels: dict[Any, int] = {process.stdout: 1, process.stderr: 2}
    incoming = bytearray()
    connection.sendall(server_frame(b"are you there?", PING))
    with selectors.DefaultSelector() as selector:
        for stream in (connection, *channels):
            selector.register(stream, selectors.EVENT_READ)
        while channels:
            for key, _ in selector.select():
                data = os.read(key.fd, 65536)
                if key.fileobj is connection:
                    if not data:
                        return
                    incoming += data
                    _feed(incoming, process)
                elif data:
                    # In two frames, as a server may cut a message anywhere.
                    connection.sendall(
                        server_frame(bytes([channels[key.fileobj]]) + data[:3], final=False)
                    )
                    connection.sendall(server_frame(data[3:], opcode=0))
                else:
                    selector.unregister(key.fileobj)
                    del channels[key.fileobj]


def _feed(incoming: bytearray, process: "subprocess.Popen[bytes]") -> None:
    """Hand complete client frames to the process."""
    while len(incoming) >= 6:
        size, start = incoming[1] & 0x7F, 2
        if size == 126:
            size, start = int.from_bytes(incoming[2:4], "big"), 4
        if len(incoming) < start + 4 + size:
            return
        mask = incoming[start : start + 4]
        masked = incoming[start + 4 : start + 4 + size]
        payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(masked))
        opcode = incoming[0] & 0x0F
        del incoming[: start + 4 + size]
        if opcode == BINARY and payload[0] == 0 and process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(payload[1:])


def _status(code: int) -> dict[str, Any]:
    if code == 0:
        return {"status": "Success"}
    causes = [{"reason": "ExitCode", "message": str(code if code > 0 else 128 - code)}]
    return {
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "message": f"command terminated with exit code {code}",
        "details": {"causes": causes},
    }


def _end(connection: socket.socket, status: dict[str, Any]) -> None:
    connection.sendall(server_frame(b"\x03" + json.dumps(status).encode()))
    connection.sendall(server_frame(b"\x03\xe8", CLOSE))
