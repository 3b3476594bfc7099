"""What a sealed cluster sends to the outside is dropped and counted; Docker's resolver answers.

The only traffic is to an address for documentation (RFC 5737), and the seal stops it.
"""

import pytest

from host.bootstrap import seal
from host.bootstrap.steps import quick
from trials.cluster import Breakable
from trials.faults.nodes import on_node
from trials.faults.scene import Scene
from trials.faults.symptoms import NO_ANSWER, in_pod, seen

NOWHERE = "192.0.2.1"


@pytest.fixture
def sealed(selftest_cluster: Breakable) -> str:
    """The name of the cluster's network, which must be sealed before anything is sent."""
    network = seal.network_name(selftest_cluster.name)
    form = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}\n{{end}}"
    for node in selftest_cluster.nodes:
        networks = quick("docker", "inspect", "--format", form, node).stdout.split()
        if networks != [network]:
            pytest.skip(f"{node} is in {networks}: not a cluster that we sealed")
    assert {left.what for left in seal.leftovers() if left.name == network} == {
        "network",
        "seal rule",
    }
    return network


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_a_question_from_a_pod_does_not_leave(
    selftest_cluster: Breakable, sealed: str, transport: str
) -> None:
    """No answer comes, and the seal has counted what it dropped."""
    scene = Scene(selftest_cluster)
    before = seal.counters(sealed)

    said = in_pod(
        scene, scene.worker, "dig", "+tries=1", "+time=1", transport, f"@{NOWHERE}", "example.org"
    )

    assert seen(NO_ANSWER, said, "dig").there, said
    assert seal.counters(sealed) > before, said


def test_a_question_from_a_node_does_not_leave(selftest_cluster: Breakable, sealed: str) -> None:
    """What runs on the node itself, such as the kubelet, has no way out either."""
    before = seal.counters(sealed)
    question = r"\0\1\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1"
    script = f"exec 3<>/dev/udp/{NOWHERE}/53; printf '{question}' >&3; read -t 1 -N 1 x <&3 || :"

    on_node(selftest_cluster.nodes[-1], f"bash -c {script!r}")

    assert seal.counters(sealed) > before


def test_dockers_resolver_still_answers(selftest_cluster: Breakable, sealed: str) -> None:
    """Forwarding can be judged in a sealed cluster: a node's name resolves on another node."""
    first, *others = selftest_cluster.nodes
    for other in others:
        assert on_node(first, f"getent hosts {other}").split()[1:] != []


def test_dockers_resolver_answers_pods(selftest_cluster: Breakable, sealed: str) -> None:
    """And by way of cluster DNS in a pod."""
    scene = Scene(selftest_cluster)
    said = in_pod(scene, scene.worker, "dig", "+tries=1", "+time=3", f"{scene.control_plane}.")

    assert "status: NOERROR" in said, said
