"""What the nodes' own resolv.conf does to cluster DNS: its upstreams, search domains and limits."""

from collections.abc import Collection, Iterable

from clusterdns.cluster import Cluster
from clusterdns.experiments.loops.upstreams import Upstreams, is_self
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.question import Question, Server
from clusterdns.testbed.testbed import Testbed

OVER_THE_LIMITS = "DNSConfigForming"  # reason of the kubelet's warning (pkg/kubelet/network/dns)
UNLIKELY = "no-such-host-k7q2x"  # no zone has it, unless it has everything


def outside_servers(upstreams: Upstreams) -> tuple[Server, ...]:
    """The upstreams that are servers outside: neither loopback nor cluster DNS itself."""
    outside = sorted(a for a in upstreams.all if not is_self(a) and a not in upstreams.own)
    return tuple(Server(f"upstream/{address}", address) for address in outside)


def is_of_use(answer: Answer) -> bool:
    """Whether an upstream did its work: it says what it knows, or that there is no such name."""
    return answer.rcode in ("NOERROR", "NXDOMAIN")


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
