"""The matrix against probes that only pretend: what a dead path costs, and that it is noticed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import dns.message
import pytest

from clusterdns.matrix import path_health as module
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.everyone import Everyone, Matrix
from clusterdns.matrix.evidence import NotAskedError
from clusterdns.matrix.expect import Expected
from clusterdns.matrix.insistence import Budgets, kind_of, tries
from clusterdns.matrix.losses import Losses, Path
from clusterdns.matrix.paths import deadline_misses, improbable_losses
from clusterdns.matrix.question import TRANSPORTS, Question, Server
from clusterdns.matrix.tally import Tally
from clusterdns.matrix.wire import pipeline
from clusterdns.probe import Conversation, Output, Packet, Reply, Transcript

LIVE, DEAD = Server("pod/live", "10.0.0.1"), Server("service/dead", "10.0.0.2")
OWN = "cluster.example."  # the zone that is answered from memory
QUESTIONS = [Question(f"name-{number}.{OWN}") for number in range(5)]
CONTROLS = (Question(f"known.{OWN}"), Question("version.bind.", "TXT", rdclass="CH"))


@dataclass
class Pretender:
    """A probe whose servers answer NOERROR, or keep silent if they are named dead."""

    node: str = "n1"
    namespace: str = "ns"
    pod: str = "probe-0"
    wire_exact: bool = True
    dead: set[str] = field(default_factory=lambda: {DEAD.address})
    sent: list[str] = field(default_factory=list)  # addresses, one for each packet
    talks: list[str] = field(default_factory=list)  # addresses, one for each conversation
    waits: list[tuple[str, float]] = field(default_factory=list)  # and how long it may take
    answers_every: int = 0  # the dead ones answer every so many questions; 0 is never
    late_ms: float = 1.0  # what their answers take
    silent_for: int = 0  # packets to the dead ones, after which they answer; 0 is never
    silent_names: set[str] = field(default_factory=set)  # that nobody answers
    names: list[str] = field(default_factory=list)  # that were asked for
    ending: str = "enough"  # of each conversation

    def exchange(self, packets: Sequence[Packet]) -> list[Reply]:
        """Answer at once, or not at all."""
        self.sent += [packet.address for packet in packets]
        self.waits += [(packet.address, packet.timeout) for packet in packets]
        return [self.reply(packet) for packet in packets]

    def reply(self, packet: Packet) -> Reply:
        """What one server says."""
        query = dns.message.from_wire(packet.wire)
        name, number = query.question[0].name.to_text(), self.sent.count(packet.address)
        self.names.append(name)
        lucky = self.answers_every and number % self.answers_every == 0
        lucky = lucky or 0 < self.silent_for < number
        if (packet.address in self.dead and not lucky) or name in self.silent_names:
            return Reply(None, "timeout", 1000.0, None)
        answer = dns.message.make_response(query)
        ms = self.late_ms if packet.address in self.dead else 1.0
        return Reply(answer.to_wire(), None, ms, packet.address)

    def converse(self, conversations: Sequence[Conversation]) -> list[Transcript]:
        """Say nothing, and note with whom."""
        self.talks += [talk.address for talk in conversations]
        return [Transcript(b"", self.ending, 1.0) for _ in conversations]

    def run(self, commands: Sequence[Sequence[str]], timeout: float) -> list[Output]:
        """Not for these tests."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to close."""

    def waits_for(self, server: Server) -> list[float]:
        """How long each packet to a server might take."""
        return [wait for address, wait in self.waits if address == server.address]

    def packets_to(self, server: Server) -> int:
        """How many packets went to a server."""
        return self.sent.count(server.address)


@pytest.fixture
def probe() -> Pretender:
    """One node."""
    return Pretender()


def made(probe: Pretender, *servers: Server, **settings: object) -> Matrix:
    """One node, and these servers; nobody waits."""
    given: dict[str, Any] = {"until": lambda moment: None, **settings}
    return Matrix({"n1": probe}, servers, 1.0, lambda answer: "", CONTROLS, **given)


@pytest.fixture
def matrix(probe: Pretender) -> Matrix:
    """One node, two servers, of which one is dead."""
    return made(probe, LIVE, DEAD)


def errors(*rounds: Sequence[Answer]) -> list[str]:
    """Why there is no answer, for each cell that has none."""
    return [answer.error for some in rounds for answer in some if not answer.answered]


def test_each_question_to_a_sound_server_is_asked_once(matrix: Matrix, probe: Pretender) -> None:
    """An answer is an answer."""
    matrix.ask(QUESTIONS, "udp")
    assert probe.packets_to(LIVE) == len(QUESTIONS)


