"""NetworkPolicies that stand between pods and DNS, or between DNS and what it needs."""

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.scopes import Scope, about
from clusterdns.inventory.shape import endpoint_ports, selects


def isolating(facts: Facts, namespaces: tuple[str, ...], direction: str) -> list[Manifest]:
    """The policies of these namespaces that isolate pods in this direction."""
    return [
        policy
        for policy in facts.policies or ()
        if policy["metadata"]["namespace"] in namespaces and direction in directions(policy)
    ]


def directions(policy: Manifest) -> list[str]:
    """Ingress, Egress or both (Ingress is always meant unless policyTypes says otherwise)."""
    spec = policy["spec"]
    types: list[str] = spec.get("policyTypes") or ["Ingress", *(["Egress"] * ("egress" in spec))]
    return types


def of_replicas(facts: Facts, direction: str) -> list[Manifest]:
    """The policies that isolate the DNS pods."""
    found = isolating(facts, (facts.inventory.namespace,), direction)
    return [p for p in found if any(matches(p, pod) for pod in facts.inventory.pods)]


def matches(policy: Manifest, pod: Manifest) -> bool:
    """Whether the policy selects the pod; an expression is taken as a match."""
    selector = policy["spec"].get("podSelector") or {}
    return selects(selector.get("matchLabels") or {}, pod)


def opens(rule: Manifest, port: int, protocol: str) -> bool:
    """Whether a rule's ports hold this one; a rule without ports holds all."""
    ports = rule.get("ports")
    return not ports or any(
        p.get("protocol", "TCP") == protocol
        and (p.get("port") in (None, port) or port in range(_low(p), int(p.get("endPort", 0)) + 1))
        for p in ports
    )


def _low(port: Manifest) -> int:
    low = port.get("port")
    return low if isinstance(low, int) else 1 << 20


def names(policies: list[Manifest]) -> str:
    """The policies as kubectl names them."""
    return ", ".join(
        f"{p['metadata']['namespace']}/networkpolicy/{p['metadata']['name']}" for p in policies
    )


def _kubectl_get(facts: Facts, policy: Manifest, verb: str = "get -o yaml") -> str:
    meta = policy["metadata"]
    words = verb.split(maxsplit=1)
    rest = f" {words[1]}" if len(words) > 1 else ""
    return f"{facts.kubectl} -n {meta['namespace']} {words[0]} networkpolicy {meta['name']}{rest}"


def _pods_in_words(facts: Facts) -> str:
    labels = ",".join(f"{key}={value}" for key, value in facts.labels.items())
    return f"pods labelled {labels}" if labels else "the DNS pods"


@cause("netpol-egress-deny", "network-policy", leads_to=("dns-port-filtered",))
def egress_deny(facts: Facts) -> Finding | None:
    """Our own namespace may not send to port 53."""
    found = [
        policy
        for policy in isolating(facts, facts.namespaces, "Egress")
        if not all(
            any(
                opens(rule, port, protocol)
                for rule in policy["spec"].get("egress") or []
                for port in (53, facts.inventory.replica_port)
            )
            for protocol in ("UDP", "TCP")
        )
    ]
    silent = [t for t in facts.said("known") if not t.answered]
    if not found or not silent:
        return None
    return Finding(
        f"The policy {names(found)} lets pods of that namespace send nothing to port 53.",
        (
            f"{len(silent)} of {len(facts.said('known'))} questions from that namespace have no "
            f"answer ({', '.join(sorted({t.result for t in silent}))})",
            "it selects the probes, and no rule of it opens 53/UDP and 53/TCP",
        ),
        (
            _kubectl_get(facts, found[0], "edit"),
            f"add an egress rule to port {facts.ports}, UDP and TCP, for "
            f"{_pods_in_words(facts)} in namespace {facts.inventory.namespace}",
        ),
        Scope(
            about(
                "paths",
                "short-names",
                "health-pages",
                "forwarding",
                "loops",
            ),
            lambda cell: cell.silent,
        ),
        "high" if len(silent) == len(facts.said("known")) else "medium",
    )


