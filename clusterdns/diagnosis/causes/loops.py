"""Questions that run in circles: CoreDNS that asks itself."""

from clusterdns.clients.policies import is_loopback
from clusterdns.diagnosis.causes.coredns_pod import ALL_DEAD
from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.finding import Finding, Scope, cause, unanswered
from clusterdns.diagnosis.restarting import after_edit, restart, set_in_kubelet
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
    loops = _loopback_upstreams(facts)
    return Finding(
        "CoreDNS forwards to itself and stops on purpose: its upstream is "
        f"{', '.join(loops) or 'a resolver that asks it back'}.",
        (*lines, *facts.crashing[:3], *(f"upstream {a}: {why}" for a, why in loops.items())),
        (
            *_cure_of_loop(facts, loops),
            '# Do not take "loop" out of the Corefile: that hides it until memory runs out.',
        ),
        Scope(ALL_DEAD.names, unanswered)
        if not facts.inventory.ready_pods
        else Scope(
            (
                "network/test_loops.py::*",
                "network/test_dns_workload.py::*",
                "network/test_corefile.py::test_nothing*",
                "network/test_forwarding.py::*outside*",
                "network/test_replica*::*",
                "network/test_pod_resolv_conf.py::test_node_policy*",
                "network/test_path*::*",
            ),
            unanswered,
        ),
    )


def _loopback_upstreams(facts: Facts) -> dict[str, str]:
    return {a: why for a, why in facts.upstreams.items() if is_loopback(a)}


def _cure_of_loop(facts: Facts, loops: dict[str, str]) -> list[str]:
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
    multiplied = [t for t in facts.failed if "test_questions_do_not_multiply" in t.name]
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
            (
                "network/test_loops.py::*",
                "network/test_corefile.py::test_nothing*",
                "network/test_corefile.py::test_it_has_plugin(loop)",
                "network/test_forwarding.py::test_outside*",
                "network/test_path*::*",
                "network/test_dns_workload.py::test_no_replica_keeps*",
            ),
            lambda cell: cell.silent or "SERVFAIL" in cell.received,
        ),
        "high" if loops or logs else "medium",
    )


@cause("loop-via-service", "coredns-pod", leads_to=("upstream-unreachable", "max-concurrent"))
def loop_via_service(facts: Facts) -> Finding | None:
    """CoreDNS forwards to the DNS Service or a replica, or to somebody who does."""
    own = {*facts.inventory.cluster_ips, *(r.address for r in facts.inventory.replicas)}
    hits = {a: why for a, why in facts.upstreams.items() if a in own}
    back = [t for t in facts.failed if "test_no_upstream_asks_back" in t.name]
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
        (f"{facts.edit_corefile}  # forward to resolvers outside", *after_edit(facts))
        if any("Corefile" in why for why in hits.values())
        else (
            "take the cluster's DNS out of the nodes' resolv.conf, or let the upstream not "
            "forward what it does not know to the cluster",
            *restart(facts, "where resolv.conf was changed: a pod gets it when it starts"),
        ),
        Scope(
            (
                "network/test_loops.py::*",
                "network/test_corefile.py::test_nothing*",
                "network/test_pod_resolv_conf.py::test_node_policy*",
                "network/test_dns_workload.py::*",
                "network/test_forwarding.py::test_outside*",
            ),
            lambda cell: cell.silent or "SERVFAIL" in cell.received,
        ),
    )
