"""Specification 2.4 at its edges: shared hostnames, several slices, IPv6, no ports, long names."""

import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Everyone
from clusterdns.matrix.question import Question
from clusterdns.names import reverse_name
from clusterdns.objects.records import Records
from clusterdns.objects.wanted import (
    FAMILIES,
    addresses_of,
    as_first_told,
    each,
    endpoint_pointers_of,
    hosts_of,
    owners_by_address,
    ports_of,
    unnamed_ports_of,
    unready_hosts_of,
)


@pytest.mark.spec("2.4.1-A", "2.4.1-AAAA", "2.1-ready-a")
def test_every_ready_endpoint_is_listed_once(everyone: Everyone, records: Records) -> None:
    """The name must have each ready endpoint of all its slices once, whatever its ports."""
    wanted = addresses_of(records.edge_cases.all_headless)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.4.1-hostA", "2.4.1-hostAAAA", "2.1-host-a")
def test_every_hostname_leads_to_its_endpoint(everyone: Everyone, records: Records) -> None:
    """The hostname of each ready endpoint must resolve to the addresses that have it."""
    wanted = hosts_of(records.edge_cases.all_headless)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.4.1-multi4", "2.4.1-multi6")
def test_shared_hostname_has_all_addresses(everyone: Everyone, records: Records) -> None:
    """A hostname of several endpoints must have all of their addresses, and those only."""
    wanted = hosts_of([records.edge_cases.shared_hostname])
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


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
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.4.2-add")
@pytest.mark.level("may")
def test_addresses_beside_srv_records_are_right(everyone: Everyone, records: Records) -> None:
    """The additional section may hold addresses of the targets, and none but these."""
    headless = records.edge_cases.headless
    answers = everyone.put(*ports_of([headless]))
    known = frozenset().union(*(expected.records for expected in hosts_of([headless]).values()))
    wrong = answers.judge(
        f"additional records among {sorted(known)}", lambda a: a.additional_records <= known
    )
    assert wrong == {}, answers


@pytest.mark.spec("2.4.2-unnamed")
def test_unnamed_port_of_endpoints_has_no_srv_record(everyone: Everyone, records: Records) -> None:
    """A headless Service's port without a name must have no SRV record, whatever is guessed."""
    wanted = unnamed_ports_of([records.edge_cases.unnamed], ["postgresql", "http", "5432"])
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.4.3-4", "2.4.3-6")
def test_every_address_leads_back_to_its_hostname(everyone: Everyone, records: Records) -> None:
    """The address of each ready endpoint with a hostname must lead back to that name alone."""
    wanted = endpoint_pointers_of(records.edge_cases.all_headless)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.4.3-neg")
def test_address_leads_back_only_to_where_it_is_ready(everyone: Everyone, records: Records) -> None:
    """An address that is ready in one Service and not in another must lead to the one only."""
    elsewhere = records.edge_cases.elsewhere
    reverse = reverse_name(elsewhere.endpoint("here"))
    answers = everyone.ask(reverse, "PTR")
    expected = expect.pointer(reverse, elsewhere.below("here"))
    assert answers.deviating_from(expected) == {}, answers


@pytest.mark.spec("2.1-ready-a", "N1")
def test_endpoint_that_is_not_ready_has_no_name(everyone: Everyone, records: Records) -> None:
    """The hostname of an endpoint that is not ready, or terminates, must not exist."""
    wanted = unready_hosts_of(records.edge_cases.all_headless)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.1-host-b")
def test_endpoint_without_hostname_has_a_label_of_its_own(
    everyone: Everyone, records: Records
) -> None:
    """The label that the system chooses must lead to one endpoint, and each to another one."""
    split = records.edge_cases.split
    named = everyone.ask(split.srv_name(split.ports[0]), "SRV")
    told = everyone.put(*(Question(t, rdtype) for t in named.targets for rdtype in FAMILIES))
    assert told.deviating_from(each(as_first_told(told))) == {}, told

    assert sorted(owners_by_address(told).items()) == [
        (address, 1) for address in sorted(split.addresses(4) | split.addresses(6))
    ], told
    assert len(named.targets) == len(split.addresses(4) | split.addresses(6)), named
