"""Specification 2.4: records for a headless Service."""

import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Everyone
from clusterdns.objects.records import PEERS_PORTS, Records
from clusterdns.objects.service import Port
from clusterdns.objects.wanted import (
    addresses_beside_ports_of,
    addresses_of,
    addresses_of_names,
    as_first_told,
    endpoint_pointers_of,
    hosts_of,
    one_owner_each,
    owners_by_address,
    port_at_every_endpoint,
    ports_of,
    unnamed_ports_of,
    unready_hosts_of,
)

pytestmark = pytest.mark.about("cluster-names", "headless")


@pytest.mark.spec("2.4.1-A", "2.4.1-AAAA", "2.1-ready-a")
@pytest.mark.parametrize("rdtype", ["A", "AAAA"])
def test_each_ready_endpoint_has_an_address(
    everyone: Everyone, records: Records, rdtype: str
) -> None:
    """The name must resolve to the ready endpoints of all its slices, each once, and no others."""
    wanted = addresses_of(records.all_headless, rdtype)
    answers = everyone.put(*wanted)
    assert answers.match(wanted), answers


@pytest.mark.spec("2.4.1-hostA", "2.4.1-hostAAAA", "2.4.1-multi4", "2.4.1-multi6", "2.1-host-a")
def test_every_hostname_leads_to_its_endpoints(everyone: Everyone, records: Records) -> None:
    """The hostname of ready endpoints must resolve to the addresses that have it, and no others."""
    wanted = hosts_of(records.all_headless)
    answers = everyone.put(*wanted)
    assert answers.match(wanted), answers


@pytest.mark.spec("2.1-ready-a", "N1")
def test_endpoint_that_is_not_ready_has_no_name(everyone: Everyone, records: Records) -> None:
    """The hostname of an endpoint that is not ready, or terminates, must not exist."""
    wanted = unready_hosts_of(records.all_headless)
    answers = everyone.put(*wanted)
    assert answers.match(wanted), answers


@pytest.mark.spec("2.4.1-none")
@pytest.mark.level("should")
@pytest.mark.parametrize("rdtype", ["A", "AAAA"])
def test_service_without_ready_endpoint_does_not_exist(
    everyone: Everyone, records: Records, zone: str, rdtype: str
) -> None:
    """A headless Service with no ready endpoint should be answered with NXDOMAIN."""
    answers = everyone.ask(records.empty.fqdn, rdtype)
    assert answers.match(expect.nxdomain(zone)), answers


@pytest.mark.spec("2.4.2", "2.4.2-NxM", "2.4.2-num", "2.4.2-ready")
def test_every_named_port_of_every_endpoint_has_an_srv_record(
    everyone: Everyone, records: Records
) -> None:
    """Each port must be at each hostname, with the number that the endpoint's slice gives it."""
    edge_cases = records.edge_cases
    wanted = ports_of(
        (edge_cases.headless, edge_cases.shared_hostname, edge_cases.six, edge_cases.deepest)
    )
    answers = everyone.put(*wanted)
    assert answers.match(wanted), answers


@pytest.mark.spec("2.4.2", "2.4.2-NxM", "2.4.2-num", "2.4.2-ready")
@pytest.mark.parametrize("port", PEERS_PORTS, ids=str)
def test_each_ready_endpoint_has_an_srv_record(
    everyone: Everyone, records: Records, port: Port
) -> None:
    """A named port must have an SRV record for each ready endpoint, also for a nameless one."""
    answers = everyone.ask(records.peers.srv_name(port), "SRV")
    assert answers.match(port_at_every_endpoint(records.peers, port)), answers


@pytest.mark.spec("2.4.2-unnamed")
def test_unnamed_port_of_endpoints_has_no_srv_record(everyone: Everyone, records: Records) -> None:
    """A headless Service's port without a name must have no SRV record, whatever is guessed."""
    wanted = unnamed_ports_of([records.edge_cases.unnamed], ["postgresql", "http", "5432"])
    answers = everyone.put(*wanted)
    assert answers.match(wanted), answers


@pytest.mark.spec("2.4.2-add")
@pytest.mark.level("may")
def test_addresses_beside_srv_records_are_right(everyone: Everyone, records: Records) -> None:
    """The additional section may hold addresses of the targets, and none but these."""
    wanted = addresses_beside_ports_of([records.edge_cases.headless])
    answers = everyone.put(*wanted)
    assert answers.match(wanted), answers


@pytest.mark.spec("2.4.3-4", "2.4.3-6", "2.4.3-neg")
def test_every_address_leads_back_to_its_hostname(everyone: Everyone, records: Records) -> None:
    """The address of each ready endpoint with a hostname must lead back to that name alone.

    Not to another Service which has this address as well, but not as a ready endpoint.
    """
    wanted = endpoint_pointers_of(records.all_headless)
    answers = everyone.put(*wanted)
    assert answers.match(wanted), answers


@pytest.mark.spec("2.1-host-b")
def test_endpoint_without_hostname_has_a_label_of_its_own(
    everyone: Everyone, records: Records
) -> None:
    """The label that the system chooses must lead to one endpoint, and each to another one."""
    split = records.edge_cases.split
    named = everyone.ask(split.srv_name(split.ports[0]), "SRV")
    assert named.match(port_at_every_endpoint(split, split.ports[0])), named

    told = everyone.put(*addresses_of_names(named.targets))
    assert told.match(as_first_told(told)), told
    assert owners_by_address(told) == one_owner_each(split), told
