"""Each check of what keeps a target from starting: seen to fail, with what to do, and to pass."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, cast

import pytest

from clusterdns.cluster import Cluster, Manifest
from clusterdns.inventory.inventory import Inventory
from clusterdns.upgrade.target import Target, target_of
from clusterdns.upgrade.upgrade import KubeadmConfig, Upgrade
from selftests.diagnosis.healthy_facts import COREFILE, healthy
from tests.upgrade import test_starts as checks

OWN = "registry.k8s.io/coredns/coredns"
ACCOUNT = ("system:serviceaccount:kube-system:coredns",)


def workload_of(change: Callable[[Manifest], object] | None = None) -> Manifest:
    """The Deployment as kubeadm makes it, changed in place."""
    made = deepcopy(healthy().inventory.workload) or {}
    made["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
    pod = made["spec"]["template"]["spec"]
    pod["containers"][0]["image"] = f"{OWN}:v1.12.1"
    pod["containers"][0]["securityContext"] = {
        "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}
    }
    made["spec"]["template"]["metadata"] = {"labels": {"k8s-app": "kube-dns"}}
    if change is not None:
        change(made)
    return made


def inventory_of(
    change: Callable[[Manifest], object] | None = None, corefile: str = COREFILE
) -> Inventory:
    """A healthy cluster of three nodes with this Deployment and Corefile."""
    found = healthy().inventory
    return Inventory(
        version=found.version,
        nodes=found.nodes,
        service=found.service,
        slices=found.slices,
        workload=workload_of(change),
        pods=found.pods,
        corefile_text=corefile,
        config_map=found.config_map,
    )


def upgrade_to(
    version: str, corefile: str = COREFILE, change: Callable[[Manifest], object] | None = None
) -> Upgrade:
    """An upgrade to a version of CoreDNS, or by kubeadm to one of Kubernetes (k8s 1.35)."""
    name, _, kubernetes = version.partition("k8s ")
    target = target_of(name or None, kubernetes or None, None)
    config = KubeadmConfig({"networking": {"dnsDomain": "cluster.local"}})
    return Upgrade(inventory_of(change, corefile), cast(Target, target), config)


def container(**settings: object) -> Callable[[Manifest], object]:
    """The container with these settings, in place of its own."""
    return lambda made: made["spec"]["template"]["spec"]["containers"][0].update(settings)


def spec(**settings: object) -> Callable[[Manifest], object]:
    """The Deployment with these settings."""
    return lambda made: made["spec"].update(settings)


def message(check: Callable[..., None], *given: object) -> str:
    """What a check says when it fails; empty when it passes."""
    try:
        check(*given)
    except AssertionError as error:
        return str(error)
    return ""


SECONDARY = COREFILE + "example.org:53 {\n    secondary\n}\n"
HEADER = COREFILE.replace("    loop\n", "    header {\n        set ra\n    }\n    loop\n")


@pytest.mark.parametrize(
    ("version", "corefile", "words"),
    [
        ("1.14.7", COREFILE, []),
        ("1.9.4", COREFILE, []),
        ("1.12.1", HEADER, []),
        ("1.14.7", HEADER, ["CoreDNS 1.14.7 does not start", "Corefile, line 2", "header"]),
        ("1.14.7", SECONDARY, ["secondary", "key Corefile of configmap kube-system/coredns"]),
        ("1.8.7", COREFILE, ["disable", "came with CoreDNS"]),
        ("1.14.7", ".:53 {\n    errors\n", ["does not start", "Corefile, line"]),
    ],
    ids=["up", "down", "not-yet", "header", "secondary", "too-far-down", "unclosed"],
)
def test_the_corefile_is_judged_for_the_target(
    version: str, corefile: str, words: list[str]
) -> None:
    """It names line, ConfigMap and key, and what refuses."""
    said = message(checks.test_target_takes_the_corefile, upgrade_to(version, corefile))
    assert [word for word in words if word not in said] == []
    assert bool(said) == bool(words), said


class Reviewer:
    """An API server that does not allow these resources."""

    def __init__(self, *denied: str) -> None:
        self.denied = denied

    def create(self, review: Manifest) -> Manifest:
        """A SubjectAccessReview, answered."""
        resource = review["spec"]["resourceAttributes"]["resource"]
        return {"status": {"allowed": resource not in self.denied}}


@pytest.mark.parametrize(
    ("corefile", "denied", "version", "words"),
    [
        (COREFILE, "pods", "1.14.7", ""),
        (COREFILE, "endpoints", "1.14.7", ""),
        (COREFILE, "endpoints", "1.8.7", "may not list endpoints"),
        (COREFILE, "endpointslices", "1.14.7", "may not watch endpointslices.discovery.k8s.io"),
        (COREFILE.replace("pods insecure", "pods verified"), "pods", "1.14.7", "may not list pods"),
        (
            COREFILE.replace("pods insecure", "multicluster clusterset.local"),
            "serviceimports",
            "1.14.7",
            "may not list serviceimports.multicluster.x-k8s.io",
        ),
    ],
    ids=["pods-unread", "endpoints-unread", "endpoints", "slices", "verified", "multicluster"],
)
def test_rights_are_those_of_the_target(
    corefile: str, denied: str, version: str, words: str
) -> None:
    """By version and Corefile: what is not read needs no right."""
    cluster = cast(Cluster, Reviewer(denied))
    check = checks.test_replicas_may_read_what_the_target_reads
    said = message(check, cluster, ACCOUNT, upgrade_to(version, corefile))
    assert words in said
    assert bool(said) == bool(words), said


DROPPED = {"capabilities": {"drop": ["ALL"]}}
HIGH = COREFILE.replace(".:53", ".:1053")


@pytest.mark.parametrize(
    ("version", "security", "corefile", "words"),
    [
        ("1.14.7", None, COREFILE, ""),
        ("1.14.7", {}, COREFILE, ""),
        ("1.14.7", DROPPED, COREFILE, "add NET_BIND_SERVICE"),
        ("1.14.7", DROPPED, HIGH, "whatever its port"),
        ("1.14.7", {"capabilities": {"drop": ["net_bind_service"]}}, COREFILE, "not permitted"),
        ("1.14.7", {**DROPPED, "privileged": True}, COREFILE, ""),
        ("1.10.1", DROPPED, COREFILE, "port 53 is below 1024"),
        ("1.10.1", DROPPED, HIGH, ""),
        ("1.10.1", {"runAsUser": 1000}, COREFILE, "user 1000 has no NET_BIND_SERVICE"),
        ("1.10.1", {"runAsNonRoot": True}, COREFILE, "run as root"),
        ("1.13.1", {"runAsNonRoot": True}, COREFILE, "add runAsUser: 65532"),
        ("1.13.1", {"runAsNonRoot": True, "runAsUser": 65532}, COREFILE, ""),
        ("1.14.7", {"runAsNonRoot": True}, COREFILE, ""),
        ("k8s 1.35", DROPPED, COREFILE, ""),
    ],
    ids=[
        "usual",
        "none-said",
        "dropped",
        "high-port",
        "small-letters",
        "privileged",
        "old",
        "old-high",
        "old-user",
        "old-root",
        "name",
        "number",
        "numeric",
        "kubeadm",
    ],
)
def test_settings_are_held_against_the_image(
    version: str, security: Mapping[str, Any] | None, corefile: str, words: str
) -> None:
    """Capabilities and users, for images before and since 1.11.0 and 1.14.7."""
    change = None if security is None else container(securityContext=security)
    said = message(checks.test_image_of_the_target_runs, upgrade_to(version, corefile, change))
    assert words in said
    assert bool(said) == bool(words), said


def test_nothing_is_said_of_an_image_of_others() -> None:
    """Nobody knows its user."""
    change = container(securityContext=DROPPED, image="eks/mine:v1.12.1")
    assert (
        message(checks.test_image_of_the_target_runs, upgrade_to("1.14.7", COREFILE, change)) == ""
    )


NO_READY = COREFILE.replace("    ready\n", "")
BY_NAME = container(
    readinessProbe={"httpGet": {"path": "/ready", "port": "page"}},
    ports=[{"name": "page", "containerPort": 8182}],
)


@pytest.mark.parametrize(
    ("version", "corefile", "change", "words"),
    [
        ("1.14.7", COREFILE, None, ""),
        ("1.14.7", NO_READY, None, "add the line 'ready'"),
        ("1.14.7", NO_READY, container(readinessProbe=None), ""),
        ("k8s 1.35", NO_READY, container(readinessProbe=None), "never becomes ready"),
        ("1.14.7", NO_READY + "import custom/*\n", None, ""),
        ("1.14.7", COREFILE, BY_NAME, "asks for /ready on port 8182, and ready answers at :8181"),
        ("1.14.7", NO_READY, BY_NAME, "add the line 'ready :8182'"),
    ],
    ids=["usual", "no-ready", "no-probe", "kubeadm", "import", "other-port", "no-ready-there"],
)
def test_probes_need_their_pages(
    version: str, corefile: str, change: Callable[[Manifest], object] | None, words: str
) -> None:
    """Those of the Deployment, or those that kubeadm gives it."""
    said = message(checks.test_probes_are_answered, upgrade_to(version, corefile, change))
    assert words in said
    assert bool(said) == bool(words), said


ALONE = {
    "podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {
                "topologyKey": "kubernetes.io/hostname",
                "labelSelector": {
                    "matchExpressions": [
                        {"key": "k8s-app", "operator": "In", "values": ["kube-dns"]}
                    ]
                },
            }
        ]
    }
}
NONE_AWAY = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}


def alone(replicas: int, strategy: Mapping[str, object] | None) -> Callable[[Manifest], object]:
    """Replicas that never share a node; None: the strategy as the API fills it in."""

    def change(made: Manifest) -> None:
        made["spec"] |= {"replicas": replicas, "strategy": strategy}
        made["spec"]["template"]["spec"]["affinity"] = ALONE

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (None, ""),
        (alone(2, NONE_AWAY), ""),
        (alone(3, NONE_AWAY), "3 replicas on 3 nodes that take one each"),
        (alone(3, None), "roll-out stands still"),  # 25 % of 3 is none, rounded down
        (alone(4, {"rollingUpdate": {"maxUnavailable": "25%"}}), ""),
        (spec(paused=True), "kubectl rollout resume"),
        (
            lambda made: made["spec"]["template"]["spec"].update(nodeSelector={"disk": "none"}),
            "no node takes a replica",
        ),
        (lambda made: made["spec"]["template"]["spec"].update(hostNetwork=True), ""),
    ],
    ids=[
        "usual",
        "room",
        "no-room",
        "rounded-down",
        "may-lack-one",
        "paused",
        "no-node",
        "host-network",
    ],
)
def test_a_roll_out_needs_room(change: Callable[[Manifest], object] | None, words: str) -> None:
    """It stands still where no replica may go first and no node takes one more."""
    said = message(checks.test_roll_out_comes_to_its_end, inventory_of(change))
    assert words in said
    assert bool(said) == bool(words), said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (None, ""),
        (spec(replicas=1), "1 replica, and 1 may be away at once"),
        (spec(strategy={"type": "Recreate"}), "strategy Recreate"),
        (spec(replicas=1, strategy=None), ""),  # the new one first: 25 % of 1 is one more
        (spec(strategy={"rollingUpdate": {"maxUnavailable": "100%"}}), "scale it to 3 first"),
    ],
    ids=["usual", "one", "recreate", "one-first", "all-at-once"],
)
def test_somebody_must_answer_meanwhile(
    change: Callable[[Manifest], object] | None, words: str
) -> None:
    """One replica that may be away is an outage."""
    said = message(checks.test_somebody_answers_during_the_roll_out, inventory_of(change))
    assert words in said
    assert bool(said) == bool(words), said


@pytest.mark.parametrize(
    ("labels", "allowed", "words"),
    [
        ({"k8s-app": "kube-dns"}, 1, ""),
        ({"k8s-app": "kube-dns"}, 0, "the drain of a node waits for ever"),
        ({"k8s-app": "other"}, 0, ""),
    ],
)
def test_a_budget_may_let_none_go(labels: dict[str, str], allowed: int, words: str) -> None:
    """Those of other pods are none of our business."""
    budget = {
        "metadata": {"name": "coredns", "namespace": "kube-system"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": labels}},
        "status": {"disruptionsAllowed": allowed},
    }
    said = message(checks.test_budgets_let_a_replica_go, inventory_of(), (budget,))
    assert words in said
    assert bool(said) == bool(words), said
