"""The node-local cache: told to pods, but not there or not well."""

from clusterdns.cluster import is_ready
from clusterdns.diagnosis.causes.client import TOLD, local_addresses
from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.restarting import one_pod, set_in_kubelet
from clusterdns.diagnosis.rows import Talk
from clusterdns.diagnosis.scopes import Scope, about
from clusterdns.inventory.cache_workloads import CacheWorkload, Sent


@cause("nodelocal-ipvs-clusterdns", "node-local", leads_to=("kubelet-clusterdns-wrong",))
def nobody_there(facts: Facts) -> Finding | None:
    """Pods are told the address of a node-local cache, and there is none."""
    local = local_addresses(facts)
    said = facts.inventory.told.answers  # a cache may run outside the API
    wrong = {
        node: [
            ns
            for ns in conf.nameservers
            if ns.startswith("169.254.") and ns not in {*local, *said.get(node, ())}
        ]
        for node, conf in facts.resolv_confs.items()
    }
    wrong = {node: told for node, told in wrong.items() if told}
    if not wrong or facts.node_local is None:
        return None
    ips = ", ".join(facts.inventory.cluster_ips) or "THE-CLUSTER-DNS-IP"
    return Finding(
        f"Pods on {nodes_in_words(set(wrong))} are told to ask a node-local cache, but none runs: "
        f"nobody listens on {', '.join(sorted({ns for told in wrong.values() for ns in told}))}.",
        (
            *(f"{node}: nameserver {' '.join(told)}" for node, told in wrong.items()),
            "no pod labelled k8s-app=node-local-dns listens on it",
        ),
        (
            "either install NodeLocal DNSCache, or:",
            *set_in_kubelet(nodes_in_words(set(wrong)), f"clusterDNS: [{ips}]"),
        ),
        Scope(TOLD),
        silent=lambda talk: talk.address in wrong.get(talk.node, ()),
    )


@cause("nodelocal-down", "node-local")
def down(facts: Facts) -> Finding | None:
    """The node-local cache of a node is not well, and what it set up is still there."""
    local, pods = local_addresses(facts), facts.node_local or ()
    if not local:
        return None
    unready = {p["spec"].get("nodeName", "") for p in pods if not is_ready(p)}
    have = {p["spec"].get("nodeName", "") for p in pods}
    nodes = unready | (set(facts.resolv_confs) - have)
    silent = {t.node for t in [*facts.said("told"), *facts.to_service()] if not t.answered} & nodes
    if not silent:
        return None
    return Finding(
        f"The node-local cache on {nodes_in_words(silent)} is down, and questions of pods there "
        "still go to it.",
        (
            f"{', '.join(sorted(local))} does not answer from {nodes_in_words(silent)}",
            f"node-local-dns on {nodes_in_words(silent)}: "
            + ("its pod is not ready" if silent & unready else "no pod of it runs"),
            *map(_numbers, facts.caches),
        ),
        (
            *(
                one_pod(facts, pod)
                for pod in pods
                if pod["spec"].get("nodeName") in silent and not is_ready(pod)
            ),
            *(
                f"{facts.kubectl} -n {one.namespace} describe daemonset/{one.name}  # why has it "
                "no ready pod there: nodeSelector, tolerations, events"
                for one in facts.caches
            ),
            f"on {nodes_in_words(silent)}: ip link show nodelocaldns  # as long as no cache runs "
            "and this is there, questions end in it",
        ),
        Scope(about("paths", *TOLD), lambda cell: cell.node in silent),
    )


def _numbers(one: CacheWorkload) -> str:
    chosen = ",".join(f"{key}={value}" for key, value in one.node_selector.items())
    only = f", on nodes labelled {chosen} alone" if chosen else ""
    return f"daemonset/{one.name} is to have {one.wanted} pods{only}; {one.ready} are ready"


@cause(
    "nodelocal-upstream",
    "node-local",
    leads_to=("upstream-unreachable", "upstream-one-dead", "kubelet-clusterdns-wrong"),
)
def gets_no_answer(facts: Facts) -> Finding | None:
    """A node-local cache runs, and gets no answer from where it sends some names."""
    for cache in facts.caches:
        if cache.ready and (failing := _failing(facts, cache)):
            return _not_answered(facts, cache, failing)
    return None


def _failing(facts: Facts, cache: CacheWorkload) -> dict[str, list[Talk]]:
    """What the cache does not answer and the replicas do, by the zone of its Corefile."""
    found = {}
    for zone, kind, of_replicas in (
        (f"{facts.domain}.", "told", "known"),
        (".", "told-outside", "outside"),
    ):
        said = [t for t in facts.said(kind) if t.address in cache.addresses]
        well = any(t.sound for t in facts.to_replicas(of_replicas))
        if said and well and not any(t.sound for t in said):
            found[zone] = said
    return found


def _not_answered(facts: Facts, cache: CacheWorkload, failing: dict[str, list[Talk]]) -> Finding:
    names = {f"{facts.domain}.": "names of the cluster", ".": "names outside"}
    zones = {one.zone for one in cache.sent}
    sent = [
        one
        for zone in failing
        for one in cache.sent
        if one.zone == (zone if zone in zones else ".")
    ]
    short = [one for one in sent if one.service and one.over_tcp and "53/TCP" not in one.ports]
    whom = ", ".join(dict.fromkeys(map(_whom, sent))) or "nobody that is known"
    ks = f"{facts.kubectl} -n {cache.namespace}"
    edit = (
        f"{ks} edit configmap/{cache.config_map}  # forward of "
        f"{', '.join(dict.fromkeys(one.zone for one in sent))}: name a server that answers the "
        "nodes"
    )
    talks = [talk for said in failing.values() for talk in said]
    return Finding(
        f"Pods ask the node-local cache {cache.namespace}/{cache.name}, which gets no answer for "
        f"{' and '.join(names[zone] for zone in failing)} from where it sends them, {whom}; the "
        "replicas of CoreDNS answer these.",
        (
            f"asked at {', '.join(cache.addresses)} for {' and '.join(names[z] for z in failing)}:"
            f" {', '.join(sorted({t.result for t in talks}))}",
            *(f"{one.zone} is sent to {_whom(one)}" for one in sent),
            *(
                f"service {one.service} has only {', '.join(one.ports)}, and the cache asks over "
                "TCP alone (force_tcp)"
                for one in short
            ),
        ),
        (*(map(_with_tcp, [facts] * len(short), short)), *([edit] if not short else [])),
        Scope(
            about("told-outside-names", "paths", *TOLD),
            lambda cell: cell.address in cache.addresses and not cell.denied,
        ),
        "high" if sent else "medium",
    )


def _whom(one: Sent) -> str:
    return f"{one.to} (service {one.service})" if one.service else one.to


def _with_tcp(facts: Facts, one: Sent) -> str:
    namespace, name = one.service.split("/")
    port = '{"name":"dns-tcp","protocol":"TCP","port":53,"targetPort":'
    patch = (
        f'[{{"op":"add","path":"/spec/ports/-","value":{port}{facts.inventory.replica_port}}}}}]'
    )
    return f"{facts.kubectl} -n {namespace} patch service/{name} --type=json -p '{patch}'"
