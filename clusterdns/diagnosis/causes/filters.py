"""Something that lets everything through but questions."""

from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.rows import Talk
from clusterdns.diagnosis.scopes import Scope, about
from clusterdns.report.cell import Cell

ANY_QUESTION = about(
    "paths",
    "short-names",
    "ndots",
    "updates",
    "loops",
    "outside-names",
)
PATHS = about("paths", "updates", "forwarding")
LEADS_TO = ("upstream-unreachable", "upstream-one-dead", "dns-udp-dead-tcp-alive")


def deaf_pairs(facts: Facts) -> dict[tuple[str, str], Talk]:
    """Nodes and replicas between which HTTP works, and no question is answered in time."""
    talks: dict[tuple[str, str], list[Talk]] = {}
    for talk in facts.to_replicas():
        talks.setdefault((talk.node, talk.address), []).append(talk)
    pages = {(c.node, c.address) for c in facts.reached("/health") if c.result == "200"}
    return {
        pair: said[0]
        for pair, said in talks.items()
        if pair in pages
        and {t.transport for t in said} == {"udp", "tcp"}
        and all(t.result == "timeout" for t in said)
    }


@cause("dns-port-filtered", "node-network", leads_to=LEADS_TO)
def filtered(facts: Facts) -> Finding | None:
    """A replica can be reached from a node, but not on its port for DNS."""
    deaf = deaf_pairs(facts)
    if not deaf:
        return None
    asked = {(t.node, t.address) for t in facts.to_replicas()}
    nodes = {node for node, _ in deaf}
    replicas = sorted({talk.server for talk in deaf.values()})
    well = sorted({t.server for t in facts.to_replicas() if t.answered and t.node in nodes})
    whole = set(deaf) == asked
    whose = "every replica" if not well else ", ".join(replicas)
    where = "every node" if nodes == set(facts.nodes) else nodes_in_words(nodes)
    node, address = min(deaf)
    port = facts.inventory.replica_port

    def fits(cell: Cell) -> bool:
        pair = cell.node, cell.address
        return cell.silent and (pair in deaf or (cell.of_service and cell.node in nodes))

    return Finding(
        f"Questions from {where} to {whose} get no answer over UDP or TCP, though the pods "
        f"themselves can be reached: port {port} is filtered on the way, or the replica hangs.",
        (
            f"no answer to {port}/UDP and {port}/TCP: {len(deaf)} of {len(asked)} pairs of node "
            f"and replica, such as {node} > {address}",
            "/health of these replicas answers from these nodes",
            *([f"{', '.join(well)} answers there"] if well else []),
        ),
        (
            f"on {where} and the replicas' nodes: {facts.rules_about_dns}",
            "network policies of the network plugin, security groups: "
            f"open {port}/UDP and {port}/TCP",
            f"{facts.ks} logs {facts.of_replicas} --prefix --tail=50  # does the replica hang?",
        ),
        Scope(ANY_QUESTION if whole else PATHS, fits),
        "medium",
        assumes=1,
        tell_apart=f"tcpdump -ni any port {port} on the replica's node: no packet arrives means a "
        "filter; a packet without an answer means CoreDNS (plugin acl, or it hangs)",
    )
