"""Facts of a cluster whose clients are served something odd."""

from dataclasses import replace

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.rows import Talk
from clusterdns.resolvconf import ResolvConf
from selftests.diagnosis.edit_facts import (
    NXDOMAIN,
    RIGHT,
    Change,
    cell,
    corefile,
    deviating,
    edited,
    failed,
    failing,
    no_answer,
    saying,
    trouble,
)
from selftests.diagnosis.faulty_facts.network import policy
from selftests.diagnosis.faulty_facts.places import COREFILE, PATHS, to_service
from selftests.diagnosis.faulty_facts.replicas import api_lost
from selftests.diagnosis.faulty_facts.service import told
from selftests.diagnosis.faulty_facts.upstream import no_upstream
from selftests.diagnosis.healthy_facts import DNS_IP, NODES, OURS

REPLICA = "pod/coredns-a (10.244.0.2)"


def other_family(facts: Facts) -> Facts:
    """The API server's endpoint has another family than its Service."""
    slices = ({**facts.api_slices[0], "addressType": "IPv6"},)
    return replace(api_lost(facts), api_slices=slices)


def cache_address(facts: Facts) -> Facts:
    """Pods are told a node-local cache that is not there."""
    return told(("169.254.20.10",), "w2")(facts)


def wildcard(facts: Facts) -> Facts:
    """A suffix of the nodes answers everything."""
    conf = facts.resolv_confs["w1"]
    confs = {n: replace(conf, search=(*conf.search, "corp.test")) for n in NODES}
    hit = Talk(
        "suffix", "w1", "pod/coredns-a", "10.244.0.2", "cp", "udp", "NOERROR", 1.0, 1, "corp.test"
    )
    faulty = replace(facts, resolv_confs=confs, talks=(*facts.talks, hit))
    name = "tests/network/test_search_path.py::test_short_name_ends_at_the_namespace"
    return failing(faulty, f"{name}[getent-ahosts]")


def reverse(facts: Facts) -> Facts:
    """Outside PTR questions are denied."""
    faulty = corefile(facts, "        fallthrough in-addr.arpa ip6.arpa\n", "")
    return deviating(faulty, f"{COREFILE}::test_nothing_in_it_is_likely_to_hurt")


def limits(words: str) -> Change:
    """The kubelet cuts a node's resolv.conf."""

    def change(facts: Facts) -> Facts:
        name = "tests/network/test_node_resolver.py::test_node_resolv_conf_is_within_the_limits"
        message = f"w1: {words} limits were exceeded, some were omitted"
        return replace(facts, troubles=(trouble(name, "deviation", message),))

    return change


def other_ip_family(facts: Facts) -> Facts:
    """Pods are told an IPv6 address, the Service has none."""
    return told(("fd00::a",), *NODES)(facts)


def dot(facts: Facts) -> Facts:
    """A single dot in the search list."""
    conf = facts.resolv_confs["w1"]
    confs = {**facts.resolv_confs, "w1": replace(conf, search=(*conf.search, "."))}
    name = "tests/network/test_pod_resolv_conf.py::test_search_list_is_the_clusters[cluster-first]"
    return failing(replace(facts, resolv_confs=confs), name)


def denied_new_names(facts: Facts) -> Facts:
    """Replicas deny what was made during the run."""
    names, server = [f"web{n}.{OURS}.svc.cluster.local. A" for n in range(3)], REPLICA
    cells = [cell(name, n, server, "udp", RIGHT, NXDOMAIN) for n in NODES for name in names]
    name = "tests/dns/test_cluster_ip_service.py::test_address_is_the_cluster_ip[udp-A]"
    return failed(facts, name, *cells)


def empty_ignored(facts: Facts) -> Facts:
    """The Corefile takes Services without pods away."""
    text = "        ttl 30\n"
    faulty = corefile(facts, text, f"{text}        ignore empty_service\n")
    return denied_new_names(faulty)


