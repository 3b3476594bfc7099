"""What becomes of our pods on their way into the API: webhooks and policies may rewrite them.

Compared by value is what decides whom a pod asks: what the API server fills in by itself (limits,
tolerations, a token) is no change here (Kubernetes, "Admission Control").
"""

from collections.abc import Iterator

from clusterdns.cluster import Manifest
from clusterdns.testbed.probes import probe_manifests, probe_name
from clusterdns.testbed.testbed import Workspace

# Fields of a pod's spec that decide how names are resolved in it, with what stands for nothing.
FIELDS: dict[str, object] = {
    "dnsPolicy": "ClusterFirst",
    "dnsConfig": {},
    "hostAliases": [],
    "hostNetwork": False,
    "hostname": "",
    "subdomain": "",
    "setHostnameAsFQDN": False,
}
LISTS = ("containers", "initContainers")  # what else runs beside ours, and may catch packets


def changes(sent: Manifest, stored: Manifest) -> Iterator[str]:
    """Each field of a pod that was changed, in words; the first word is the field."""
    mine, its = sent["spec"], stored.get("spec", {})
    for name, nothing in FIELDS.items():
        wanted, found = (spec.get(name) or nothing for spec in (mine, its))
        if wanted != found:
            yield f"{name}: sent as {wanted or 'nothing'}, stored as {found or 'nothing'}"
    for name in LISTS:
        wanted, found = ([one["name"] for one in spec.get(name) or ()] for spec in (mine, its))
        if added := sorted(set(found) - set(wanted)):
            yield f"{name}: {', '.join(added)} was added"


def rewritten_probes(workspace: Workspace) -> list[str]:
    """What was changed in the probe pods, each change once, with a pod that has it.

    Raises kubernetes.client.ApiException when pods may not be listed.
    """
    nodes = sorted(str(node["metadata"]["name"]) for node in workspace.inventory.ready_nodes)
    sent = probe_manifests(workspace, {probe_name(i): node for i, node in enumerate(nodes)})
    stored = workspace.pod_list.pods(workspace.namespace)
    found: dict[str, str] = {}
    for pod in sent:
        name = pod["metadata"]["name"]
        if name in stored:
            for change in changes(pod, stored[name]):
                found.setdefault(change, name)
    return [f"{change} (pod {name})" for change, name in found.items()]
