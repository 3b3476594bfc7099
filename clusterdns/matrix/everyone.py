"""Put one question to every node, server and replica at once, and collect the answers."""

import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from clusterdns.matrix.answer import Answer
from clusterdns.matrix.answers import Answers
from clusterdns.matrix.insistence import KIND_BUDGET_S, Budgets, Kind, kind_of, tries
from clusterdns.matrix.known_paths import KnownPaths, Try
from clusterdns.matrix.losses import LATE_MS, Losses, Path
from clusterdns.matrix.path_health import DEAD_AFTER, LOOK_AGAIN_S, PathHealth
from clusterdns.matrix.question import TRANSPORTS, Question, Server, Transport
from clusterdns.matrix.rounds import Asked, Round, firsts
from clusterdns.matrix.tally import Tally
from clusterdns.probe import OUTRUN, Probe
from clusterdns.wait import until

COPIES, MOST_COPIES = 2, 5  # more packets of a question with each try, where many are lost
ONCE_S = 0.2  # seconds that a question has whose kind was never answered in time
ONCE_AGAIN_S = 30.0  # seconds until it makes the path itself doubtful again
LOOK_S = 0.3  # seconds that a dead path has to answer when it is looked at again
INSIST_S = 5.0  # for so long a question is asked again before it counts as not answered


