"""Put one question to every node, server and replica at once, and collect the answers."""

import itertools
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from clusterdns.matrix.answer import Answer
from clusterdns.matrix.answers import Answers
from clusterdns.matrix.losses import Losses, Path
from clusterdns.matrix.path_health import DEAD_AFTER, PathHealth
from clusterdns.matrix.question import TRANSPORTS, Question, Server, Transport
from clusterdns.matrix.tally import Tally
from clusterdns.probe import Packet, Probe, Reply

AGAIN_MOST = 2  # questions asked again on a path where the whole round had no answer


@dataclass(frozen=True)
class Round:
    """Questions that go out at once: from one node, over one transport."""

    node: str
    probe: Probe
    transport: Transport
    turn: int  # the same for all nodes that ask at once

    def path(self, server: Server) -> Path:
        """The way to a server."""
        return Path(self.node, str(server), self.transport)


@dataclass
class Matrix:
    """The matrix of a run: probes on all nodes, the Service and all replicas.

    ``timeout`` is what one packet may take, in seconds. A question without an answer is asked
    once more from a new socket, with more patience where the path has answered before; the loss
    is noted in ``losses``. A wrong answer is never asked again. A path that keeps silent, or
    is lossy, is given one question now and then (see PathHealth): until it answers well, the others
    are not asked, and say so.
    """

    probes: Mapping[str, Probe]  # by node
    servers: Sequence[Server]
    timeout: float
    repeat: Callable[[Answer], str]
    losses: Losses = field(default_factory=Losses)
    dead_after: int = DEAD_AFTER  # rounds of questions without any answer

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=len(TRANSPORTS) * max(1, len(self.probes)))
        self._healths: dict[Path, PathHealth] = {}
        self._lock = threading.Lock()
        self._turns = itertools.count(1)

    def ask(
        self,
        questions: Sequence[Question],
        transport: Transport,
        servers: Iterable[Server] | None = None,
    ) -> list[Answer]:
        """Every question to every server (or those given) from every node, all at once."""
        chosen = tuple(self.servers if servers is None else servers)
        asked = [(question, server) for question in questions for server in chosen]
        with self._lock:
            turn = next(self._turns)
        work = [
            self._pool.submit(self._from_node, Round(node, probe, transport, turn), asked)
            for node, probe in self.probes.items()
        ]
        return [answer for future in work for answer in future.result()]

    def look(self, question: Question) -> None:
        """One cheap look at all paths, over all transports at once: to find the dead ones.

        What checks ask there later fails fast. Where everybody answers it is one round.
        """
        with ThreadPoolExecutor(max_workers=len(TRANSPORTS)) as pool:
            list(pool.map(partial(self._look, question), TRANSPORTS))

    def _look(self, question: Question, transport: Transport) -> None:
        for _ in range(self.dead_after):
            if all(answer.answered for answer in self.ask([question], transport)):
                return

    def why_silent(self, path: Path) -> str:
        """Why a path is taken for dead; empty where it is not, or was never tried."""
        health = self._health(path)
        return health.reason if health.silent else ""

    def _from_node(self, now: Round, asked: Sequence[tuple[Question, Server]]) -> list[Answer]:
        scouts, others = self._scouts(now, asked)
        answers = self._twice(now, {i: asked[i] for i in scouts})
        awake = {asked[i][1] for i in scouts if not self._health(_path(answers[i])).dead}
        due = {}
        for index in others:
            question, server = asked[index]
            health = self._health(now.path(server))
            if health.dead and server not in awake:
                error = f"not asked: {health.reason}"
                answers[index] = Answer(
                    question=question,
                    node=now.node,
                    server=server,
                    transport=now.transport,
                    ms=0.0,
                    message=None,
                    error=error,
                    asked=False,
                )
            else:
                due[index] = asked[index]
        answers |= self._twice(now, due)
        return [answers[i] for i in range(len(asked))]

    def _scouts(
        self, now: Round, asked: Sequence[tuple[Question, Server]]
    ) -> tuple[list[int], list[int]]:
        """For each dead path that is due the first question to it; and all the others."""
        scouts: dict[Path, int] = {}
        for index, (_, server) in enumerate(asked):
            path = now.path(server)
            health = self._health(path)
            if health.dead and not health.resting:
                scouts.setdefault(path, index)
        chosen = list(scouts.values())
        return chosen, [index for index in range(len(asked)) if index not in set(chosen)]

    def _twice(self, now: Round, asked: Mapping[int, tuple[Question, Server]]) -> dict[int, Answer]:
        """Ask, and ask once more what was not answered; a dead path gets only one question."""
        first = self._exchange(now, list(asked.values()))
        answers = dict(zip(asked, first, strict=True))
        lost = self._worth_another_try(answers)
        second = self._exchange(now, [asked[index] for index in lost], again=True)
        for index, answer in zip(lost, second, strict=True):
            answers[index] = replace(answer, lost=1 if answer.answered else 2)
        self._note(answers.values())
        return answers

    def _worth_another_try(self, answers: Mapping[int, Answer]) -> list[int]:
        """What was lost; of a round that had no answer at all only the first few."""
        lost: dict[Path, list[int]] = defaultdict(list)
        for index, answer in answers.items():
            if not answer.answered:
                lost[_path(answer)].append(index)
        alive = {_path(answer) for answer in answers.values() if answer.answered}
        return sorted(
            index
            for path, places in lost.items()
            if not self._health(path).dead
            for index in (places if path in alive else places[:AGAIN_MOST])
        )

    def _exchange(
        self, now: Round, asked: Sequence[tuple[Question, Server]], again: bool = False
    ) -> list[Answer]:
        queries = [question.query() for question, _ in asked]
        packets = [
            Packet(
                wire,
                server.address,
                server.port,
                now.transport,
                self._health(now.path(server)).patience(self.timeout, again),
            )
            for (_, wire), (_, server) in zip(queries, asked, strict=True)
        ]
        replies: list[Reply] = now.probe.exchange(packets) if packets else []
        answers = [
            Answer.from_reply(
                question=question,
                node=now.node,
                server=server,
                transport=now.transport,
                query=query,
                reply=reply,
            )
            for (question, server), (query, _), reply in zip(asked, queries, replies, strict=True)
        ]
        took: dict[Path, list[float]] = defaultdict(list)
        in_vain: dict[Path, float] = defaultdict(float)
        for answer, packet in zip(answers, packets, strict=True):
            path = now.path(answer.server)
            self.losses.note(path, answer.answered, answer.ms, now.turn)
            if answer.answered:
                took[path].append(answer.ms)
            elif answer.error == "timeout":
                in_vain[path] = packet.timeout  # once for all that were asked at the same time
        for path in took.keys() | in_vain.keys():
            self._health(path).took(took[path], in_vain[path])
        return answers

    def _health(self, path: Path) -> PathHealth:
        with self._lock:
            return self._healths.setdefault(path, PathHealth(self.dead_after))

    def _note(self, answers: Iterable[Answer]) -> None:
        """Note for each path which questions of one round were answered."""
        answered: dict[Path, list[bool]] = defaultdict(list)
        for answer in answers:
            answered[_path(answer)].append(answer.answered)
        for path, which in answered.items():
            health = self._health(path)
            with self._lock:
                health.note(which)

    def close(self) -> None:
        """Stop the threads; the probes belong to whoever opened them."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _path(answer: Answer) -> Path:
    return Path(answer.node, str(answer.server), answer.transport)


@dataclass(frozen=True)
class Everyone:
    """Everyone as one check sees it: over one transport, with a tally of its own."""

    everyone: Matrix
    transport: Transport
    tally: Tally

    def ask(self, name: str, rdtype: str = "A") -> Answers:
        """Put one question to the whole matrix."""
        return self.put(Question(name, rdtype))

    def put(self, *questions: Question, servers: Iterable[Server] | None = None) -> Answers:
        """Put questions that need more than a name and a type, or go to some servers only."""
        cells = self.everyone.ask(questions, self.transport, servers)
        return Answers(cells, self.tally, self.everyone.repeat)
