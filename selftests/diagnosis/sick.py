"""Facts of sick clusters, made by hand: what the looks would have brought under each cause."""

from collections.abc import Mapping
from dataclasses import replace

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.rows import Cell, Contact, PathLoss, Talk, Trouble
from clusterdns.searching.resolvconf import ResolvConf
from selftests.diagnosis.studio import (
    API_IP,
    DNS_IP,
    NODES,
    OURS,
    UPSTREAM,
    Change,
    corefile,
    crashing,
    deviating,
    edited,
    event,
    failing,
    inventory,
    no_endpoints,
    saying,
    touching,
)

SERVICE = "tests/network/test_dns_service.py"
COREFILE = "tests/network/test_corefile.py"
WORKLOAD = "tests/network/test_dns_workload.py"
READY = f"{WORKLOAD}::test_wanted_replicas_are_ready"
PATHS = "tests/network/test_paths.py::test_path_answers[udp]"
LOOPS = "tests/network/test_loops.py"
TOLD = f"{SERVICE}::test_pods_on_every_node_ask_the_service"


def to_service(result: str, transport: str = "", node: str = "") -> Change:
    """What is asked of the Service comes to this."""

    def rule(talk: Talk) -> str | None:
        fits = talk.server.startswith("service/") and talk.transport.startswith(transport)
        return result if fits and talk.node.startswith(node) else None

    return lambda facts: saying(facts, rule)


def missing(facts: Facts) -> Facts:
    """The Service was deleted."""
    gone = to_service("timeout")(inventory(facts, service=None, slices=()))
    gone = replace(gone, services={API_IP: "default/kubernetes"})
    return failing(gone, f"{SERVICE}::test_service_has_a_cluster_ip", TOLD)


def selector(facts: Facts) -> Facts:
    """The selector matches nobody."""
    sick = edited(facts, "service", lambda s: s["spec"].update(selector={"k8s-app": "coredns"}))
    sick = to_service("refused")(no_endpoints(sick))
    return failing(sick, f"{SERVICE}::test_selector_matches_the_replicas")


def target_port(facts: Facts) -> Facts:
    """53/UDP leads to 5353."""
    sick = edited(facts, "slices", lambda s: s[0]["ports"][0].update(port=5353))
    return failing(to_service("refused", "udp")(sick))


def no_tcp(facts: Facts) -> Facts:
    """53/TCP is gone."""
    sick = edited(facts, "service", lambda s: s["spec"]["ports"].pop(1))
    sick = edited(sick, "slices", lambda s: s[0]["ports"].pop(1))
    return failing(to_service("timeout", "tcp")(sick), f"{SERVICE}::test_service_has_port[53-tcp]")


def not_ready(facts: Facts) -> Facts:
    """No replica is ready, and nobody knows why."""

    def unready(pods: tuple[Manifest, ...]) -> None:
        for pod in pods:
            pod["status"]["conditions"][0]["status"] = "False"

    sick = no_endpoints(edited(facts, "pods", unready))
    return failing(to_service("refused")(sick), READY)


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
    sick = replace(
        facts,
        unprobed={"w2": why},
        events=(*(facts.events or ()), event("pod/probe-2", "FailedCreatePodSandBox", why)),
        talks=tuple(t for t in facts.talks if t.node != "w2"),
    )
    return failing(sick, "tests/network/test_paths.py::test_every_node_starts_a_probe")


def kube_proxy_down(facts: Facts) -> Facts:
    """No cluster IP works on w2."""
    sick = touching(
        to_service("timeout", node="w2")(facts),
        lambda c: "timeout" if (c.what, c.node) == ("api-service", "w2") else None,
    )
    proxies = tuple(p for p in facts.kube_proxies or () if p["spec"]["nodeName"] != "w2")
    return failing(replace(sick, kube_proxies=proxies), PATHS)


