"""Settings that somebody changes on a working day; no catalogue has them."""

import re

from clusterdns.cluster import Manifest
from trials.faults.catalogue.kubelet import resolv_conf
from trials.faults.catalogue.strange import with_plugin
from trials.faults.mutant import Mutant, Seen
from trials.faults.scene import KUBE_SYSTEM, Scene
from trials.faults.symptoms import KUBERNETES, NO_ANSWER, dig, in_pod

TRIES = 12


def local_traffic(scene: Scene) -> None:
    """The Service leads only to replicas on the same node."""
    scene.change(
        "Service", "kube-dns", lambda service: service["spec"].update(internalTrafficPolicy="Local")
    )


def stale_endpoint(scene: Scene) -> None:
    """A second EndpointSlice, made by hand, has an address that nobody has."""
    gone = scene.pod_cidr(scene.worker).replace(".0/24", ".250")
    ports = (("dns", "UDP", 53), ("dns-tcp", "TCP", 53), ("metrics", "TCP", 9153))
    manifest: Manifest = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kube-dns-by-hand",
            "namespace": KUBE_SYSTEM,
            "labels": {
                "kubernetes.io/service-name": "kube-dns",
                "endpointslice.kubernetes.io/managed-by": "somebody",
            },
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [gone], "conditions": {"ready": True}}],
        "ports": [{"name": n, "protocol": p, "port": number} for n, p, number in ports],
    }
    scene.create(manifest)


def some_namespaces(scene: Scene) -> None:
    """Kubernetes in the Corefile serves one namespace."""
    scene.corefile(
        lambda text: re.sub(r"(kubernetes [^{]*\{\n)", r"\1namespaces kube-system\n", text)
    )


def without_kubernetes(scene: Scene) -> None:
    """The plugin kubernetes was taken out of the Corefile."""
    scene.corefile(lambda text: re.sub(r" *kubernetes [^{]*\{[^}]*\}\n", "", text))


def silent_somewhere(scene: Scene) -> Seen:
    """Whether the Service answers on some nodes only."""
    said = {n: in_pod(scene, n, *QUESTION) for n in scene.breakable.nodes}
    silent = [node for node, text in said.items() if re.search(NO_ANSWER, text)]
    return Seen(0 < len(silent) < len(said), f"no answer on {silent}, of {sorted(said)}")


def silent_sometimes(scene: Scene) -> Seen:
    """Whether some of many questions have no answer."""
    said = [in_pod(scene, scene.worker, *QUESTION) for _ in range(TRIES)]
    lost = sum(bool(re.search(NO_ANSWER, text)) for text in said)
    return Seen(0 < lost < TRIES, f"{lost} of {TRIES} questions without an answer")


QUESTION = ("dig", "+tries=1", "+time=1", KUBERNETES)

MUTANTS = (
    Mutant(
        "dns-svc-local-traffic",
        "The Service leads only to replicas on the same node, and one node has none.",
        "A",
        local_traffic,
        silent_somewhere,
        fails=("test_path_answers[udp]", "test_path_answers[tcp]"),
        catalogued=False,
    ),
    Mutant(
        "dns-svc-stale-endpoint",
        "An EndpointSlice made by hand gives the Service an endpoint that nobody is.",
        "A",
        stale_endpoint,
        silent_sometimes,
        fails=("test_path_loses_nothing[udp]",),
        catalogued=False,
    ),
    Mutant(
        "corefile-partial",
        "The plugin kubernetes serves one namespace only.",
        "C",
        some_namespaces,
        dig(says="status: NXDOMAIN"),
        fails=("test_address_is_the_cluster_ip*",),
        catalogued=False,
    ),
    Mutant(
        "no-kubernetes",
        "The plugin kubernetes was taken out of the Corefile.",
        "C",
        without_kubernetes,
        dig(says="status: (NXDOMAIN|SERVFAIL)"),
        fails=("test_address_is_the_cluster_ip*",),
        causes=("corefile-zone-wrong",),
        catalogued=False,
    ),
    Mutant(
        "corefile-bind",
        "CoreDNS listens on 127.0.0.1 only; its probes are answered as before.",
        "C",
        with_plugin("bind 127.0.0.1"),
        dig(says=NO_ANSWER),
        fails=("test_path_answers[udp]", "test_path_answers[tcp]"),
        catalogued=False,
        dead=True,
    ),
    Mutant(
        "kubelet-clusterdomain-wrong",
        "The kubelet of one node tells pods another cluster domain.",
        "K",
        lambda scene: scene.kubelet(scene.worker, clusterDomain="corp.internal"),
        resolv_conf("svc.corp.internal"),
        fails=("test_search_list_is_the_clusters[*",),
        where="one node",
        catalogued=False,
    ),
)
