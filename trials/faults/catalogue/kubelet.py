"""Faults of the kubelet's configuration: what pods are told to ask."""

from trials.faults.fake_upstream import GOOD, fake_upstream
from trials.faults.mutant import Mutant, Seen
from trials.faults.nodes import read_file
from trials.faults.scene import Scene
from trials.faults.symptoms import NO_ANSWER, OUTSIDE, Look, both, dig, in_pod, replicas_say, seen

ODD_FILE = "/etc/odd-resolv.conf"


def wrong_cluster_dns(scene: Scene) -> None:
    """Tell new pods of one worker an address that no Service has."""
    scene.kubelet(scene.worker, clusterDNS=["10.96.0.99"])


def two_nameservers(scene: Scene) -> None:
    """Tell pods of one worker a second nameserver, which knows nothing of the cluster."""
    second = fake_upstream(scene, GOOD)
    scene.kubelet(scene.worker, clusterDNS=[scene.dns_ip, second])


def node_file(scene: Scene, nodes: list[str], text: str) -> None:
    """Give kubelets another resolv.conf to hand on."""
    for node in nodes:
        scene.on_node(node, f"printf '{text}' > {ODD_FILE}", f"rm -f {ODD_FILE}")
        scene.kubelet(node, resolvConf=ODD_FILE)


def no_node_file(scene: Scene) -> None:
    """Name a file that does not exist, on every node, and restart the replicas."""
    for node in scene.breakable.nodes:
        scene.kubelet(node, resolvConf="/run/none/resolv.conf")
    scene.restart_dns(within=5)


def wildcard_suffix(scene: Scene) -> None:
    """Give one worker a search domain in which every name exists."""
    zone = 'template IN A corp.test {\n answer "{{ .Name }} 60 IN A 203.0.113.9"\n}\n'
    outside = fake_upstream(scene, f".:53 {{\n{zone}}}\n")
    nameserver = _nameserver(scene)
    node_file(scene, [scene.worker], f"search corp.test\\nnameserver {nameserver}\\n")
    scene.corefile(lambda text: f"{text}\ncorp.test:53 {{\n    forward . {outside}\n}}\n")


def empty_suffix(scene: Scene) -> None:
    """Give one worker a search domain in which every name exists, without records."""
    outside = fake_upstream(scene, ".:53 {\ntemplate ANY ANY corp.test {\n rcode NOERROR\n}\n}\n")
    node_file(scene, [scene.worker], f"search corp.test\\nnameserver {_nameserver(scene)}\\n")
    scene.corefile(lambda text: f"{text}\ncorp.test:53 {{\n    forward . {outside}\n}}\n")


def resolver_in_pod_range(scene: Scene) -> None:
    """The nodes' resolver has an address in the range of the pods: it is never reached."""
    address = scene.pod_cidr(scene.worker).replace(".0/24", ".253")
    node_file(scene, scene.breakable.nodes, f"nameserver {address}\\n")
    scene.restart_dns()


def four_nameservers(scene: Scene) -> None:
    """Give one worker four nameservers: the fourth is not used."""
    good = _nameserver(scene)
    lines = "".join(f"nameserver {a}\\n" for a in (good, "192.0.2.2", "192.0.2.3", "192.0.2.4"))
    node_file(scene, [scene.worker], lines)


def long_search_list(scene: Scene) -> None:
    """Give one worker more search domains than fit: 32 is the limit (kubelet, since 1.26)."""
    domains = " ".join(f"d{number}.corp.test" for number in range(32))
    node_file(scene, [scene.worker], f"search {domains}\\nnameserver {_nameserver(scene)}\\n")
    # In a sealed cluster nobody answers for them, and each step of a search would wait for that.
    deny = "corp.test:53 {\n    template ANY ANY {\n        rcode NXDOMAIN\n    }\n}\n"
    scene.corefile(lambda text: f"{text}\n{deny}")


def node_local_address(scene: Scene) -> None:
    """Tell pods of every node the address of a node-local cache that does not exist."""
    for node in scene.breakable.nodes:
        scene.kubelet(node, clusterDNS=["169.254.20.10"])


def systemd_stub(scene: Scene) -> None:
    """The nodes' resolv.conf names the stub of systemd-resolved: CoreDNS would ask itself."""
    node_file(scene, scene.breakable.nodes, "nameserver 127.0.0.53\\noptions edns0 trust-ad\\n")
    scene.restart_dns()


def _nameserver(scene: Scene) -> str:
    """The resolver of the nodes, as kind set it up."""
    text = read_file(scene.control_plane, "/etc/resolv.conf")
    return next(line.split()[1] for line in text.splitlines() if line.startswith("nameserver"))


