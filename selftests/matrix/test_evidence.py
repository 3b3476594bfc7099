"""The one comparison: what matches, what is noted of it, and what a failure says."""

import dns.message
import dns.rrset
import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.answers import Answers
from clusterdns.matrix.criterion import Criterion
from clusterdns.matrix.expect import Expected, Wanted
from clusterdns.matrix.observation import Exactly, Observation, observed
from clusterdns.matrix.question import Question, Server
from clusterdns.matrix.tally import Tally
from clusterdns.probe import Reply
from clusterdns.report.cell import FILE

ONE, TWO = Question("one.example."), Question("two.example.")
SERVER = Server("pod/a", "192.0.2.53")
RIGHT = {ONE: expect.addresses(ONE.name, ["192.0.2.1"]), TWO: expect.nxdomain()}


def answer(question: Question, *texts: str, rcode: int = 0, node: str = "n1") -> Answer:
    """What a server said; nothing at all when the code is -1."""
    query = question.message()
    if rcode < 0:
        reply = Reply(None, "timeout", 1.0, None)
    else:
        message = dns.message.make_response(query)
        message.set_rcode(dns.rcode.Rcode(rcode))
        if texts:
            message.answer = [dns.rrset.from_text(question.name, 5, "IN", "A", *texts)]
        reply = Reply(message.to_wire(want_shuffle=False), None, 1.0, None)
    return Answer.from_reply(question, node, SERVER, "udp", query, reply)


def answers(*cells: Answer) -> Answers:
    """What a check has in its hands."""
    return Answers(cells, Tally(), lambda cell: f"ask {cell.question} from {cell.node}")


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [(RIGHT[ONE], 1), (RIGHT, 1), (expect.answered, 0)],
    ids=["expected", "mapping", "rule"],
)
def test_right_answer_matches(wanted: Criterion[Answer] | Wanted, asked: int) -> None:
    """One expectation, one for each question, or a rule, which does not count as a whole answer."""
    found = answers(answer(ONE, "192.0.2.1"))
    assert found.match(wanted)
    assert (found.tally.asked, found.tally.deviating) == (asked, [])


@pytest.mark.parametrize("wanted", [RIGHT[ONE], RIGHT, expect.rule("anything", lambda _: True)])
def test_silence_never_matches(wanted: Criterion[Answer] | Wanted) -> None:
    """Not even a rule that would hold for it; and it counts as compared."""
    found = answers(answer(ONE, rcode=-1))
    assert not found.match(wanted)
    assert [cell.received for cell in found.tally.deviating] == ["no answer (timeout)"]


def test_nothing_never_matches() -> None:
    """What was never asked proves nothing."""
    found = answers()
    assert not found.match(expect.answered)
    assert repr(found) == "nothing was asked, so nothing was found"


def test_each_cell_is_noted_once_and_the_message_has_those_that_deviate() -> None:
    """The table of a failure: how many, what was expected, what came from where, the command."""
    found = answers(
        answer(ONE, "192.0.2.1"), answer(ONE, "192.0.2.9", node="n2"), answer(TWO, "192.0.2.9")
    )
    assert not found.match(RIGHT)
    assert [cell.deviates for cell in found.tally.cells] == [False, True, True]
    assert repr(found).splitlines() == [
        "one.example. A over udp: 2 of 3 cells deviate",
        "  expected  NOERROR [one.example. A 192.0.2.1]",
        "  received  NOERROR [one.example. A 192.0.2.9] flags QR RD",
        "            from n2 to pod/a (192.0.2.53), 1.0 ms",
        "  received  NOERROR [two.example. A 192.0.2.9] flags QR RD",
        "            for two.example. A",
        "            from n1 to pod/a (192.0.2.53), 1.0 ms",
        "            where NXDOMAIN [] was expected",
        "  repeat    ask one.example. A from n2",
    ]


def test_question_that_is_not_wanted_is_an_error() -> None:
    """A mapping must say what each answer has to be."""
    with pytest.raises(KeyError):
        answers(answer(TWO)).match({ONE: Expected()})


def test_file_is_compared_noted_and_told_like_an_answer() -> None:
    """But it does not count as one."""
    where = ("n1", "kubelet", FILE)
    cell = Observation("search list", *where, "a b", "a b, in: search a b", lambda: "cat it")
    found = observed([cell], Tally())
    assert found.match(Exactly("a b", "a b"))
    assert not found.match({"search list": Exactly("b a", "b a")})
    assert (found.tally.asked, len(found.tally.deviating)) == (0, 1)
    assert repr(found).splitlines() == [
        "search list: 1 of 1 cells deviate",
        "  expected  b a",
        "  received  a b, in: search a b",
        "            on n1",
        "  repeat    cat it",
    ]


def in_orders(*orders: tuple[str, str]) -> list[Answer]:
    """Answers from one node with two addresses each, in these orders."""
    return [answer(ONE, *order, node=f"n{len(orders)}") for order in orders]


def test_order_is_looked_at_on_each_path() -> None:
    """Two paths that never change their orders do not make up for each other."""
    up, down = ("192.0.2.1", "192.0.2.2"), ("192.0.2.2", "192.0.2.1")
    fixed = [*in_orders(up, up), *in_orders(down, down, down)]
    changing = [*in_orders(up, down), *in_orders(down, down, up)]

    assert len({a.order for a in fixed}) == 2
    assert not answers(*fixed).match(expect.several_orders(fixed))
    assert answers(*changing).match(expect.several_orders(changing))
