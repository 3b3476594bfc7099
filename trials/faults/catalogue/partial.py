"""Known faults that only a part of the cluster has: one node, one replica, some packets."""

from collections.abc import Sequence

from clusterdns.cluster import is_ready
from clusterdns.wait import eventually
from trials.faults.catalogue.node import large_page_hangs, some_are_lost
from trials.faults.catalogue.replicas import CANARY
from trials.faults.mutant import Mutant, Seen
from trials.faults.scene import KUBE_SYSTEM, SETTLE_S, Scene
from trials.faults.symptoms import KUBERNETES, NO_ANSWER, Look, both, dig, in_pod, replicas_say

POD_NAME = "1-2-3-4.default.pod.cluster.local"


def no_udp_on_one_node(scene: Scene) -> None:
    """Drop the questions over UDP of one worker's pods, whoever is asked."""
    scene.drop(scene.worker, "-i veth+ -p udp --dport 53", chain="PREROUTING", table="raw")


def one_without_image(scene: Scene) -> None:
    """One replica gets an image that nobody has."""
    name = _names(scene)[0]
    image = {"op": "replace", "path": "/spec/containers/0/image", "value": "localhost/none:v0"}
    scene.replicas_are_new = True
    scene.api.patch("Pod", name, KUBE_SYSTEM, [image])


def one_with_old_corefile(scene: Scene) -> None:
    """The Corefile changes, and only one replica starts with it: reload looks every hour."""
    scene.corefile(lambda text: text.replace("reload", "reload 1h"))
    scene.corefile(lambda text: text.replace("pods insecure", "pods disabled"), restart=False)
    _renew_one(scene)


def one_without_api(scene: Scene) -> None:
    """The replica of one worker starts without a way to the API server."""
    node = scene.worker
    with scene.scheduled_on(scene.control_plane):
        scene.restart_dns()
    scene.drop(node, f"-s {scene.pod_cidr(node)} -p tcp --dport 6443")
    with scene.scheduled_on(node):
        _renew_one(scene, within=15)


def one_is_stale(scene: Scene) -> None:
    """One replica loses the API server after it has read all; then a Service is made."""
    address, node = sorted(scene.addresses().items())[0]
    scene.drop(node, f"-s {address} -p tcp --dport 6443")
    scene.drop(node, f"-d {address} -p tcp --sport 6443")
    scene.on_node(node, f"conntrack -D -s {address} -p tcp || true", "true")
    manifest = {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}]}}
    scene.create({**manifest, "metadata": {"name": CANARY, "namespace": "default"}})


def no_large_packets_from_one(scene: Scene) -> None:
    """Drop large packets from one replica only."""
    address, node = next(iter(scene.addresses().items()))
    scene.drop(node, f"-s {address} -m length --length 1300:65535")


def unlucky_path(scene: Scene) -> None:
    """Lose 5 % of the questions over UDP from one worker to one replica."""
    address = _elsewhere(scene)
    chance = "-m statistic --mode random --probability 0.05"
    scene.drop(scene.worker, f"-s {scene.pod_cidr(scene.worker)} -d {address} -p udp {chance}")


def unlucky_node(scene: Scene) -> None:
    """Lose 5 % of what one worker's pods send to port 53, over UDP and TCP alike."""
    for protocol in ("udp", "tcp"):
        scene.drop(
            scene.worker,
            f"-i veth+ -p {protocol} --dport 53 -m statistic --mode random --probability 0.05",
            chain="PREROUTING",
            table="raw",
        )


def no_way_to_one_node(scene: Scene) -> None:
    """Drop what pods of one worker send to pods of another node, where one replica runs."""
    address = _elsewhere(scene)
    other = scene.pod_cidr(scene.addresses()[address])
    scene.drop(scene.worker, f"-s {scene.pod_cidr(scene.worker)} -d {other}")


def one_says(pattern: str, name: str) -> Look:
    """Whether the replicas do not agree: one says what matches, and another does not."""

    def look(scene: Scene) -> Seen:
        hits = {a: pattern in _dig(scene, a, name) for a in scene.addresses()}
        return Seen(set(hits.values()) == {True, False}, f"{pattern} about {name}: {hits}")

    return look


def some_are_lost_on_the_way(scene: Scene) -> Seen:
    """Whether one of many questions to the other node's replica gets no answer."""
    return some_are_lost(scene, _elsewhere(scene))


