"""What the nodes' own resolv.conf does to cluster DNS: its upstreams, search domains and limits."""

from collections.abc import Collection, Iterable

from clusterdns.cluster import Cluster
from clusterdns.corefile import Reading
from clusterdns.experiments.loops.upstreams import Upstreams, is_self
from clusterdns.matrix.question import Question, Server
from clusterdns.testbed.testbed import Testbed

OVER_THE_LIMITS = "DNSConfigForming"  # reason of the kubelet's warning (pkg/kubelet/network/dns)
UNLIKELY = "no-such-host-k7q2x"  # no zone has it, unless it has everything


def outside_servers(upstreams: Upstreams, reading: Reading | None = None) -> tuple[Server, ...]:
    """The upstreams that are servers outside: neither loopback nor cluster DNS itself.

    Each on the port that the Corefile writes. Those that are asked by TLS are left out: they need
    not answer in the clear.
    """
    outside = sorted(a for a in upstreams.all if not is_self(a) and a not in upstreams.own)
    written = reading.written_upstreams if reading else {}
    return tuple(
        Server(f"upstream/{address}", address, port)
        for address in outside
        for port, secured in sorted(written.get(address, {(53, False)}))
        if not secured
    )


def host_suffixes(testbed: Testbed) -> dict[str, list[str]]:
    """The search domains that pods get from their node, each with the nodes that give it."""
    found: dict[str, list[str]] = {}
    for node, conf in testbed.resolv_confs.items():
        for suffix in conf.host_search(testbed.workspace.namespace, testbed.domain):
            found.setdefault(suffix, []).append(node)
    return found


def wildcard_questions(suffixes: Iterable[str]) -> list[Question]:
    """A name below each search domain that can only be found if every name is."""
    return [Question(f"{UNLIKELY}.{suffix.rstrip('.')}.") for suffix in suffixes]


def cut_lists(cluster: Cluster, namespace: str, pods: Collection[str]) -> list[str]:
    """What kubelets left out of the resolv.conf of these pods, one line for each warning.

    Raises kubernetes.client.ApiException when events may not be listed.
    """
    events = cluster.list("Event", namespace, fields=f"reason={OVER_THE_LIMITS}")
    return sorted(
        f"{event['source'].get('host', 'a node')}: {event['message']}"
        for event in events
        if event["involvedObject"]["name"] in pods
    )