@pytest.mark.parametrize("first", [0.05, 0.1, 0.5, 1.0, 2.0, 8.0])
def test_tries_last_long_enough(first: float) -> None:
    """Nobody can say that we hurried, and none of them is shorter than the one before."""
    waits = tries(first, 5.0)
    assert (waits[0], sum(waits) >= 5.0, sum(waits[:-1]) < 5.0) == (first, True, True)
    assert waits == sorted(waits)


def test_lost_answer_is_asked_for_again(probe: Pretender) -> None:
    """A packet that is lost, or a server that stands still for a moment, is no verdict."""
    probe.silent_for = 3
    (answer,) = made(probe, DEAD).ask(QUESTIONS[:1], "udp")
    assert (answer.answered, answer.lost, len(probe.waits)) == (True, 2, 3 + len(CONTROLS))


def test_silence_says_how_often_it_was_asked(probe: Pretender) -> None:
    """One name is silent on a path that lives: it is asked for over 5 s, and all others once."""
    probe.silent_names = {QUESTIONS[0].name}
    answers = made(probe, LIVE).ask(QUESTIONS, "udp")
    silent = [answer for answer in answers if not answer.answered]
    assert [(a.question, a.asked) for a in silent] == [(QUESTIONS[0], True)]
    assert silent[0].received == "no answer (timeout), asked 4 times over 8 s"


def test_dead_path_is_not_asked(matrix: Matrix, probe: Pretender) -> None:
    """It is looked at by control questions of each kind, twice, and costs no more."""
    rounds = [matrix.ask([question], "udp") for question in QUESTIONS]
    assert probe.packets_to(DEAD) == 2 + 2 * len(CONTROLS)
    cells = [answer for some in rounds for answer in some if answer.server == DEAD]
    assert {(answer.asked, answer.received) for answer in cells} == {
        (False, "no answer (not asked: none of 2 control questions was answered here, asked twice)")
    }


def test_slow_names_do_not_make_a_path_a_dead_one(probe: Pretender) -> None:
    """However many of them keep silent, what else is asked there is asked, and answered."""
    probe.silent_names = {question.name for question in QUESTIONS}
    matrix = made(probe, LIVE)
    for question in QUESTIONS:
        matrix.ask([question], "udp")
    assert errors(matrix.ask([CONTROLS[0], Question("other.net.")], "udp")) == []
    assert matrix.why_dead(Path("n1", str(LIVE), "udp")) == ""


def test_kind_that_is_silent_is_asked_once(probe: Pretender) -> None:
    """When a kind of name has cost its budget; names of other kinds are not concerned."""
    probe.silent_names = {f"n{number}.slow.test." for number in range(9)}
    matrix = made(probe, LIVE)
    lost = [matrix.ask([Question(name)], "udp")[0].lost for name in sorted(probe.silent_names)]
    assert lost == [4, 4, 1, 1, 1, 1, 1, 1, 1]
    probe.silent_names = {"else.where."}
    assert matrix.ask([Question("else.where.")], "udp")[0].lost == 4


def test_budget_comes_back(probe: Pretender) -> None:
    """A kind that is answered again is insisted upon again."""
    budgets, path = Budgets(), Path("n1", "pod/a", "udp")
    kind = kind_of(QUESTIONS[0])
    budgets.note(path, kind, 12.0)
    assert budgets.is_spent(path, QUESTIONS[0])
    budgets.note(path, kind, 0.0)
    assert not budgets.is_spent(path, QUESTIONS[0])


def test_all_kinds_together_have_a_budget(probe: Pretender) -> None:
    """Where one name after the other is silent, each kind is insisted upon once."""
    budgets, path = Budgets(), Path("n1", "pod/a", "udp")
    for number in range(6):
        budgets.note(path, kind_of(Question(f"a.b{number}.")), 5.0)
    assert budgets.is_spent(path, Question("x.a.b0."))
    assert not budgets.is_spent(path, Question("x.a.new."))
    assert not budgets.is_spent(Path("n2", "pod/a", "udp"), Question("x.a.b0."))


def test_transports_are_paths_of_their_own(matrix: Matrix, probe: Pretender) -> None:
    """Silence over UDP says nothing about TCP."""
    matrix.ask(QUESTIONS[:1], "udp")
    before = probe.packets_to(DEAD)
    matrix.ask(QUESTIONS[:1], "udp")
    assert probe.packets_to(DEAD) == before
    matrix.ask(QUESTIONS[:1], "tcp")
    assert probe.packets_to(DEAD) == 2 * before