def cut(node: str, result: str = "timeout") -> Change:
    """Pods of one node reach no pod of another, and none of theirs it."""

    def between(here: str, there: str) -> bool:
        return bool(there) and here != there and node in (here, there)

    def change(facts: Facts) -> Facts:
        sick = saying(facts, lambda t: result if between(t.node, t.server_node) else None)
        sick = to_service(result, node=node)(sick)
        sick = touching(sick, lambda c: result if between(c.node, c.server_node) else None)
        return failing(sick, PATHS)

    return change


def deaf_replica(facts: Facts) -> Facts:
    """One replica gets no questions, but shows its pages."""
    return failing(
        saying(facts, lambda t: "timeout" if t.server == "pod/coredns-a" else None), PATHS
    )


def forwards_nothing(facts: Facts) -> Facts:
    """Pods on w2 reach nothing outside it."""
    sick = saying(facts, lambda t: "timeout" if t.node == "w2" else None)
    sick = touching(sick, lambda c: "timeout" if c.node == "w2" else None)
    return failing(sick, PATHS)


def udp_of_service(facts: Facts) -> Facts:
    """UDP to the Service is lost on w2."""
    return failing(to_service("timeout", "udp", "w2")(facts), PATHS)


def udp_dead(facts: Facts) -> Facts:
    """All DNS over UDP is lost."""
    dead = saying(
        facts,
        lambda t: "timeout" if t.transport == "udp" and t.kind != "upstream" else None,
    )
    return failing(dead, PATHS)


def large_lost(facts: Facts) -> Facts:
    """Large packets to one replica's node are lost."""

    def rule(contact: Contact) -> str | None:
        lost = (contact.what, contact.server) == ("/metrics", "pod/coredns-a")
        return "timeout after 1208 octets" if lost and contact.node != "cp" else None

    name = "tests/network/test_replica_endpoints.py::test_replica_shows_metrics"
    return failing(touching(facts, rule), name)


def lossy(facts: Facts) -> Facts:
    """Three of a hundred UDP packets from w2 are lost."""
    paths = tuple(
        PathLoss(p.node, p.server, p.transport, 300, 12, 12, True)
        if (p.node, p.transport) == ("w2", "udp")
        else p
        for p in facts.paths
    )
    name = "tests/network/test_paths.py::test_path_loses_nothing[udp]"
    return failing(replace(facts, paths=paths), name)


def lossy_link(facts: Facts) -> Facts:
    """The same with TCP, where a lost segment is sent again and comes late."""
    sick = lossy(facts)
    paths = tuple(
        replace(p, sent=300, late=12) if (p.node, p.transport) == ("w2", "tcp") else p
        for p in sick.paths
    )
    return failing(
        replace(sick, paths=paths), "tests/network/test_paths.py::test_path_is_in_time[tcp]"
    )


def stale_bridge(facts: Facts) -> Facts:
    """A replica has an address of an old bridge."""

    def move(pods: tuple[Manifest, ...]) -> None:
        pods[0]["status"].update(podIP="10.88.0.4", podIPs=[{"ip": "10.88.0.4"}])

    return failing(cut("cp")(edited(facts, "pods", move)), READY)


def no_network(facts: Facts) -> Facts:
    """No network plug-in: replicas wait."""

    def wait(pods: tuple[Manifest, ...]) -> None:
        for pod in pods:
            pod["status"].update(phase="Pending", podIPs=[], conditions=[], containerStatuses=[])

    def unready(nodes: tuple[Manifest, ...]) -> None:
        for node in nodes:
            node["status"]["conditions"] = [
                {
                    "type": "Ready",
                    "status": "False",
                    "message": "container runtime network not ready: NetworkReady=false "
                    "reason:NetworkPluginNotReady message:cni plugin not initialized",
                }
            ]

    sick = edited(edited(no_endpoints(facts), "pods", wait), "nodes", unready)
    sick = replace(sick, talks=(), contacts=(), resolv_confs={}, unprobed={}, logs={}, metrics={})
    return failing(sick, READY)


def policy(namespace: str, spec: Mapping[str, object]) -> Manifest:
    """A NetworkPolicy."""
    return {"metadata": {"name": "shut", "namespace": namespace}, "spec": dict(spec)}


