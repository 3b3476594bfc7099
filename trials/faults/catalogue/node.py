"""Faults of a node's network: firewall, routes, kube-proxy, CNI."""

import re

from clusterdns.cluster import Manifest
from clusterdns.wait import eventually
from trials.faults.mutant import Mutant, Seen
from trials.faults.nodes import on_node, read_file, write_file
from trials.faults.scene import KUBE_SYSTEM, Scene
from trials.faults.symptoms import KUBERNETES, NO_ANSWER, both, dig, in_pod, seen

DIG = ("dig", "+tries=1", "+time=2")
PODS = "10.244.0.0/16"
CNI = "/etc/cni/net.d/10-podnet.conflist"
REJECT = (
    "add table inet faulty; add chain inet faulty pods { type filter hook forward priority 0; }"
)
REJECT += "; add rule inet faulty pods udp dport 53 reject with icmpx type admin-prohibited"
REJECT += "; add rule inet faulty pods tcp dport 53 reject with icmpx type admin-prohibited"


def no_kube_proxy(scene: Scene) -> None:
    """Keep kube-proxy away from one worker, and let its rules go."""
    node = scene.worker
    elsewhere = {"key": "kubernetes.io/hostname", "operator": "NotIn", "values": [node]}

    def edit(daemon: Manifest) -> None:
        daemon["spec"]["updateStrategy"] = {"type": "OnDelete"}  # the other nodes keep theirs
        terms = {"nodeSelectorTerms": [{"matchExpressions": [elsewhere]}]}
        daemon["spec"]["template"]["spec"]["affinity"] = {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}
        }

    scene.change("DaemonSet", "kube-proxy", edit)
    eventually(lambda: proxies_on(scene, node), [], 30.0, every=0.3)
    # kube-proxy writes all its rules again when it comes back.
    scene.on_node(node, "iptables -w -t nat -F KUBE-SERVICES; conntrack -D -p udp || true", "true")


def proxies_on(scene: Scene, node: str) -> list[str]:
    """The kube-proxy pods of a node."""
    pods = scene.api.list("Pod", KUBE_SYSTEM, "k8s-app=kube-proxy", f"spec.nodeName={node}")
    return [str(pod["metadata"]["name"]) for pod in pods]


def no_way_to_other_nodes(scene: Scene) -> None:
    """Drop what pods of one worker send to pods on other nodes. The replicas are elsewhere."""
    with scene.scheduled_on(scene.control_plane):
        scene.restart_dns()
    own = scene.pod_cidr(scene.worker)
    scene.drop(scene.worker, f"-s {own} -d {PODS} -o eth0")


def unlucky_udp(scene: Scene, probability: float) -> None:
    """Lose some of the questions that a worker's pods send over UDP."""
    chance = f"-m statistic --mode random --probability {probability}"
    scene.drop(
        scene.worker, f"-i veth+ -p udp --dport 53 {chance}", chain="PREROUTING", table="raw"
    )


def no_large_packets(scene: Scene) -> None:
    """Drop what is larger than a tunnel would carry, on its way from the replicas."""
    for address, node in scene.addresses().items():
        scene.drop(node, f"-s {address} -m length --length 1300:65535")


def other_pod_range(scene: Scene) -> None:
    """The control plane's CNI configuration has the range of an earlier installation."""
    node = scene.control_plane
    original = read_file(node, CNI)
    changed = original.replace(scene.pod_cidr(node), "10.99.0.0/24")
    scene.undo.append((f"{node}: {CNI}", lambda: write_file(node, CNI, original)))
    write_file(node, CNI, changed)
    with scene.scheduled_on(node):
        scene.restart_dns(within=20)


def no_cni_program(scene: Scene) -> None:
    """Take the CNI program of one worker away: no pod starts there any more."""
    path = "/opt/cni/bin/ptp"
    scene.on_node(scene.worker, f"mv {path} {path}.off", f"mv {path}.off {path}")


def stuck_kube_proxy(scene: Scene) -> None:
    """kube-proxy of one worker hangs while the replicas get new addresses."""
    node = scene.worker
    pid = on_node(node, "pgrep -x kube-proxy || pgrep -f '^[^ ]*kube-proxy '").split()[0]
    scene.on_node(node, f"kill -STOP {pid}", f"kill -CONT {pid}")
    scene.restart_dns()


def deaf_replica(scene: Scene) -> None:
    """One of the replicas gets no questions, though it is ready."""
    address, node = sorted(scene.addresses().items())[0]
    chain = "INPUT" if scene.dns.on_host else "FORWARD"
    for protocol in ("udp", "tcp"):
        scene.drop(node, f"-d {address} -p {protocol} --dport {scene.dns.port}", chain)


def some_are_lost(scene: Scene, server: str = "") -> Seen:
    """Whether one of many questions from the worker gets no answer."""
    at = f"@{server}" if server else ""
    ask = f"dig +tries=1 +time=1 {at} {KUBERNETES} > /dev/null || echo lost"
    line = f"for n in $(seq 200); do ({ask}) & done; wait"
    return seen("lost", in_pod(scene, scene.worker, "sh", "-c", line), "200 questions")


