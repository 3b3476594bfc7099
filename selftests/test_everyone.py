"""The matrix against probes that only pretend: what a dead path costs, and that it is noticed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import dns.message
import pytest

from clusterdns.matrix import path_health as module
from clusterdns.matrix.everyone import AGAIN_MOST, Matrix
from clusterdns.matrix.losses import Losses, Path
from clusterdns.matrix.path_health import PATIENCE
from clusterdns.matrix.paths import deadline_misses, improbable_losses
from clusterdns.matrix.question import TRANSPORTS, Question, Server
from clusterdns.matrix.wire import pipeline
from clusterdns.probe import Conversation, Output, Packet, Reply, Transcript

LIVE, DEAD = Server("pod/live", "10.0.0.1"), Server("service/dead", "10.0.0.2")
QUESTIONS = [Question(f"name-{number}.example.") for number in range(5)]


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

    def exchange(self, packets: Sequence[Packet]) -> list[Reply]:
        """Answer at once, or not at all."""
        self.sent += [packet.address for packet in packets]
        self.waits += [(packet.address, packet.timeout) for packet in packets]
        return [self.reply(packet) for packet in packets]

    def reply(self, packet: Packet) -> Reply:
        """What one server says."""
        lucky = self.answers_every and self.sent.count(packet.address) % self.answers_every == 0
        if packet.address in self.dead and not lucky:
            return Reply(None, "timeout", 1000.0, None)
        answer = dns.message.make_response(dns.message.from_wire(packet.wire))
        ms = self.late_ms if packet.address in self.dead else 1.0
        return Reply(answer.to_wire(), None, ms, packet.address)

    def converse(self, conversations: Sequence[Conversation]) -> list[Transcript]:
        """Say nothing, and note with whom."""
        self.talks += [talk.address for talk in conversations]
        return [Transcript(b"", "enough", 1.0) for _ in conversations]

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


@pytest.fixture
def matrix(probe: Pretender) -> Matrix:
    """One node, two servers."""
    return Matrix({"n1": probe}, (LIVE, DEAD), 1.0, lambda answer: "")


def test_each_question_to_a_sound_server_is_asked_once(matrix: Matrix, probe: Pretender) -> None:
    """An answer is an answer."""
    matrix.ask(QUESTIONS, "udp")
    assert probe.packets_to(LIVE) == len(QUESTIONS)


def test_silence_is_asked_once_more(matrix: Matrix, probe: Pretender) -> None:
    """One lost packet is no verdict."""
    matrix.ask(QUESTIONS[:1], "udp")
    assert probe.packets_to(DEAD) == 2


def test_dead_path_costs_no_more(matrix: Matrix, probe: Pretender) -> None:
    """After two silent questions in a row a path is left alone for a while."""
    for question in QUESTIONS:
        matrix.ask([question], "udp")
    assert (probe.packets_to(DEAD), probe.packets_to(LIVE)) == (4, len(QUESTIONS))


def test_questions_of_one_round_are_one_silence(matrix: Matrix, probe: Pretender) -> None:
    """What is asked at once is lost at once: only a second round makes a path a dead one."""
    matrix.ask(QUESTIONS, "udp")
    assert probe.packets_to(DEAD) == len(QUESTIONS) + AGAIN_MOST
    probe.dead.clear()
    answers = matrix.ask(QUESTIONS, "udp")
    assert [a.error for a in answers if not a.answered] == []


def test_second_try_has_more_patience(matrix: Matrix, probe: Pretender) -> None:
    """A busy machine may be slow for a moment; what has never answered is not waited for longer."""
    matrix.ask(QUESTIONS[:1], "udp")
    assert probe.waits_for(DEAD) == [1.0, 1.0]
    probe.dead, probe.waits = {LIVE.address}, []
    matrix.ask(QUESTIONS[:1], "udp")
    assert probe.waits_for(LIVE) == [1.0, PATIENCE]


def test_what_is_not_asked_says_so(matrix: Matrix) -> None:
    """A cell that was left out deviates, with the reason."""
    for question in QUESTIONS:
        last = matrix.ask([question], "udp")
    assert [a.received for a in last if a.server == DEAD] == [
        "no answer (not asked: 2 rounds in a row had no answer here)"
    ]


def test_transports_are_paths_of_their_own(matrix: Matrix, probe: Pretender) -> None:
    """Silence over UDP says nothing about TCP."""
    for question in QUESTIONS:
        matrix.ask([question], "udp")
    before = probe.packets_to(DEAD)
    matrix.ask(QUESTIONS[:1], "tcp")
    assert probe.packets_to(DEAD) == before + 2


def test_one_question_looks_whether_a_path_is_back(
    matrix: Matrix, probe: Pretender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the pause is over one question goes out; an answer lets the others follow at once."""
    for question in QUESTIONS[:2]:
        matrix.ask([question], "udp")
    monkeypatch.setattr(module, "LOOK_AGAIN_S", 0.0)
    before = probe.packets_to(DEAD)
    matrix.ask(QUESTIONS, "udp")
    assert probe.packets_to(DEAD) == before + 1
    probe.dead.clear()
    answers = matrix.ask(QUESTIONS, "udp")
    assert [a.error for a in answers if not a.answered] == []


