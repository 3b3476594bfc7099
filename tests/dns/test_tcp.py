"""DNS over TCP (RFC 7766): one connection for many questions, and questions in pieces."""

import pytest

from clusterdns.matrix.everyone import Everyone
from clusterdns.matrix.wire import fragments, pipeline
from clusterdns.objects.records import Records
from clusterdns.objects.wanted import addresses_of

pytestmark = pytest.mark.about("cluster-names", "tcp-streams")


def test_connection_takes_several_questions(
    over_tcp: Everyone, wire_exact: None, records: Records
) -> None:
    """Every question that is put on one connection must be answered, in any order (6.2.1.1, 7)."""
    wanted = addresses_of([records.web, records.plain, records.peers], records.web.rdtype)
    answers = pipeline(over_tcp, *wanted)
    assert answers.match(wanted), answers


def test_question_may_come_in_pieces(
    over_tcp: Everyone, wire_exact: None, records: Records
) -> None:
    """A message must be put together from however many segments it comes in (8)."""
    wanted = addresses_of([records.web], records.web.rdtype)
    answers = fragments(over_tcp, *wanted)
    assert answers.match(wanted), answers
