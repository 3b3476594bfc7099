"""Specification 2.1: names are the same in every case (RFC 4343), as resolvers with 0x20 ask."""

import pytest

from clusterdns.matrix.everyone import Everyone
from clusterdns.objects.records import Records
from clusterdns.objects.wanted import (
    addresses_of,
    each,
    endpoint_pointers_of,
    external_names_of,
    hosts_of,
    in_case,
    pointers_of,
    ports_of,
)


def swapped(name: str) -> str:
    """Every second letter in upper case."""
    return "".join(c.upper() if i % 2 else c for i, c in enumerate(name))


CASES = {"upper": str.upper, "every-second": swapped}


@pytest.mark.spec("2.1-case")
@pytest.mark.parametrize("case", CASES)
def test_records_of_services_are_found(everyone: Everyone, records: Records, case: str) -> None:
    """Addresses, ports and pointers of Services must be found however they are written."""
    services = (records.edge_cases.many, records.edge_cases.node_port)
    plain = {**addresses_of(services), **ports_of(services), **pointers_of(services)}
    wanted = in_case(plain, CASES[case])
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.1-case")
@pytest.mark.parametrize("case", CASES)
def test_records_of_endpoints_are_found(everyone: Everyone, records: Records, case: str) -> None:
    """Addresses, hostnames, ports and pointers of endpoints must be found all the same."""
    services = (records.edge_cases.shared_hostname, records.edge_cases.deepest)
    named = {**hosts_of(services), **endpoint_pointers_of([records.edge_cases.deepest])}
    wanted = in_case({**addresses_of(services), **named, **ports_of(services)}, CASES[case])
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.1-case")
@pytest.mark.parametrize("case", CASES)
def test_aliases_are_found(everyone: Everyone, records: Records, case: str) -> None:
    """External names must be found however the alias is written."""
    wanted = in_case(external_names_of(records.edge_cases.aliases), CASES[case])
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers
