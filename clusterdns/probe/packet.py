"""What goes into a probe and what comes back: plain values, and the protocol that joins them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Transport = Literal["udp", "tcp"]


OUTRUN = "outrun"
"""Why a packet of a race has no reply of its own: another one was answered first."""


class ProbeLostError(Exception):
    """The probe pod can no longer be asked, and trying again did not help; str() is the evidence.

    A lost answer is never this: it is a Reply with an error.
    """


@dataclass(frozen=True)
class Packet:
    """One DNS message to send: to an address, from the network of a probe pod."""

    wire: bytes  # the message, without the length prefix of TCP
    address: str  # IPv4 or IPv6, never a name
    port: int = 53
    transport: Transport = "udp"
    timeout: float = 1.0  # seconds
    source_port: int | None = None  # None: a new one for each question, as resolvers do
    # Of packets with the same number the first reply ends the wait for all: a probe that cannot
    # do that waits for each. Take a new number for each race.
    race: int | None = None


@dataclass(frozen=True)
class Reply:
    """What came back for one Packet: a message, or the reason why there is none.

    ``error`` is "timeout", "refused", "unreachable", "reset", "closed after N bytes",
    OUTRUN, "wrong source ADDRESS:PORT", "source port in use", "no free source port" (each TCP
    connection keeps one for a minute), or what the kernel said, in lower case.
    """

    wire: bytes | None
    error: str | None
    # From sending to receiving, taken in the pod, a TCP connect included. In a large exchange the
    # questions queue before the server: for its own speed ask few at a time.
    ms: float
    source: str | None  # ADDRESS:PORT, or [ADDRESS]:PORT for IPv6


@dataclass(frozen=True)
class Output:
    """What a command printed; ``exit_code`` is None when its deadline passed first."""

    exit_code: int | None  # 127: there is no such program; 128 + N: ended by signal N
    stdout: str
    stderr: str
    ms: float = 0.0  # how long it ran; 0: not known


class HalfClose:
    """A step of a Conversation: no more will be sent, but we still read."""


@dataclass(frozen=True)
class Conversation:
    """Bytes over one TCP connection: requests of other protocols, malformed or fragmented DNS.

    ``steps`` are bytes to send, pauses in seconds, or HALF_CLOSE. Reading ends when the peer
    closes, when ``messages`` length-prefixed DNS messages have come (0: no such limit), or at
    the deadline.
    """

    address: str
    port: int
    steps: tuple[bytes | float | HalfClose, ...]
    timeout: float = 5.0  # seconds
    messages: int = 0
    source_port: int | None = None


@dataclass(frozen=True)
class Transcript:
    """All that the peer of a Conversation said, and how it ended.

    ``ending`` is "closed" (by the peer), "enough" (``messages`` came), "timeout", "too-long"
    (more than 4 MiB), "refused", "reset", "unreachable", or what the kernel said.
    """

    data: bytes
    ending: str
    ms: float

    @property
    def messages(self) -> list[bytes]:
        """The complete length-prefixed messages in the data (RFC 1035 section 4.2.2)."""
        found, at = [], 0
        while at + 2 <= len(self.data):
            end = at + 2 + int.from_bytes(self.data[at : at + 2], "big")
            if end > len(self.data):
                break
            found.append(self.data[at + 2 : end])
            at = end
        return found


HALF_CLOSE = HalfClose()


class Probe(Protocol):
    """A place in the cluster from which questions are asked; safe to use from many threads."""

    node: str
    namespace: str
    pod: str
    wire_exact: bool  # False: the bytes of a message are not what was really sent or received

    def exchange(self, packets: Sequence[Packet]) -> list[Reply]:
        """Send all, as many at once as is safe; the replies come in the same order.

        A lost answer is a Reply with an error. Raises ProbeLostError when the pod is gone for good.
        """
        ...

    def converse(self, conversations: Sequence[Conversation]) -> list[Transcript]:
        """Hold all conversations side by side. Raises ProbeLostError."""
        ...

    def run(self, commands: Sequence[Sequence[str]], timeout: float) -> list[Output]:
        """Run each argv in the pod, side by side, without a shell. Raises ProbeLostError."""
        ...

    def close(self) -> None:
        """End what runs in the pod for us; the pod itself stays."""
        ...