@cause(
    "netpol-dns-ingress",
    "network-policy",
    leads_to=("overlay-broken", "dns-udp-dead-tcp-alive", "dns-port-filtered"),
)
def dns_ingress(facts: Facts) -> Finding | None:
    """A policy on the replicas lets only some in."""
    port = facts.inventory.replica_port
    found = [
        policy
        for policy in of_replicas(facts, "Ingress")
        if not any(_from_all(rule, port) for rule in policy["spec"].get("ingress") or [])
    ]
    silent = [t for t in facts.to_replicas() if not t.answered]
    if not found or not silent:
        return None
    protocols = {t.transport for t in silent}
    return Finding(
        f"The policy {names(found)} lets only some pods ask the replicas; pods of other "
        "namespaces get no answer.",
        (
            f"{len(silent)} of {len(facts.to_replicas())} questions from our namespaces to "
            f"replicas have no answer (over {', '.join(sorted(protocols))})",
            f"it selects the DNS pods, and no ingress rule opens port {port} to all namespaces",
            *_others_reached(facts),
        ),
        (
            _kubectl_get(facts, found[0], "edit"),
            f"add an ingress rule with namespaceSelector: {{}} for {port}/UDP and {port}/TCP",
        ),
        Scope(
            about("paths", "short-names", "health-pages"),
            lambda cell: cell.silent,
        ),
        "high" if len(silent) == len(facts.to_replicas()) else "medium",
    )


def _from_all(rule: Manifest, port: int) -> bool:
    peers = rule.get("from")
    everyone = not peers or any(
        (peer.get("namespaceSelector") == {} and "podSelector" not in peer)
        or peer.get("ipBlock", {}).get("cidr") in ("0.0.0.0/0", "::/0")
        for peer in peers
    )
    open_to_all = [all(opens(rule, each, p) for p in ("UDP", "TCP")) for each in (53, port)]
    return everyone and any(open_to_all)  # which of the two ports matters is post_dnat's to say


def _others_reached(facts: Facts) -> list[str]:
    pods = [c for c in facts.reached("pod")]
    if pods and all(c.reached for c in pods):
        return ["other pods on other nodes can be reached, so the network itself is well"]
    return []


@cause(
    "netpol-dns-egress",
    "network-policy",
    leads_to=("upstream-unreachable", "api-unreachable", "dns-svc-endpoints-notready"),
)
def dns_egress(facts: Facts) -> Finding | None:
    """A policy on the replicas keeps them from their upstream or from the API server."""
    found = of_replicas(facts, "Egress")
    symptoms = facts.log_lines(r"i/o timeout|connection refused|unsynced|no route to host")
    bad = [t for t in facts.to_replicas("outside") if not t.sound]
    if not found or not (symptoms or bad):
        return None
    closed = [
        words
        for words, port, protocol in (("53/UDP", 53, "UDP"), ("6443/TCP", 6443, "TCP"))
        if not any(
            opens(rule, port, protocol) for p in found for rule in p["spec"].get("egress") or []
        )
    ]
    if not closed:
        return None
    return Finding(
        f"The policy {names(found)} keeps the replicas from what they need outside: "
        f"{' and '.join(closed)} {'is' if len(closed) == 1 else 'are'} not open to them.",
        (
            f"no egress rule of it opens {' or '.join(closed)}",
            *symptoms,
            *([f"names outside: {bad[0].result}"] if bad else []),
        ),
        (
            _kubectl_get(facts, found[0], "edit"),
            "add egress rules: 53/UDP and 53/TCP to the upstreams "
            f"({', '.join(facts.upstreams) or 'of the nodes'}), and the API server's port",
        ),
        Scope(
            about(
                "workload",
                "health-pages",
                "outside-names",
                "loops",
            ),
            lambda cell: True,
        ),
    )


@cause("netpol-postdnat-port", "network-policy", leads_to=("dns-port-filtered",))
def post_dnat(facts: Facts) -> Finding | None:
    """The policy opens the port of the Service, but it is applied to that of the pods."""
    ports = endpoint_ports(facts.inventory, "UDP", 53)
    policies = [*isolating(facts, facts.namespaces, "Egress"), *of_replicas(facts, "Ingress")]
    silent = [t for t in facts.to_service() if not t.answered]
    if not policies or not ports or 53 in ports or not silent:
        return None
    target = sorted(ports)[0]
    closed = [
        p
        for p in policies
        if not any(
            opens(rule, target, "UDP")
            for rule in (p["spec"].get("egress") or []) + (p["spec"].get("ingress") or [])
        )
    ]
    if not closed:
        return None
    return Finding(
        f"The policy {names(closed)} opens port 53, but the replicas listen on {target}: policies "
        "are applied to the port of the pod.",
        (f"53/UDP of the Service leads to {target}",),
        (_kubectl_get(facts, closed[0], "edit"), f"open {target}/UDP and {target}/TCP too"),
        Scope(about("paths", "short-names"), lambda cell: cell.silent),
        "medium",
    )
