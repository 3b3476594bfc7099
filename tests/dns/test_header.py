"""The header and the question of an answer (RFC 1035 4.1.1, 4.1.2)."""

import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Everyone
from clusterdns.matrix.expect import Expected
from clusterdns.matrix.question import Question
from clusterdns.objects.records import Records
from clusterdns.objects.service import Service


@pytest.fixture(params=["address", "nodata", "nxdomain"])
def asked(records: Records, zone: str, request: pytest.FixtureRequest) -> tuple[Question, Expected]:
    """A question and its answer: one that exists, one without that type, one that is denied."""
    web = records.web
    cases = {
        "address": (Question(web.fqdn), expect.addresses(web.fqdn, web.addresses(4))),
        "nodata": (Question(web.fqdn, "TXT"), expect.nodata(zone)),
        "nxdomain": (Question(web.below("absent")), expect.nxdomain(zone)),
    }
    return cases[request.param]


@pytest.mark.level("should")
def test_answer_is_authoritative(everyone: Everyone, asked: tuple[Question, Expected]) -> None:
    """Answers from the cluster's own zone should have the AA flag, denials too."""
    question, expected = asked
    answers = everyone.put(question)
    assert answers.deviating_from(expected.flagged("QR", "AA")) == {}, answers


def test_question_without_recursion_is_answered(everyone: Everyone, records: Records) -> None:
    """A question without RD must be answered from the zone, and the reply have no RD either."""
    web = records.web
    answers = everyone.put(Question(web.fqdn, recursion_desired=False))
    expected = expect.addresses(web.fqdn, web.addresses(4)).flagged("QR", but_not=["RD"])
    assert answers.deviating_from(expected) == {}, answers


def test_question_comes_back_letter_by_letter(everyone: Everyone, kubernetes: Service) -> None:
    """The question must be echoed in the case that it was asked in: resolvers compare it."""
    mixed = "".join(c.upper() if i % 3 else c for i, c in enumerate(kubernetes.fqdn))
    answers = everyone.ask(mixed)
    wrong = answers.judge(f"the question {mixed}", lambda a: a.echoed == mixed)
    assert wrong == {}, answers


def test_answer_is_not_truncated_needlessly(everyone: Everyone, records: Records) -> None:
    """An answer that fits must not have the TC flag."""
    web = records.web
    answers = everyone.put(Question(web.fqdn, payload=None))
    expected = expect.addresses(web.fqdn, web.addresses(4)).flagged("QR", but_not=["TC"])
    assert answers.deviating_from(expected) == {}, answers
