"""Specification 2.3: records for a Service that has a cluster IP."""

import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Everyone
from clusterdns.objects.records import Records
from clusterdns.objects.service import Port, Service
from clusterdns.objects.wanted import (
    addresses_beside_ports_of,
    addresses_of,
    pointers_of,
    ports_of,
)

pytestmark = pytest.mark.about("cluster-names", "cluster-ip")


@pytest.mark.spec("2", "2.3.1-A", "2.3.1-AAAA", "2.3.1-dual")
@pytest.mark.parametrize("rdtype", ["A", "AAAA"])
def test_address_is_the_cluster_ip(everyone: Everyone, records: Records, rdtype: str) -> None:
    """Every kind of Service must resolve to its cluster IPs of the family asked for, and no others.

    Kinds are NodePort, one family, many ports, the longest name, names that the schema uses itself,
    and the name of a Service in another namespace.
    """
    wanted = addresses_of(records.with_cluster_ip, rdtype)
    answers = everyone.put(*wanted)
    assert answers.match(wanted), answers


@pytest.mark.spec("2.3.3-4", "2.3.3-6")
def test_every_cluster_ip_leads_back(everyone: Everyone, records: Records) -> None:
    """Each cluster IP of each family must lead back to its own Service alone."""
    wanted = pointers_of(records.with_cluster_ip)
    answers = everyone.put(*wanted)
    assert answers.match(wanted), answers


@pytest.mark.spec("2.3.2", "2.3.2-pw")
def test_every_named_port_has_an_srv_record(everyone: Everyone, records: Records) -> None:
    """A named port must have one SRV record, with the Service's port and not that of the pods.

    Ports are of TCP, UDP and SCTP, their names have 1 to 15 letters.
    """
    wanted = ports_of(records.with_cluster_ip)
    answers = everyone.put(*wanted)
    assert answers.match(wanted), answers


@pytest.mark.spec("2.3.2-unnamed")
def test_unnamed_port_has_no_srv_record(everyone: Everyone, records: Records, zone: str) -> None:
    """A port without a name must have no SRV record."""
    answers = everyone.ask(records.plain.srv_name(Port("https", 8443)), "SRV")
    assert answers.match(expect.nxdomain(zone)), answers


@pytest.mark.spec("2.3.2-add")
@pytest.mark.level("may")
def test_addresses_beside_an_srv_record_are_right(everyone: Everyone, records: Records) -> None:
    """The additional section may hold the target's addresses, and none but these."""
    wanted = addresses_beside_ports_of([records.web])
    answers = everyone.put(*wanted)
    assert answers.match(wanted), answers


@pytest.mark.spec("2.3.1-A", "2.3.2", "2.3.3-4", "B14")
def test_name_may_begin_with_a_digit(everyone: Everyone, digit_first: Service) -> None:
    """Where the API server takes a name that begins with a digit, DNS must have its records."""
    services = [digit_first]
    wanted = {**addresses_of(services), **ports_of(services), **pointers_of(services)}
    answers = everyone.put(*wanted)
    assert answers.match(wanted), answers
