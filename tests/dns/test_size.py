"""Answers that are too large for one datagram (RFC 1035 4.2.1, RFC 2181 9, RFC 7766 5)."""

import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Everyone, Matrix
from clusterdns.matrix.question import Question
from clusterdns.matrix.tally import Tally
from clusterdns.objects.records import Records


@pytest.fixture
def over_udp(matrix: Matrix, tally: Tally) -> Everyone:
    """Everyone over UDP, where size matters."""
    return Everyone(matrix, "udp", tally)


@pytest.fixture
def over_tcp(matrix: Matrix, tally: Tally) -> Everyone:
    """Everyone over TCP, where it must not."""
    return Everyone(matrix, "tcp", tally)


@pytest.mark.parametrize("payload", [None, 512, 1232], ids=["no-edns", "512", "1232"])
def test_what_does_not_fit_is_truncated(
    over_udp: Everyone, wire_exact: None, records: Records, payload: int | None
) -> None:
    """An answer larger than the client takes must be cut to that size and have the TC flag."""
    answers = over_udp.put(Question(records.hundred_addresses.fqdn, payload=payload))
    most = payload or 512
    wrong = answers.judge(
        f"at most {most} octets and the TC flag", lambda a: "TC" in a.flags and a.size <= most
    )
    assert wrong == {}, answers


def test_truncated_or_whole_but_never_silent(
    over_udp: Everyone, wire_exact: None, records: Records
) -> None:
    """With 4,096 octets allowed an answer must be whole or truncated: a lost one is a fragment."""
    answers = over_udp.put(Question(records.hundred_addresses.fqdn, payload=4096))
    whole = expect.addresses(
        records.hundred_addresses.fqdn, records.hundred_addresses.addresses(4)
    ).records
    wrong = answers.judge(
        f"the TC flag, or {len(whole)} records", lambda a: "TC" in a.flags or a.records == whole
    )
    assert wrong == {}, answers


@pytest.mark.parametrize("name", ["hundred_addresses", "thousand_addresses"])
def test_whole_over_tcp(over_tcp: Everyone, records: Records, name: str) -> None:
    """Over TCP every endpoint must be answered, each once, however many there are."""
    service = getattr(records, name)
    answers = over_tcp.ask(service.fqdn)
    expected = expect.addresses(service.fqdn, service.addresses(4))
    assert answers.deviating_from(expected) == {}, answers
