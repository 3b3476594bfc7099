"""Questions that run in circles: CoreDNS that asks itself."""

from clusterdns.clients.policies import is_loopback
from clusterdns.diagnosis.causes.coredns_pod import ALL_DEAD
from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.replica_resolv_conf import OF_PODS
from clusterdns.diagnosis.restarting import after_edit, restart, rolls, set_in_kubelet
from clusterdns.diagnosis.scopes import Scope, about, unanswered
from clusterdns.experiments.loops.restarts import LOOP_MESSAGE


@cause(
    "loop-detected",
    "coredns-pod",
    leads_to=("dns-svc-endpoints-notready", "oom", "loop-via-service", "upstream-unreachable"),
)
def loop_detected(facts: Facts) -> Finding | None:
    """CoreDNS stopped because its own question came back."""
    lines = facts.log_lines(LOOP_MESSAGE)
    if not lines:
        return None
    loops = _loopback_upstreams(facts) or _own_upstreams(facts)
    return Finding(
        "CoreDNS forwards to itself and stops on purpose: its upstream is "
        f"{', '.join(loops) or 'a resolver that asks it back'}.",
        (*lines, *facts.crashing[:3], *(f"upstream {a}: {why}" for a, why in loops.items())),
        (
            *_cure_of_loop(facts, loops),
            '# Do not take "loop" out of the Corefile: that hides it until memory runs out.',
        ),
        Scope(ALL_DEAD.topics, unanswered)
        if not facts.inventory.ready_pods
        else Scope(
            about(
                "loops",
                "workload",
                "corefile-advice",
                "outside-names",
                "upstream-outage",
                "health-pages",
                "default-policy",
                "paths",
            ),
            unanswered,
        ),
    )


def _loopback_upstreams(facts: Facts) -> dict[str, str]:
    return {a: why for a, why in facts.upstreams.items() if is_loopback(a)}


def _own_upstreams(facts: Facts) -> dict[str, str]:
    own = {*facts.inventory.cluster_ips, *(r.address for r in facts.inventory.replicas)}
    return {a: why for a, why in facts.upstreams.items() if a in own}


def _cure_of_loop(facts: Facts, loops: dict[str, str]) -> list[str]:
    of_pods = {why.removesuffix(OF_PODS).strip() for why in loops.values() if OF_PODS in why}
    if of_pods:
        setting = "dnsPolicy Default, and no nameserver of the cluster's own in dnsConfig"
        return [
            *rolls(facts),
            f"{facts.ks} edit {facts.workload or 'the workload of the replicas'}  # in "
            f"spec.template.spec: {setting} (now: {', '.join(sorted(of_pods))})",
        ]
    if any("Corefile" in why for why in loops.values()):
        edit = f"{facts.edit_corefile}  # forward . /etc/resolv.conf, or a resolver outside"
        return [edit, *after_edit(facts)]
    nodes = {pod["spec"].get("nodeName", "") for pod in facts.inventory.pods} - {""}
    first, _ = set_in_kubelet(
        nodes_in_words(nodes),
        "resolvConf: /run/systemd/resolve/resolv.conf (with systemd-resolved; else a file that "
        "names real resolvers)",
    )
    return [first, *restart(facts, "afterwards: resolv.conf is written when a pod starts")]


@cause(
    "loop-hidden",
    "coredns-pod",
    leads_to=(
        "oom",
        "max-concurrent",
        "upstream-unreachable",
        "upstream-refuses",
        "loop-via-service",
    ),
)
def loop_hidden(facts: Facts) -> Finding | None:
    """CoreDNS forwards to itself, and nothing looks for it."""
    reading = facts.reading
    if reading is None or reading.has("loop"):
        return None
    loops = _loopback_upstreams(facts)
    multiplied = facts.failed_about("multiplied-questions")
    logs = facts.log_lines(r"127\.0\.0\.\d+:\d+->127\.|concurrent queries exceeded maximum")
    if not loops and not multiplied:
        return None
    return Finding(
        "CoreDNS forwards to itself, and the plugin that would notice was taken out: names "
        "outside do not resolve, and each question is multiplied until memory runs out.",
        (
            "the Corefile has no loop",
            *(f"upstream {a}: {why}" for a, why in loops.items()),
            *(t.message.splitlines()[0][:200] for t in multiplied if t.message),
            *logs,
        ),
        (
            f"{facts.edit_corefile}  # put loop back, into the block that forwards",
            *_cure_of_loop(facts, loops),
        ),
        Scope(
            about(
                "loops",
                "corefile-advice",
                "plugin-loop",
                "outside-names",
                "paths",
                "replica-restarts",
            ),
            lambda cell: cell.silent or cell.rcode == "SERVFAIL",
        ),
        "high" if loops or logs else "medium",
    )


@cause("loop-via-service", "coredns-pod", leads_to=("upstream-unreachable", "max-concurrent"))
def loop_via_service(facts: Facts) -> Finding | None:
    """CoreDNS forwards to the DNS Service or a replica, or to somebody who does."""
    hits = _own_upstreams(facts)
    back = facts.failed_about("upstream-loop")
    if not hits and not back:
        return None
    return Finding(
        "CoreDNS forwards to the cluster's own DNS"
        f"{' (' + ', '.join(hits) + ')' if hits else ' by way of an upstream that asks back'}: "
        "questions for names outside go in a circle.",
        (
            *(f"upstream {a}: {why}" for a, why in hits.items()),
            *(t.message.splitlines()[0][:200] for t in back if t.message),
            *facts.log_lines(LOOP_MESSAGE + "|HINFO.*(timeout|SERVFAIL)"),
        ),
        tuple(_cure_of_loop(facts, hits))
        if any("Corefile" in why or OF_PODS in why for why in hits.values())
        else (
            "take the cluster's DNS out of the nodes' resolv.conf, or let the upstream not "
            "forward what it does not know to the cluster",
            *restart(facts, "where resolv.conf was changed: a pod gets it when it starts"),
        ),
        Scope(
            about(
                "loops",
                "corefile-advice",
                "default-policy",
                "workload",
                "outside-names",
            ),
            lambda cell: cell.silent or cell.rcode == "SERVFAIL",
        ),
    )
