"""The subject is whom pods are told to ask, in the shapes that distributions give a cluster."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import cast

import pytest

from clusterdns.cluster import Cluster
from clusterdns.inventory.features import in_words, why_absent
from clusterdns.inventory.inventory import Inventory, take_inventory
from clusterdns.inventory.judged import judged
from clusterdns.inventory.node_local import node_caches, node_local_addresses
from clusterdns.inventory.replica_pages import port_of
from clusterdns.inventory.shape import seen_to_serve
from clusterdns.inventory.told import Told
from selftests.inventory.api_on_paper import (
    PaperApi,
    chart_beside_old_service,
    config_map,
    endpoints,
    openshift,
    pod,
    pod_spec,
    rke2,
    service,
    with_consul,
    workload,
)

EKS = PaperApi
KUBE_DNS = {"k8s-app": "kube-dns"}


def told(
    *addresses: str, nodes: Sequence[str] = ("n1", "n2"), **seen: Mapping[str, Sequence[str]]
) -> Told:
    """Pods on all nodes are told the same."""
    return Told({node: addresses for node in nodes}, **seen)


def taken(api: PaperApi, what: Told) -> Inventory:
    """The inventory of a cluster whose pods are told this."""
    return take_inventory(cast(Cluster, api), what)


@pytest.mark.parametrize(
    ("api", "address", "right", "runs"),
    [
        pytest.param(
            openshift,
            "172.30.0.10",
            "openshift-dns/dns-default",
            "openshift-dns/dns-default",
            id="openshift",
        ),
        pytest.param(
            lambda: with_consul(openshift()),
            "172.30.0.10",
            "openshift-dns/dns-default",
            "openshift-dns/dns-default",
            id="openshift-with-consul",
        ),
        pytest.param(
            rke2,
            "10.43.0.10",
            "kube-system/rke2-coredns-rke2-coredns",
            "kube-system/rke2-coredns-rke2-coredns",
            id="rke2-nodelocal",
        ),
        pytest.param(
            lambda: rke2("169.254.20.10"),
            "169.254.20.10",
            "kube-system/rke2-coredns-rke2-coredns",
            "kube-system/rke2-coredns-rke2-coredns",
            id="rke2-nodelocal-ipvs",
        ),
        pytest.param(
            chart_beside_old_service,
            "10.96.0.10",
            "kube-system/kube-dns",
            "kube-system/coredns",
            id="chart-beside-old-service",
        ),
        pytest.param(
            chart_beside_old_service,
            "10.96.55.5",
            "kube-system/coredns",
            "kube-system/coredns",
            id="chart-itself",
        ),
    ],
)
def test_pods_are_told_the_subject(
    api: Callable[[], PaperApi], address: str, right: str, runs: str
) -> None:
    """The Service is the one whose address pods are told, and its replicas are behind it."""
    found = taken(api(), told(address))
    assert (in_words(found.service), in_words(found.workload)) == (right, runs)
    assert found.ready_pods
    assert isinstance(found.corefile_text, str)


def test_openshift_is_read_as_it_is() -> None:
    """Replicas listen where the slices lead to, and metrics on loopback are not to be had."""
    found = taken(openshift(), told("172.30.0.10"))
    assert {replica.port for replica in found.replicas} == {5353}
    assert port_of(found, "/metrics") == 9153
    assert why_absent(found, "metrics") == (
        "prometheus listens on 127.0.0.1:9153 only: other pods cannot have its page"
    )
    assert why_absent(found, "dns-objects") == ""


def test_port_of_the_replicas_is_that_of_the_slices() -> None:
    """A container that names no port, or several, listens where the Service leads."""
    api = openshift()
    (daemons,) = api.objects["DaemonSet"]
    container = daemons["spec"]["template"]["spec"]["containers"][0]
    container["ports"] = []
    assert taken(api, told("172.30.0.10")).replica_port == 5353
    container["ports"] = [{"name": "dns-x", "containerPort": 53, "protocol": "UDP"}]
    assert taken(api, told("172.30.0.10")).replica_port == 53  # the slices lead nowhere
    container["ports"].append({"name": "y", "containerPort": 5353, "protocol": "UDP"})
    assert taken(api, told("172.30.0.10")).replica_port == 5353


def test_each_system_of_a_chain_is_named() -> None:
    """A cache on each node, and the Service whose address it listens on too."""
    api = rke2()
    found = taken(api, told("10.43.0.10", nodes=("n1",)))
    found = replace(found, nodes=({"metadata": {"name": "n1"}},))
    assert judged(found, node_caches(cast(Cluster, api))) == (
        "pods on 1 of 1 node are told 10.43.0.10: service "
        "kube-system/rke2-coredns-rke2-coredns, 1 replica; 169.254.20.10, 10.43.0.10 on each "
        "node: node-local cache kube-system/node-local-dns, which asks "
        "kube-system/kube-dns-upstream"
    )
    found = taken(rke2("169.254.20.10"), told("169.254.20.10", nodes=("n1",)))
    found = replace(found, nodes=({"metadata": {"name": "n1"}},))
    assert judged(found, node_caches(cast(Cluster, rke2("169.254.20.10")))) == (
        "pods on 1 of 1 node are told 169.254.20.10: node-local cache kube-system/node-local-dns, "
        "which asks kube-system/kube-dns-upstream; beside it service "
        "kube-system/rke2-coredns-rke2-coredns, 1 replica"
    )


def test_cache_without_label_is_found_by_what_it_binds_to() -> None:
    """A pod on the node's network whose Corefile binds to the address that pods are told."""
    spec = pod_spec("coredns:1.12.1", config="cache", host=True)
    cache = workload("dns/cache", {"app": "cache"}, spec)
    other = workload("dns/other", {"app": "x"}, pod_spec("x", config="none", host=True))
    api = rke2().add("Pod", pod(cache, "192.0.2.7"), pod(other, "192.0.2.8"))
    api.add("ConfigMap", config_map("dns/cache", ".:53 {\n    bind 169.254.25.10\n}\n"))
    found = node_local_addresses(cast(Cluster, api), ["169.254.25.10"])
    assert "169.254.25.10" in found["n1"]
    assert "169.254.25.10" not in node_local_addresses(cast(Cluster, api)).get("n1", ())


