"""One cell from a typed answer to the report, and to facts that can be written down."""

import json
from dataclasses import replace

import dns.message
import dns.rcode

from clusterdns.diagnosis import Trouble
from clusterdns.matrix import expect
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.cells import cell_of
from clusterdns.matrix.expect import Expected
from clusterdns.matrix.question import Question, Server
from clusterdns.report.cell import Cell
from clusterdns.report.model import Check

QUESTION = Question("web.a.svc.cluster.local.", "AAAA")
SERVER = Server("pod/coredns-a", "10.244.0.2", node="w1")
WANTED = expect.addresses(QUESTION.name, ["fd00::7"])


def answer(rcode: str = "NXDOMAIN", error: str = "", asked: bool = True) -> Answer:
    """What one replica said; nothing where there is an error."""
    reply = dns.message.make_response(QUESTION.message())
    reply.set_rcode(dns.rcode.from_text(rcode))
    message = None if error else reply
    return Answer(QUESTION, "w2", SERVER, "udp", 1.23456, message, error, asked=asked)


def test_values_stand_beside_the_words() -> None:
    """What was asked, of whom, what came and what should have: nothing is parsed again."""
    cell = cell_of(answer(), WANTED, True)
    assert (cell.name, cell.rdtype) == (QUESTION.name, "AAAA")
    assert (cell.server_name, cell.address, cell.kind) == ("pod/coredns-a", "10.244.0.2", "pod")
    assert (cell.rcode, cell.error, cell.silent, cell.denied) == ("NXDOMAIN", "", False, True)
    assert (cell.wanted_rcode, len(cell.wanted_records)) == ("NOERROR", 1)


def test_a_lost_answer_has_an_error_and_no_rcode() -> None:
    """Silence, and what was not even asked, are told apart without reading words."""
    lost = cell_of(answer(error="timeout"), WANTED, True)
    assert (lost.rcode, lost.error, lost.silent, lost.asked) == ("", "timeout", True, True)
    left_out = cell_of(answer(error="not asked: dead", asked=False), WANTED, True)
    assert (left_out.silent, left_out.asked) == (True, False)


def test_a_rule_in_words_expects_no_rcode() -> None:
    """Where no whole answer is compared nothing is known of what should have come."""
    cell = cell_of(answer(), expect.answered_or_denied, True)
    assert (cell.wanted_rcode, cell.wanted_records) == ("", ())
    assert (cell.expected, cell.whole) == ("an answer or a denial", False)


def test_the_report_has_the_words_only() -> None:
    """The fields of the contract, in their order, and no others."""
    cell = replace(cell_of(answer(), Expected(), True), command="dig")
    names = ["question", "node", "server", "transport", "expected", "received", "ms", "command"]
    assert list(cell.entry()) == names
    assert cell.entry()["ms"] == 1.235
    assert Cell.from_entry(cell.entry()).entry() == cell.entry()


def test_troubles_survive_json() -> None:
    """Facts keep what a check is about and every value of its cells, but not the command."""
    cell = replace(cell_of(answer(), WANTED, True), command="dig", received="x" * 999)
    check = Check("tests/x.py::test_y", "", "must", "failed", deviating=(cell,), about=("paths",))
    made = Trouble.of(check)
    again = Trouble.from_document(json.loads(json.dumps(made.to_document())))
    assert again == made
    assert (made.about, made.cells[0].command) == (frozenset({"paths"}), "")
    assert len(made.cells[0].received) == 300