def test_one_look_is_enough_where_it_was_asked_for(probe: Pretender) -> None:
    """With dead_after=1 who was silent once, asked twice, is left alone."""
    matrix = Matrix({"n1": probe}, (DEAD,), 1.0, str, dead_after=1)
    answers = [matrix.ask([question], "udp")[0] for question in QUESTIONS[:2]]
    assert [answer.error for answer in answers] == [
        "timeout",
        "not asked: the round before had no answer here",
    ]


def test_faltering_path_costs_no_more(matrix: Matrix, probe: Pretender) -> None:
    """A path that answers now and then is left alone as a dead one is, and says how bad it is."""
    probe.answers_every = 4
    asked = [matrix.ask([Question(f"n{number}.example.")], "udp") for number in range(60)]
    reasons = [a.error for answers in asked for a in answers if not a.answered]
    assert probe.packets_to(DEAD) < 30
    assert "not asked: 4 of the last 7 had no answer here" in reasons


def test_dragging_path_costs_no_more(
    matrix: Matrix, probe: Pretender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path of which each answer is late is left alone too, until one comes at once."""
    probe.answers_every, probe.late_ms = 2, 2000.0  # with the second try, two seconds later
    asked = [matrix.ask([Question(f"n{number}.example.")], "udp") for number in range(60)]
    reasons = [a.error for answers in asked for a in answers if not a.answered]
    assert probe.packets_to(DEAD) < 16
    assert reasons[0] == "not asked: 7 rounds took 21 s here"
    monkeypatch.setattr(module, "LOOK_OFTEN_S", 0.0)
    probe.dead.clear()
    answers = [matrix.ask([question], "udp") for question in QUESTIONS]
    assert [a.error for some in answers for a in some if not a.answered] == []


def test_look_in_vain_is_repeated_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that slow on and on must not cost a second of every check."""
    clock = [100.0]
    monkeypatch.setattr("clusterdns.matrix.path_health.time.monotonic", lambda: clock[0])
    health, looks = module.PathHealth(), []
    while not health.dead:
        health.took([2.0], in_vain=2.0)
        health.note([True])
    for second in range(60):
        clock[0] = 100.0 + second
        if not health.resting:
            looks.append(second)
            health.took([2.0], in_vain=2.0)
            health.note([True])
    assert 3 <= len(looks) <= 6, looks


def test_each_relapse_is_looked_after_more_seldom(probe: Pretender) -> None:
    """A path that is well for a moment, again and again, must not cost the same each time."""
    health = module.PathHealth()
    for _ in range(3):
        health.note([True, False] * 5)
        health.note([True] * module.WELL_AFTER)
    assert (health.relapses, health.dead) == (3, False)
    health.note([True, False] * 5)
    health.looked -= 4 * module.LOOK_OFTEN_S
    assert health.resting


def test_path_that_is_back_does_not_falter(
    matrix: Matrix, probe: Pretender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a long silence one answer is enough: a server that was restarted is well again."""
    monkeypatch.setattr(module, "LOOK_AGAIN_S", 0.0)
    for number in range(12):
        matrix.ask([Question(f"n{number}.example.")], "udp")
    probe.dead.clear()
    answers = [matrix.ask([question], "udp") for question in QUESTIONS]
    assert [a.error for some in answers for a in some if not a.answered] == []


def test_lossy_path_gets_less_time(matrix: Matrix, probe: Pretender) -> None:
    """When losses have cost ten seconds, a packet gets as long as answers take, and some more."""
    probe.answers_every = 2  # each first try is lost, each second one answered
    for number in range(15):
        matrix.ask([Question(f"n{number}.example.")], "udp")
    times = [seconds for address, seconds in probe.waits if address == DEAD.address]
    assert (times[0], times[-1]) == (1.0, module.SHORTEST_S)
    assert {seconds for address, seconds in probe.waits if address == LIVE.address} == {1.0}


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
    matrix.look(QUESTIONS[0])
    looked = probe.packets_to(DEAD)
    matrix.ask(QUESTIONS, "udp")
    matrix.ask(QUESTIONS, "tcp")

    assert (probe.packets_to(DEAD), looked) == (8, 8)
    assert matrix.why_silent(Path("n1", str(DEAD), "tcp")) == (
        "2 rounds in a row had no answer here"
    )
    assert matrix.why_silent(Path("n1", str(LIVE), "tcp")) == ""


def test_one_look_at_sound_servers_is_one_question(probe: Pretender) -> None:
    """Where everybody answers there is nothing to look at twice."""
    Matrix({"n1": probe}, (LIVE,), 1.0, lambda answer: "").look(QUESTIONS[0])

    assert probe.packets_to(LIVE) == len(TRANSPORTS)


def test_no_conversation_with_the_dead(matrix: Matrix, probe: Pretender) -> None:
    """A connection that cannot be made is not waited for by one check after the other."""
    matrix.look(QUESTIONS[0])

    assert [(cell.server, cell.received) for cell in pipeline(matrix, QUESTIONS)] == [
        (str(LIVE), "no answer (enough)"),
        (str(DEAD), "no answer (not asked: 2 rounds in a row had no answer here)"),
    ]
    assert probe.talks == [LIVE.address]


def test_few_late_answers_do_not_make_a_path_a_slow_one() -> None:
    """One replica of three says SERVFAIL after 2 s: the others are quick, and that is usual."""
    health = module.PathHealth()
    while health.waited < module.PATIENCE_S:
        health.took([1.0] * 6 + [2004.0] * 3, 1.0)
    assert health.patience(1.0) == health.patience(1.0, again=True) == module.SHORTEST_S


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
