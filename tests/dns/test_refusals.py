"""What a cluster's DNS must not give away: whole zones."""

import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.everyone import Everyone


@pytest.mark.spec("E2.21")
def test_transfer_is_refused(everyone: Everyone, wire_exact: None, zone: str) -> None:
    """A pod must not get the whole zone at once: AXFR must be refused (RFC 5936 2.2.1, 6)."""
    answers = everyone.ask(zone, "AXFR")
    assert answers.deviating_from(expect.Expected("REFUSED")) == {}, answers
