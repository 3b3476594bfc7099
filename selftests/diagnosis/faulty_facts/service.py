"""Facts of a cluster whose DNS Service, or what kubelets tell of it, is wrong."""

from dataclasses import replace

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.rows import Talk
from clusterdns.inventory.shape import MANAGED_BY, SLICE_CONTROLLER
from clusterdns.resolvconf import ResolvConf
from selftests.diagnosis.edit_facts import (
    Change,
    edited,
    failing,
    inventory,
    no_endpoints,
)
from selftests.diagnosis.faulty_facts.places import READY, SERVICE, TOLD, to_service
from selftests.diagnosis.healthy_facts import (
    API_IP,
    DNS_IP,
    NODES,
    UPSTREAM,
    event,
)


def missing(facts: Facts) -> Facts:
    """The Service was deleted."""
    gone = to_service("timeout")(inventory(facts, service=None, slices=()))
    gone = replace(gone, services={API_IP: "default/kubernetes"})
    return failing(gone, f"{SERVICE}::test_service_has_a_cluster_ip", TOLD)


def selector(facts: Facts) -> Facts:
    """The selector matches nobody."""
    faulty = edited(facts, "service", lambda s: s["spec"].update(selector={"k8s-app": "coredns"}))
    faulty = to_service("refused")(no_endpoints(faulty))
    return failing(faulty, f"{SERVICE}::test_selector_matches_the_replicas")


def selector_gone(facts: Facts) -> Facts:
    """The Service has no selector any more, and its slices are those of before."""
    faulty = edited(facts, "service", lambda s: s["spec"].pop("selector", None))
    written = {MANAGED_BY: SLICE_CONTROLLER}
    slices = tuple(
        {**s, "metadata": {"name": "kube-dns-x", "labels": written}}
        for s in faulty.inventory.slices
    )
    return failing(
        inventory(faulty, slices=slices), f"{SERVICE}::test_selector_matches_the_replicas"
    )


def target_port(facts: Facts) -> Facts:
    """53/UDP leads to 5353."""
    faulty = edited(facts, "slices", lambda s: s[0]["ports"][0].update(port=5353))
    return failing(to_service("refused", "udp")(faulty))


def no_tcp(facts: Facts) -> Facts:
    """53/TCP is gone."""
    faulty = edited(facts, "service", lambda s: s["spec"]["ports"].pop(1))
    faulty = edited(faulty, "slices", lambda s: s[0]["ports"].pop(1))
    return failing(
        to_service("timeout", "tcp")(faulty), f"{SERVICE}::test_service_has_port[53-tcp]"
    )


def not_ready(facts: Facts) -> Facts:
    """No replica is ready, and nobody knows why."""

    def unready(pods: tuple[Manifest, ...]) -> None:
        for pod in pods:
            pod["status"]["conditions"][0]["status"] = "False"

    faulty = no_endpoints(edited(facts, "pods", unready))
    return failing(to_service("refused")(faulty), READY)


def told(nameservers: tuple[str, ...], *nodes: str) -> Change:
    """Pods on these nodes are told other nameservers."""

    def change(facts: Facts) -> Facts:
        wrong = {n: replace(facts.resolv_confs[n], nameservers=nameservers) for n in nodes}
        asked = [
            Talk("told", n, "nameserver", ns, "", "udp", "timeout")
            for n in nodes
            for ns in nameservers
            if ns != DNS_IP
        ]
        confs = {**facts.resolv_confs, **wrong}
        return failing(replace(facts, resolv_confs=confs, talks=(*facts.talks, *asked)), TOLD)

    return change


def no_cluster_dns(facts: Facts) -> Facts:
    """A kubelet without clusterDNS."""
    bare = ResolvConf((UPSTREAM,), (), frozenset({"ndots:0"}))
    return failing(replace(facts, resolv_confs={**facts.resolv_confs, "w2": bare}), TOLD)


def no_resolv_conf(facts: Facts) -> Facts:
    """The kubelet of w2 names a file that is not there."""
    why = "Failed to create pod sandbox: open /run/none/resolv.conf: no such file or directory"
    faulty = replace(
        facts,
        unprobed={"w2": why},
        events=(*(facts.events or ()), event("pod/probe-2", "FailedCreatePodSandBox", why)),
        talks=tuple(t for t in facts.talks if t.node != "w2"),
    )
    return failing(faulty, "tests/network/test_paths.py::test_every_node_starts_a_probe")


FAULTY: dict[str, tuple[str, Change]] = {
    "missing": ("dns-svc-missing", missing),
    "selector": ("dns-svc-selector-wrong", selector),
    "selector gone": ("dns-svc-selector-wrong", selector_gone),
    "target port": ("dns-svc-targetport-wrong", target_port),
    "no tcp": ("dns-svc-no-tcp", no_tcp),
    "not ready": ("dns-svc-endpoints-notready", not_ready),
    "told wrong": ("kubelet-clusterdns-wrong", told(("10.96.0.99",), "w2")),
    "told wrong everywhere": ("kubelet-clusterdns-wrong", told(("10.96.0.99",), *NODES)),
    "told two": ("musl-parallel-nameservers", told((DNS_IP, "10.244.2.7"), *NODES)),
    "told nothing": ("kubelet-clusterdns-missing", no_cluster_dns),
    "no resolv.conf": ("resolvconf-file-missing", no_resolv_conf),
}
