"""The DNS Service: what every pod is told to ask."""

from collections.abc import Mapping

import pytest

from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.shape import (
    WELL_KNOWN_LABELS,
    port_of,
    selects,
    strange_nameservers,
    written_by_controller,
)
from clusterdns.testbed.testbed import Testbed

pytestmark = pytest.mark.about("dns-service")


@pytest.mark.needs("dns-objects")
@pytest.mark.quick
def test_service_has_a_cluster_ip(inventory: Inventory) -> None:
    """There must be a DNS Service with a cluster IP."""
    assert inventory.cluster_ips, (
        "no Service has the address that pods are told to ask, and none named kube-dns or labelled "
        "k8s-app=kube-dns has a cluster IP: kubectl get service -A -l k8s-app=kube-dns"
    )


@pytest.mark.needs("dns-objects")
@pytest.mark.level("advice")
def test_service_is_not_open_to_the_outside(inventory: Inventory) -> None:
    """The DNS Service should be of type ClusterIP: a node port makes it an open resolver."""
    service = inventory.service or {}
    assert service.get("spec", {}).get("type") == "ClusterIP", service.get("spec")


@pytest.mark.needs("dns-objects")
@pytest.mark.quick
@pytest.mark.parametrize(
    ("protocol", "number"),
    [
        pytest.param("UDP", 53, id="53-udp", marks=pytest.mark.about("udp")),
        pytest.param("TCP", 53, id="53-tcp", marks=pytest.mark.about("tcp")),
    ],
)
def test_service_has_port(inventory: Inventory, protocol: str, number: int) -> None:
    """The DNS Service must offer port 53 over UDP and over TCP (RFC 7766 5)."""
    ports = (inventory.service or {}).get("spec", {}).get("ports", [])
    assert port_of(ports, protocol, number), f"{inventory.service_name} has only {ports}"


@pytest.mark.needs("dns-objects")
@pytest.mark.level("advice")
def test_service_has_the_metrics_port(inventory: Inventory) -> None:
    """The DNS Service should offer 9153/TCP, where its annotations send Prometheus."""
    ports = (inventory.service or {}).get("spec", {}).get("ports", [])
    assert port_of(ports, "TCP", 9153), f"{inventory.service_name} has only {ports}"


@pytest.mark.needs("dns-objects")
@pytest.mark.level("advice")
@pytest.mark.parametrize("label", WELL_KNOWN_LABELS)
def test_service_has_label(inventory: Inventory, label: str) -> None:
    """Labels by which other tools find the DNS Service should be there."""
    labels = (inventory.service or {}).get("metadata", {}).get("labels") or {}
    assert labels.get(label) == WELL_KNOWN_LABELS[label], labels


@pytest.mark.needs("dns-objects")
def test_selector_matches_the_replicas(inventory: Inventory) -> None:
    """The selector of the DNS Service must match the labels of every replica.

    A Service without one is led by whoever writes its EndpointSlices; those that Kubernetes' own
    controller wrote while there was one are not kept any more (Kubernetes, "Services without
    selectors").
    """
    selector = (inventory.service or {}).get("spec", {}).get("selector") or {}
    missed = [p["metadata"]["name"] for p in inventory.pods if not selects(selector, p)]
    abandoned = [] if selector else written_by_controller(inventory.slices)
    assert (missed, abandoned) == ([], []), (
        f"selector {selector or '(none)'} of {inventory.service_name} misses pods {missed}, and "
        f"EndpointSlices that nobody keeps up to date: {abandoned}"
    )


@pytest.mark.about("told-nameserver")
@pytest.mark.quick
@pytest.mark.usefixtures("some_probe")
def test_pods_on_every_node_ask_the_service(
    inventory: Inventory, testbed: Testbed, node_local: Mapping[str, tuple[str, ...]]
) -> None:
    """A pod must be told the DNS Service, a cache on its node, or who else knows the cluster."""
    strange = strange_nameservers(testbed.resolv_confs, inventory.cluster_ips, node_local)
    assert (bool(testbed.resolv_confs), strange) == (True, {}), (
        f"{inventory.service_name} has {inventory.cluster_ips} and these serve on the nodes: "
        f"{dict(node_local)}, but pods are told {strange or 'nothing'}: "
        "look at clusterDNS in the kubelet's configuration on these nodes"
    )