def egress_denied(facts: Facts) -> Facts:
    """Our namespace may send nothing."""
    shut = policy(OURS, {"podSelector": {}, "policyTypes": ["Egress"]})
    sick = saying(replace(facts, policies=(shut,)), lambda t: "timeout")
    return failing(touching(sick, lambda c: "timeout"), PATHS)


def ingress_shut(facts: Facts) -> Facts:
    """The replicas hear only their own namespace."""
    spec = {
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": {}}]}],
    }
    shut = policy("kube-system", spec)
    sick = saying(
        replace(facts, policies=(shut,)), lambda t: None if t.kind == "upstream" else "timeout"
    )
    return failing(touching(sick, lambda c: "timeout" if c.what.startswith("/") else None), PATHS)


def egress_of_replicas(facts: Facts) -> Facts:
    """The replicas may send nothing."""
    spec = {
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        "policyTypes": ["Egress"],
        "egress": [{"to": [{"podSelector": {}}], "ports": [{"port": 9153}]}],
    }
    return no_upstream(replace(facts, policies=(policy("kube-system", spec),)), direct="NOERROR")


def outside(result: str, kind: str = "outside") -> Change:
    """A name outside comes to this, whoever is asked."""
    return lambda facts: saying(facts, lambda t: result if t.kind.startswith(kind) else None)


def no_upstream(facts: Facts, direct: str = "timeout") -> Facts:
    """The upstream does not answer."""
    sick = outside("SERVFAIL")(facts)
    return failing(saying(sick, lambda t: direct if t.kind == "upstream" else None))


def second_upstream(facts: Facts) -> Facts:
    """Another upstream, which is dead."""
    sick = corefile(facts, "forward . /etc/resolv.conf", f"forward . {UPSTREAM} 192.0.2.1")
    dead = [Talk("upstream", n, "upstream", "192.0.2.1", "", "udp", "timeout") for n in NODES]
    sick = replace(sick, talks=(*sick.talks, *dead))
    sick = replace(
        sick,
        talks=tuple(
            replace(t, ms=2400.0) if (t.kind, t.node) == ("outside", "w2") else t
            for t in sick.talks
        ),
    )
    return failing(sick, "tests/network/test_forwarding.py::test_outside_name_is_in_time")


def slow_upstream(facts: Facts) -> Facts:
    """The upstream answers after 3 s."""
    late = tuple(replace(t, ms=3000.0) if t.kind == "upstream" else t for t in facts.talks)
    return failing(outside("SERVFAIL", "outside")(replace(facts, talks=late)))


def refusing_upstream(facts: Facts) -> Facts:
    """The upstream refuses."""
    return no_upstream(facts, direct="REFUSED")


def udp_only_upstream(facts: Facts) -> Facts:
    """The upstream takes no TCP."""

    def rule(talk: Talk) -> str | None:
        return "timeout" if (talk.kind, talk.transport) == ("upstream", "tcp") else None

    name = "tests/network/test_forwarding.py::test_outside_name_resolves_as_on_the_node[tcp]"
    return failing(saying(facts, rule), name)


def v6_upstream(facts: Facts) -> Facts:
    """An upstream with an IPv6 address."""
    sick = corefile(facts, "forward . /etc/resolv.conf", f"forward . {UPSTREAM} [2001:db8::53]")
    line = "[ERROR] plugin/errors: 2 x. A: dial udp [2001:db8::53]:53: connect: network is "
    return failing(
        replace(sick, logs={"coredns-a": f"{line}unreachable\n"}),
        "tests/network/test_forwarding.py::test_outside_name_resolves_as_on_the_node[udp]",
    )


def no_aaaa(facts: Facts) -> Facts:
    """AAAA of names outside is SERVFAIL."""
    sick = outside("SERVFAIL", "outside-aaaa")(facts)
    name = "tests/network/test_node_resolver.py::test_every_upstream_answers[udp-AAAA]"
    return deviating(sick, name)


