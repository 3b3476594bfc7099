"""The honest answer when no cause fits: the layer, what was measured, and what to ask next."""

from collections.abc import Sequence
from dataclasses import replace

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.hops.groups import groups_of, what_is_alike, what_is_unlike
from clusterdns.diagnosis.hops.place import Place
from clusterdns.diagnosis.layers import Layer
from clusterdns.diagnosis.paths import Split, cross_failures, dead_service_nodes, split_in_words
from clusterdns.diagnosis.placed import diagnosis_of, merged, summary_of
from clusterdns.diagnosis.rows import Trouble
from clusterdns.diagnosis.scopes import about, is_about
from clusterdns.report.model import UNKNOWN, Diagnosis
from clusterdns.report.sentences import counted

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


# Between which two hops a fault of a layer stands.
BETWEEN: dict[Layer, str] = {
    "service": "between the address that pods ask and the replicas",
    "node-network": "on the way between the asking node and the replicas",
    "coredns-pod": "in the replicas themselves",
    "api": "between the replicas and the API server",
    "upstream": "between the replicas and the upstreams",
    "records": "inside CoreDNS: between the arrival of a question and what the answer is made from",
    "client": "in what pods are told, before any server is asked",
    "unknown": "not known",
}


def unknown(facts: Facts, left: Sequence[Trouble]) -> Diagnosis:
    """The diagnosis of failures that no cause explains: the place, as far as it was found."""
    names = {trouble.name for trouble in left}
    places = merged(p for p in facts.places if not p.proved and names & set(p.checks))
    placed = max((p for p in places if p.hop != "unplaced"), key=_weight, default=None)
    if placed is not None:
        found = diagnosis_of(placed, facts, [t.name for t in left])
        others = (f"another place: {summary_of(p)}" for p in places if p is not placed)
        measured = (*split_in_words(facts), *_around(facts))
        return replace(found, evidence=(*found.evidence, *list(others)[:2], *measured))
    layer = likely_layer(facts, left)
    split = split_in_words(facts)
    evidence = [*split, *in_common(facts, left), *_around(facts)]
    if not any(trouble.cells for trouble in left):
        evidence += [f"{t.name}: {t.message.splitlines()[0][:200]}" for t in left[:3] if t.message]
    question = NEXT[layer].format(
        ks=facts.ks, kubectl=facts.kubectl, domain=facts.domain, pods=facts.of_replicas
    )
    measured_first = split[0] if split else (evidence[0] if evidence else "nothing but the failure")
    return Diagnosis(
        cause=UNKNOWN,
        layer=layer,
        confidence="low",
        summary=f"No known cause fits. The place is {BETWEEN[layer]}. Measured: {measured_first}.",
        evidence=tuple(evidence),
        remedy=(f"ask next: {question}",),
        checks=tuple(trouble.name for trouble in left),
    )


def in_common(facts: Facts, left: Sequence[Trouble]) -> list[str]:
    """What the deviating questions have in common, and what is right beside them; in sentences."""
    names = {trouble.name for trouble in left}
    lines = []
    for group in [g for g in groups_of(facts) if names & set(g.checks)][:3]:
        cell = group.cell
        many = counted(len(group.questions), "question")
        lines.append(
            f"{many} such as {group.questions[0]} came to {cell.received[:100]}, not to "
            f"{cell.expected[:100]}; {what_is_alike(facts, group)}"
        )
        if beside := what_is_unlike(facts, group):
            lines.append(f"beside them all is well: {beside}")
    return lines


def _around(facts: Facts) -> list[str]:
    """What else is wrong, or could not be measured."""
    return [
        *facts.crashing[:3],
        *([f"not ready: {', '.join(facts.unready)}"] if facts.unready else []),
        *(f"not measured: {name}: {why}" for name, why in list(facts.missing.items())[:3]),
    ]


def _weight(place: Place) -> int:
    return len(place.checks)


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
