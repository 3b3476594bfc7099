"""Specification 2.5 at its edges: targets in the zone, chains, circles, dead ends, long names."""

import pytest

from clusterdns.matrix.everyone import Asker
from clusterdns.matrix.question import Question
from clusterdns.objects.records import Records
from clusterdns.objects.wanted import FAMILIES, each, external_names_of, followed


@pytest.mark.spec("2.5")
def test_every_external_name_is_a_cname(everyone: Asker, records: Records) -> None:
    """An external name must be given whole, wherever it leads and however long it is."""
    wanted = external_names_of(records.variety.aliases)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.5-A", "2.5-AAAA")
def test_target_in_the_zone_comes_with_its_addresses(everyone: Asker, records: Records) -> None:
    """Asked for addresses, an alias of a Service must bring the CNAME and these addresses."""
    variety = records.variety
    wanted = followed(variety.inside, variety.many)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.5-A", "2.5-AAAA")
def test_target_may_be_headless(everyone: Asker, records: Records) -> None:
    """An alias of a headless Service must bring the addresses of all its ready endpoints."""
    variety = records.variety
    wanted = followed(variety.headlong, variety.choir)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.5-A", "2.5-AAAA")
def test_chain_of_aliases_is_followed_to_its_end(everyone: Asker, records: Records) -> None:
    """An alias of an alias must bring every CNAME on the way (RFC 1034 3.6.2)."""
    variety = records.variety
    wanted = followed(variety.chained, variety.many, variety.inside)
    answers = everyone.put(*wanted)
    assert answers.deviating_from(each(wanted)) == {}, answers


@pytest.mark.spec("2.5")
@pytest.mark.parametrize("name", ["dangling", "circle", "round"])
def test_alias_that_leads_nowhere_has_no_address(
    everyone: Asker, records: Records, name: str
) -> None:
    """A dead end and a circle must be answered, and with no address (RFC 1034 3.6.2)."""
    alias = getattr(records.variety, name)
    answers = everyone.put(*(Question(alias.fqdn, rdtype) for rdtype in FAMILIES))
    wrong = answers.judge(
        "NOERROR or NXDOMAIN, and no address",
        lambda a: a.rcode in ("NOERROR", "NXDOMAIN") and not a.types & FAMILIES.keys(),
    )
    assert wrong == {}, answers
