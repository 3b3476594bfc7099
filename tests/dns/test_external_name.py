"""Specification 2.5: records for a Service of type ExternalName, wherever it leads."""

import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Everyone
from clusterdns.objects.records import Records
from clusterdns.objects.wanted import addresses_of_names, external_names_of, followed

pytestmark = pytest.mark.about("cluster-names", "external-names")


@pytest.mark.spec("2.5")
def test_external_name_is_a_cname(everyone: Everyone, records: Records) -> None:
    """An external name must be given whole, wherever it leads and however long it is."""
    wanted = external_names_of(records.aliases)
    answers = everyone.put(*wanted)
    assert answers.match(wanted), answers


@pytest.mark.spec("2.5-A", "2.5-AAAA")
def test_target_in_the_zone_comes_with_its_addresses(everyone: Everyone, records: Records) -> None:
    """Asked for addresses, an alias of a Service must bring the CNAME and these addresses."""
    edge_cases = records.edge_cases
    wanted = followed(edge_cases.inside, edge_cases.many)
    answers = everyone.put(*wanted)
    assert answers.match(wanted), answers


@pytest.mark.spec("2.5-A", "2.5-AAAA")
def test_target_may_be_headless(everyone: Everyone, records: Records) -> None:
    """An alias of a headless Service must bring the addresses of all its ready endpoints."""
    edge_cases = records.edge_cases
    wanted = followed(edge_cases.alias_of_headless, edge_cases.headless)
    answers = everyone.put(*wanted)
    assert answers.match(wanted), answers


@pytest.mark.spec("2.5-A", "2.5-AAAA")
def test_chain_of_aliases_is_followed_to_its_end(everyone: Everyone, records: Records) -> None:
    """An alias of an alias must bring every CNAME on the way (RFC 1034 3.6.2)."""
    edge_cases = records.edge_cases
    wanted = followed(edge_cases.chained, edge_cases.many, edge_cases.inside)
    answers = everyone.put(*wanted)
    assert answers.match(wanted), answers


@pytest.mark.spec("2.5")
@pytest.mark.parametrize("name", ["dangling", "circle", "round"])
def test_alias_that_leads_nowhere_has_no_address(
    everyone: Everyone, records: Records, name: str
) -> None:
    """A dead end and a circle must be answered, and with no address (RFC 1034 3.6.2)."""
    alias = getattr(records.edge_cases, name)
    answers = everyone.put(*addresses_of_names([alias.fqdn]))
    assert answers.match(expect.no_address), answers


@pytest.mark.spec("N6")
def test_external_name_has_no_srv_record(everyone: Everyone, records: Records, zone: str) -> None:
    """An SRV question to it must bring NODATA, or the alias alone (RFC 1034 3.6.2)."""
    alias = records.alias
    right = (expect.nodata(zone), expect.alias(alias.fqdn, f"{alias.external_name}."))
    answers = everyone.ask(alias.fqdn, "SRV")
    assert answers.match(expect.either("NODATA, or the CNAME alone", *right)), answers


@pytest.mark.spec("N5")
def test_nothing_is_below_an_external_name(everyone: Everyone, records: Records, zone: str) -> None:
    """A label below it must not exist."""
    answers = everyone.ask(records.alias.below("any"), "A")
    assert answers.match(expect.nxdomain(zone)), answers
