"""Many questions in flight over one stream of lines, which may die and be opened again.

One thread owns the stream. Callers hand it jobs and wait; it keeps a bounded window of them
outstanding (bursts without one lose answers in socket buffers), asks again over a new stream
what was outstanding when a stream died (a lost stream is not a lost answer), and gives up with
the evidence when no new stream can be had.
"""

import contextlib
import itertools
import os
import random
import selectors
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from clusterdns.probe.exec_socket import StreamEndedError
from clusterdns.probe.jobs import Batch, Done, Job, Lane, Ticket, Window
from clusterdns.probe.packet import ProbeLostError

MOST_SHORT_LIVES, LONG_LIFE = 8, 5.0  # streams in a row, and seconds
MOST_ATTEMPTS = 3  # a job that three streams died of is not asked a fourth time


class LineStream(Protocol):
    """A relay's standard input and output; no method waits."""

    def fileno(self) -> int:
        """The file descriptor, for select."""
        ...

    def send(self, data: bytes) -> None:
        """Queue bytes and write what can be written."""
        ...

    def flush(self) -> bool:
        """Write what can be written; True when nothing is left."""
        ...

    def receive(self) -> list[str]:
        """The lines that are complete. Raises StreamEndedError."""
        ...

    def close(self) -> None:
        """End the relay."""
        ...