def other_port(facts: Facts) -> Facts:
    """Replicas listen on 5353, the policy opens 53."""

    def edit(workload: Manifest) -> None:
        for port in workload["spec"]["template"]["spec"]["containers"][0]["ports"]:
            port["containerPort"] = 5353

    faulty = edited(corefile(facts, ".:53 {", ".:5353 {"), "workload", edit)

    def lead(slices: tuple[Manifest, ...]) -> None:
        for port in slices[0]["ports"][:2]:
            port.update(port=5353)

    faulty = edited(faulty, "slices", lead)
    rule = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    spec = {
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        "policyTypes": ["Ingress"],
        "ingress": [rule],
    }
    faulty = replace(faulty, policies=(policy("kube-system", spec),))
    return failing(saying(faulty, lambda t: None if t.kind == "upstream" else "timeout"), PATHS)


def overlapping(facts: Facts) -> Facts:
    """The nodes' resolver has an address of the pods' range."""
    conf = ResolvConf(("10.244.2.253",), (), frozenset())
    faulty = no_upstream(replace(facts, node_confs=dict.fromkeys(NODES, conf)))
    talks = tuple(
        replace(t, address="10.244.2.253") if t.kind == "upstream" else t for t in faulty.talks
    )
    return replace(faulty, talks=talks)


def upstream_in_a_pod(facts: Facts) -> Facts:
    """The resolver is a pod of the cluster, and silent."""
    return replace(overlapping(facts), pods_at={"10.244.2.253": "dns/resolver-0"})


def with_cache(facts: Facts, ready: bool = True) -> Facts:
    """A node-local cache on each node; that of w2 may be faulty."""
    pods = tuple(
        {
            "metadata": {"name": f"node-local-dns-{n}"},
            "spec": {
                "nodeName": n,
                "containers": [{"args": ["-localip", f"169.254.20.10,{DNS_IP}"]}],
            },
            "status": {
                "conditions": [
                    {"type": "Ready", "status": "True" if ready or n != "w2" else "False"}
                ]
            },
        }
        for n in NODES
    )
    return replace(facts, node_local=pods)


def faulty_cache(facts: Facts) -> Facts:
    """The cache of w2 is down, and the Service's address is its own there."""
    return failing(to_service("timeout", node="w2")(with_cache(facts, ready=False)), PATHS)


def stuck_proxy(facts: Facts) -> Facts:
    """kube-proxy of w2 hangs."""
    return failing(to_service("timeout", node="w2")(facts), PATHS)


def large_buffers(facts: Facts) -> Facts:
    """Questions with a large EDNS buffer are dropped."""
    cells = [cell("web. A", n, REPLICA, "udp", RIGHT, no_answer("timeout")) for n in NODES]
    name = "tests/dns/test_edns.py::test_question_is_answered_with[udp-4096]"
    return failed(facts, name, *cells)


def long_denials(facts: Facts) -> Facts:
    """Denials are kept for half an hour."""
    block = "    cache 30 {\n        disable success cluster.local\n"
    faulty = corefile(
        facts, f"{block}        disable denial cluster.local\n    }}\n", "cache 900\n"
    )
    name = f"{COREFILE}::test_nothing_in_it_is_likely_to_hurt"
    return replace(
        faulty, troubles=(trouble(name, "deviation", "a Service stays unknown for 900 s"),)
    )


FAULTY: dict[str, tuple[str, Change]] = {
    "api family": ("api-family-mismatch", other_family),
    "cache address": ("nodelocal-ipvs-clusterdns", cache_address),
    "wildcard": ("wildcard-search-domain", wildcard),
    "nameservers": ("nameserver-limit", limits("Nameserver")),
    "suffixes": ("search-list-truncated", limits("Search Line")),
    "other family": ("dns-svc-family", other_ip_family),
    "dot": ("search-dot-musl", dot),
    "frozen": ("watch-frozen", denied_new_names),
    "empty ignored": ("ignore-empty-service", empty_ignored),
    "other port": ("netpol-postdnat-port", other_port),
    "overlap": ("pod-cidr-overlap", overlapping),
    "upstream in a pod": ("upstream-unreachable", upstream_in_a_pod),
    "faulty cache": ("nodelocal-down", faulty_cache),
    "stuck proxy": ("kube-proxy-stuck-node", stuck_proxy),
    "large buffers": ("edns-large-dropped", large_buffers),
    "long denials": ("denial-too-long", long_denials),
    "reverse": ("reverse-no-fallthrough", reverse),
}
