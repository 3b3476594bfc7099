"""The roles of a run's names and addresses, by which two runs' answers are compared."""

from collections.abc import Iterable

from kubernetes.client import ApiException

from clusterdns.cluster import Manifest
from clusterdns.compare.roles import Roles
from clusterdns.objects.edge_cases import Drawn
from clusterdns.objects.records import Records
from clusterdns.objects.service import Service
from clusterdns.testbed.testbed import Testbed

DRAWN = 128  # addresses of each family that a run draws


def services_in(records: Records) -> list[Service]:
    """All Services of the records, also those that were refused."""
    found = [value for value in vars(records).values() if isinstance(value, Service)]
    cases = [value for value in vars(records.edge_cases).values() if isinstance(value, Service)]
    return found + cases


def roles_of(testbed: Testbed, services: Iterable[Service]) -> Roles:
    """What stands for what in the answers of this run.

    The DNS Service, its replicas, our Services with their endpoints, our pods, the nodes, and the
    addresses that were drawn. Pods that may not be listed have no role.
    """
    workspace, inventory = testbed.workspace, testbed.workspace.inventory
    run = workspace.run.text
    roles = Roles(testbed.zone, run)
    roles.add_addresses(inventory.cluster_ips, "DNS Service")
    roles.add_addresses((replica.address for replica in inventory.replicas), "replica")
    for service in services:
        name = f"{service.namespace}/{service.name}".replace(run, "our")
        roles.add_addresses(service.cluster_ips, f"Service {name}")
    drawn = Drawn(workspace.run)
    for number in range(DRAWN):
        both = (drawn.ipv4(number), drawn.ipv6(number))
        roles.add_addresses(both, f"drawn address {number}")
    for service in services:
        name = f"{service.namespace}/{service.name}".replace(run, "our")
        for number, endpoint in enumerate(service.endpoints):
            roles.add_addresses([endpoint.address], f"endpoint {number} of {name}")
    try:
        pods = workspace.pod_list.pods(workspace.namespace)
    except ApiException:
        pods = {}
    for pod in pods.values():
        roles.add_addresses(ips_of(pod), f"our pod {pod['metadata']['name']}")
    for number, node in enumerate(sorted(inventory.nodes, key=name_of)):
        addresses = [a["address"] for a in node["status"].get("addresses", [])]
        internal = [a for a in addresses if a[:1].isdigit()]
        roles.add_addresses(internal, f"node {number}")
        roles.add_name(name_of(node), f"node {number}")
    return roles


def name_of(thing: Manifest) -> str:
    """The name of an object."""
    return str(thing["metadata"]["name"])


def ips_of(pod: Manifest) -> list[str]:
    """The addresses of a pod."""
    return [ip["ip"] for ip in pod["status"].get("podIPs", [])]