class Link:
    """Carries jobs to a relay; see the module. Safe to use from many threads."""

    def __init__(
        self, open_stream: Callable[[], LineStream], name: str, window: Window | None = None
    ) -> None:
        self.hello: dict[str, str] = {}
        self.never_ran = False  # the relay cannot be run in this pod
        self.reconnections = 0
        self._open_stream = open_stream
        self._name = name
        self._window = window or Window()
        self._lock = threading.Lock()
        connections = Lane(self._window.connections)
        self._lanes = {
            "U": Lane(self._window.datagrams),
            "T": connections,
            "C": connections,
            "R": Lane(self._window.commands),
        }
        self._outstanding: dict[int, Ticket] = {}
        self._ids: Iterator[int] = itertools.count(1)
        self._next_check = 0.0
        self._short_lives = 0
        self._lost: str | None = None
        self._closing = threading.Event()
        self._ready = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._thread = threading.Thread(target=self._live, name=f"probe {name}", daemon=True)
        self._thread.start()

    def wait_ready(self, within: float) -> None:
        """Until the first relay has said hello, at most ``within`` seconds.

        Raises ProbeLostError.
        """
        if not self._ready.wait(within):
            raise ProbeLostError(f"probe {self._name}: no relay within {within:g} s")
        self._raise_if_lost()

    def submit(self, jobs: Sequence[Job]) -> list[Done]:
        """Have all done, in the order given. Raises ProbeLostError."""
        if not jobs:
            self._raise_if_lost()
            return []
        batch = Batch(len(jobs))
        with self._lock:
            self._raise_if_lost()
            for place, job in enumerate(jobs):
                self._lanes[job.verb].waiting.append(Ticket(job, batch, place))
        self._wake()
        batch.finished.wait()
        if batch.left:
            self._raise_if_lost()
        return [done for done in batch.done if done is not None]

    def close(self) -> None:
        """End the relay; waiting callers get ProbeLostError."""
        self._closing.set()
        self._wake()
        self._thread.join(self._window.grace)

    def _raise_if_lost(self) -> None:
        if self._lost is not None:
            raise ProbeLostError(self._lost)

    def _wake(self) -> None:
        with self._lock:
            if self._lost is None:
                with contextlib.suppress(BlockingIOError):  # a full pipe wakes as well
                    os.write(self._wake_write, b"!")

    # What follows runs in the link's own thread.

    def _live(self) -> None:
        reason = f"probe {self._name} was closed"
        try:
            while not self._closing.is_set():
                opened = self._connect()
                with contextlib.closing(opened):
                    self._serve(opened)
        except (ProbeLostError, StreamEndedError) as lost:
            reason = str(lost)
        except Exception:  # a fault of ours: the callers must not wait for ever
            reason = f"probe {self._name}: {traceback.format_exc()}"
        self._give_up(reason)

    def _give_up(self, reason: str) -> None:
        with self._lock:
            self._lost = reason
            waiting = list(self._outstanding.values())
            for lane in self._lanes.values():
                waiting.extend(lane.waiting)
            os.close(self._wake_read)
            os.close(self._wake_write)
        for ticket in waiting:
            ticket.batch.finished.set()
        self._ready.set()

    def _connect(self) -> LineStream:
        deadline = time.monotonic() + self._window.reconnect
        evidence: list[str] = []
        pause = 0.3
        while not self._closing.is_set():
            try:
                opened = self._open_stream()
                try:
                    self._greet(opened)
                except StreamEndedError:
                    opened.close()
                    raise
            except StreamEndedError as ended:
                if str(ended) not in evidence:
                    evidence.append(str(ended))
                self.never_ran = ended.failed and not self.hello
                if ended.permanent or self.never_ran or time.monotonic() >= deadline:
                    raise ProbeLostError(
                        f"probe {self._name} is lost: " + "; ".join(evidence)
                    ) from None
                self._closing.wait(pause * random.uniform(0.7, 1.0))
                pause = min(2 * pause, 2.0)
            else:
                return opened
        raise ProbeLostError(f"probe {self._name} was closed")

    def _greet(self, opened: LineStream) -> None:
        deadline = time.monotonic() + self._window.greeting
        with selectors.DefaultSelector() as selector:
            selector.register(opened.fileno(), selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0:
                selector.select(left)
                for line in opened.receive():
                    if line.startswith("H "):
                        self.hello = dict(part.split("=", 1) for part in line.split()[1:])
                        self._ready.set()
                        return
        raise StreamEndedError(f"the relay said nothing within {self._window.greeting:g} s")

    def _serve(self, opened: LineStream) -> None:
        """Carry jobs until the stream dies; what was outstanding then is queued again."""
        began = time.monotonic()
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._wake_read, selectors.EVENT_READ)
                self._pump(opened, selector)
        except StreamEndedError as ended:
            self.reconnections += 1
            self._requeue(ended)
            self._short_lives = 0 if time.monotonic() > began + LONG_LIFE else self._short_lives + 1
            if self._short_lives >= MOST_SHORT_LIVES:
                raise ProbeLostError(
                    f"probe {self._name} is lost: {MOST_SHORT_LIVES} streams in a row lived less "
                    f"than {LONG_LIFE:g} s; the last: {ended}"
                ) from None
            self._closing.wait(0.1 * (self._short_lives - 1))

    def _pump(self, opened: LineStream, selector: selectors.BaseSelector) -> None:
        events, stream_fd = selectors.EVENT_READ, opened.fileno()
        selector.register(stream_fd, events)
        while not self._closing.is_set():
            lines = self._next_lines()
            if lines:
                opened.send(lines)
            wanted = selectors.EVENT_READ | (0 if opened.flush() else selectors.EVENT_WRITE)
            if wanted != events:
                selector.modify(stream_fd, wanted)
                events = wanted
            for key, _ in selector.select(0.5):
                if key.fd == self._wake_read:
                    os.read(self._wake_read, 65536)
                else:
                    for line in opened.receive():
                        self._take(line)
            self._check_overdue()
        opened.send(b"Q\n")

    def _next_lines(self) -> bytes:
        lines: list[str] = []
        with self._lock:
            for lane in self._lanes.values():
                while lane.waiting and lane.out < lane.limit:
                    lines.append(self._issue(lane.waiting.popleft()))
                    lane.out += 1
        return "".join(lines).encode()

    def _issue(self, ticket: Ticket) -> str:
        number = next(self._ids)
        ticket.sent = time.monotonic()
        ticket.attempts += 1
        self._outstanding[number] = ticket
        return f"{ticket.job.verb} {number} {ticket.job.rest}\n"

    def _take(self, line: str) -> None:
        fields = line.split(" ")
        if len(fields) < 3 or not fields[1].isdigit():
            raise StreamEndedError(f"the relay said something else: {line[:200]!r}")
        ticket = self._outstanding.pop(int(fields[1]), None)
        if ticket is None:
            return
        self._lanes[ticket.job.verb].out -= 1
        batch = ticket.batch
        batch.done[ticket.place] = Done(fields, time.monotonic() - ticket.sent)
        batch.left -= 1
        if batch.left == 0:
            batch.finished.set()

    def _check_overdue(self) -> None:
        now = time.monotonic()
        if now < self._next_check:
            return
        self._next_check = now + 0.2
        for ticket in self._outstanding.values():
            if now > ticket.sent + ticket.job.timeout + self._window.grace:
                waited = now - ticket.sent
                raise StreamEndedError(f"the stream hangs: nothing about a job for {waited:.1f} s")

    def _requeue(self, ended: StreamEndedError) -> None:
        tickets = list(self._outstanding.values())
        tired = [ticket for ticket in tickets if ticket.attempts >= MOST_ATTEMPTS]
        if tired:
            raise ProbeLostError(
                f"probe {self._name} is lost: {len(tired)} jobs were outstanding each time when "
                f"{MOST_ATTEMPTS} streams in a row died; the last: {ended}"
            )
        with self._lock:
            self._outstanding.clear()
            for lane in self._lanes.values():
                lane.out = 0
            for ticket in reversed(tickets):
                self._lanes[ticket.job.verb].waiting.appendleft(ticket)
