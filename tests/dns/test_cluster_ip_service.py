"""Specification 2.3: records for a Service that has a cluster IP."""

import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Everyone
from clusterdns.names import reverse_name
from clusterdns.objects.records import WEB_PORTS, Records
from clusterdns.objects.service import Port, Service

WITH_CLUSTER_IP = ["web", "plain"]


@pytest.fixture(params=WITH_CLUSTER_IP)
def service(records: Records, request: pytest.FixtureRequest) -> Service:
    """A Service with a cluster IP: one with several ports, one with a single unnamed one."""
    chosen: Service = getattr(records, request.param)
    return chosen


@pytest.mark.spec("2.3.1-A", "2.3.1-AAAA", "2.3.1-dual")
@pytest.mark.parametrize(("rdtype", "family"), [("A", 4), ("AAAA", 6)], ids=["A", "AAAA"])
def test_address_is_the_cluster_ip(
    everyone: Everyone, service: Service, rdtype: str, family: int
) -> None:
    """The name must resolve to its cluster IPs of the family asked for and nothing else."""
    answers = everyone.ask(service.fqdn, rdtype)
    expected = expect.addresses(service.fqdn, service.addresses(family))
    assert answers.deviating_from(expected) == {}, answers


@pytest.mark.spec("2.1-case")
def test_address_is_found_in_any_case(everyone: Everyone, service: Service) -> None:
    """Names must be compared without regard to case."""
    answers = everyone.ask(service.fqdn.swapcase(), "A")
    expected = expect.addresses(service.fqdn, service.addresses(4))
    assert answers.deviating_from(expected) == {}, answers


@pytest.mark.spec("2.3.3-4", "2.3.3-6")
def test_pointer_leads_back_to_the_service(everyone: Everyone, service: Service) -> None:
    """The first cluster IP must lead back to the name of the Service and to nothing else."""
    reverse = reverse_name(service.cluster_ips[0])
    answers = everyone.ask(reverse, "PTR")
    assert answers.deviating_from(expect.pointer(reverse, service.fqdn)) == {}, answers


@pytest.mark.spec("2.3.2")
@pytest.mark.parametrize("port", WEB_PORTS, ids=str)
def test_named_port_has_an_srv_record(everyone: Everyone, records: Records, port: Port) -> None:
    """A named port must have one SRV record: the Service's port, not that of the pods."""
    name = records.web.srv_name(port)
    answers = everyone.ask(name, "SRV")
    expected = expect.srv(name, {(port.number, records.web.fqdn)})
    assert answers.deviating_from(expected) == {}, answers


@pytest.mark.spec("2.3.2-unnamed")
def test_unnamed_port_has_no_srv_record(everyone: Everyone, records: Records, zone: str) -> None:
    """A port without a name must have no SRV record."""
    answers = everyone.ask(records.plain.srv_name(Port("https", 8443)), "SRV")
    assert answers.deviating_from(expect.nxdomain(zone)) == {}, answers


@pytest.mark.spec("2.3.2-add")
@pytest.mark.level("may")
def test_addresses_beside_an_srv_record_are_right(everyone: Everyone, records: Records) -> None:
    """The additional section may hold the target's addresses, and none but these."""
    web = records.web
    answers = everyone.ask(web.srv_name(WEB_PORTS[0]), "SRV")
    known = {expect.address_record(web.fqdn, ip) for ip in web.cluster_ips}
    wrong = answers.judge(
        f"additional records among {sorted(known)}", lambda a: a.additional_records <= known
    )
    assert wrong == {}, answers
