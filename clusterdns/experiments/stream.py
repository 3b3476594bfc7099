"""A steady stream of questions from one probe, with every answer and every loss on a time line."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import dns.rdatatype

from clusterdns.matrix.answer import Answer
from clusterdns.matrix.question import Question, Server
from clusterdns.probe import Packet, Probe

MOST_LINES = 5  # losses told in a message
TICK = 0.05  # seconds between two handfuls of questions


@dataclass(frozen=True)
class Streamed:
    """One question of a steady stream, and its answer."""

    at: float  # time.monotonic when it was put
    value: str  # the address that came back; "" when none did
    problem: str  # why there is no address; "" when there is one
    waited: float = 0.0  # seconds until its answer, or that there is none, was known

    @property
    def known(self) -> float:
        """When its result was known (time.monotonic): on a busy machine long after it was put."""
        return self.at + self.waited


@dataclass(frozen=True, repr=False)
class Stream:
    """All questions of a stream and their answers, in order."""

    questions: tuple[Streamed, ...]

    @property
    def lost(self) -> tuple[str, ...]:
        """What went wrong, for each question without the address that it should have brought."""
        start = self.questions[0].at if self.questions else 0.0
        return tuple(f"{q.at - start:.2f} s: {q.problem}" for q in self.questions if q.problem)

    @property
    def seconds(self) -> float:
        """How long it flowed."""
        return self.questions[-1].at - self.questions[0].at if self.questions else 0.0

    def __repr__(self) -> str:
        lost = self.lost
        examples = f": {'; '.join(lost[:MOST_LINES])}" if lost else ""
        return (
            f"<{len(self.questions)} questions in {self.seconds:.1f} s, "
            f"{len(lost)} without their answer{examples}>"
        )

    def first(self, value: str) -> float | None:
        """When it was first known that this value is answered (monotonic)."""
        return min((q.known for q in self.questions if q.value == value), default=None)

    def values(self, since: float, until: float = float("inf")) -> frozenset[str]:
        """What was answered in a span of time: to questions that were put and answered in it."""
        whole = (q for q in self.questions if since <= q.at and q.known < until)
        return frozenset(q.value for q in whole if q.value)


class Streaming:
    """The stream while it flows: ``with Streaming(...) as stream: ...; stream.result``.

    Each question has one packet and no second try: nothing may be lost. ``patience`` is what one
    answer may take, in seconds.
    """

    def __init__(
        self, probe: Probe, server: Server, question: Question, rate: int, patience: float
    ) -> None:
        self._probe = probe
        self._server = server
        self._question = question
        self._handful = max(1, round(rate * TICK))
        self._patience = patience
        self._stop = threading.Event()
        self._done: list[Streamed] = []
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._flow, name="stream", daemon=True)
        self._failure: list[BaseException] = []

    def __enter__(self) -> "Streaming":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(self._patience + 10)

    @property
    def result(self) -> Stream:
        """What has been answered or given up so far. Raises what the probe raised."""
        if self._failure:
            raise self._failure[0]
        with self._lock:
            return Stream(tuple(sorted(self._done, key=lambda q: q.at)))

    @property
    def latest(self) -> str:
        """The last value that came back."""
        answered = [q.value for q in self.result.questions if q.value]
        return answered[-1] if answered else ""

    def _flow(self) -> None:
        with ThreadPoolExecutor(max_workers=8) as pool:
            began, tick = time.monotonic(), 0
            pending: list[Future[None]] = []
            while not self._stop.is_set():
                pending.append(pool.submit(self._put_a_handful))
                tick += 1
                self._stop.wait(max(0.0, began + tick * TICK - time.monotonic()))
        failed = [f.exception() for f in pending]
        self._failure.extend(error for error in failed if error is not None)

    def _put_a_handful(self) -> None:
        queries = [self._question.message() for _ in range(self._handful)]
        packets: Sequence[Packet] = [
            Packet(q.to_wire(), self._server.address, self._server.port, timeout=self._patience)
            for q in queries
        ]
        at = time.monotonic()
        replies = self._probe.exchange(packets)
        waited = time.monotonic() - at
        seen = [
            streamed(
                at,
                waited,
                Answer.from_reply(
                    question=self._question,
                    node=self._probe.node,
                    server=self._server,
                    transport="udp",
                    query=query,
                    reply=reply,
                ),
            )
            for query, reply in zip(queries, replies, strict=True)
        ]
        with self._lock:
            self._done.extend(seen)


def streamed(at: float, waited: float, answer: Answer) -> Streamed:
    """What one answer means for the stream: the one address in it, or what is wrong."""
    message = answer.message
    addresses = [
        rdata.to_text()
        for rrset in (message.answer if message else [])
        if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA)
        for rdata in rrset
    ]
    if answer.rcode == "NOERROR" and len(addresses) == 1:
        return Streamed(at, addresses[0], "", waited)
    return Streamed(at, "", answer.received, waited)