@dataclass
class Matrix:
    """The matrix of a run: probes on all nodes, the Service and all replicas.

    ``timeout`` is what the first packet may take, in seconds. A question without an answer is
    asked again, from new sockets, for ``insist`` seconds in all: then it was not answered. What
    was lost before an answer came is noted in ``losses``. A wrong answer is never asked again.

    A path is dead when none of the ``controls`` is answered, twice; without controls none ever
    is. Nothing is asked on a dead path, and the answers say so; it is looked at now and then. On
    a path that lives every question is asked; where its kind was never answered, once (Budgets).
    """

    probes: Mapping[str, Probe]  # by node
    servers: Sequence[Server]
    timeout: float
    repeat: Callable[[Answer], str]
    controls: Sequence[Question]
    losses: Losses = field(default_factory=Losses)
    dead_after: int = DEAD_AFTER  # looks without any answer
    silence_deviates: bool = False  # what is left out counts as asked: where a check is about that
    insist: float = INSIST_S
    budget: float = KIND_BUDGET_S  # seconds that questions of one kind may cost in vain on a path
    until: Callable[[float], object] = until  # waits for a moment of time.monotonic

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=len(TRANSPORTS) * max(1, len(self.probes)))
        self._known = KnownPaths(self.controls, self.timeout, self.losses, self.dead_after)
        self._budgets = Budgets(self.budget)
        self._lock = threading.Lock()
        self._turns = itertools.count(1)

    def ask(
        self,
        questions: Sequence[Question],
        transport: Transport,
        servers: Iterable[Server] | None = None,
        insist: bool = True,
    ) -> list[Answer]:
        """Every question to every server (or those given) from every node, all at once.

        Without ``insist`` each is asked once, with the whole time of a packet, whatever its kind
        has cost: to count what is lost.
        """
        chosen = tuple(self.servers if servers is None else servers)
        asked = [(question, server) for question in questions for server in chosen]
        work = [
            self._pool.submit(self._from_node, now, asked)
            for now in self._rounds(transport, insist)
        ]
        return [answer for future in work for answer in future.result()]

    def look(self) -> None:
        """Look at all paths, over all transports at once, to find the dead ones.

        What checks ask there later fails fast. Where everybody answers it is one question.
        """
        with ThreadPoolExecutor(max_workers=len(TRANSPORTS)) as pool:
            list(pool.map(self._look_over, TRANSPORTS))

    def _look_over(self, transport: Transport) -> None:
        work = [self._pool.submit(self._look_from, now) for now in self._rounds(transport)]
        for each in work:
            each.result()

    def _look_from(self, now: Round) -> None:
        asked = [(self.controls[0], server) for server in self.servers]
        first = now.exchange(asked, [self.timeout] * len(asked))
        self._known.note(first, now.turn)
        self._doubt(now, [one.answer.server for one in first if not one.answer.answered])

    def _rounds(self, transport: Transport, insist: bool = True) -> list[Round]:
        with self._lock:
            turn = next(self._turns)
        return [Round(node, probe, transport, turn, insist) for node, probe in self.probes.items()]

    def why_dead(self, path: Path) -> str:
        """Why a path is taken for dead; empty where it is not, or was never tried."""
        health = self._health(path)
        return health.reason if health.dead else ""

    def _from_node(self, now: Round, asked: Sequence[Asked]) -> list[Answer]:
        servers = list(dict.fromkeys(server for _, server in asked))
        healths = {server: self._health(now.path(server)) for server in servers}
        self._look_at(
            now,
            [s for s, h in healths.items() if h.dead and not h.resting],
            [min(self.timeout, LOOK_S)],
        )
        due = {i: asked[i] for i in range(len(asked)) if not healths[asked[i][1]].dead}
        answers = self._insisted(now, due)
        return [answers.get(i) or self._left_out(now, *asked[i]) for i in range(len(asked))]

    def _look_at(self, now: Round, servers: Sequence[Server], waits: Sequence[float]) -> None:
        """Put all control questions to these servers, those that are silent again and longer."""
        for wait in waits if self.controls else ():
            asked = [(question, server) for server in servers for question in self.controls]
            seen: dict[Server, list[bool]] = defaultdict(list)
            tries = now.exchange(asked, [wait] * len(asked))
            self._known.note(tries, now.turn)
            for one in tries:
                seen[one.answer.server].append(one.answer.answered)
            for server, answered in seen.items():
                self._known.looked(now.path(server), answered)
            servers = [server for server, answered in seen.items() if not any(answered)]

    def _left_out(self, now: Round, question: Question, server: Server) -> Answer:
        """The cell of a question that was not asked, because its path is dead."""
        return Answer(
            question=question,
            node=now.node,
            server=server,
            transport=now.transport,
            ms=0.0,
            message=None,
            error=f"not asked: {self.why_dead(now.path(server))}",
            asked=self.silence_deviates,
        )

    def _insisted(self, now: Round, asked: Mapping[int, Asked]) -> dict[int, Answer]:
        """Ask, and ask again what was not answered; questions on paths found dead have no cell."""
        waits = {i: self._waits(now, s, question) for i, (question, s) in asked.items()}
        answers: dict[int, Answer] = {}
        tries: list[Try] = []
        due = list(asked)
        for number in itertools.count():
            if not due:
                break
            began, timeouts = time.monotonic(), [waits[i][number] for i in due]
            copies = [self._copies(now, asked[i][1], number) for i in due]
            came = now.exchange_copies([asked[i] for i in due], timeouts, copies)
            tries += came
            got = firsts(came, copies)
            for index, answer in zip(due, got, strict=True):
                often, over = number + (not answer.answered), sum(waits[index][: number + 1])
                answers[index] = replace(answer, lost=often, over_s=over)
            silent = [i for i in due if not answers[i].answered]
            due = [i for i in silent if number + 1 < len(waits[i])]
            quiet = {answer.server for answer in got} - {a.server for a in got if a.answered}
            # One lost packet is no reason to doubt the path.
            if now.insist and (number == 1 or not due):
                self._doubt(now, quiet, LOOK_AGAIN_S if number else ONCE_AGAIN_S)
            dead = {server for server in quiet if self._health(now.path(server)).dead}
            answers = {i: a for i, a in answers.items() if a.answered or a.server not in dead}
            due = [i for i in due if i in answers]
            if due:
                self.until(began + min(timeouts))  # where an error came at once
        self._known.note([one for one in tries if one.answer.error != OUTRUN], now.turn)
        self._note(now, answers)
        whole = {i for i in answers if len(waits[i]) > 1 or not now.insist}
        return {i: a if i in whole else self._once_only(a) for i, a in answers.items()}

    def _copies(self, now: Round, server: Server, number: int) -> int:
        """How many packets go out for a question at once, by the number of tries before."""
        health = self._health(now.path(server))
        if self._loses_a_share(now, server) or (now.insist and health.loses_most):
            return MOST_COPIES
        if not (number and now.insist and health.hurried):
            return 1
        return min(1 + COPIES * number, MOST_COPIES)

    def _loses_a_share(self, now: Round, server: Server) -> bool:
        """Whether a server is a Service with a silent replica behind it, and others beside that.

        What is lost there is lost with that replica, whose own path says so: the questions are
        put so that one of them comes to another replica, and nobody waits.
        """
        return now.insist and self._known.leads_to_the_silent(
            now.node, server, now.transport, self.servers
        )

    def _once_only(self, answer: Answer) -> Answer:
        """An answer that was not insisted upon: silence says nothing of this very question."""
        if answer.answered:
            return answer
        error = "asked once only: questions like it were answered late here, or not at all"
        return replace(answer, error=error, asked=self.silence_deviates)

    def _doubt(self, now: Round, servers: Iterable[Server], within: float = LOOK_AGAIN_S) -> None:
        """Look at those paths that have not answered a control question within some seconds."""
        unsure = [s for s in servers if not self._health(now.path(s)).surely_alive(within)]
        hurried = any(self._health(now.path(server)).hurried for server in unsure)
        hurried = hurried or all(self._loses_a_share(now, server) for server in unsure)
        first = min(self.timeout, LOOK_S) if hurried else self.timeout
        longer = [max(self.timeout, self.insist)] * (self.dead_after - 1)  # it may be a slow one
        self._look_at(now, unsure, [first, *longer])

    def _waits(self, now: Round, server: Server, question: Question) -> list[float]:
        """What each try of a question waits for, in seconds."""
        path = now.path(server)
        if not now.insist:
            return [self.timeout]
        health = self._health(path)
        if health.loses_most:
            return [min(ONCE_S, health.patience(self.timeout))]
        if self._budgets.is_spent(path, question):
            return [min(self.timeout, ONCE_S)]
        pressed = self._loses_a_share(now, server)
        return tries(health.patience(self.timeout, pressed), self.insist)

    def _note(self, now: Round, answers: Mapping[int, Answer]) -> None:
        """Note what each kind of question has cost that was never answered, or only late.

        What was lost, and answered at once when it was asked again, is the path's affair; but not
        where that answer is SERVFAIL: the server had waited for somebody else, in vain.
        """
        costs: dict[Path, dict[Kind, float]] = defaultdict(dict)
        for answer in answers.values():
            of_path, kind = costs[now.path(answer.server)], kind_of(answer.question)
            cost = answer.over_s
            gave_up = answer.lost and answer.rcode == "SERVFAIL"
            if answer.answered and not gave_up:  # a busy machine is late now and then
                cost = answer.ms / 1000 if answer.ms > LATE_MS else 0.0
            of_path[kind] = max(of_path.get(kind, 0.0), cost)
        with self._lock:
            for path, of_path in costs.items():
                self._budgets.note(path, of_path)

    def _health(self, path: Path) -> PathHealth:
        return self._known.health(path)

    def close(self) -> None:
        """Stop the threads; the probes belong to whoever opened them."""
        self._pool.shutdown(wait=False, cancel_futures=True)


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
        self.tally.heard.extend(cells)
        return Answers(cells, self.tally, self.everyone.repeat)
