"""WebSocket frames (RFC 6455 section 5.2) without a blocking read: bytes in, messages out.

The WebSocket library reads one frame at a time and blocks; a probe has many answers in flight
and must never wait for the end of one of them.
"""

import os
from dataclasses import dataclass, field

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


def client_frame(payload: bytes, opcode: int = BINARY) -> bytes:
    """One final frame as a client must send it: masked."""
    size = len(payload)
    header = bytearray([0x80 | opcode])
    if size < 126:
        header.append(0x80 | size)
    elif size < 65536:
        header.append(0x80 | 126)
        header += size.to_bytes(2, "big")
    else:
        header.append(0x80 | 127)
        header += size.to_bytes(8, "big")
    mask = os.urandom(4)
    repeated = mask * (size // 4 + 1)
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(repeated[:size], "big")
    return bytes(header) + mask + masked.to_bytes(size, "big")


@dataclass
class FrameReader:
    """Puts the messages of a server together from whatever pieces arrive."""

    _bytes: bytearray = field(default_factory=bytearray)
    _started: tuple[int, bytearray] | None = None

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The messages that are complete now, as (opcode, payload)."""
        self._bytes += data
        messages: list[tuple[int, bytes]] = []
        while (frame := self._next_frame()) is not None:
            final, opcode, payload = frame
            if opcode >= CLOSE:  # control frames may come between the parts of a message
                messages.append((opcode, payload))
                continue
            if opcode != CONTINUATION or self._started is None:
                self._started = (opcode, bytearray())
            self._started[1].extend(payload)
            if final:
                messages.append((self._started[0], bytes(self._started[1])))
                self._started = None
        return messages

    def _next_frame(self) -> tuple[bool, int, bytes] | None:
        buffer = self._bytes
        if len(buffer) < 2:
            return None
        size, start = buffer[1] & 0x7F, 2
        if size >= 126:
            start += 2 if size == 126 else 8
            if len(buffer) < start:
                return None
            size = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + size:
            return None
        final, opcode = bool(buffer[0] & 0x80), buffer[0] & 0x0F
        payload = bytes(buffer[start : start + size])
        del buffer[: start + size]
        return final, opcode, payload
