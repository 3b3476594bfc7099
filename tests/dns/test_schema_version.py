"""Specification 2.2: the record that names the version of the schema."""

import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Asker
from clusterdns.testbed.testbed import Site

SCHEMA = "1.1.0"


@pytest.mark.quick
@pytest.mark.needs("dns-version")
@pytest.mark.spec("1", "2.1-zone", "2.2")
def test_dns_version_is_the_schema_version(everyone: Asker, site: Site) -> None:
    """dns-version must hold the version of the schema as one TXT record."""
    name = f"dns-version.{site.zone}"
    answers = everyone.ask(name, "TXT")
    assert answers.deviating_from(expect.text(name, SCHEMA)) == {}, answers


@pytest.mark.needs("dns-version")
@pytest.mark.spec("2.1-case")
def test_dns_version_is_found_in_any_case(everyone: Asker, site: Site) -> None:
    """Names must be compared without regard to case."""
    answers = everyone.ask(f"DNS-Version.{site.zone.upper()}", "TXT")
    expected = expect.text(f"dns-version.{site.zone}", SCHEMA)
    assert answers.deviating_from(expected) == {}, answers
