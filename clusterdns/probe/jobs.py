"""Jobs for a relay: what is asked of it, how much at once, and who waits for what comes back."""

import threading
from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Window:
    """How much may be outstanding at once, and for how long (seconds)."""

    datagrams: int = 96
    connections: int = 48
    commands: int = 16
    grace: float = 5.0  # an answer is due at its own deadline; later than this, the stream hangs
    greeting: float = 10.0  # a new relay says hello
    reconnect: float = 30.0  # after this without a stream the probe is lost


@dataclass
class Job:
    """One line for the relay, without its id; ``timeout`` in seconds is enforced there."""

    verb: str
    rest: str
    timeout: float


@dataclass(frozen=True)
class Done:
    """The relay's line for a job, in fields, and how long it took as seen from here."""

    fields: list[str]
    seconds: float


@dataclass
class Lane:
    """Jobs of one kind: those that wait, and how many are out."""

    limit: int
    waiting: "deque[Ticket]" = field(default_factory=deque)
    out: int = 0


class Batch:
    """Jobs that one caller waits for, in the order given."""

    def __init__(self, size: int) -> None:
        self.done: list[Done | None] = [None] * size
        self.left = size
        self.finished = threading.Event()


@dataclass
class Ticket:
    """One job of a batch on its way: how often it was sent, and when last (monotonic seconds)."""

    job: Job
    batch: Batch
    place: int
    attempts: int = 0
    sent: float = 0.0
