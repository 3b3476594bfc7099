"""The honest answer when no cause fits: the layer, what was measured, and what to ask next."""

from collections.abc import Sequence

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.layers import Layer
from clusterdns.diagnosis.paths import Split, cross_failures, dead_service_nodes, split_in_words
from clusterdns.diagnosis.rows import Trouble
from clusterdns.diagnosis.scopes import about, is_about
from clusterdns.report.cell import FILE
from clusterdns.report.model import UNKNOWN, Diagnosis

NEXT = {
    "service": "what stands behind the cluster IP: {ks} describe service; {ks} get endpointslices; "
    "then iptables-save or nft list ruleset on a node from which it fails",
    "node-network": "where the packets end: tcpdump -ni any port 53 on the asking node and on the "
    "replica's, while this runs: {kubectl} -n NAMESPACE exec POD -- dig @REPLICA-IP kubernetes."
    "default.svc.{domain}",
    "coredns-pod": "why the replicas are not well: {ks} describe pods {pods}; "
    "{ks} logs {pods} --prefix --tail=100",
    "api": "whether CoreDNS hears from the API server: {ks} logs {pods} --prefix, and "
    "the body of /ready on port 8181",
    "upstream": "what the upstreams say to a replica's node: dig @UPSTREAM NAME there, over UDP "
    "and +tcp",
    "records": "which plugin makes the answer: add log to the Corefile, ask one of the deviating "
    "questions again and read {ks} logs {pods}",
    "client": "what pods are told: cat /etc/resolv.conf in a pod on that node, and the kubelet's "
    "clusterDNS, clusterDomain and resolvConf",
    "unknown": "run the first failed check alone with -k, and repeat its question with the command "
    "that its message ends with",
}

# Failures about these begin on the side of whoever asks.
CLIENTS = about("pod-resolv-conf", "resolv-conf-limits")


def unknown(facts: Facts, left: Sequence[Trouble]) -> Diagnosis:
    """The diagnosis of failures that no cause explains."""
    layer = likely_layer(facts, left)
    split = split_in_words(facts)
    answers = [cell for trouble in left for cell in trouble.cells if cell.transport != FILE]
    received = sorted({cell.received[:100] for cell in answers})
    evidence = [
        *split,
        *facts.crashing[:3],
        *([f"not ready: {', '.join(facts.unready)}"] if facts.unready else []),
        *(
            [f"{len(answers)} answers deviate, on {places(answers)}: {'; '.join(received[:3])}"]
            if answers
            else []
        ),
        *(
            []
            if answers
            else [f"{t.name}: {t.message.splitlines()[0][:200]}" for t in left[:3] if t.message]
        ),
        *(f"not measured: {name}: {why}" for name, why in list(facts.missing.items())[:3]),
    ]
    question = NEXT[layer].format(
        ks=facts.ks, kubectl=facts.kubectl, domain=facts.domain, pods=facts.of_replicas
    )
    measured = split[0] if split else (evidence[0] if evidence else "nothing could be measured")
    return Diagnosis(
        cause=UNKNOWN,
        layer=layer,
        confidence="low",
        summary=f"No known cause fits. Measured: {measured}.",
        evidence=tuple(evidence),
        remedy=(f"ask next: {question}",),
        checks=tuple(trouble.name for trouble in left),
    )


def places(answers: Sequence[object]) -> str:
    """Nodes, servers and transports of deviating answers, in a few words."""
    found = []
    for name in ("node", "server", "transport"):
        values = sorted({str(getattr(answer, name)).partition(" ")[0] for answer in answers})
        found.append(", ".join(values[:4]) + (" ..." if len(values) > 4 else ""))
    return " > ".join(found[:2]) + f" over {found[2]}"


def likely_layer(facts: Facts, left: Sequence[Trouble]) -> Layer:
    """Where to look first, by what answers and what does not."""
    split = Split.of(facts)
    replicas = facts.to_replicas()
    if facts.crashing or (facts.inventory.pods and not facts.inventory.ready_pods):
        return "coredns-pod"
    if cross_failures(facts) or any(not talk.answered for talk in replicas):
        return "node-network"
    if dead_service_nodes(facts) or any(
        split.dead(node, "service", transport)
        for node in facts.nodes
        for transport in ("udp", "tcp")
    ):
        return "service"
    if any(p.improbable for p in facts.paths):
        return "node-network"
    if any(talk.result == "SERVFAIL" for talk in facts.to_replicas("absent")):
        return "api"
    if any(not talk.sound for talk in facts.to_replicas("outside")):
        return "upstream"
    if any(is_about(trouble, CLIENTS) for trouble in left):
        return "client"
    if any(trouble.cells for trouble in left):
        return "records"
    return "unknown"