def _dig(scene: Scene, address: str, name: str) -> str:
    return in_pod(scene, scene.worker, "dig", "+tries=1", "+time=2", f"@{address}", name)


def _elsewhere(scene: Scene) -> str:
    """The address of the first replica that is not on the worker."""
    return next(a for a, node in sorted(scene.addresses().items()) if node != scene.worker)


def _names(scene: Scene) -> Sequence[str]:
    return sorted(pod["metadata"]["name"] for pod in scene.replicas())


def _renew_one(scene: Scene, within: float = SETTLE_S) -> None:
    """Delete one replica, and wait until two are there again, or until the time is up."""
    scene.replicas_are_new = True
    gone = _names(scene)[0]
    scene.api.delete("Pod", gone, KUBE_SYSTEM)

    def is_new() -> bool:
        pods = scene.replicas()
        return gone not in _names(scene) and len(pods) == 2 and all(map(is_ready, pods))

    eventually(is_new, True, within, every=0.3)


MUTANTS = (
    Mutant(
        "udp-dead-one-node",
        "Questions over UDP from the pods of one node are dropped, those over TCP are answered.",
        "N",
        no_udp_on_one_node,
        both(dig(says=NO_ANSWER), dig(KUBERNETES, "+tcp", says="status: NOERROR")),
        fails=("test_path_answers[udp]", "test_dns_version_is_the_schema_version[udp]"),
        causes=("dns-udp-dead-tcp-alive",),
        where="one node",
    ),
    Mutant(
        "image-missing-one-replica",
        "The image of one replica of two cannot be had.",
        "A",
        one_without_image,
        both(replicas_say("ErrImage|ImagePull|ErrImageNeverPull"), dig(says="status: NOERROR")),
        fails=("test_wanted_replicas_are_ready", "test_every_replica_is_ready"),
        causes=("scaled-or-pending",),
        where="one replica",
    ),
    Mutant(
        "corefile-old-one-replica",
        "One replica of two runs with an earlier Corefile.",
        "C",
        one_with_old_corefile,
        one_says("NXDOMAIN", POD_NAME),
        deviates=("test_address_of_a_pod_has_a_name[*",),
        causes=("corefile-old-replica",),
        where="one replica",
        within=40,
    ),
    Mutant(
        "api-unreachable-one-replica",
        "One replica of two started without a way to the API server.",
        "N",
        one_without_api,
        both(replicas_say("ready=False"), dig(says="status: NOERROR")),
        fails=("test_wanted_replicas_are_ready",),
        causes=("api-unreachable",),
        where="one replica",
        within=30,
    ),
    Mutant(
        "watch-frozen-one-replica",
        "One replica of two lost the API server: new names stay unknown to it.",
        "N",
        one_is_stale,
        one_says("NXDOMAIN", f"{CANARY}.default.svc.cluster.local"),
        fails=("test_address_is_the_cluster_ip[*",),
        causes=("watch-frozen",),
        where="one replica",
    ),
    Mutant(
        "mtu-blackhole-one-replica",
        "Packets above 1300 octets from one replica vanish.",
        "N",
        no_large_packets_from_one,
        large_page_hangs,
        fails=("test_whole_over_tcp[*",),
        causes=("mtu-blackhole",),
        where="one replica",
    ),
    Mutant(
        "udp-loss-one-path",
        "5 % of the questions over UDP from one node to one replica are lost.",
        "N",
        unlucky_path,
        some_are_lost_on_the_way,
        fails=("test_path_loses_nothing[udp]",),
        causes=("conntrack-race-5s",),
        where="5 % of the packets of one path",
    ),
    Mutant(
        "packets-lost-one-node",
        "5 % of all packets that pods of one node send to port 53 are lost, over UDP and TCP.",
        "N",
        unlucky_node,
        some_are_lost,
        fails=("test_path_loses_nothing[udp]", "test_path_loses_nothing[tcp]"),
        causes=("packets-lost",),
        where="5 % of the packets of one node",
    ),
    Mutant(
        "overlay-broken-one-path",
        "Pods of one node do not reach the pods of one other node.",
        "N",
        no_way_to_one_node,
        one_says("NOERROR", KUBERNETES),
        fails=("test_path_answers[udp]", "test_path_answers[tcp]"),
        causes=("overlay-broken",),
        where="one path",
    ),
)
