"""Specification 2.2: the record that names the version of the schema."""

import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Everyone
from clusterdns.testbed.testbed import Testbed

SCHEMA = "1.1.0"


@pytest.mark.quick
@pytest.mark.needs("dns-version")
@pytest.mark.spec("1", "2.1-zone", "2.2")
def test_dns_version_is_the_schema_version(everyone: Everyone, testbed: Testbed) -> None:
    """dns-version must hold the version of the schema as one TXT record."""
    name = f"dns-version.{testbed.zone}"
    answers = everyone.ask(name, "TXT")
    assert answers.deviating_from(expect.text(name, SCHEMA)) == {}, answers


@pytest.mark.needs("dns-version")
@pytest.mark.spec("2.1-case")
def test_dns_version_is_found_in_any_case(everyone: Everyone, testbed: Testbed) -> None:
    """Names must be compared without regard to case."""
    answers = everyone.ask(f"DNS-Version.{testbed.zone.upper()}", "TXT")
    expected = expect.text(f"dns-version.{testbed.zone}", SCHEMA)
    assert answers.deviating_from(expected) == {}, answers