def overflow(facts: Facts) -> Facts:
    """The upstream sends too much."""
    log = "[ERROR] plugin/errors: 2 big. A: dns: overflowing header size\n"
    name = "tests/network/test_forwarding.py::test_outside_name_resolves_as_on_the_node[udp]"
    return failing(replace(facts, logs={"coredns-a": log}), name)


def throttled(facts: Facts) -> Facts:
    """Too many questions wait."""
    log = "[ERROR] plugin/errors: 2 x. A: concurrent queries exceeded maximum 1000\n"
    sick = outside("REFUSED")(facts)
    return failing(replace(sick, logs={"coredns-a": log}))


LOOP = '[FATAL] plugin/loop: Loop (127.0.0.1:51022 -> :53) detected for zone ".", see ...'


def loop(facts: Facts) -> Facts:
    """CoreDNS forwards to itself and stops."""
    sick = corefile(facts, "forward . /etc/resolv.conf", "forward . 127.0.0.1")
    return failing(crashing(sick, LOOP), READY, f"{LOOPS}::test_no_replica_has_died_of_a_loop")


def hidden_loop(facts: Facts) -> Facts:
    """The same without the plug-in."""
    text = facts.inventory.corefile_text or ""
    text = text.replace("forward . /etc/resolv.conf", "forward . 127.0.0.1").replace("loop\n", "\n")
    sick = outside("REFUSED")(inventory(facts, corefile_text=text))
    return failing(sick, f"{LOOPS}::test_no_replica_asks_itself")


def loop_through_service(facts: Facts) -> Facts:
    """CoreDNS forwards to its own Service."""
    sick = corefile(facts, "forward . /etc/resolv.conf", f"forward . {DNS_IP}")
    sick = outside("SERVFAIL")(sick)
    return failing(sick, f"{LOOPS}::test_no_replica_asks_the_cluster_dns")


def bad_syntax(facts: Facts) -> Facts:
    """A brace is missing, and the replicas were restarted."""
    text = (facts.inventory.corefile_text or "").rstrip().removesuffix("}")
    log = "/etc/coredns/Corefile:20 - Error during parsing: Unexpected EOF"
    sick = inventory(crashing(facts, log), corefile_text=text)
    return failing(sick, READY, f"{COREFILE}::test_corefile_can_be_read")


def latent(facts: Facts) -> Facts:
    """A brace is missing, and nobody has restarted anything yet."""
    text = (facts.inventory.corefile_text or "").rstrip().removesuffix("}")
    log = "[ERROR] plugin/reload: Corefile changed but reload failed: starting with listener"
    sick = replace(inventory(facts, corefile_text=text), logs={"coredns-a": log})
    return failing(sick, f"{COREFILE}::test_corefile_can_be_read")


def removed(facts: Facts) -> Facts:
    """The Corefile has a plug-in of long ago."""
    sick = corefile(facts, "forward . /etc/resolv.conf", "proxy . /etc/resolv.conf")
    sick = crashing(
        sick, "/etc/coredns/Corefile:13 - Error during parsing: Unknown directive 'proxy'"
    )
    return failing(sick, READY, f"{COREFILE}::test_running_version_would_start_with_it")


def other_zone(facts: Facts) -> Facts:
    """CoreDNS serves another zone."""
    sick = corefile(facts, "kubernetes cluster.local", "kubernetes other.local")
    sick = saying(sick, lambda t: "SERVFAIL" if t.kind in ("known", "absent") else None)
    return failing(sick, f"{COREFILE}::test_it_serves_the_cluster_domain")


def no_reload(facts: Facts) -> Facts:
    """Nothing notices a change."""
    return deviating(corefile(facts, "    reload\n", ""), f"{COREFILE}::test_it_has_plugin[reload]")


def no_forward(facts: Facts) -> Facts:
    """Nothing is forwarded."""
    block = "    forward . /etc/resolv.conf {\n        max_concurrent 1000\n    }\n"
    sick = outside("SERVFAIL")(corefile(facts, block, ""))
    return failing(sick, f"{COREFILE}::test_it_forwards_what_is_not_its_own")


