"""The top of the cluster's zone, and how long its records may be kept (RFC 2308, RFC 2181 5.2)."""

import pytest

from clusterdns.corefile import Corefile
from clusterdns.inventory.ttl import longest_ttl
from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Everyone
from clusterdns.matrix.question import Question
from clusterdns.objects.records import Records

pytestmark = pytest.mark.about("cluster-names", "zone-apex")

TIMES = 8  # of six addresses, whose 720 orders are equally likely: by chance once in 10^20 the same


def test_zone_has_one_soa_record(everyone: Everyone, zone: str) -> None:
    """The zone must have one SOA record of its own (RFC 1035 5.2)."""
    answers = everyone.ask(zone, "SOA")
    assert answers.match(expect.one_soa(zone)), answers


def test_zone_has_ns_records(everyone: Everyone, zone: str) -> None:
    """The zone must have NS records, with addresses beside them (RFC 1034 4.2.1)."""
    answers = everyone.ask(zone, "NS")
    assert answers.match(expect.ns_with_addresses), answers


@pytest.mark.about("record-ttl")
def test_records_expire_in_time(everyone: Everyone, records: Records, corefile: Corefile) -> None:
    """No record may be kept longer than the Corefile allows."""
    answers = everyone.ask(records.web.fqdn, records.web.rdtype)
    most = longest_ttl(corefile, records.web.fqdn)
    assert answers.match(expect.ttl_of_at_most(most)), answers


@pytest.mark.about("denial-ttl")
def test_denials_expire_in_time(
    everyone: Everyone, records: Records, corefile: Corefile, zone: str
) -> None:
    """No denial may be kept longer than the Corefile allows (RFC 2308 5)."""
    name = records.web.below("absent")
    answers = everyone.ask(name)
    most = longest_ttl(corefile, name)
    assert answers.match(expect.denial_ttl_of_at_most(most, zone)), answers


@pytest.mark.level("advice")
def test_order_of_addresses_changes(everyone: Everyone, records: Records) -> None:
    """Every server should change the order of addresses: many clients take the first one."""
    answers = everyone.put(*[Question(records.edge_cases.headless.fqdn)] * TIMES)
    assert answers.match(expect.several_orders(answers)), answers
