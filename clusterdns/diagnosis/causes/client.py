"""What pods are told to ask: the kubelet's configuration and the nodes' own resolv.conf."""

from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.restarting import KUBELET, set_in_kubelet
from clusterdns.diagnosis.scopes import Scope, about, both, other_than
from clusterdns.inventory.arguments import words_of
from clusterdns.inventory.node_local import local_ips
from clusterdns.inventory.shape import seen_to_serve
from clusterdns.report.cell import Cell
from clusterdns.resolvconf import ResolvConf

TOLD = about(
    "told-nameserver",
    "pod-resolv-conf",
    "short-names",
    "ndots",
)


def local_addresses(facts: Facts) -> set[str]:
    """What node-local caches listen on."""
    found = {ip for cache in facts.caches for ip in cache.addresses}
    for pod in facts.node_local or ():
        for container in pod["spec"]["containers"]:
            found |= set(local_ips(words_of(container)))
    return found


def odd_nodes(facts: Facts) -> dict[str, ResolvConf]:
    """The nodes whose pods are told an address that is neither the Service's nor a cache's.

    Nor is it that of somebody who was seen to know the cluster's names.
    """
    known = {*facts.inventory.cluster_ips, *local_addresses(facts)}
    serving = seen_to_serve(facts.inventory)
    return {
        node: conf
        for node, conf in facts.resolv_confs.items()
        if not (right := known.union(serving.get(node, ()))) & set(conf.nameservers)
        or set(conf.nameservers) - right
    }


def of_cluster(conf: ResolvConf) -> bool:
    """Whether the kubelet wrote the cluster's search list."""
    return bool(conf.cluster_domain)


@cause("kubelet-clusterdns-wrong", "kubelet")
def cluster_dns_wrong(facts: Facts) -> Finding | None:
    """A kubelet tells pods a nameserver that is not the DNS Service."""
    ips = facts.inventory.cluster_ips
    wrong = {n: c for n, c in odd_nodes(facts).items() if of_cluster(c) and c.nameservers}
    families = {":" in ip for ip in ips}
    wrong = {
        node: conf
        for node, conf in wrong.items()
        if not any(ns.startswith("169.254.") for ns in conf.nameservers)
        and not set(ips) & set(conf.nameservers)
        and any((":" in ns) in families for ns in conf.nameservers)
    }
    if not ips or not wrong:
        return None
    talks = [t for t in facts.said("told") if t.node in wrong]
    silent = [t for t in talks if not t.answered]
    everywhere = set(wrong) == set(facts.resolv_confs) and len(wrong) > 1
    told = "; ".join(f"{node}: {' '.join(conf.nameservers)}" for node, conf in wrong.items())
    evidence = [f"told to ask: {told}", f"the DNS Service has {', '.join(ips)}"]
    if silent:
        evidence.append(
            f"{silent[0].address} does not answer from there ({silent[0].result}); the Service "
            f"does: {_answers_from(facts, set(wrong))}"
        )
    if everywhere:
        evidence.append("it is so on every node: the Service may have been made anew")
    return Finding(
        f"The kubelet on {nodes_in_words(set(wrong))} tells pods to ask "
        f"{', '.join(sorted({ns for c in wrong.values() for ns in c.nameservers} - set(ips)))}, "
        f"which is not the cluster's DNS ({', '.join(ips)}).",
        tuple(evidence),
        set_in_kubelet(nodes_in_words(set(wrong)), f"clusterDNS: [{', '.join(ips)}]"),
        Scope(TOLD),
        tell_apart="if the Service was made anew with another cluster IP, give it the old one"
        if everywhere
        else "",
    )


def _answers_from(facts: Facts, nodes: set[str]) -> str:
    talks = [t for t in facts.to_service() if t.node in nodes]
    return f"{sum(t.answered for t in talks)} of {len(talks)} questions answered"


