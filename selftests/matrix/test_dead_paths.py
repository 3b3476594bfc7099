"""Control questions decide whether a path lives; nothing is asked on a dead one."""

import pytest

from clusterdns.matrix import path_health as module
from clusterdns.matrix.everyone import MOST_COPIES, Everyone, Matrix
from clusterdns.matrix.evidence import NotAskedError
from clusterdns.matrix.expect import Expected
from clusterdns.matrix.losses import Path
from clusterdns.matrix.question import TRANSPORTS, Question, Server
from clusterdns.matrix.tally import Tally
from clusterdns.matrix.wire import pipeline
from selftests.matrix.pretender import CONTROLS, DEAD, LIVE, QUESTIONS, Pretender, errors, made


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


@pytest.mark.parametrize("wrong", [False, True])
def test_what_was_not_asked_does_not_deviate(matrix: Matrix, wrong: bool) -> None:
    """Where all that was asked is right, the message is the dead path in one line."""
    tally = Tally()
    answers = Everyone(matrix, "udp", tally).put(*QUESTIONS)
    expected = Expected("NXDOMAIN" if wrong else "NOERROR")
    assert not answers.match(expected)
    assert (len(repr(answers).splitlines()) == 1) is not wrong
    words = (
        "5 of 10 cells deviate" if wrong else "on n1 > service/dead (10.0.0.2) over udp: no answer"
    )
    assert words in repr(answers)
    assert (tally.asked, len(tally.not_asked), len(tally.deviating)) == (5, 5, 5 * wrong)


def test_nothing_asked_is_not_run(probe: Pretender) -> None:
    """A check of which nothing could be asked judges nothing."""
    answers = Everyone(made(probe, DEAD), "udp", Tally()).put(*QUESTIONS)
    with pytest.raises(
        NotAskedError,
        match=r"5 of 5 answers are missing on n1 > service/dead .*not asked: none of",
    ):
        answers.match(Expected())


def test_share_of_a_silent_replica_costs_no_seconds(probe: Pretender) -> None:
    """What is lost through the Service while a replica behind it is silent is no surprise.

    Each question goes out several times at once, so that one comes to another replica.
    """
    service, silent = Server("service/dns", "10.0.0.9"), Server("pod/silent", "10.0.0.2")
    matrix = made(probe, LIVE, service, silent)
    matrix.look()
    before = len(probe.waits)
    answers = matrix.ask(QUESTIONS, "udp")
    waits = [wait for address, wait in probe.waits[before:] if address == service.address]
    assert errors([answer for answer in answers if answer.server == service]) == []
    assert set(waits) == {module.SHORTEST_S}
    assert len(waits) == MOST_COPIES * len(QUESTIONS)
    assert probe.packets_to(LIVE) == len(TRANSPORTS) + len(QUESTIONS)
    assert set(probe.races) == {MOST_COPIES}  # packets of each race


def test_service_of_which_all_replicas_are_silent_is_asked_in_full(probe: Pretender) -> None:
    """Nothing is expected of it."""
    service, silent = Server("service/dns", "10.0.0.9"), Server("pod/silent", "10.0.0.2")
    matrix = made(probe, service, silent)
    matrix.look()
    before = len(probe.waits)
    matrix.ask(QUESTIONS, "udp")
    assert [wait for _, wait in probe.waits[before:]] == [1.0] * len(QUESTIONS)
