"""What is lost and late on a path, and what chance explains."""

import dns.message
import pytest

from clusterdns.matrix import path_health as module
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.insistence import kind_of
from clusterdns.matrix.known_paths import KnownPaths, Try
from clusterdns.matrix.losses import Losses, Path
from clusterdns.matrix.paths import (
    EACH,
    ROUNDS,
    deadline_misses,
    improbable_losses,
    loses_much,
    take_sample,
)
from clusterdns.matrix.question import TRANSPORTS, Question, Server
from selftests.matrix.pretender import CONTROLS, DEAD, LIVE, OWN, Pretender, errors, made


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
    for _ in range(9):
        matrix.ask(CONTROLS[:1], "udp", [DEAD, other], insist=False)
    assert len(matrix.losses.paths[Path("n1", str(DEAD), "udp")].rounds) >= 4


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


def test_sample_asks_each_question_once(probe: Pretender) -> None:
    """It counts what is lost, with the whole time of a packet, also where many are lost."""
    probe.answers_every = 3
    matrix = made(probe, LIVE, DEAD)
    matrix._health(Path("n1", str(DEAD), "udp")).took([1.0], module.PATIENCE_S)
    take_sample(matrix, CONTROLS)
    assert set(probe.waits_for(DEAD)) == {1.0}
    assert matrix.losses.paths[Path("n1", str(DEAD), "udp")].improbable


def test_sample_ends_where_its_verdict_stands(probe: Pretender) -> None:
    """Each round costs a second where something is lost; sound paths are asked all rounds."""
    probe.answers_every = 3
    matrix = made(probe, LIVE, DEAD)
    take_sample(matrix, CONTROLS)
    each = len(TRANSPORTS) * EACH
    assert probe.packets_to(LIVE) == ROUNDS * each
    assert probe.packets_to(DEAD) < ROUNDS * each / 2


def test_dead_path_is_much_lost(probe: Pretender) -> None:
    """One look is enough to know it, long before its losses are improbable ones."""
    matrix = made(probe, LIVE, DEAD)
    assert not loses_much(matrix)
    matrix.look()
    assert loses_much(matrix)
    assert not any(record.improbable for record in matrix.losses.paths.values())


def test_sample_counts_whatever_the_kind_has_cost(probe: Pretender) -> None:
    """A budget is for names; a question that nobody answers is exchanged for one that is."""
    matrix = made(probe, LIVE)
    path = Path("n1", str(LIVE), "udp")
    matrix._budgets.note(path, {kind_of(CONTROLS[0]): 99.0})
    take_sample(matrix, CONTROLS)
    assert matrix.losses.paths[path].sent == ROUNDS * EACH
    probe.silent_names = {CONTROLS[0].name}
    other = made(probe, LIVE)
    take_sample(other, CONTROLS)
    assert other.losses.paths[path].sent > (ROUNDS - 2) * EACH
    assert probe.names[-1] == CONTROLS[1].name


@pytest.mark.parametrize("late_ms", [0.0, 2000.0])
def test_name_that_is_silent_or_late_everywhere_is_no_loss(
    probe: Pretender, late_ms: float
) -> None:
    """A rule of the Corefile may hold names of the zone back: their paths lose nothing by that."""
    other = Server("pod/other", "10.0.0.3")
    matrix = made(probe, LIVE, other)
    slow = {f"n{number}.{OWN}" for number in range(9)}
    if late_ms:
        probe.late_names = dict.fromkeys(slow, late_ms)
    else:
        probe.silent_names = slow
    for name in sorted(slow):
        matrix.ask([CONTROLS[0], Question(name)], "udp")
    for path, record in matrix.losses.paths.items():
        assert (record.lost, record.late) == (0, 0), path
        assert not matrix._health(path).hurried


@pytest.mark.parametrize(("took_ms", "lost"), [(1200.0, 0), (2.0, 1)])
def test_name_that_takes_longer_than_a_packet_may_is_not_lost(took_ms: float, lost: int) -> None:
    """Its first packet is given up before the answer comes: by a rule, as all others are late."""
    paths = KnownPaths(CONTROLS, 1.0)
    question = Question(f"slow.{OWN}")

    def answer(ms: float, rcode: int | None) -> Answer:
        reply = dns.message.make_response(question.message()) if rcode is not None else None
        error = "" if reply else "timeout"
        return Answer(question, "n1", LIVE, "udp", ms, reply, error)

    paths.note([Try(answer(1000.0, None), 1.0), Try(answer(took_ms, 0), 1.5)], 1)
    assert sum(record.lost for record in paths.losses.paths.values()) == lost


def test_control_question_that_nobody_answers_is_no_loss(probe: Pretender) -> None:
    """A rule may hit a control question, too: the others say that the path lives."""
    matrix = made(probe, LIVE)
    probe.silent_names = {CONTROLS[0].name}
    matrix.ask([CONTROLS[1]], "udp")
    for _ in range(9):
        matrix.ask([CONTROLS[0]], "udp")
    (record,) = matrix.losses.paths.values()
    assert record.lost == 0


def test_name_that_is_late_on_one_path_is_late_there(probe: Pretender) -> None:
    """What is answered in time elsewhere is the path's affair."""
    probe.answers_every, probe.late_ms = 1, 2000.0
    matrix = made(probe, LIVE, DEAD)
    for number in range(9):
        matrix.ask([Question(f"n{number}.{OWN}")], "udp")
    assert matrix.losses.paths[Path("n1", str(DEAD), "udp")].improbably_late


def test_lossy_path_gets_several_packets_at_once(probe: Pretender) -> None:
    """Each try sends more of them, so that half of all being lost costs no seconds."""
    matrix = made(probe, LIVE, DEAD)
    health = matrix._health(Path("n1", str(DEAD), "udp"))
    health.took([1.0], module.PATIENCE_S)
    probe.silent_for = 4
    answers = matrix.ask([Question(f"n.{OWN}")], "udp")
    assert [(a.answered, a.lost) for a in answers] == [(True, 0), (True, 2)]
    assert (probe.packets_to(LIVE), probe.packets_to(DEAD)) == (1, 1 + 3 + len(CONTROLS) + 5)


def test_only_names_from_memory_count_as_lost(probe: Pretender) -> None:
    """What an upstream is asked for may be slow, or be lost there: that is no loss of the path."""
    probe.answers_every = 2
    matrix = made(probe, DEAD, LIVE)
    for number in range(5):
        matrix.ask([Question(f"n{number}.elsewhere.test.")], "udp")
    assert matrix.losses.paths == {}


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