def no_ready_plugin(facts: Facts) -> Facts:
    """The page of the readiness probe is not there."""
    sick = not_ready(corefile(facts, "    ready\n", ""))
    return touching(sick, lambda c: "refused" if c.what == "/ready" else None)


def wrong_probe(facts: Facts) -> Facts:
    """Readiness is judged by /health."""

    def edit(workload: Manifest) -> None:
        container = workload["spec"]["template"]["spec"]["containers"][0]
        container["readinessProbe"]["httpGet"] = {"path": "/health", "port": 8080}

    name = f"{WORKLOAD}::test_container_is_probed[readinessProbe-/ready]"
    return deviating(edited(facts, "workload", edit), name)


def killed(facts: Facts) -> Facts:
    """The replicas need too much memory."""
    return failing(crashing(facts, "", "OOMKilled"), f"{WORKLOAD}::test_no_replica_keeps")


def scaled(facts: Facts) -> Facts:
    """Nobody is wanted."""
    sick = edited(facts, "workload", lambda w: w["spec"].update(replicas=0))
    sick = no_endpoints(inventory(sick, pods=()))
    gone = tuple(t for t in sick.talks if not t.server.startswith("pod/"))
    return failing(to_service("refused")(replace(sick, talks=gone, logs={}, metrics={})), READY)


def unschedulable(facts: Facts) -> Facts:
    """No node fits."""

    def wait(pods: tuple[Manifest, ...]) -> None:
        for pod in pods:
            why = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
            pod["status"].update(phase="Pending", podIPs=[], containerStatuses=[], conditions=[why])

    sick = no_endpoints(edited(facts, "pods", wait))
    gone = tuple(t for t in sick.talks if not t.server.startswith("pod/"))
    return failing(to_service("refused")(replace(sick, talks=gone, logs={}, metrics={})), READY)


def alone(facts: Facts) -> Facts:
    """One replica."""
    sick = edited(facts, "workload", lambda w: w["spec"].update(replicas=1))
    sick = inventory(sick, pods=facts.inventory.pods[:1])
    return deviating(
        sick,
        f"{WORKLOAD}::test_there_are_two_replicas",
        f"{WORKLOAD}::test_replicas_are_on_several_nodes",
    )


def unsynced(facts: Facts) -> Facts:
    """Replicas that never heard of the API server."""
    sick = saying(not_ready(facts), lambda t: "SERVFAIL" if t.kind in ("known", "absent") else None)
    return touching(sick, lambda c: "503" if c.what == "/ready" else None)


def forbidden(*kinds: str) -> Change:
    """The ServiceAccount may not read these."""

    def change(facts: Facts) -> Facts:
        rights = {
            name: not name.endswith(tuple(f"-{kind}" for kind in kinds))
            for name in facts.rights or {}
        }
        log = "".join(
            f"[ERROR] plugin/kubernetes: Failed to watch: {kind} is forbidden\n" for kind in kinds
        )
        logs = dict.fromkeys(("coredns-a", "coredns-b"), log)
        return failing(replace(unsynced(facts), rights=rights, logs=logs))

    return change


def api_lost(facts: Facts) -> Facts:
    """The replicas do not reach the API server."""
    line = "[ERROR] plugin/kubernetes: Failed to watch: Get https://10.96.0.1:443: dial tcp "
    logs = dict.fromkeys(("coredns-a", "coredns-b"), f"{line}10.96.0.1:443: i/o timeout\n")
    return failing(replace(unsynced(facts), logs=logs))


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
    hit = Talk("suffix", "w1", "pod/coredns-a", "10.244.0.2", "cp", "udp", "NOERROR", 1.0, 1)
    sick = replace(facts, resolv_confs=confs, talks=(*facts.talks, hit))
    return failing(sick, "tests/network/test_search_path.py::test_short_name_ends[getent]")


