"""Answers that come from a replica's address though the Service was asked: nobody takes them."""

import re
from collections.abc import Iterator

from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.scopes import Scope, about

FROM = re.compile(r"wrong source \[?(?P<address>[0-9a-fA-F.:]+?)\]?:\d+")


@cause(
    "wrong-source",
    "node-network",
    leads_to=("conntrack-race-5s", "packets-lost", "vxlan-checksum", "kube-proxy-stuck-node"),
)
def wrong_source(facts: Facts) -> Finding | None:
    """The Service is asked, a replica answers under its own address, and resolvers drop that."""
    replicas = {replica.address: replica.name for replica in facts.inventory.replicas}
    seen = [one for one in strays(facts) if one[2] in replicas]
    if not seen:
        return None
    nodes, transports = {node for node, _, _ in seen}, {transport for _, transport, _ in seen}
    node = sorted(nodes)[0]
    from_whom = sorted({f"{replicas[address]} ({address})" for _, _, address in seen})
    return Finding(
        f"On {nodes_in_words(nodes)} answers to questions of the DNS Service come from the "
        f"replicas' own addresses ({from_whom[0]}): nobody puts the Service's address back, and "
        "resolvers drop such answers.",
        (
            f"{len(seen)} answers from {', '.join(from_whom)} to questions of the Service from "
            f"{nodes_in_words(nodes)}, over {' and '.join(sorted(transports))}",
            "so the question was translated on its way, and the answer was not",
        ),
        (
            f"on {node}: sysctl net.bridge.bridge-nf-call-iptables  # must be 1 where pods of a "
            "node share a bridge: modprobe br_netfilter, and write both down for the next start",
            f"on {node}: iptables-save -t raw; nft list ruleset  # a rule with notrack must not "
            "be about port 53",
            "with two network interfaces or policy routing: an answer must come back the way that "
            "its question went",
        ),
        Scope(
            about("paths", "short-names", "ndots"),
            lambda cell: cell.node in nodes and cell.of_service,
        ),
        "high",
        tell_apart=f"on {node}: conntrack -L -p udp --dport 53 shows whether questions are tracked",
    )


def strays(facts: Facts) -> Iterator[tuple[str, str, str]]:
    """Answers from somebody who was not asked: node, transport, and who answered."""
    for talk in facts.to_service():
        if found := FROM.search(talk.result):
            yield talk.node, talk.transport, found["address"]
    for trouble in facts.troubles:
        for cell in trouble.cells:
            if cell.of_service and (found := FROM.search(cell.error)):
                yield cell.node, cell.transport, found["address"]
