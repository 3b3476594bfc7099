"""DNS over TCP (RFC 7766): one connection for many questions, and questions in pieces."""

from clusterdns.matrix.everyone import Matrix
from clusterdns.matrix.question import Question
from clusterdns.matrix.tally import Tally
from clusterdns.matrix.wire import fragments, pipeline
from clusterdns.objects.records import Records


def test_connection_takes_several_questions(
    matrix: Matrix, wire_exact: None, records: Records, tally: Tally
) -> None:
    """Every question that is put on one connection must be answered (6.2.1.1)."""
    questions = [Question(s.fqdn) for s in (records.web, records.plain, records.peers)]
    answered = pipeline(matrix, questions).noted_in(tally)
    assert answered.deviations == {}, answered


def test_question_may_come_in_pieces(
    matrix: Matrix, wire_exact: None, records: Records, tally: Tally
) -> None:
    """A message must be put together from however many segments it comes in (8)."""
    answered = fragments(matrix, Question(records.web.fqdn)).noted_in(tally)
    assert answered.deviations == {}, answered
