"""Specification 2.3 at its edges: NodePorts, one family, many ports, long and borrowed names."""

import pytest

from clusterdns.matrix.everyone import Everyone
from clusterdns.objects.records import Records
from clusterdns.objects.service import Service
from clusterdns.objects.wanted import addresses_of, each, pointers_of, ports_of


@pytest.mark.spec("2", "2.3.1-A", "2.3.1-AAAA", "2.3.1-dual")
def test_name_has_the_cluster_ips_of_its_families(everyone: Everyone, records: Records) -> None:
    """Every kind of Service with cluster IPs must resolve to these, by family, and no others."""
    wanted = addresses_of(records.edge_cases.with_cluster_ip)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.3.3-4", "2.3.3-6")
def test_every_cluster_ip_leads_back(everyone: Everyone, records: Records) -> None:
    """Each cluster IP of each family must lead back to its own Service alone."""
    wanted = pointers_of((records.web, records.plain, *records.edge_cases.with_cluster_ip))
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.3.2", "2.3.2-pw")
def test_every_named_port_has_an_srv_record(everyone: Everyone, records: Records) -> None:
    """Ports of TCP, UDP and SCTP, by names of 1 to 15 letters, must have their SRV records."""
    wanted = ports_of(records.edge_cases.with_cluster_ip)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.3.1-A", "2.3.2", "2.3.3-4", "B14")
def test_name_may_begin_with_a_digit(everyone: Everyone, digit_first: Service) -> None:
    """Where the API server takes a name that begins with a digit, DNS must have its records."""
    services = [digit_first]
    wanted = {**addresses_of(services), **ports_of(services), **pointers_of(services)}
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers
