"""The EndpointSlices of the DNS Service: where kube-proxy sends questions."""

import pytest

from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.shape import endpoint_ports, pod_ips, ready_endpoints, served_families

pytestmark = [pytest.mark.about("dns-endpoints"), pytest.mark.needs("dns-objects")]

PORTS = [("UDP", 53), ("TCP", 53)]


@pytest.mark.quick
@pytest.mark.usefixtures("slices_shown")
def test_endpoints_are_the_ready_replicas(inventory: Inventory) -> None:
    """The ready endpoints must be exactly the IPs of the ready replicas."""
    families = served_families(inventory)
    expected = {ip for pod in inventory.ready_pods for ip in pod_ips(pod, families)}
    found = ready_endpoints(inventory.slices)
    assert (found, bool(found)) == (expected, True), (
        f"ready endpoints {sorted(found)}, ready replicas {sorted(expected)}: kubectl -n "
        f"{inventory.namespace} get endpointslices -l kubernetes.io/service-name="
        f"{inventory.service_name.removeprefix('service/')} -o yaml"
    )


@pytest.mark.usefixtures("slices_shown")
@pytest.mark.parametrize(("protocol", "number"), PORTS, ids=["53-udp", "53-tcp"])
def test_endpoint_port_is_one_that_the_container_has(
    inventory: Inventory, protocol: str, number: int
) -> None:
    """Behind each port of the Service must be a port of the container, of the same protocol."""
    leads_to = endpoint_ports(inventory, protocol, number)
    container = {
        p["containerPort"]
        for p in inventory.container.get("ports", [])
        if p.get("protocol", "TCP") == protocol
    }
    assert (bool(leads_to), leads_to - container) == (True, set()), (
        f"{number}/{protocol} of {inventory.service_name} leads to {sorted(leads_to)}, "
        f"the container has {sorted(container)}"
    )


def test_every_replica_is_ready(inventory: Inventory) -> None:
    """Every replica must be ready: one that is not gets no questions, or should get none."""
    ready = {p["metadata"]["name"] for p in inventory.ready_pods}
    conditions = {
        p["metadata"]["name"]: p["status"].get("containerStatuses")
        for p in inventory.pods
        if p["metadata"]["name"] not in ready
    }
    assert (bool(ready), conditions) == (True, {}), (
        f"not ready: {conditions or 'no replica at all'}"
    )