def large_page_hangs(scene: Scene) -> Seen:
    """Whether the metrics of a replica, many packets long, do not arrive on the worker."""
    address = next(iter(scene.addresses()))
    get = (
        f'use IO::Socket::INET; alarm 3; $s = IO::Socket::INET->new("{address}:9153") or die;'
        'print $s "GET /metrics HTTP/1.0\\r\\n\\r\\n"; 1 while <$s>; print "whole\\n"'
    )
    line = f"perl -e '{get}' || echo hangs"
    return seen("hangs", in_pod(scene, scene.worker, "sh", "-c", line), f"{address}:9153/metrics")


def one_is_deaf(scene: Scene) -> Seen:
    """Whether one replica answers and another does not."""
    port = ("-p", str(scene.dns.port))
    silent = {
        address: bool(
            re.search(
                NO_ANSWER, in_pod(scene, scene.worker, *DIG, *port, f"@{address}", KUBERNETES)
            )
        )
        for address in scene.addresses()
    }
    return Seen(set(silent.values()) == {True, False}, f"silent: {silent}")


def no_program(scene: Scene) -> Seen:
    """Whether the CNI program is gone."""
    said = on_node(scene.worker, "ls /opt/cni/bin")
    return seen("ptp.off", said, "/opt/cni/bin")


MUTANTS = (
    Mutant(
        "kube-proxy-down-node",
        "kube-proxy does not run on one node: no cluster IP works there.",
        "N",
        no_kube_proxy,
        both(dig(says=NO_ANSWER), dig(says="status: NOERROR", server="replica")),
        fails=("test_path_answers[udp]", "test_dns_version_is_the_schema_version[udp]"),
        where="one node",
    ),
    Mutant(
        "overlay-broken",
        "Pods of one node do not reach pods on other nodes.",
        "N",
        no_way_to_other_nodes,
        both(dig(says=NO_ANSWER), dig(says=NO_ANSWER, server="replica")),
        fails=("test_path_answers[udp]", "test_path_answers[tcp]"),
        where="one node",
    ),
    Mutant(
        "forward-drop",
        "The firewall of one node forwards nothing (policy DROP).",
        "N",
        lambda scene: scene.on_node(
            scene.worker, "iptables -w -P FORWARD DROP", "iptables -w -P FORWARD ACCEPT"
        ),
        dig(says=NO_ANSWER),
        fails=("test_path_answers[udp]", "test_path_answers[tcp]"),
        where="one node",
    ),
    Mutant(
        "firewall-reject",
        "A second firewall on one node rejects DNS of pods.",
        "N",
        lambda scene: scene.on_node(
            scene.worker, f"nft '{REJECT}'", "nft delete table inet faulty"
        ),
        dig(says=NO_ANSWER + "|unreachable"),
        fails=("test_path_answers[udp]", "test_path_answers[tcp]"),
        where="one node",
    ),
    Mutant(
        "conntrack-race-5s",
        "One node loses 5 % of the questions over UDP (imitated: no race was lost).",
        "E",
        lambda scene: unlucky_udp(scene, 0.05),
        some_are_lost,
        fails=("test_path_loses_nothing[udp]",),
        select="test_paths or test_denials or test_edns or test_headless_service",
        where="5 % of the packets of one node",
    ),
    Mutant(
        "vxlan-checksum",
        "One node loses every UDP packet to the DNS Service (imitated: no bad checksum).",
        "E",
        lambda scene: scene.drop(
            scene.worker,
            f"-p udp -d {scene.dns_ip} --dport 53",
            chain="PREROUTING",
            table="mangle",
        ),
        both(dig(says=NO_ANSWER), dig(KUBERNETES, "+tcp", says="status: NOERROR")),
        fails=("test_path_answers[udp]", "test_dns_version_is_the_schema_version[udp]"),
        causes=("vxlan-checksum", "dns-udp-dead-tcp-alive"),
        where="one node",
    ),
    Mutant(
        "mtu-blackhole",
        "Packets above 1300 octets from the replicas vanish.",
        "N",
        no_large_packets,
        large_page_hangs,
        fails=("test_whole_over_tcp[*",),
    ),
    Mutant(
        "no-cni",
        "The CNI program of one node is gone: no pod starts there.",
        "N",
        no_cni_program,
        no_program,
        fails=("test_every_node_starts_a_probe",),
        where="one node",
    ),
    Mutant(
        "stale-cni",
        "The replicas have addresses of a range that no node has.",
        "N",
        other_pod_range,
        both(dig(says=NO_ANSWER), dig(says=NO_ANSWER, server="replica")),
        fails=("test_path_answers[udp]", "test_path_answers[tcp]"),
        within=30,
        where="one node",
    ),
    Mutant(
        "kube-proxy-stuck-node",
        "kube-proxy of one node hangs: its rules lead to replicas that are gone.",
        "N",
        stuck_kube_proxy,
        both(dig(says=NO_ANSWER), dig(says="status: NOERROR", server="replica")),
        fails=("test_path_answers[udp]", "test_dns_version_is_the_schema_version[udp]"),
        causes=("kube-proxy-stuck-node", "kube-proxy-down-node"),
        where="one node",
    ),
    Mutant(
        "one-replica-deaf",
        "One replica of two is ready and gets no questions.",
        "N",
        deaf_replica,
        one_is_deaf,
        fails=("test_path_answers[udp]", "test_path_answers[tcp]"),
        causes=("dns-port-filtered",),
        where="one replica",
    ),
)
