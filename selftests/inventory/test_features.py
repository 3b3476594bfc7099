"""What is configured is found in every kind of cluster, and decides what checks need."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from clusterdns.cluster import Cluster, Manifest, NotFoundError
from clusterdns.inventory.features import features_of, why_absent
from clusterdns.inventory.inventory import (
    COREFILE,
    Inventory,
    NotReadableError,
    take_inventory,
)
from clusterdns.inventory.shape import wanted_replicas
from clusterdns.inventory.ttl import longest_ttl
from clusterdns.report.sentences import features_line
from selftests.corefile.corefiles import text_of

HOST = "web.shop.svc.cluster.local."


def inventory(text: str, container: Manifest | None = None) -> Inventory:
    """A cluster with this Corefile."""
    template = {"spec": {"containers": [{"name": "coredns", **(container or {})}]}}
    meta = {"namespace": "kube-system", "name": "coredns"}
    workload = {"metadata": meta, "spec": {"template": template}}
    return Inventory("v1", (), None, (), workload, (), text, ("kube-system", "coredns"))


@pytest.mark.parametrize(
    ("name", "pods", "ttl", "cached", "line", "longest"),
    [
        ("kubeadm-1.11", "insecure", 5, (5, 5), "pods insecure, ttl 5, cached 5 s, denials 5 s", 5),
        ("kubeadm-1.12", "insecure", 5, (5, 5), "pods insecure, ttl 5, cached 5 s, denials 5 s", 5),
        (
            "federation",
            "verified",
            5,
            (5, 5),
            "pods verified, ttl 5, cached 5 s, denials 5 s, 2 server blocks, "
            "stub domains corp.example., autopath, federation",
            5,
        ),
        (
            "kubeadm-1.16",
            "insecure",
            30,
            (30, 30),
            "pods insecure, ttl 30, cached 30 s, denials 30 s",
            30,
        ),
        (
            "kubeadm-1.34",
            "insecure",
            30,
            (0, 0),
            "pods insecure, ttl 30, cluster zone not cached",
            30,
        ),
        (
            "deployment-script",
            "disabled",
            5,
            (5, 5),
            "pods disabled, ttl 5, cached 5 s, denials 5 s",
            5,
        ),
    ],
)
def test_features_follow_from_the_corefile(
    name: str, pods: str, ttl: int, cached: tuple[int, int], line: str, longest: int
) -> None:
    """The report says what is configured, and the bound of a TTL follows from it."""
    found = inventory(text_of(name))
    told = features_of(found, None)
    kept = told["cachedSeconds"]
    assert (told["pods"], told["ttl"], kept["success"], kept["denial"]) == (pods, ttl, *cached)
    assert features_line(told) == line
    assert found.reading is not None
    assert longest_ttl(found.reading.corefile, HOST) == longest


@pytest.mark.parametrize(
    ("nodes", "words"),
    [(0, ""), (1, ", node-local caches on 1 node"), (3, ", node-local caches on 3 nodes")],
)
def test_node_local_caches_are_counted(nodes: int, words: str) -> None:
    """Where there are none, nothing is said of them."""
    caches = {f"node-{number}": ("169.254.20.10",) for number in range(nodes)}
    line = features_line(features_of(inventory(text_of("kubeadm-1.34")), caches))
    assert line == f"pods insecure, ttl 30, cluster zone not cached{words}"


@pytest.mark.parametrize(
    ("feature", "text", "container", "reason"),
    [
        ("ready", text_of("kubeadm-1.12"), {}, "the Corefile has no ready"),
        ("ready", text_of("kubeadm-1.34"), {}, ""),
        (
            "ready",
            text_of("kubeadm-1.12"),
            {"readinessProbe": {"httpGet": {"path": "/ready"}}},
            "",
        ),
        ("health", ".:53 {\n  errors\n}\n", {}, "the Corefile has no health"),
        ("metrics", ".:53 {\n  errors\n}\n", {}, "the Corefile has no prometheus"),
        ("metrics", ".:53 {\n  import /elsewhere/*\n}\n", {}, ""),
        ("reload", text_of("federation"), {}, "the Corefile has no reload"),
        (
            "plain-search",
            text_of("federation"),
            {},
            "autopath answers a search at its first step",
        ),
        ("plain-search", text_of("kubeadm-1.34"), {}, ""),
        ("dns-version", text_of("kubeadm-1.34"), {}, ""),
    ],
)
def test_absence_has_a_reason(feature: str, text: str, container: Manifest, reason: str) -> None:
    """What a probe of the container asks for is demanded all the same."""
    assert why_absent(inventory(text, container), feature) == reason


def test_without_a_corefile_nothing_is_known_to_be_absent() -> None:
    """Then checks judge for themselves."""
    assert why_absent(Inventory("v1", (), None, (), None, (), None, None), "ready") == ""


@dataclass
class Api:
    """An API with these objects."""

    objects: dict[str, list[Manifest]] = field(default_factory=dict)

    def request(self, verb: str, path: str) -> Manifest:
        """The version."""
        return {"gitVersion": "v1.34.4"}

    def get(self, kind: str, name: str, namespace: str | None = None) -> Manifest:
        """Nothing."""
        raise NotFoundError(name)

    def list(self, kind: str, namespace: str | None = None, labels: str = "") -> Sequence[Manifest]:
        """All objects of a kind, by namespace and labels."""
        wanted = dict(pair.split("=") for pair in labels.split(",") if pair)
        return [
            o
            for o in self.objects.get(kind, [])
            if namespace in (None, o["metadata"].get("namespace"))
            and wanted.items() <= (o["metadata"].get("labels") or {}).items()
        ]


def service(name: str, namespace: str, selector: dict[str, str], **labels: str) -> Manifest:
    """A Service with 53/UDP."""
    ports = [{"port": 53, "protocol": "UDP"}]
    meta = {"name": name, "namespace": namespace, "labels": labels}
    spec = {"clusterIP": "10.96.0.10", "selector": selector, "ports": ports}
    return {"metadata": meta, "spec": spec}


def workload(
    name: str, namespace: str, labels: dict[str, str], own: str = "", **status: int
) -> Manifest:
    """A Deployment of two replicas; ``own`` is a label that its pods alone have."""
    pods = {**labels, "name": own or name}
    template = {"metadata": {"labels": pods}, "spec": {"containers": [{"name": "coredns"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"name": own or name}}, "template": template}
    meta = {"name": name, "namespace": namespace, "labels": labels}
    return {"metadata": meta, "spec": spec, "status": status}


def pod(name: str, namespace: str, of: str) -> Manifest:
    """A pod of a workload."""
    return {"metadata": {"name": name, "namespace": namespace, "labels": {"name": of}}}


LABEL = {"k8s-app": "kube-dns"}


def test_several_deployments_behind_one_service() -> None:
    """All their pods are replicas, and all that they want is wanted."""
    api = Api(
        {
            "Service": [service("kube-dns", "kube-system", LABEL, **LABEL)],
            "Deployment": [
                workload("coredns", "kube-system", LABEL),
                workload("coredns-b", "kube-system", LABEL),
                workload("coredns-c", "elsewhere", LABEL),
            ],
            "Pod": [
                pod("x", "kube-system", "coredns"),
                pod("y", "kube-system", "coredns-b"),
                pod("z", "elsewhere", "coredns-c"),
            ],
        }
    )
    found = take_inventory(cast(Cluster, api))
    assert [p["metadata"]["name"] for p in found.pods] == ["x", "y"]
    assert wanted_replicas(found) == 4
    assert features_of(found, {})["workloads"] == ["kube-system/coredns", "kube-system/coredns-b"]


def test_service_with_another_name_and_namespace() -> None:
    """A DaemonSet behind dns-default, without the label that kubeadm gives."""
    selector = {"dns": "default"}
    api = Api(
        {
            "Service": [
                service("pihole", "home", {"app": "pihole"}),
                service("dns-default", "openshift-dns", selector),
            ],
            "DaemonSet": [
                workload("dns-default", "openshift-dns", selector, desiredNumberScheduled=3),
                workload("other", "openshift-dns", {"app": "other"}),
            ],
            "Pod": [pod("dns-1", "openshift-dns", "dns-default")],
        }
    )
    found = take_inventory(cast(Cluster, api))
    assert features_of(found, None)["service"] == "openshift-dns/dns-default"
    assert [p["metadata"]["name"] for p in found.pods] == ["dns-1"]
    assert wanted_replicas(found) == 3


def test_service_of_somebody_else_is_no_cluster_dns() -> None:
    """Where the replicas are labelled and their Service is gone, no other one stands in for it."""
    api = Api(
        {
            "Service": [service("my-dns", "home", {"app": "dns"})],
            "Deployment": [workload("coredns", "kube-system", LABEL)],
        }
    )
    found = take_inventory(cast(Cluster, api))
    assert (found.service, found.service_name) == (None, "service/kube-dns")


def test_objects_are_there_whether_or_not_the_corefile_is_shown() -> None:
    """Whoever may not read the Corefile can judge the Service; what it alone tells is not known."""
    hidden = Inventory("v1", (), None, (), None, (), None, None, unreadable={COREFILE: "403"})
    assert why_absent(hidden, "dns-objects") == ""
    with pytest.raises(NotReadableError, match="403"):
        why_absent(hidden, "ready")
