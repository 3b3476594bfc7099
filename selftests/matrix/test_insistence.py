"""A lost answer is asked for again, for long enough, and within a budget."""

import pytest

from clusterdns.matrix.everyone import MOST_COPIES, Everyone, Matrix
from clusterdns.matrix.insistence import Budgets, kind_of, tries
from clusterdns.matrix.losses import Path
from clusterdns.matrix.question import Question
from clusterdns.matrix.tally import Tally
from clusterdns.matrix.wire import pipeline
from selftests.matrix.pretender import CONTROLS, DEAD, LIVE, QUESTIONS, Pretender, made


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


def test_kind_that_is_silent_is_asked_once(probe: Pretender) -> None:
    """When a kind of name has cost its budget; names of other kinds are not concerned."""
    probe.silent_names = {f"n{number}.slow.test." for number in range(9)}
    matrix = made(probe, LIVE)
    lost = [matrix.ask([Question(name)], "udp")[0].lost for name in sorted(probe.silent_names)]
    assert lost == [4, 4, 1, 1, 1, 1, 1, 1, 1]
    probe.silent_names = {"else.where."}
    assert matrix.ask([Question("else.where.")], "udp")[0].lost == 4


def test_what_was_asked_once_does_not_deviate(probe: Pretender) -> None:
    """That there is no answer is said only of questions that were asked for long enough."""
    probe.silent_names = {f"n{number}.slow.test." for number in range(3)}
    matrix = made(probe, LIVE)
    cells = [matrix.ask([Question(name)], "udp")[0] for name in sorted(probe.silent_names)]
    assert [cell.asked for cell in cells] == [True, True, False]
    assert (
        cells[2].error
        == "asked once only: questions like it were answered late here, or not at all"
    )


def test_names_that_are_always_late_have_a_budget(probe: Pretender) -> None:
    """A server that takes seconds for each must not cost hours; what is lost now and then may."""
    probe.silent_for, probe.late_ms = 1, 2000.0
    matrix = made(probe, DEAD)
    path, next_one = Path("n1", str(DEAD), "udp"), Question("n.slow.test.")
    matrix.ask([Question("n0.slow.test.")], "udp")
    assert not matrix._budgets.is_spent(path, next_one)  # a busy machine is late now and then
    lost = [matrix.ask([Question(f"n{n}.slow.test.")], "udp")[0].answered for n in range(12)]
    assert all(lost)
    assert matrix._budgets.is_spent(path, next_one)


def test_names_that_a_server_gives_up_have_a_budget(probe: Pretender) -> None:
    """It waits for somebody else, and says SERVFAIL in the end: that is no loss of the path."""
    probe.given_up = {f"n{number}.slow.test.": 3 for number in range(9)}
    matrix = made(probe, LIVE)
    answers = [matrix.ask([Question(name)], "udp")[0] for name in sorted(probe.given_up)]
    assert [(a.rcode, a.lost) for a in answers] == [("SERVFAIL", 2)] * 3 + [("no answer", 1)] * 6


def test_budget_comes_back(probe: Pretender) -> None:
    """A kind that is answered again is insisted upon again."""
    budgets, path = Budgets(), Path("n1", "pod/a", "udp")
    kind = kind_of(QUESTIONS[0])
    budgets.note(path, {kind: 12.0})
    assert budgets.is_spent(path, QUESTIONS[0])
    budgets.note(path, {kind: 0.0})
    assert not budgets.is_spent(path, QUESTIONS[0])


def test_silent_domain_has_one_budget() -> None:
    """Where no type of name below a domain is answered, each further type is asked once."""
    budgets, path = Budgets(), Path("n1", "pod/a", "udp")
    kinds = [kind_of(Question("a.b.", rdtype)) for rdtype in ("A", "SRV", "MX")]
    for kind in kinds[:2]:
        budgets.note(path, {kind: 8.0})
    assert budgets.is_spent(path, Question("a.b.", "MX"))
    budgets.note(path, {kinds[0]: 8.0, kinds[2]: 0.0})
    assert not budgets.is_spent(path, Question("a.b.", "MX"))


def test_all_kinds_together_have_a_budget(probe: Pretender) -> None:
    """Where one name after the other is silent, each kind is insisted upon once."""
    budgets, path = Budgets(), Path("n1", "pod/a", "udp")
    for number in range(6):
        budgets.note(path, {kind_of(Question(f"a.b{number}.")): 5.0})
    assert budgets.is_spent(path, Question("x.a.b0."))
    assert not budgets.is_spent(path, Question("x.a.new."))
    assert not budgets.is_spent(Path("n2", "pod/a", "udp"), Question("x.a.b0."))


@pytest.mark.parametrize(("ending", "talks"), [("timeout", 2), ("closed", 1)])
def test_conversation_that_timed_out_is_held_again(
    probe: Pretender, ending: str, talks: int
) -> None:
    """From a new connection; what the other side has ended is an answer."""
    probe.ending = ending
    answers = pipeline(Everyone(made(probe, LIVE), "tcp", Tally()), *QUESTIONS)
    assert {answer.received for answer in answers} == {f"no answer ({ending})"}
    assert len(probe.talks) == talks


def test_path_that_loses_most_is_not_insisted_upon(probe: Pretender) -> None:
    """Several packets go out for each question, and a loss of all is no deviation of the name."""
    matrix = made(probe, LIVE)
    health = matrix._health(Path("n1", str(LIVE), "udp"))
    health.look([True])
    for _ in range(20):
        health.took([1.0, 1.0], 1.6, lost=2)
    probe.silent_names = {QUESTIONS[0].name}
    silent, *others = matrix.ask(QUESTIONS, "udp")
    assert (silent.asked, all(other.answered for other in others)) == (False, True)
    assert probe.packets_to(LIVE) == MOST_COPIES * len(QUESTIONS)


def test_path_that_loses_nothing_any_more_is_believed_again(probe: Pretender) -> None:
    """When what is asked is answered, a loss counts as before."""
    matrix = made(probe, LIVE)
    health = matrix._health(Path("n1", str(LIVE), "udp"))
    for _ in range(20):
        health.took([1.0, 1.0], 1.6, lost=2)
    for _ in range(9):
        matrix.ask(QUESTIONS, "udp")
    probe.silent_names = {QUESTIONS[0].name}
    silent = matrix.ask(QUESTIONS, "udp")[0]
    assert (silent.answered, silent.asked, silent.lost > 1) == (False, True, True)


def test_sample_of_a_path_that_loses_most_counts_single_packets(probe: Pretender) -> None:
    """Loss is measured by one packet for each question, however much is lost."""
    matrix = made(probe, LIVE)
    health = matrix._health(Path("n1", str(LIVE), "udp"))
    for _ in range(20):
        health.took([1.0, 1.0], 1.6, lost=2)
    matrix.ask(QUESTIONS, "udp", insist=False)
    assert probe.packets_to(LIVE) == len(QUESTIONS)
