"""DNS over TCP (RFC 7766): one connection for many questions, and questions in pieces."""

from clusterdns.asking.everyone import Everyone
from clusterdns.asking.question import Question
from clusterdns.asking.wire import fragments, pipeline
from clusterdns.objects.records import Records


def test_connection_takes_several_questions(
    matrix: Everyone, wire_exact: None, records: Records
) -> None:
    """Every question that is put on one connection must be answered (6.2.1.1)."""
    questions = [Question(s.fqdn) for s in (records.web, records.plain, records.peers)]
    wrong = [
        f"{node} > {server}: {len(said.messages)} of {len(questions)} answers, {said.ending}"
        for node, server, said in pipeline(matrix, questions)
        if len(said.messages) != len(questions)
    ]
    assert wrong == [], "\n".join(wrong)


def test_question_may_come_in_pieces(matrix: Everyone, wire_exact: None, records: Records) -> None:
    """A message must be put together from however many segments it comes in (8)."""
    wrong = [
        f"{node} > {server}: {len(said.messages)} answers, {said.ending}"
        for node, server, said in fragments(matrix, Question(records.web.fqdn))
        if len(said.messages) != 1
    ]
    assert wrong == [], "\n".join(wrong)
