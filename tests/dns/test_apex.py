"""The top of the cluster's zone, and how long its records may be kept (RFC 2308, RFC 2181 5.2)."""

import pytest

from clusterdns.corefile import Corefile
from clusterdns.inventory.ttl import longest_ttl
from clusterdns.matrix.everyone import Everyone
from clusterdns.matrix.question import Question
from clusterdns.objects.records import Records


def test_zone_has_one_soa_record(everyone: Everyone, zone: str) -> None:
    """The zone must have one SOA record of its own (RFC 1035 5.2)."""
    answers = everyone.ask(zone, "SOA")
    rule = f"one SOA record of {zone}"
    wrong = answers.judge(rule, lambda a: [r.split()[:2] for r in a.records] == [[zone, "SOA"]])
    assert wrong == {}, answers


def test_zone_has_ns_records(everyone: Everyone, zone: str) -> None:
    """The zone must have NS records, with addresses beside them (RFC 1034 4.2.1)."""
    answers = everyone.ask(zone, "NS")
    wrong = answers.judge(
        "NS records, and the address of each",
        lambda a: bool(a.name_servers) and a.name_servers <= a.owners_of_additional,
    )
    assert wrong == {}, answers


def test_records_expire_in_time(everyone: Everyone, records: Records, corefile: Corefile) -> None:
    """No record may be kept longer than the Corefile allows."""
    answers = everyone.ask(records.web.fqdn)
    most = longest_ttl(corefile, records.web.fqdn)
    assert answers.judge(f"TTL of at most {most} s", lambda a: a.longest_ttl <= most) == {}, answers


def test_denials_expire_in_time(
    everyone: Everyone, records: Records, corefile: Corefile, zone: str
) -> None:
    """No denial may be kept longer than the Corefile allows (RFC 2308 5)."""
    name = records.web.below("absent")
    answers = everyone.ask(name)
    most = longest_ttl(corefile, name)
    rule = f"SOA of {zone} with TTL and minimum of at most {most} s"
    assert answers.judge(rule, lambda a: a.denial_ttl <= most) == {}, answers


@pytest.mark.level("may")
def test_order_of_addresses_changes(everyone: Everyone, records: Records) -> None:
    """Clients that take the first address should be spread over all: the order may change."""
    answers = everyone.put(*[Question(records.peers.fqdn)] * 8)
    assert answers.judge("an answer", lambda a: a.answered) == {}, answers
    orders = {cell.order for cell in answers}
    assert len(orders) > 1, f"always {orders}"
