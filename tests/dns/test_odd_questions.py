"""Questions that no resolver of good will asks: refused or passed over in silence, and survived."""

import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Everyone, Matrix
from clusterdns.matrix.wire import Returned, malformed, send_to_all
from clusterdns.objects.records import Records
from clusterdns.objects.service import Service

MALFORMED = list(malformed("example."))
HARMLESS = {"silence", "FORMERR", "NOTIMP", "REFUSED", "SERVFAIL"}


@pytest.fixture(scope="module")
def returned(matrix: Matrix, wire_exact: None, kubernetes: Service) -> dict[str, list[Returned]]:
    """What came back for every malformed message, sent to everybody at once."""
    return send_to_all(matrix, malformed(kubernetes.fqdn), "udp", timeout=1.0)


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_message_is_not_answered(returned: dict[str, list[Returned]], case: str) -> None:
    """A message that is no question must get an error or silence, never an answer."""
    wrong = [str(one) for one in returned[case] if one.rcode not in HARMLESS]
    assert wrong == [], "\n".join(wrong)


def test_server_is_well_after_malformed_messages(
    everyone: Everyone, returned: dict[str, list[Returned]], kubernetes: Service
) -> None:
    """Malformed messages must not keep a server from answering the next question."""
    answers = everyone.ask(kubernetes.fqdn)
    expected = expect.addresses(kubernetes.fqdn, kubernetes.addresses(4))
    assert answers.deviating_from(expected) == {}, answers


def test_unknown_type_is_nodata(everyone: Everyone, records: Records, zone: str) -> None:
    """A type that nobody knows must be denied like any other that is absent (RFC 3597)."""
    answers = everyone.ask(records.web.fqdn, "TYPE65280")
    assert answers.deviating_from(expect.nodata(zone)) == {}, answers


@pytest.mark.level("should")
def test_any_is_no_amplifier(everyone: Everyone, wire_exact: None, records: Records) -> None:
    """ANY should not be answered with everything there is (RFC 8482)."""
    answers = everyone.ask(records.hundred_addresses.fqdn, "ANY")
    assert answers.judge("at most 512 octets", lambda a: a.size <= 512) == {}, answers
