"""Specification 2.3 for the Service kubernetes, which every cluster has: nothing is made for it."""

import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Everyone
from clusterdns.names import reverse_name
from clusterdns.objects.service import Service


@pytest.mark.quick
@pytest.mark.spec("2.3.1-A", "2.3.1-AAAA")
@pytest.mark.parametrize(("rdtype", "family"), [("A", 4), ("AAAA", 6)], ids=["A", "AAAA"])
def test_address_is_the_cluster_ip(
    everyone: Everyone, kubernetes: Service, rdtype: str, family: int
) -> None:
    """The name must resolve to the cluster IP of the API server and nothing else."""
    answers = everyone.ask(kubernetes.fqdn, rdtype)
    expected = expect.addresses(kubernetes.fqdn, kubernetes.addresses(family))
    assert answers.deviating_from(expected) == {}, answers


@pytest.mark.spec("2.1-case")
def test_address_is_found_in_any_case(everyone: Everyone, kubernetes: Service) -> None:
    """Names must be compared without regard to case."""
    answers = everyone.ask(kubernetes.fqdn.title(), "A")
    expected = expect.addresses(kubernetes.fqdn, kubernetes.addresses(4))
    assert answers.deviating_from(expected) == {}, answers


@pytest.mark.spec("2.3.3-4", "2.3.3-6")
def test_pointer_leads_back_to_the_service(everyone: Everyone, kubernetes: Service) -> None:
    """The cluster IP must lead back to the name of the Service and to nothing else."""
    reverse = reverse_name(kubernetes.cluster_ips[0])
    answers = everyone.ask(reverse, "PTR")
    assert answers.deviating_from(expect.pointer(reverse, kubernetes.fqdn)) == {}, answers


@pytest.mark.spec("2.3.2")
def test_https_port_has_an_srv_record(everyone: Everyone, kubernetes: Service) -> None:
    """The https port must have an SRV record."""
    (port,) = kubernetes.ports
    name = kubernetes.srv_name(port)
    answers = everyone.ask(name, "SRV")
    expected = expect.srv(name, {(port.number, kubernetes.fqdn)})
    assert answers.deviating_from(expected) == {}, answers