def resolv_conf(pattern: str) -> Look:
    """Whether resolv.conf of a new pod on the worker holds a line."""

    def look(scene: Scene) -> Seen:
        return seen(pattern, in_pod(scene, scene.worker, "cat", "/etc/resolv.conf", fresh=True), "")

    return look


MUTANTS = (
    Mutant(
        "kubelet-clusterdns-wrong",
        "The kubelet of one node tells pods a nameserver that nobody is.",
        "K",
        wrong_cluster_dns,
        both(
            dig(says=NO_ANSWER, fresh=True),
            dig(says="status: NOERROR", server="service"),
        ),
        fails=("test_pods_on_every_node_ask_the_service",),
        select="test_dns_service",
        where="one node",
        always=True,
    ),
    Mutant(
        "kubelet-clusterdns-missing",
        "The kubelet of one node knows no cluster DNS: its pods ask the node's resolver.",
        "K",
        lambda scene: scene.kubelet(scene.worker, clusterDNS=None),
        dig(says="status: NXDOMAIN|status: SERVFAIL|status: REFUSED|timed out", fresh=True),
        fails=("test_pods_on_every_node_ask_the_service", "test_search_list_is_the_clusters[*"),
        where="one node",
    ),
    Mutant(
        "musl-parallel-nameservers",
        "Pods of one node have two nameservers that know different names.",
        "K",
        two_nameservers,
        resolv_conf("nameserver 10.244"),
        fails=("test_pods_on_every_node_ask_the_service",),
        causes=("musl-parallel-nameservers", "kubelet-clusterdns-wrong"),
        where="one node",
    ),
    Mutant(
        "resolvconf-file-missing",
        "The kubelets hand on a resolv.conf that does not exist: no replica starts.",
        "K",
        no_node_file,
        both(replicas_say("ready=False"), dig(says=NO_ANSWER, server="service")),
        fails=("test_wanted_replicas_are_ready", "test_every_replica_is_ready"),
    ),
    Mutant(
        "wildcard-search-domain",
        "A search domain of one node has an address for every name.",
        "K",
        wildcard_suffix,
        both(
            resolv_conf("search .*corp.test"),
            dig("www.example.org", "+search", says="203.0.113.9"),
        ),
        fails=("test_api_server_is_found[*service.namespace.svc.zone-*",),
        deviates=("test_host_suffix_has_no_wildcard",),
        where="one node",
    ),
    Mutant(
        "nodata-search-domain",
        "In a search domain of one node every name exists, and none has records.",
        "K",
        empty_suffix,
        both(
            resolv_conf("search .*corp.test"),
            dig("www.example.org.corp.test.", says="status: NOERROR"),
            dig("www.example.org.corp.test.", says="ANSWER: 0"),
        ),
        fails=("test_musl_finds_the_api_server[*",),
        deviates=("test_host_suffix_denies_what_is_not_there",),
        where="one node",
    ),
    Mutant(
        "pod-cidr-overlap",
        "The nodes' resolver has an address in the pods' own range.",
        "K",
        resolver_in_pod_range,
        both(dig(says="status: NOERROR"), dig(OUTSIDE, says="SERVFAIL|timed out")),
        fails=("test_outside_name_resolves_as_on_the_node[*",),
        causes=("pod-cidr-overlap", "upstream-unreachable"),
        within=30,
    ),
    Mutant(
        "nameserver-limit",
        "One node has four nameservers; the fourth is never used.",
        "K",
        four_nameservers,
        lambda scene: seen("192.0.2.4", read_file(scene.worker, ODD_FILE), "the node's file"),
        deviates=("test_node_resolv_conf_is_within_the_limits",),
        where="one node",
    ),
    Mutant(
        "search-list-truncated",
        "One node has more search domains than a pod may have; musl takes none of them.",
        "K",
        long_search_list,
        resolv_conf("d28.corp.test"),
        fails=("test_musl_finds_the_api_server[*", "test_search_list_is_the_clusters[*"),
        deviates=("test_node_resolv_conf_is_within_the_limits",),
        where="one node",
    ),
    Mutant(
        "loop-detected-stub",
        "The nodes' resolv.conf names a stub on 127.0.0.53: CoreDNS asks itself and stops.",
        "K",
        systemd_stub,
        replicas_say("CrashLoopBackOff|Error"),
        fails=("test_no_replica_has_died_of_a_loop", "test_wanted_replicas_are_ready"),
        causes=("loop-detected",),
    ),
    Mutant(
        "nodelocal-ipvs-clusterdns",
        "Kubelets tell pods the address of a node-local cache that does not run.",
        "K",
        node_local_address,
        both(dig(says=NO_ANSWER, fresh=True), dig(says="status: NOERROR", server="service")),
        fails=("test_nameserver_is_the_dns_service[*", "test_api_server_is_found[*"),
        causes=("nodelocal-ipvs-clusterdns", "nodelocal-down"),
    ),
)
