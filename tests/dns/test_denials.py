"""What does not exist is denied as DNS wants it: NXDOMAIN or NODATA, with the zone's SOA.

A wrong denial breaks search lists: a resolver that hears NXDOMAIN for a name that exists gives up
on it, and one that hears NODATA for a name that does not exist stops looking (RFC 2308).
"""

import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Everyone
from clusterdns.objects.records import Records
from clusterdns.objects.service import Port
from clusterdns.testbed.testbed import Testbed

ABSENT_TYPES = ["TXT", "MX", "NS", "HTTPS", "SVCB", "CAA"]


@pytest.mark.spec("N2")
@pytest.mark.parametrize("rdtype", ABSENT_TYPES)
def test_existing_name_without_that_type_is_nodata(
    everyone: Everyone, records: Records, zone: str, rdtype: str
) -> None:
    """A name that exists must never be denied as a whole for want of one type."""
    answers = everyone.ask(records.web.fqdn, rdtype)
    assert answers.deviating_from(expect.nodata(zone)) == {}, answers


@pytest.mark.spec("N1")
@pytest.mark.parametrize("rdtype", ["A", "AAAA", "SRV"])
def test_absent_service_is_nxdomain(
    everyone: Everyone, testbed: Testbed, zone: str, rdtype: str
) -> None:
    """A Service that is not there must be denied."""
    answers = everyone.ask(f"no-such-service.{testbed.workspace.namespace}.svc.{zone}", rdtype)
    assert answers.deviating_from(expect.nxdomain(zone)) == {}, answers


@pytest.mark.spec("N1")
def test_absent_namespace_is_nxdomain(everyone: Everyone, zone: str) -> None:
    """A namespace that is not there must be denied."""
    answers = everyone.ask(f"web.no-such-namespace.svc.{zone}", "A")
    assert answers.deviating_from(expect.nxdomain(zone)) == {}, answers


@pytest.mark.spec("N1")
def test_absent_endpoint_is_nxdomain(everyone: Everyone, records: Records, zone: str) -> None:
    """A hostname that no endpoint has must be denied."""
    answers = everyone.ask(records.peers.below("omega"), "A")
    assert answers.deviating_from(expect.nxdomain(zone)) == {}, answers


@pytest.mark.spec("N3")
@pytest.mark.parametrize("label", ["svc", "namespace"])
def test_name_between_existing_names_is_nodata(
    everyone: Everyone, testbed: Testbed, zone: str, label: str
) -> None:
    """A name that only has names below it must be empty, not denied (RFC 8020)."""
    namespace = testbed.workspace.namespace
    name = {"svc": f"svc.{zone}", "namespace": f"{namespace}.svc.{zone}"}[label]
    answers = everyone.ask(name, "A")
    assert answers.deviating_from(expect.nodata(zone)) == {}, answers


@pytest.mark.spec("N4")
@pytest.mark.parametrize(
    "port", [Port("absent", 80), Port("http", 80, "UDP")], ids=["name", "protocol"]
)
def test_srv_of_another_port_is_nxdomain(
    everyone: Everyone, records: Records, zone: str, port: Port
) -> None:
    """A port name or protocol that the Service does not have must be denied."""
    answers = everyone.ask(records.web.srv_name(port), "SRV")
    assert answers.deviating_from(expect.nxdomain(zone)) == {}, answers


@pytest.mark.spec("N7")
def test_name_too_deep_is_nxdomain(everyone: Everyone, records: Records, zone: str) -> None:
    """More labels below a Service than the schema knows must be denied."""
    answers = everyone.ask(records.web.below("a.b.c"), "A")
    assert answers.deviating_from(expect.nxdomain(zone)) == {}, answers


@pytest.mark.spec("N8")
@pytest.mark.parametrize("label", ["*", "any"])
def test_wildcard_is_nxdomain(everyone: Everyone, testbed: Testbed, zone: str, label: str) -> None:
    """A wildcard label must not match Services."""
    answers = everyone.ask(f"{label}.{testbed.workspace.namespace}.svc.{zone}", "A")
    assert answers.deviating_from(expect.nxdomain(zone)) == {}, answers
