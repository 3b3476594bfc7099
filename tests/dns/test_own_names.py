"""The names that the cluster's own Corefile has rules for: what the user wrote must come true."""

import pytest

from clusterdns.matrix.everyone import Everyone
from clusterdns.testbed.own_names import OwnNames

pytestmark = pytest.mark.about("own-names")


def test_own_name_is_answered_as_its_rule_says(everyone: Everyone, own_names: OwnNames) -> None:
    """A name in hosts, rewrite, file or template must be answered by every replica as written."""
    answers = everyone.put(*own_names.questions)
    assert answers.match(own_names.wanted), f"{answers}\n{own_names}"


@pytest.mark.about("stub-zones")
def test_stub_zone_is_answered_as_its_servers_say(over_udp: Everyone, stub_zones: OwnNames) -> None:
    """A zone that is forwarded to servers of its own must be answered as these answer."""
    answers = over_udp.put(*stub_zones.questions)
    assert answers.match(stub_zones.wanted), f"{answers}\n{stub_zones}"
