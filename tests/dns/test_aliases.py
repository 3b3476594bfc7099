"""Specification 2.5 at its edges: targets in the zone, chains, circles, dead ends, long names."""

import pytest

from clusterdns.matrix.everyone import Everyone
from clusterdns.matrix.question import Question
from clusterdns.objects.records import Records
from clusterdns.objects.wanted import FAMILIES, each, external_names_of, followed


@pytest.mark.spec("2.5")
def test_every_external_name_is_a_cname(everyone: Everyone, records: Records) -> None:
    """An external name must be given whole, wherever it leads and however long it is."""
    wanted = external_names_of(records.edge_cases.aliases)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.5-A", "2.5-AAAA")
def test_target_in_the_zone_comes_with_its_addresses(everyone: Everyone, records: Records) -> None:
    """Asked for addresses, an alias of a Service must bring the CNAME and these addresses."""
    edge_cases = records.edge_cases
    wanted = followed(edge_cases.inside, edge_cases.many)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.5-A", "2.5-AAAA")
def test_target_may_be_headless(everyone: Everyone, records: Records) -> None:
    """An alias of a headless Service must bring the addresses of all its ready endpoints."""
    edge_cases = records.edge_cases
    wanted = followed(edge_cases.alias_of_headless, edge_cases.headless)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.5-A", "2.5-AAAA")
def test_chain_of_aliases_is_followed_to_its_end(everyone: Everyone, records: Records) -> None:
    """An alias of an alias must bring every CNAME on the way (RFC 1034 3.6.2)."""
    edge_cases = records.edge_cases
    wanted = followed(edge_cases.chained, edge_cases.many, edge_cases.inside)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.5")
@pytest.mark.parametrize("name", ["dangling", "circle", "round"])
def test_alias_that_leads_nowhere_has_no_address(
    everyone: Everyone, records: Records, name: str
) -> None:
    """A dead end and a circle must be answered, and with no address (RFC 1034 3.6.2)."""
    alias = getattr(records.edge_cases, name)
    answers = everyone.put(*(Question(alias.fqdn, rdtype) for rdtype in FAMILIES))
    wrong = answers.judge(
        "NOERROR or NXDOMAIN, and no address",
        lambda a: a.rcode in ("NOERROR", "NXDOMAIN") and not a.types & FAMILIES.keys(),
    )
    assert wrong == {}, answers
