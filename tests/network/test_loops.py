"""Questions do not run in circles: neither straight back into CoreDNS nor through an upstream."""

import pytest

from clusterdns.experiments.loops.experiment import LoopDetected
from clusterdns.experiments.loops.multiplied import Multiplied
from clusterdns.experiments.loops.restarts import Death
from clusterdns.experiments.loops.upstreams import Upstreams


def test_no_replica_has_died_of_a_loop(deaths: tuple[Death, ...]) -> None:
    """No replica must have stopped because its loop plugin saw its own question."""
    loops = [str(death) for death in deaths if death.of_a_loop]
    assert loops == [], "\n".join(loops)


def test_no_replica_asks_itself(upstreams: Upstreams) -> None:
    """No upstream of a replica must be an address of loopback: inside its pod that is itself."""
    assert upstreams.loopback == {}, f"{upstreams.loopback}\n{upstreams}"


def test_no_replica_asks_the_cluster_dns(upstreams: Upstreams) -> None:
    """No upstream of a replica must be the DNS Service or a replica."""
    assert upstreams.itself == {}, f"{upstreams.itself}\n{upstreams}"


@pytest.mark.level("advice")
@pytest.mark.usefixtures("counters")
def test_replicas_ask_whom_their_node_asks(upstreams: Upstreams) -> None:
    """The upstreams in a replica's metrics should be those of its Corefile and its node."""
    assert upstreams.unexpected == {}, f"{upstreams.unexpected}\n{upstreams}"


def test_questions_do_not_multiply(upstreams: Upstreams, counters: Multiplied) -> None:
    """A question for a name outside must be handled once, not again and again."""
    assert not counters.loops, f"{counters}\n{upstreams}"


@pytest.mark.usefixtures("counters")
def test_no_upstream_asks_back(upstreams: Upstreams) -> None:
    """What an upstream of the cluster's DNS is asked must not come to the cluster's DNS."""
    assert upstreams.coming_back == {}, f"{upstreams.coming_back}\n{upstreams}"


def test_loop_plugin_stops_a_coredns_that_asks_itself(loop_detected: LoopDetected) -> None:
    """A CoreDNS with loop that forwards to itself must stop and say that it saw a loop."""
    assert loop_detected.stopped, loop_detected


def test_loop_without_the_plugin_is_recognised(loop_hidden: Multiplied) -> None:
    """One question to a CoreDNS that forwards to itself must show as hundreds of requests."""
    assert loop_hidden.loops, loop_hidden
