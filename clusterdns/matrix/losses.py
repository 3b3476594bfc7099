"""What was lost and late on each path, over all questions of a run."""

import math
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

BASE_RATE = 0.001  # packets that a sound network may lose
LATE_MS = 900.0  # an answer that took this long was sent, or asked, twice
IMPROBABLE = 1e-6  # below this probability the losses are no accident


class Path(NamedTuple):
    """The way of a question: from a node to a server over a transport."""

    node: str
    server: str
    transport: str

    def __str__(self) -> str:
        return f"{self.node} > {self.server} over {self.transport}"


@dataclass
class Record:
    """The questions of one path: how many went out, how many got no answer, how long each took.

    What is asked at once is lost, or late, at once when a machine or a server stands still for a
    moment: it counts as one accident. What a network loses or delays is so in many rounds. Where
    nothing at all that was asked from a node came in time, of no server, whoever asks stood still:
    that says nothing about a path.
    """

    sent: int = 0
    lost: int = 0
    rounds: set[int] = field(default_factory=set)  # those in which something was lost
    late_rounds: set[int] = field(default_factory=set)  # those in which an answer was late
    ms: list[float] = field(default_factory=list)

    @property
    def chance(self) -> float:
        """The probability of at least so many accidents at the base rate (binomial tail)."""
        return binomial_tail(self.sent, len(self.rounds), BASE_RATE)

    @property
    def improbable(self) -> bool:
        """Whether these losses are no accident."""
        return self.lost > 0 and self.chance < IMPROBABLE

    @property
    def late(self) -> int:
        """How many answers were late."""
        return sum(took > LATE_MS for took in self.ms)

    @property
    def improbably_late(self) -> bool:
        """Whether its late answers are no accident."""
        return binomial_tail(len(self.ms), len(self.late_rounds), BASE_RATE) < IMPROBABLE

    @property
    def slow(self) -> bool:
        """Whether its late answers are no accident, or more than half of its answers are late."""
        return self.improbably_late or self.late > len(self.ms) / 2


class Losses:
    """All paths of a run; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: dict[Path, Record] = defaultdict(Record)

    def note(
        self, path: Path, answered: bool, ms: float, turn: int, stood_still: bool = False
    ) -> None:
        """Note one question; ``turn`` is the number of the round in which it was asked.

        ``stood_still`` says that of this round nothing came in time, of several servers.
        """
        with self._lock:
            record = self._records[path]
            record.sent += 1
            if answered:
                record.ms.append(ms)
                if ms > LATE_MS and not stood_still:
                    record.late_rounds.add(turn)
            else:
                record.lost += 1
                if not stood_still:
                    record.rounds.add(turn)

    @property
    def paths(self) -> dict[Path, Record]:
        """A copy of all records so far."""
        with self._lock:
            return dict(self._records)

    @property
    def questions(self) -> int:
        """How many questions went out."""
        return sum(record.sent for record in self.paths.values())


def binomial_tail(n: int, k: int, p: float) -> float:
    """The probability of k or more events in n tries of probability p each."""
    if k <= 0:
        return 1.0
    log_p, log_q = math.log(p), math.log1p(-p)
    terms = (
        math.lgamma(n + 1)
        - math.lgamma(i + 1)
        - math.lgamma(n - i + 1)
        + i * log_p
        + (n - i) * log_q
        for i in range(k, min(n, k + 200) + 1)
    )
    return min(1.0, sum(math.exp(term) for term in terms))