def reverse(facts: Facts) -> Facts:
    """Outside PTR questions are denied."""
    sick = corefile(facts, "        fallthrough in-addr.arpa ip6.arpa\n", "")
    return deviating(sick, f"{COREFILE}::test_nothing_in_it_is_likely_to_hurt")


def limits(words: str) -> Change:
    """The kubelet cuts a node's resolv.conf."""

    def change(facts: Facts) -> Facts:
        name = "tests/network/test_node_resolver.py::test_node_resolv_conf_is_within_the_limits"
        message = f"w1: {words} limits were exceeded, some were omitted"
        return replace(facts, troubles=(Trouble(name, "deviation", message),))

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
    cells = tuple(
        Cell(
            f"web{number}.{OURS}.svc.cluster.local. A",
            node,
            "pod/coredns-a (10.244.0.2)",
            "udp",
            "NOERROR [web A 10.96.1.1]",
            "NXDOMAIN [] with the SOA of cluster.local. flags AA QR RD",
        )
        for node in NODES
        for number in range(3)
    )
    name = "tests/dns/test_cluster_ip_service.py::test_address_is_the_cluster_ip[udp-web-A]"
    return replace(facts, troubles=(Trouble(name, "failed", "denied", cells),))


def empty_ignored(facts: Facts) -> Facts:
    """The Corefile takes Services without pods away."""
    text = "        ttl 30\n"
    sick = corefile(facts, text, f"{text}        ignore empty_service\n")
    return denied_new_names(sick)


def other_port(facts: Facts) -> Facts:
    """Replicas listen on 5353, the policy opens 53."""

    def edit(workload: Manifest) -> None:
        for port in workload["spec"]["template"]["spec"]["containers"][0]["ports"]:
            port["containerPort"] = 5353

    sick = edited(corefile(facts, ".:53 {", ".:5353 {"), "workload", edit)

    def lead(slices: tuple[Manifest, ...]) -> None:
        for port in slices[0]["ports"][:2]:
            port.update(port=5353)

    sick = edited(sick, "slices", lead)
    rule = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    spec = {
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        "policyTypes": ["Ingress"],
        "ingress": [rule],
    }
    sick = replace(sick, policies=(policy("kube-system", spec),))
    return failing(saying(sick, lambda t: None if t.kind == "upstream" else "timeout"), PATHS)


def overlapping(facts: Facts) -> Facts:
    """The nodes' resolver has an address of the pods' range."""
    conf = ResolvConf(("10.244.2.253",), (), frozenset())
    sick = no_upstream(replace(facts, node_confs=dict.fromkeys(NODES, conf)))
    talks = tuple(
        replace(t, address="10.244.2.253") if t.kind == "upstream" else t for t in sick.talks
    )
    return replace(sick, talks=talks)


def with_cache(facts: Facts, ready: bool = True) -> Facts:
    """A node-local cache on each node; that of w2 may be sick."""
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


def sick_cache(facts: Facts) -> Facts:
    """The cache of w2 is down, and the Service's address is its own there."""
    return failing(to_service("timeout", node="w2")(with_cache(facts, ready=False)), PATHS)


def stuck_proxy(facts: Facts) -> Facts:
    """kube-proxy of w2 hangs."""
    return failing(to_service("timeout", node="w2")(facts), PATHS)


def large_buffers(facts: Facts) -> Facts:
    """Questions with a large EDNS buffer are dropped."""
    cells = tuple(
        Cell("web. A", n, "pod/coredns-a (10.244.0.2)", "udp", "NOERROR", "no answer (timeout)")
        for n in NODES
    )
    name = "tests/dns/test_edns.py::test_question_is_answered_with[udp-4096]"
    return replace(facts, troubles=(Trouble(name, "failed", "silent", cells),))


def long_denials(facts: Facts) -> Facts:
    """Denials are kept for half an hour."""
    block = "    cache 30 {\n        disable success cluster.local\n"
    sick = corefile(facts, f"{block}        disable denial cluster.local\n    }}\n", "cache 900\n")
    name = f"{COREFILE}::test_nothing_in_it_is_likely_to_hurt"
    return replace(
        sick, troubles=(Trouble(name, "deviation", "a Service stays unknown for 900 s"),)
    )