def answered(ip: str) -> Told:
    """Somebody at the told address knows the cluster's names, on every node."""
    said = {"n1": (ip,), "n2": (ip,)}
    return told(ip, answers=said, knows=said)


@pytest.mark.parametrize(
    "api",
    [
        pytest.param(EKS(), id="no-objects"),
        pytest.param(
            EKS().add("Service", service("consul/consul-dns", "172.20.5.5", {"app": "consul"})),
            id="another-dns-service",
        ),
        pytest.param(
            EKS().add(
                "Service", service("kube-system/kube-dns", "172.20.0.9", KUBE_DNS, **KUBE_DNS)
            ),
            id="left-over-service",
        ),
    ],
)
def test_who_answers_outside_the_api_is_the_subject(api: PaperApi) -> None:
    """There is no object to judge, and that is said in a sentence."""
    found = taken(api, answered("172.20.0.10"))
    assert (found.service, found.workload, found.pods) == (None, None, ())
    assert "172.20.0.10 by no object of this cluster's API" in why_absent(found, "dns-objects")
    assert "somebody who answers and is no object" in judged(found)
    assert seen_to_serve(found) == {"n1": ("172.20.0.10",), "n2": ("172.20.0.10",)}


def test_where_nobody_answers_the_service_is_missing() -> None:
    """An address without an owner that nobody answers at is no DNS outside the API."""
    found = taken(EKS(), told("172.20.0.10"))
    assert (found.service, found.why_no_objects) == (None, "")


def kubeadm() -> PaperApi:
    """As kubeadm makes it."""
    dns = service("kube-system/kube-dns", "10.96.0.10", KUBE_DNS, **KUBE_DNS)
    spec = pod_spec("coredns:1.12.1", config="coredns")
    replicas = workload("kube-system/coredns", KUBE_DNS, spec, worn=True)
    return (
        PaperApi()
        .add("Service", dns)
        .add("Deployment", replicas)
        .add("Pod", pod(replicas, "10.244.0.4", owner="ReplicaSet"))
        .add("EndpointSlice", endpoints(dns, "10.244.0.4"))
    )


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(Told({"n1": ("10.96.0.10",), "n2": ("10.96.0.99",)}), id="nobody-on-one-node"),
        pytest.param(told("10.96.0.99"), id="nobody-on-any-node"),
        pytest.param(
            Told(
                {"n1": ("172.30.186.2",), "n2": ("172.30.186.2",)},
                {"n1": ("172.30.186.2", "10.96.0.10"), "n2": ("10.96.0.10",)},
                {"n1": ("10.96.0.10",), "n2": ("10.96.0.10",)},
            ),
            id="a-service-that-does-not-know-the-cluster",
        ),
    ],
)
def test_a_wrong_kubelet_does_not_move_the_subject(what: Told) -> None:
    """Pods that are told nobody, or somebody else's Service, are the deviation."""
    found = taken(with_consul(kubeadm()), what)
    assert in_words(found.service) == "kube-system/kube-dns"
    assert not any(seen_to_serve(found).values())


def test_address_of_a_replica_is_no_nameserver_to_tell() -> None:
    """It knows the cluster's names, and goes with its pod."""
    said = {"n1": ("10.244.0.4",)}
    found = taken(kubeadm(), told("10.244.0.4", nodes=("n1",), answers=said, knows=said))
    assert in_words(found.service) == "kube-system/kube-dns"
    assert not any(seen_to_serve(found).values())


def test_service_written_by_hand_leads_to_pods() -> None:
    """Without a selector the slices say who is behind it, and owner references what runs them."""
    dns = service("dns/by-hand", "10.96.0.10", {})
    spec = pod_spec("powerdns:4", port=5300, config="coredns", host=True)
    daemons = workload("dns/servers", {"app": "dns"}, spec)
    api = (
        PaperApi()
        .add("Service", dns)
        .add("DaemonSet", daemons, workload("dns/others", {"app": "x"}, pod_spec("x")))
        .add("Pod", pod(daemons, "192.0.2.7"))
        .add("EndpointSlice", endpoints(dns, "192.0.2.7", port=5300))
    )
    found = taken(api, told("10.96.0.10"))
    assert in_words(found.workload) == "dns/servers"
    assert [(r.address, r.port) for r in found.replicas] == [("192.0.2.7", 5300)]


def test_it_is_certain_without_asking_only_where_there_is_one() -> None:
    """Experiments take the image of the subject: they wait where it is not clear who that is."""
    assert take_inventory(cast(Cluster, kubeadm())).is_certain
    assert not take_inventory(cast(Cluster, with_consul(kubeadm()))).is_certain
    assert not take_inventory(cast(Cluster, rke2())).is_certain
