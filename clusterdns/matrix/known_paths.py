"""What is known of each path: whether it lives, how quick it is, and what was lost on it."""

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from clusterdns.matrix.answer import Answer
from clusterdns.matrix.insistence import kind_of
from clusterdns.matrix.losses import LATE_MS, Losses, Path
from clusterdns.matrix.path_health import DEAD_AFTER, PathHealth
from clusterdns.matrix.question import Question, Server, Transport


@dataclass(frozen=True)
class Try:
    """One packet of a question: what came of it, and the seconds that it might take.

    ``stood_still``: nothing that was sent with it came in time, of several servers.
    """

    answer: Answer
    timeout: float
    stood_still: bool = False

    @property
    def path(self) -> Path:
        """The way that it went."""
        return Path(self.answer.node, str(self.answer.server), self.answer.transport)

    @property
    def in_time(self) -> bool:
        """Whether it was answered, and at once."""
        return self.answer.answered and self.answer.ms <= LATE_MS


Key = tuple[str, str, str]


def key_of(question: Question) -> Key:
    """What is asked for, however it is asked."""
    return question.name.lower(), question.rdtype, question.rdclass


@dataclass
class KnownPaths:
    """The paths of a matrix; safe to use from several threads.

    What is lost or late counts for control questions, and for others of their zones where the
    path answered them after all and somebody did so in time: a name that nobody answers, or nobody
    in time, is the affair of that name, whatever rule of the Corefile makes it so. ``usual`` is
    what a packet may take, in seconds: with less, nothing that is lost is counted.
    """

    controls: Sequence[Question]
    usual: float
    losses: Losses = field(default_factory=Losses)
    dead_after: int = DEAD_AFTER

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._healths: dict[Path, PathHealth] = {}
        self._zones = {kind_of(question)[0] for question in self.controls}
        self._controls = {key_of(question) for question in self.controls}
        self._in_time: dict[Path, set[Key]] = defaultdict(set)  # control questions

    def health(self, path: Path) -> PathHealth:
        """What is known of one path."""
        with self._lock:
            return self._healths.setdefault(path, PathHealth(dead_after=self.dead_after))

    def looked(self, path: Path, answered: Sequence[bool]) -> None:
        """Note which of the control questions were answered on a path."""
        health = self.health(path)
        with self._lock:
            health.look(answered)

    def leads_to_the_silent(
        self, node: str, server: Server, transport: Transport, servers: Iterable[Server]
    ) -> bool:
        """Whether a share of all questions must be lost: a replica behind a Service is silent."""
        if not server.is_service:
            return False
        behind = [s for s in servers if not s.is_service and s.family == server.family]
        dead = [self.health(Path(node, str(s), transport)).dead for s in behind]
        return any(dead) and not all(dead)

    def note(self, tries: Sequence[Try], turn: int) -> None:
        """Note all packets of a round, those of the same questions together."""
        answered = {(t.path, t.answer.question) for t in tries if t.answer.answered}
        in_time = {t.answer.question for t in tries if t.in_time}
        for one in tries:
            if one.in_time and key_of(one.answer.question) in self._controls:
                with self._lock:
                    self._in_time[one.path].add(key_of(one.answer.question))
        self._count([t for t in tries if self._tells(t, answered, in_time)], turn)

    def _tells(
        self, one: Try, answered: Collection[tuple[Path, Question]], in_time: Collection[Question]
    ) -> bool:
        """Whether what became of a packet says something about its path."""
        question = one.answer.question
        if kind_of(question)[0] not in self._zones:
            return False
        if one.in_time:
            return True
        if key_of(question) not in self._controls:
            return question in in_time and (one.path, question) in answered
        with self._lock:
            anywhere = any(key_of(question) in keys for keys in self._in_time.values())
            return anywhere or not self._in_time.get(one.path)

    def _count(self, tries: Sequence[Try], turn: int) -> None:
        took: dict[Path, list[float]] = defaultdict(list)
        in_vain: dict[Path, float] = defaultdict(float)
        lost: dict[Path, int] = defaultdict(int)
        for one in tries:
            answer, path = one.answer, one.path
            if one.timeout >= self.usual:
                self.losses.note(path, answer.answered, answer.ms, turn, one.stood_still)
            if answer.answered:
                took[path].append(answer.ms)
            elif answer.error == "timeout" and not one.stood_still:
                lost[path] += 1
                in_vain[path] = max(in_vain[path], one.timeout)  # once for all of the same time
        for path in took.keys() | in_vain.keys():
            self.health(path).took(took[path], in_vain[path], lost[path])