@cause("kubelet-clusterdns-missing", "kubelet")
def cluster_dns_missing(facts: Facts) -> Finding | None:
    """A kubelet has no clusterDNS, so that ClusterFirst silently means the node's own resolvers."""
    bare = {n: c for n, c in facts.resolv_confs.items() if not of_cluster(c)}
    events = facts.events_with("MissingClusterDNS")
    if not bare:
        return None
    told = "; ".join(f"{node}: {conf}" for node, conf in list(bare.items())[:3])
    right = ", ".join(facts.inventory.cluster_ips) or "THE-CLUSTER-DNS-IP"
    return Finding(
        f"Pods on {nodes_in_words(set(bare))} get the node's own resolv.conf instead of the "
        "cluster's: the kubelet has no clusterDNS.",
        (f"without a search list of the cluster: {told}", *events),
        set_in_kubelet(
            nodes_in_words(set(bare)), f"clusterDNS: [{right}] and clusterDomain: {facts.domain}"
        ),
        Scope(TOLD),
        "high",
    )


@cause("kubelet-clusterdomain-wrong", "kubelet")
def cluster_domain_wrong(facts: Facts) -> Finding | None:
    """A kubelet gives pods another search list than those of the other nodes."""
    zones = (
        {z for one in facts.reading.all_kubernetes() for z in one.zones} if facts.reading else ()
    )
    told = {node: conf.cluster_domain for node, conf in facts.resolv_confs.items()}
    wrong = {node: domain for node, domain in told.items() if domain and f"{domain}." not in zones}
    right = {domain for domain in told.values() if f"{domain}." in zones}
    if not wrong or not right:
        return None
    where = nodes_in_words(set(wrong))
    return Finding(
        f"The kubelet on {where} has clusterDomain {', '.join(sorted(set(wrong.values())))}, but "
        f"CoreDNS serves {', '.join(sorted(right))}: short names do not resolve in pods there.",
        (
            *(f"search list on {node}: svc.{domain}" for node, domain in sorted(wrong.items())),
            f"kubernetes {' '.join(sorted(zones))} in the Corefile",
        ),
        set_in_kubelet(where, f"clusterDomain: {min(right)}"),
        Scope(TOLD, lambda cell: cell.node in wrong),
    )


@cause("resolvconf-file-missing", "kubelet", leads_to=("scaled-or-pending", "no-cni"))
def no_resolv_conf(facts: Facts) -> Finding | None:
    """The kubelet names a resolv.conf that is not on its node."""
    pattern = r"(?i)sandbox.*(open|stat) \S*resolv\S*: no such file|resolv\.conf: no such file"
    found = facts.events_with(pattern)
    if not found or not (facts.unready or facts.unprobed):
        return None
    return Finding(
        "Pods with dnsPolicy Default, CoreDNS among them, cannot start on some node: the file that "
        "its kubelet has for resolvConf does not exist.",
        tuple(found),
        (
            f"on that node: set resolvConf: /etc/resolv.conf in {KUBELET} (with systemd-resolved: "
            "/run/systemd/resolve/resolv.conf), then: systemctl restart kubelet",
            "the kubelet then starts the pods that wait by itself",
        ),
        Scope(
            about(*TOLD, "workload", other_than("cluster-names")),
            lambda cell: cell.silent or cell.of_service,
        )
        if not facts.inventory.ready_pods
        else Scope(
            about(
                *TOLD,
                "workload",
                "loops",
                "paths",
            )
        ),
    )


@cause("wildcard-search-domain", "client")
def wildcard(facts: Facts) -> Finding | None:
    """A search suffix of the nodes has a wildcard record, which answers for every name."""
    hits = [t for t in facts.said("suffix") if t.result == "NOERROR" and t.records]
    if not hits:
        return None
    suffixes = sorted({hit.below for hit in hits})
    return Finding(
        f"A name that nobody has resolves below {' or '.join(suffixes)}: the "
        "nodes' search list has a wildcard record, which answers before the real name is asked.",
        (
            f"a made-up name below it: {hits[0].result} with {hits[0].records} records",
            f"pods search {' '.join(facts.host_suffixes)} (from the nodes), with ndots:5",
        ),
        (
            f"take {' '.join(suffixes)} out of the search list of the nodes "
            f"(or give the kubelets another resolvConf in {KUBELET}); pods have it once their "
            "workloads were rolled out anew",
            "meanwhile: write outside names with a final dot, or dnsConfig ndots:1 in the pods",
        ),
        Scope(about("short-names", "node-search-domains"), _outside),
    )


