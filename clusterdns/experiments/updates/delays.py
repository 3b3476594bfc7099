"""How long a change takes until every replica shows it."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from clusterdns.matrix.answer import Answer
from clusterdns.matrix.everyone import Matrix
from clusterdns.matrix.expect import Wanted
from clusterdns.matrix.question import Question, Server
from clusterdns.wait import eventually

EVERY = 0.05  # seconds between two looks
SILENT_S = 5.0  # who has not said anything by then has no cache either that is to be waited for


@dataclass(frozen=True)
class Awaited:
    """What must be seen, since when (time.monotonic), and for how long it is waited for."""

    wanted: Wanted
    began: float
    allowed: float  # seconds


@dataclass
class Seen:
    """When each server showed it, and what each said last."""

    awaited: Awaited
    seconds: dict[str, float] = field(default_factory=dict)  # by server; missing: never
    last: dict[tuple[str, Question], Answer] = field(default_factory=dict)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The last answer of each server to each question."""
        return tuple(self.last.values())

    @property
    def slowest(self) -> float | None:
        """Seconds until the last server showed it; None when one never did."""
        servers = {server for server, _ in self.last}
        return max(self.seconds.values()) if servers and servers <= self.seconds.keys() else None

    def __str__(self) -> str:
        servers = sorted({server for server, _ in self.last})
        times = (f"{s}: {ms(self.seconds[s])}" if s in self.seconds else s for s in servers)
        return ", ".join(t if ": " in t else f"{t}: not within its time" for t in times)


def ms(seconds: float) -> str:
    """Seconds as milliseconds in words."""
    return f"{1000 * seconds:.0f} ms"


@dataclass(frozen=True)
class Watch:
    """Asks servers again and again until all of them show what is awaited, or its time is over."""

    everyone: Matrix
    servers: Sequence[Server]

    def until(self, awaited: Mapping[str, Awaited]) -> dict[str, Seen]:
        """Watch for everything at once, by name. Raises ProbeLostError."""
        seen = {name: Seen(each) for name, each in awaited.items()}
        longest = max((a.allowed for a in awaited.values()), default=0.0)
        eventually(lambda: self._look(seen), lambda left: left == 0, longest, EVERY)
        return seen

    def follow(self, begun: Mapping[str, Future[Awaited]], within: float) -> dict[str, Seen]:
        """Watch for changes that begin meanwhile, by name: each from its own beginning.

        What has not begun after ``within`` seconds is missing. Raises what a future raises.
        """
        seen: dict[str, Seen] = {}

        def look() -> int:
            for name, future in begun.items():
                if name not in seen and future.done():
                    seen[name] = Seen(future.result())
            return self._look(seen) + len(begun) - len(seen)

        eventually(look, lambda left: left == 0, within, EVERY)
        return seen

    def _look(self, seen: Mapping[str, Seen]) -> int:
        """Ask what is still awaited; how many are left."""
        pending = [one for one in seen.values() if not self._done(one)]
        if not pending:
            return 0
        questions = dict.fromkeys(q for one in pending for q in one.awaited.wanted)
        answers = self.everyone.ask(tuple(questions), "udp", self.servers)
        now = time.monotonic()
        told = {(str(a.server), a.question): a for a in answers}
        for one in pending:
            for server in map(str, self.servers):
                if server not in one.seconds:
                    self._note(one, server, told, now)
        return sum(not self._done(one) for one in pending)

    def _note(
        self, one: Seen, server: str, told: Mapping[tuple[str, Question], Answer], now: float
    ) -> None:
        mine = {(server, q): told[server, q] for q in one.awaited.wanted}
        one.last.update(mine)
        if all(one.awaited.wanted[q].accepts(a) for (_, q), a in mine.items()):
            one.seconds[server] = max(0.0, now - one.awaited.began)

    def _done(self, one: Seen) -> bool:
        said = any(answer.answered for answer in one.answers)
        allowed = one.awaited.allowed if said else min(one.awaited.allowed, SILENT_S)
        return one.seconds.keys() >= set(map(str, self.servers)) or (
            bool(one.last) and time.monotonic() - one.awaited.began > allowed
        )
