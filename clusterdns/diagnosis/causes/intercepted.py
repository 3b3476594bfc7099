"""Questions that somebody else answers than the server that was asked."""

from collections import defaultdict

from clusterdns.diagnosis.causes.overrides import FOLLOWS, GUESSES
from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.finding import Finding, Scope, cause
from clusterdns.diagnosis.rows import Talk

BY_SOURCE = ("acl", "view")  # plugins by which CoreDNS itself tells nodes apart


@cause("dns-intercepted", "node-network", leads_to=GUESSES)
def intercepted(facts: Facts) -> Finding | None:
    """On some nodes all servers alike deny a name that the same replicas answer elsewhere."""
    if facts.reading is not None and any(facts.reading.has(name) for name in BY_SOURCE):
        return None
    ways: dict[tuple[str, str], list[Talk]] = defaultdict(list)
    for talk in (*facts.to_service(), *facts.to_replicas()):
        ways[talk.node, talk.transport].append(talk)
    right = {t.address for talks in ways.values() for t in talks if t.result == "NOERROR"}
    odd = {way: talks[0].result for way, talks in ways.items() if same_denial(talks)}
    asked = {t.address for way in odd for t in ways[way]}
    if not odd or not asked <= right:
        return None
    nodes, transports = {node for node, _ in odd}, {transport for _, transport in odd}
    node, results = min(nodes), sorted(set(odd.values()))
    over = " and ".join(sorted(transports))
    fine = sorted({f"{n} over {t}" for (n, t) in ways if (n, t) not in odd})
    return Finding(
        f"Questions from {nodes_in_words(nodes)} over {over} are answered by somebody else: every "
        f"server there says {', '.join(results)} to a name that exists.",
        (
            f"kubernetes.default.svc.{facts.domain}: {', '.join(results)} from all "
            f"{len(asked)} addresses alike on {nodes_in_words(nodes)} over {over}",
            f"the same addresses answer it from {', '.join(fine[:4])}",
        ),
        (
            f"on {node}: iptables-save -t nat | grep -- '--dport 53' and nft list ruleset  # a "
            "rule that leads port 53 to another server",
            "a DNS proxy or firewall of the network, a service mesh or a VPN on that node may take "
            "questions for itself: let it leave the pods' and Services' ranges alone",
        ),
        Scope(
            (*FOLLOWS, "network/test_updates.py::*"),
            lambda cell: cell.node in nodes and cell.transport not in ({"udp", "tcp"} - transports),
        ),
        "high" if len(asked) > 2 else "medium",
        tell_apart=f"ask a server that does not exist from {node}: dig @192.0.2.1 "
        f"kubernetes.default.svc.{facts.domain} must get no answer",
    )


def same_denial(talks: list[Talk]) -> bool:
    """Whether at least two servers give the same answer, and it is wrong."""
    results = {talk.result for talk in talks}
    return len(talks) > 1 and len(results) == 1 and talks[0].answered and "NOERROR" not in results
