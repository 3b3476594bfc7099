"""EDNS (RFC 6891): what clients add to their questions must not hurt, and be answered in kind."""

import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Everyone
from clusterdns.matrix.question import Question
from clusterdns.objects.service import Service

NSID, COOKIE, PADDING, UNKNOWN = 3, 10, 12, 65001
VARIANTS = {
    "none": {"payload": None},
    "512": {"payload": 512},
    "4096": {"payload": 4096},
    "dnssec-ok": {"dnssec_ok": True},
    "nsid": {"options": ((NSID, b""),)},
    "cookie": {"options": ((COOKIE, bytes(range(8))),)},
    "padding": {"options": ((PADDING, bytes(64)),)},
    "unknown-option": {"options": ((UNKNOWN, b"?"),)},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_question_is_answered_with(
    everyone: Everyone, wire_exact: None, kubernetes: Service, variant: str
) -> None:
    """A question must get the same answer whatever EDNS it carries (RFC 6891 6.1.2, 7)."""
    answers = everyone.put(Question(kubernetes.fqdn, **VARIANTS[variant]))  # type: ignore[arg-type]
    expected = expect.addresses(kubernetes.fqdn, kubernetes.addresses(4))
    assert answers.deviating_from(expected) == {}, answers


def test_reply_has_opt_when_the_question_has(
    everyone: Everyone, wire_exact: None, kubernetes: Service
) -> None:
    """A question with OPT must be answered with OPT of version 0 (RFC 6891 6.1.1)."""
    answers = everyone.ask(kubernetes.fqdn)
    assert answers.judge("OPT of version 0", lambda a: a.edns_version == 0) == {}, answers


def test_reply_has_no_opt_when_the_question_has_none(
    everyone: Everyone, wire_exact: None, kubernetes: Service
) -> None:
    """A question without OPT must not be answered with OPT (RFC 6891 7)."""
    answers = everyone.put(Question(kubernetes.fqdn, payload=None))
    assert answers.judge("no OPT", lambda a: a.edns_version == -1) == {}, answers


def test_unknown_version_is_refused(
    everyone: Everyone, wire_exact: None, kubernetes: Service
) -> None:
    """EDNS of a version that nobody knows must be answered with BADVERS (RFC 6891 6.1.3)."""
    answers = everyone.put(Question(kubernetes.fqdn, edns=1))
    assert answers.deviating_from(expect.Expected("BADVERS")) == {}, answers