def _outside(cell: Cell) -> bool:
    return cell.rcode == "NOERROR" and cell.wanted_rcode == "NXDOMAIN"


@cause("search-dot-musl", "client")
def search_dot(facts: Facts) -> Finding | None:
    """A single dot in the search list, which musl cannot read."""
    nodes = {n for n, c in facts.resolv_confs.items() if "." in c.search}
    if not nodes:
        return None
    return Finding(
        f"Pods on {nodes_in_words(nodes)} have a single dot in their search list: programs with "
        "musl (Alpine) resolve nothing with it.",
        tuple(f"{node}: search {' '.join(facts.resolv_confs[node].search)}" for node in nodes),
        ('take "search ." out of the nodes\' resolv.conf; kubelet 1.25.1 and later drop it',),
        Scope(about(both("short-names", "musl"), "pod-resolv-conf")),
    )


@cause("musl-parallel-nameservers", "client")
def several_nameservers(facts: Facts) -> Finding | None:
    """Pods have several nameservers that do not know the same names."""
    ips, serving = set(facts.inventory.cluster_ips), seen_to_serve(facts.inventory)
    right = ips | local_addresses(facts)
    wrong = {
        node: conf.nameservers
        for node, conf in facts.resolv_confs.items()
        if ips & set(conf.nameservers)
        and set(conf.nameservers) - right.union(serving.get(node, ()))
    }
    others = [t for t in facts.said("told") if t.node in wrong]
    if not wrong or not others:
        return None
    return Finding(
        f"Pods on {nodes_in_words(set(wrong))} have a second nameserver that does not know the "
        "cluster's names; musl takes whichever answers first.",
        (
            *(f"{node}: nameserver {' '.join(told)}" for node, told in wrong.items()),
            *(f"{t.address} says {t.result} to a name of the cluster" for t in others[:2]),
        ),
        set_in_kubelet(nodes_in_words(set(wrong)), f"clusterDNS: [{', '.join(sorted(ips))}]"),
        Scope(TOLD),
    )


def cut_at_limits(facts: Facts, words: str) -> list[str]:
    """What the kubelets of this run's own pods cut; older events say nothing about now."""
    told = facts.troubles_about("resolv-conf-limits")
    return [line[:300] for t in told for line in t.message.splitlines() if words in line][:3]


@cause("search-list-truncated", "client")
def search_truncated(facts: Facts) -> Finding | None:
    """The kubelet cut the nodes' search list."""
    found = cut_at_limits(facts, "Search Line limits")
    if not found:
        return None
    return Finding(
        "The search list of a node is longer than the kubelet takes: names below the last suffixes "
        "are not found by their short form. Images with musl take none of a list that is longer "
        "than 255 characters: they find no short name at all.",
        tuple(found),
        (
            "shorten the search list in the nodes' resolv.conf to what fits beside the cluster's "
            "three suffixes: 32 in all, of 2048 characters (6 of 256 before Kubernetes 1.28)",
        ),
        Scope(about("resolv-conf-limits", *TOLD)),
    )


@cause("nameserver-limit", "client")
def nameservers_cut(facts: Facts) -> Finding | None:
    """A node has more nameservers than the three that are used."""
    found = cut_at_limits(facts, "Nameserver limits")
    if not found:
        return None
    return Finding(
        "A node has more than three nameservers: the others are never asked.",
        tuple(found),
        ("leave three nameservers in the nodes' resolv.conf, each of which knows all names",),
        Scope(about("resolv-conf-limits", "pod-resolv-conf")),
    )