SICK: dict[str, tuple[str, Change]] = {
    "missing": ("dns-svc-missing", missing),
    "selector": ("dns-svc-selector-wrong", selector),
    "target port": ("dns-svc-targetport-wrong", target_port),
    "no tcp": ("dns-svc-no-tcp", no_tcp),
    "not ready": ("dns-svc-endpoints-notready", not_ready),
    "told wrong": ("kubelet-clusterdns-wrong", told(("10.96.0.99",), "w2")),
    "told wrong everywhere": ("kubelet-clusterdns-wrong", told(("10.96.0.99",), *NODES)),
    "told two": ("musl-parallel-nameservers", told((DNS_IP, "10.244.2.7"), *NODES)),
    "told nothing": ("kubelet-clusterdns-missing", no_cluster_dns),
    "no resolv.conf": ("resolvconf-file-missing", no_resolv_conf),
    "kube-proxy": ("kube-proxy-down-node", kube_proxy_down),
    "cut node": ("overlay-broken", cut("w2")),
    "cut replica": ("overlay-broken", cut("w1")),
    "rejected": ("firewall-reject", cut("w2", "unreachable")),
    "no forwarding": ("forward-drop", forwards_nothing),
    "udp of the service": ("vxlan-checksum", udp_of_service),
    "udp": ("dns-udp-dead-tcp-alive", udp_dead),
    "large": ("mtu-blackhole", large_lost),
    "lossy": ("conntrack-race-5s", lossy),
    "lossy link": ("packets-lost", lossy_link),
    "stale bridge": ("stale-cni", stale_bridge),
    "no network": ("no-cni", no_network),
    "egress": ("netpol-egress-deny", egress_denied),
    "ingress of DNS": ("netpol-dns-ingress", ingress_shut),
    "egress of DNS": ("netpol-dns-egress", egress_of_replicas),
    "loop": ("loop-detected", loop),
    "hidden loop": ("loop-hidden", hidden_loop),
    "loop through the service": ("loop-via-service", loop_through_service),
    "syntax": ("corefile-invalid", bad_syntax),
    "latent": ("corefile-invalid-latent", latent),
    "removed": ("corefile-removed-directive", removed),
    "zone": ("corefile-zone-wrong", other_zone),
    "no reload": ("no-reload", no_reload),
    "no forward": ("no-forward", no_forward),
    "no ready": ("ready-plugin-missing", no_ready_plugin),
    "wrong probe": ("readiness-not-ready-plugin", wrong_probe),
    "killed": ("oom", killed),
    "scaled": ("scaled-or-pending", scaled),
    "unschedulable": ("scaled-or-pending", unschedulable),
    "alone": ("single-or-colocated", alone),
    "no slices": ("rbac-endpointslices", forbidden("endpointslices")),
    "no rights": ("rbac-missing", forbidden("services", "namespaces", "endpointslices")),
    "api": ("api-unreachable", api_lost),
    "api family": ("api-family-mismatch", other_family),
    "upstream": ("upstream-unreachable", no_upstream),
    "one upstream": ("upstream-one-dead", second_upstream),
    "slow upstream": ("upstream-slow", slow_upstream),
    "refusing upstream": ("upstream-refuses", refusing_upstream),
    "udp-only upstream": ("upstream-tcp-blocked", udp_only_upstream),
    "v6 upstream": ("upstream-v6-nameserver", v6_upstream),
    "no aaaa": ("aaaa-servfail", no_aaaa),
    "overflow": ("upstream-oversize-udp", overflow),
    "throttled": ("max-concurrent", throttled),
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
    "sick cache": ("nodelocal-down", sick_cache),
    "stuck proxy": ("kube-proxy-stuck-node", stuck_proxy),
    "large buffers": ("edns-large-dropped", large_buffers),
    "long denials": ("denial-too-long", long_denials),
    "reverse": ("reverse-no-fallthrough", reverse),
}
