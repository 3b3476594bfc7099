"""Whom the DNS Service leads questions to: nobody on some nodes, or somebody who is not there."""

from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.finding import Finding, Scope, cause
from clusterdns.diagnosis.paths import dead_service_nodes
from clusterdns.diagnosis.scopes import from_nodes
from clusterdns.inventory.shape import nodes_of, ready_endpoints

LOSSES = ("conntrack-race-5s", "packets-lost", "vxlan-checksum", "dns-port-filtered")


@cause("dns-svc-local-traffic", "service", leads_to=("kube-proxy-stuck-node",))
def local_traffic(facts: Facts) -> Finding | None:
    """The Service leads only to replicas of the same node, and some nodes have none."""
    inventory = facts.inventory
    spec = (inventory.service or {}).get("spec", {})
    served = nodes_of(inventory.ready_pods)
    nodes = dead_service_nodes(facts) - served
    if spec.get("internalTrafficPolicy") != "Local" or not nodes:
        return None
    patch = '{"spec":{"internalTrafficPolicy":"Cluster"}}'
    return Finding(
        f"The DNS Service leads only to replicas on the same node (internalTrafficPolicy: Local), "
        f"and there is none on {nodes_in_words(nodes)}.",
        (
            f"{inventory.service_name} has internalTrafficPolicy: Local; replicas are ready on "
            f"{', '.join(sorted(served)) or 'no node'}",
            f"from {nodes_in_words(nodes)} the Service does not answer over any transport",
        ),
        (
            f"{facts.ks} patch {inventory.service_name} -p '{patch}'",
            "or keep a ready replica on every node (a DaemonSet)",
        ),
        Scope(from_nodes(nodes).names, lambda cell: cell.node in nodes and cell.of_service),
    )


@cause("dns-svc-stale-endpoint", "service", leads_to=LOSSES)
def stale_endpoint(facts: Facts) -> Finding | None:
    """The Service leads a share of the questions to an address that no replica has."""
    inventory = facts.inventory
    if inventory.service is None or not inventory.pods:
        return None
    known = {ip["ip"] for pod in inventory.pods for ip in pod["status"].get("podIPs") or []}
    endpoints = ready_endpoints(inventory.slices)
    strange = sorted(endpoints - known)
    if not strange:
        return None
    holding = [
        str(piece.get("metadata", {}).get("name", ""))
        for piece in inventory.slices
        if any(set(e["addresses"]) & set(strange) for e in piece.get("endpoints") or [])
    ]
    name = inventory.service_name.removeprefix("service/")
    lossy = [p for p in facts.paths if p.server.startswith("service/") and p.lost]
    return Finding(
        f"{name} leads {len(strange)} of {len(endpoints)} shares of all questions to "
        f"{', '.join(strange)}, which no replica has.",
        (
            f"ready endpoints {', '.join(sorted(endpoints))}; the replicas have "
            f"{', '.join(sorted(known)) or 'no address'}",
            *([f"in EndpointSlice {', '.join(filter(None, holding))}"] if any(holding) else []),
            *(
                f"{p.node} > {p.server}: {p.lost} of {p.sent} lost over {p.transport}"
                for p in sorted(lossy, key=lambda p: -p.lost)[:1]
            ),
        ),
        (
            f"{facts.ks} get endpointslices -l kubernetes.io/service-name={name} -o yaml  "
            "# who manages it: endpointslice.kubernetes.io/managed-by",
            *_without(facts, set(strange)),
        ),
        Scope(
            (
                "network/test_dns_endpoints.py::*",
                "network/test_search*::*",
                "network/test_ndots.py::*",
                "network/test_path*::*",
                "network/test_metrics.py::test_metrics_come_through_the_service",
            ),
            lambda cell: cell.of_service,
        ),
    )


def _without(facts: Facts, strange: set[str]) -> list[str]:
    """How the Service stops to lead there, slice by slice; each can be undone."""
    found = []
    for piece in facts.inventory.slices:
        meta = piece.get("metadata", {})
        addresses = {a for e in piece.get("endpoints") or [] for a in e["addresses"]}
        manager = (meta.get("labels") or {}).get("endpointslice.kubernetes.io/managed-by", "")
        if not addresses & strange or not meta.get("name"):
            continue
        if manager == "endpointslice-controller.k8s.io":
            found.append(
                f"{meta['name']} is written by kube-controller-manager, which did not follow: look "
                "at its log; it writes the slice anew once it runs"
            )
        elif addresses <= strange:
            found.append(
                f"{facts.ks} label endpointslice {meta['name']} kubernetes.io/service-name-  "
                "# takes it from the Service; the label restored undoes that"
            )
        else:
            found.append(
                f"{facts.ks} edit endpointslice {meta['name']}  # take out "
                f"{', '.join(sorted(addresses & strange))} only"
            )
    return found
