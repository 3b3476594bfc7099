"""A replica that is deleted: it serves on for its lameduck, and everybody goes elsewhere meanwhile.

Tried with two private CoreDNS behind a Service, under a steady stream of questions from every node.
"""

import pytest

from clusterdns.experiments.leaving.experiment import MARGIN, Left

pytestmark = pytest.mark.slow


def test_replica_serves_on_for_its_lameduck(left: Left) -> None:
    """Every question that reaches a replica within lameduck after its deletion must be answered."""
    assert left.lost_in_lameduck == (), left


def test_health_stays_good_in_lameduck(left: Left) -> None:
    """Until lameduck is over /health must say 200, or the kubelet would end the replica early."""
    assert (bool(left.sights), left.unhealthy) == (True, ()), left


def test_readiness_ends_at_once(left: Left) -> None:
    """A replica that is going must not be ready any more, from the beginning of lameduck on."""
    assert left.led_s >= left.lameduck - MARGIN, left


def test_endpoints_lose_the_replica(left: Left) -> None:
    """The EndpointSlice must lose the replica while it still serves."""
    assert left.endpoint_s is not None, left
    assert left.endpoint_s < left.lameduck, left


def test_every_node_goes_to_the_other_replica(left: Left) -> None:
    """In the end every question to the Service must be answered by the replica that stayed."""
    assert left.stranded == {}, left


@pytest.mark.level("advice")
def test_deletion_loses_no_question(left_measured: Left) -> None:
    """While a replica goes no question to the Service should be lost, on any node."""
    assert left_measured.lost == {}, left_measured
