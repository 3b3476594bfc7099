"""Specification 2.5: records for a Service of type ExternalName."""

import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Everyone
from clusterdns.objects.records import Records


@pytest.mark.spec("2.5")
def test_external_name_is_a_cname(everyone: Everyone, records: Records) -> None:
    """The Service must be a CNAME record that leads to its external name."""
    alias = records.alias
    answers = everyone.ask(alias.fqdn, "CNAME")
    expected = expect.alias(alias.fqdn, f"{alias.external_name}.")
    assert answers.deviating_from(expected) == {}, answers


@pytest.mark.spec("N6")
def test_external_name_has_no_srv_record(everyone: Everyone, records: Records, zone: str) -> None:
    """An SRV question to it must bring NODATA, or the alias alone (RFC 1034 3.6.2)."""
    alias = records.alias
    right = (expect.nodata(zone), expect.alias(alias.fqdn, f"{alias.external_name}."))
    answers = everyone.ask(alias.fqdn, "SRV")
    wrong = answers.judge("NODATA, or the CNAME alone", lambda a: any(e.accepts(a) for e in right))
    assert wrong == {}, answers


@pytest.mark.spec("N5")
def test_nothing_is_below_an_external_name(everyone: Everyone, records: Records, zone: str) -> None:
    """A label below it must not exist."""
    answers = everyone.ask(records.alias.below("any"), "A")
    assert answers.deviating_from(expect.nxdomain(zone)) == {}, answers
