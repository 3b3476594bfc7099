"""How long a cache keeps an answer: by the TTLs that it shows and by what reaches its upstream.

An answer is stored at some time between its question's going out and its coming back, and a TTL is
whole seconds: so each judgement is a range, and holds on a machine of any speed.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import dns.rdatatype

from clusterdns.matrix.answer import Answer
from clusterdns.matrix.expect import Expected
from clusterdns.own_coredns import NotPossibleError

RETRIES_AFTER = 1.5  # seconds: forward asks a silent upstream again after 2 s


@dataclass(frozen=True)
class Asked:
    """One answer, and when its question went out and it was back (time.monotonic)."""

    answer: Answer
    sent: float
    received: float

    @property
    def ttl(self) -> int | None:
        """The TTL that a client sees: of the records, for a denial of its SOA; None without."""
        message = self.answer.message
        sections = (message.answer, message.authority) if message else ()
        ttls = [[r.ttl for r in s if r.rdtype != dns.rdatatype.OPT] for s in sections]
        return next((max(each) for each in ttls if each), None)


@dataclass(frozen=True)
class Seen:
    """One answer as the cache should have given it."""

    asked: Asked
    hit: bool  # whether it must, or may and does, come from the cache
    shortest: int  # TTL in seconds
    longest: int

    @property
    def fits(self) -> bool:
        """Whether its TTL is what must be left."""
        return self.asked.ttl is not None and self.shortest <= self.asked.ttl <= self.longest


@dataclass(frozen=True, repr=False)
class Series:
    """One question put again and again to a cache, until after its answer has expired."""

    label: str
    kept_for: int  # seconds that the answer must be kept
    expected: Expected
    asks: tuple[Asked, ...]  # in order, one after the other
    arrivals: int  # of this question at the upstream

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers to the questions of the series, in order."""
        return tuple(asked.answer for asked in self.asks)

    @property
    def seen(self) -> tuple[Seen, ...]:
        """Each answer beside what the cache should have done."""
        return tuple(self._walk())

    @property
    def misses(self) -> int:
        """How many of the questions must reach the upstream."""
        return sum(not seen.hit for seen in self.seen)

    @property
    def wrong_ttls(self) -> tuple[str, ...]:
        """The answers whose TTL is not what must be left."""
        return tuple(self._in_words(seen) for seen in self.seen if not seen.fits)

    def _walk(self) -> Iterator[Seen]:
        stored: Asked | None = None
        for asked in self.asks:
            age = ages(stored, asked) if stored else None
            if age and self._is_hit(asked, *age):
                yield Seen(
                    asked,
                    True,
                    max(1, self.kept_for - math.floor(age[1])),
                    max(1, self.kept_for - math.floor(age[0])),
                )
            else:
                stored = asked
                yield Seen(asked, False, self.kept_for, self.kept_for)

    def _is_hit(self, asked: Asked, youngest: float, oldest: float) -> bool:
        """Within a moment of its end an answer may be there or gone: then its TTL tells."""
        if oldest < self.kept_for:
            return True
        return youngest < self.kept_for and asked.ttl != self.kept_for

    def _in_words(self, seen: Seen) -> str:
        after = seen.asked.sent - self.asks[0].sent
        wanted = f"{seen.shortest} to {seen.longest}" if seen.hit else f"{seen.longest}"
        where = "from the cache" if seen.hit else "from the upstream"
        return f"after {after:.2f} s {where}: TTL {seen.asked.ttl} s, must be {wanted} s"

    def __repr__(self) -> str:
        lines = [
            f"{self.label}: {self.asks[0].answer.question}, to be kept for {self.kept_for} s",
            *(self._in_words(seen) for seen in self.seen),
            f"{self.arrivals} of {len(self.asks)} questions reached the upstream,"
            f" {self.misses} must",
        ]
        return "\n  ".join(lines)


def ages(stored: Asked, asked: Asked) -> tuple[float, float]:
    """The least and the most that may have passed, in seconds, since an answer was stored."""
    return max(0.0, asked.sent - stored.received), asked.received - stored.sent


def undisturbed(answers: Iterable[Answer]) -> None:
    """Raises NotPossibleError when a question may have been put twice, by us or by a forwarder."""
    for answer in answers:
        if answer.lost or answer.ms > 1000 * RETRIES_AFTER:
            raise NotPossibleError(
                f"questions could not be counted: {answer.question} was lost {answer.lost} times"
                f" and took {answer.ms:.0f} ms"
            )