def test_path_that_is_back_is_asked_at_once(
    matrix: Matrix, probe: Pretender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the pause is over it is looked at; one answer lets all questions follow."""
    matrix.ask(QUESTIONS[:1], "udp")
    monkeypatch.setattr(module, "LOOK_AGAIN_S", 0.0)
    before = probe.packets_to(DEAD)
    matrix.ask(QUESTIONS, "udp")
    assert probe.packets_to(DEAD) == before + len(CONTROLS)
    probe.dead.clear()
    assert errors(matrix.ask(QUESTIONS, "udp")) == []


def test_dead_path_is_looked_at_more_and_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """It must not cost a second of every check."""
    clock = [100.0]
    monkeypatch.setattr("clusterdns.matrix.path_health.time.monotonic", lambda: clock[0])
    health, looks = module.PathHealth(), []
    for second in range(600):
        clock[0] = 100.0 + second
        if not health.resting:
            looks.append(second)
            health.look([False, False])
    assert looks[:4] == [0, 1, 5, 13]
    assert len(looks) <= 15


def test_silence_is_a_finding_where_a_check_is_about_that(probe: Pretender) -> None:
    """An upstream that was silent at the first look is not waited for again, and deviates."""
    matrix = made(probe, DEAD, dead_after=1, silence_deviates=True)
    matrix.look()
    (answer,) = matrix.ask(QUESTIONS[:1], "udp")
    assert (answer.asked, answer.error) == (
        True,
        "not asked: none of 2 control questions was answered here, asked once",
    )


def test_without_controls_no_path_is_dead(probe: Pretender) -> None:
    """An experiment counts what arrives: it is asked as often as it says, and not looked at."""
    matrix = Matrix(
        {"n1": probe}, (DEAD,), 1.0, str, controls=(), insist=2.0, until=lambda moment: None
    )
    lost = [matrix.ask([question], "udp")[0].lost for question in QUESTIONS]
    assert lost[:3] == [2, 2, 2]
    assert set(probe.names) == {question.name for question in QUESTIONS}


def test_lossy_path_gets_less_time(probe: Pretender) -> None:
    """When losses have cost ten seconds, a packet gets as long as answers take, and some more."""
    probe.answers_every = 2  # each first try is lost, each second one answered
    matrix = made(probe, LIVE, DEAD)
    answers = [matrix.ask([Question(f"n{n}.{OWN}")], "udp") for n in range(30)]
    times = probe.waits_for(DEAD)
    assert errors(*answers) == []
    assert (times[0], times[-1]) == (1.0, module.SHORTEST_S)
    assert set(probe.waits_for(LIVE)) == {1.0}
    lost = matrix.losses.paths[Path("n1", str(DEAD), "udp")]
    assert lost.lost >= module.PATIENCE_S
    assert lost.improbable


def test_only_names_from_memory_count_as_lost(probe: Pretender) -> None:
    """What an upstream is asked for may be slow, or be lost there: that is no loss of the path."""
    probe.answers_every = 2
    matrix = made(probe, DEAD)
    for number in range(5):
        matrix.ask([Question(f"n{number}.elsewhere.test.")], "udp")
    assert matrix.losses.paths == {}


def lossy(per_path: int, sent: int = 60) -> Losses:
    """Losses on each of three paths from one node, and none from another."""
    made = Losses()
    for place, server in enumerate(("service", "pod/a", "pod/b")):
        for number in range(sent):
            turn = sent * place + number
            made.note(Path("n1", server, "udp"), number >= per_path, 1.0, turn)
            made.note(Path("n2", server, "udp"), True, 1.0, turn)
    return made


@pytest.mark.parametrize(
    ("per_path", "first_words"),
    [(0, []), (1, []), (2, ["n1 > all over udp"]), (12, ["n1 > service over udp"])],
)
def test_small_losses_show_together(per_path: int, first_words: list[str]) -> None:
    """Two of 60 prove nothing about a path, and six of 180 prove something about a node."""
    lines = improbable_losses(lossy(per_path), "udp")
    assert [line.partition(":")[0] for line in lines[:1]] == first_words


def test_a_moment_of_silence_is_one_accident() -> None:
    """When a machine stands still, all questions of a round are lost, to every server."""
    made = Losses()
    for turn in range(80):
        for server in ("service", "pod/a"):
            for _ in range(10):
                made.note(Path("n1", server, "tcp"), turn not in (7, 8), 2.0, turn)
    assert improbable_losses(made, "tcp") == []


def test_whoever_stands_still_says_nothing_about_paths(probe: Pretender) -> None:
    """When nothing came in time, of no server, the node that asks was not there for a moment."""
    matrix, other = made(probe, LIVE, DEAD), Server("pod/other", "10.0.0.3")
    probe.dead = {LIVE.address, DEAD.address}
    probe.answers_every = 2
    for number in range(9):
        matrix.ask([Question(f"n{number}.{OWN}")], "udp")
    assert {len(record.rounds) for record in matrix.losses.paths.values()} == {0}
    for number in range(9):
        matrix.ask([Question(f"n{number}.{OWN}")], "udp", [DEAD, other])
    assert len(matrix.losses.paths[Path("n1", str(DEAD), "udp")].rounds) == 9


def timed(transport: str, late: int, each: int, total: int = 300) -> Losses:
    """One path on which so many answers of a round took a second, until there are enough."""
    made = Losses()
    for number in range(total):
        ms = 1003.0 if number < late else 2.0
        made.note(Path("n1", "service", transport), True, ms, number // each)
    return made


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize(
    ("late", "each", "slow"),
    [
        (0, 1, False),
        (1, 1, False),  # chance
        (12, 1, True),
        (24, 12, False),  # a machine that stood still, twice
        (200, 60, True),  # most answers
    ],
)
def test_late_answers_count_by_rounds(transport: str, late: int, each: int, slow: bool) -> None:
    """A network that delays does so all the time, a busy machine for a moment."""
    lines = deadline_misses(timed(transport, late, each), transport)
    words = f"n1 > service over {transport}: {late} of 300 answers took longer than 900 ms"
    assert [line.partition(",")[0] for line in lines] == ([words] if slow else [])


def test_one_look_finds_what_is_dead(matrix: Matrix, probe: Pretender) -> None:
    """It looks over both transports, and what comes after it fails fast with the reason."""
    matrix.look()
    looked = probe.packets_to(DEAD)
    matrix.ask(QUESTIONS, "udp")
    matrix.ask(QUESTIONS, "tcp")

    each = len(TRANSPORTS) * (1 + 2 * len(CONTROLS))
    assert (probe.packets_to(DEAD), looked) == (each, each)
    assert matrix.why_dead(Path("n1", str(DEAD), "tcp")).endswith("asked twice")
    assert matrix.why_dead(Path("n1", str(LIVE), "tcp")) == ""


def test_one_look_at_sound_servers_is_one_question(probe: Pretender) -> None:
    """Where everybody answers there is nothing to look at twice."""
    made(probe, LIVE).look()

    assert probe.packets_to(LIVE) == len(TRANSPORTS)


def test_no_conversation_with_the_dead(matrix: Matrix, probe: Pretender) -> None:
    """A connection that cannot be made is not waited for by one check after the other."""
    matrix.look()

    answers = pipeline(Everyone(matrix, "tcp", Tally()), *QUESTIONS)
    assert {(answer.server, answer.asked) for answer in answers} == {(LIVE, True), (DEAD, False)}
    assert len(answers) == 2 * len(QUESTIONS)
    assert probe.talks == [LIVE.address]


@pytest.mark.parametrize(("ending", "talks"), [("timeout", 2), ("closed", 1)])
def test_conversation_that_timed_out_is_held_again(
    probe: Pretender, ending: str, talks: int
) -> None:
    """From a new connection; what the other side has ended is an answer."""
    probe.ending = ending
    answers = pipeline(Everyone(made(probe, LIVE), "tcp", Tally()), *QUESTIONS)
    assert {answer.received for answer in answers} == {f"no answer ({ending})"}
    assert len(probe.talks) == talks


@pytest.mark.parametrize("wrong", [False, True])
def test_what_was_not_asked_does_not_deviate(matrix: Matrix, wrong: bool) -> None:
    """Where all that was asked is right, the message is the dead path in one line."""
    tally = Tally()
    answers = Everyone(matrix, "udp", tally).put(*QUESTIONS)
    expected = Expected("NXDOMAIN" if wrong else "NOERROR")
    assert not answers.match(expected)
    assert (len(repr(answers).splitlines()) == 1) is not wrong
    words = "5 of 10 cells deviate" if wrong else "on n1 > service/dead (10.0.0.2) over udp; the"
    assert words in repr(answers)
    assert (tally.asked, len(tally.not_asked), len(tally.deviating)) == (5, 5, 5 * wrong)


def test_nothing_asked_is_not_run(probe: Pretender) -> None:
    """A check of which nothing could be asked judges nothing."""
    answers = Everyone(made(probe, DEAD), "udp", Tally()).put(*QUESTIONS)
    with pytest.raises(NotAskedError, match="5 of 5 answers could not be asked for"):
        answers.match(Expected())


def test_few_late_answers_do_not_make_a_path_a_slow_one() -> None:
    """One replica of three says SERVFAIL after 2 s: the others are quick, and that is usual."""
    health = module.PathHealth()
    while health.waited < module.PATIENCE_S:
        health.took([1.0] * 6 + [2004.0] * 3, 1.0)
    assert health.patience(1.0) == module.SHORTEST_S


def test_slow_path_keeps_its_patience() -> None:
    """Where most answers take long, that is how long a packet may take."""
    health = module.PathHealth()
    while health.waited < module.PATIENCE_S:
        health.took([40.0] * 9, 1.0)
    assert health.patience(1.0) == pytest.approx(0.8)


def test_late_answers_cost_as_well() -> None:
    """A path may not cost seconds of every check by answering late."""
    health = module.PathHealth()
    health.took([1.0, 2004.0], 0.0)
    assert health.waited == pytest.approx(2.004)
