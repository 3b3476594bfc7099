"""Specification 2.5: records for a Service of type ExternalName."""

import pytest

from clusterdns.asking import expect
from clusterdns.asking.everyone import Asker
from clusterdns.objects.records import Records


@pytest.mark.spec("2.5")
def test_external_name_is_a_cname(everyone: Asker, records: Records) -> None:
    """The Service must be a CNAME record that leads to its external name."""
    alias = records.alias
    answers = everyone.ask(alias.fqdn, "CNAME")
    expected = expect.alias(alias.fqdn, f"{alias.external_name}.")
    assert answers.deviating_from(expected) == {}, answers


@pytest.mark.spec("N6")
def test_external_name_has_no_srv_record(everyone: Asker, records: Records) -> None:
    """An SRV question to it must not be answered with SRV records."""
    answers = everyone.ask(records.alias.fqdn, "SRV")
    wrong = answers.judge("no SRV record", lambda a: not a.srv_targets)
    assert wrong == {}, answers


@pytest.mark.spec("N5")
def test_nothing_is_below_an_external_name(everyone: Asker, records: Records, zone: str) -> None:
    """A label below it must not exist."""
    answers = everyone.ask(records.alias.below("any"), "A")
    assert answers.deviating_from(expect.nxdomain(zone)) == {}, answers
