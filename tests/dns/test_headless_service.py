"""Specification 2.4: records for a headless Service."""

import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Everyone
from clusterdns.names import reverse_name
from clusterdns.objects.records import PEERS_PORTS, Records
from clusterdns.objects.service import Port


@pytest.mark.spec("2.4.1-A", "2.4.1-AAAA", "2.1-ready-a")
@pytest.mark.parametrize(("rdtype", "family"), [("A", 4), ("AAAA", 6)], ids=["A", "AAAA"])
def test_each_ready_endpoint_has_an_address(
    everyone: Everyone, records: Records, rdtype: str, family: int
) -> None:
    """The name must resolve to the ready endpoints, all of them and no others."""
    peers = records.peers
    answers = everyone.ask(peers.fqdn, rdtype)
    expected = expect.addresses(peers.fqdn, peers.addresses(family))
    assert answers.deviating_from(expected) == {}, answers


@pytest.mark.spec("2.4.1-hostA", "2.4.1-hostAAAA", "2.1-host-a")
@pytest.mark.parametrize(
    ("hostname", "rdtype", "family"),
    [("alpha", "A", 4), ("alpha", "AAAA", 6), ("beta", "A", 4)],
    ids=["alpha-A", "alpha-AAAA", "beta-A"],
)
def test_hostname_leads_to_its_endpoint(
    everyone: Everyone, records: Records, hostname: str, rdtype: str, family: int
) -> None:
    """A ready endpoint's hostname must resolve to that endpoint alone."""
    name = records.peers.below(hostname)
    answers = everyone.ask(name, rdtype)
    expected = expect.addresses(name, {records.peers.endpoint(hostname, family)})
    assert answers.deviating_from(expected) == {}, answers


@pytest.mark.spec("2.1-ready-a")
def test_unready_endpoint_has_no_name(everyone: Everyone, records: Records, zone: str) -> None:
    """The hostname of an endpoint that is not ready must not resolve."""
    answers = everyone.ask(records.peers.below("gamma"), "A")
    assert answers.deviating_from(expect.nxdomain(zone)) == {}, answers


@pytest.mark.spec("2.4.1-none")
@pytest.mark.level("should")
@pytest.mark.parametrize("rdtype", ["A", "AAAA"])
def test_service_without_ready_endpoint_does_not_exist(
    everyone: Everyone, records: Records, zone: str, rdtype: str
) -> None:
    """A headless Service with no ready endpoint should be answered with NXDOMAIN."""
    answers = everyone.ask(records.empty.fqdn, rdtype)
    assert answers.deviating_from(expect.nxdomain(zone)) == {}, answers


@pytest.mark.spec("2.4.2", "2.4.2-NxM", "2.4.2-num", "2.4.2-ready")
@pytest.mark.parametrize("port", PEERS_PORTS, ids=str)
def test_each_ready_endpoint_has_an_srv_record(
    everyone: Everyone, records: Records, port: Port
) -> None:
    """A named port must have one SRV record per hostname of a ready endpoint."""
    answers = everyone.ask(records.peers.srv_name(port), "SRV")
    hosts = {records.peers.below(hostname) for hostname in ("alpha", "beta")}
    rule = f"port {port.number} at {sorted(hosts)} and at one more label for the nameless endpoint"
    wrong = answers.judge(
        rule,
        lambda a: (
            {p for p, _ in a.srv_targets} == {port.number}
            and {t for _, t in a.srv_targets} >= hosts
            and len(a.srv_targets) == len(hosts) + 1
        ),
    )
    assert wrong == {}, answers


@pytest.mark.spec("2.4.3-4")
@pytest.mark.parametrize("hostname", ["alpha", "beta"])
def test_pointer_leads_back_to_the_hostname(
    everyone: Everyone, records: Records, hostname: str
) -> None:
    """The address of a ready endpoint with a hostname must lead back to that name."""
    reverse = reverse_name(records.peers.endpoint(hostname))
    answers = everyone.ask(reverse, "PTR")
    expected = expect.pointer(reverse, records.peers.below(hostname))
    assert answers.deviating_from(expected) == {}, answers


@pytest.mark.spec("2.4.3-6")
def test_ipv6_pointer_leads_back_to_the_hostname(everyone: Everyone, records: Records) -> None:
    """The same for an IPv6 address, digit by digit."""
    reverse = reverse_name(records.peers.endpoint("alpha", 6))
    answers = everyone.ask(reverse, "PTR")
    expected = expect.pointer(reverse, records.peers.below("alpha"))
    assert answers.deviating_from(expected) == {}, answers
