"""What the API tells: read and made small, one function for each kind of fact."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address

from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest, NotFoundError, path_of
from clusterdns.inventory import owner_places
from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.owner_places import Owner
from clusterdns.inventory.permissions import rights_needed, service_accounts, without
from clusterdns.inventory.shape import pod_ranges, seconds_since
from clusterdns.resolvconf import ResolvConf
from clusterdns.testbed.testbed import Testbed

API_SERVICE_LABEL = "kubernetes.io/service-name=kubernetes"
LOG_LINES = 200
NAMED_FOR_DNS = r"^(system:)?(coredns|kube-dns)$"
EVENTS_S = 600.0  # what is older says nothing about now, unless it is about a replica that is there


def rights_of_replicas(cluster: Cluster, inventory: Inventory) -> dict[str, bool]:
    """What the replicas need and whether all of them may, such as "list-services".

    Empty where no account is known to serve DNS.
    """
    users = service_accounts(inventory)
    if not users:
        return {}
    return {str(each): not without(cluster, users, each) for each in rights_needed(inventory)}


def roles_for_dns(cluster: Cluster, inventory: Inventory) -> dict[str, bool]:
    """The ClusterRoles that are about DNS, and whether one binds the replicas' accounts to them.

    About DNS are those that are bound to these accounts, and those that are named for it.
    """
    users = {tuple(user.split(":")[2:]) for user in service_accounts(inventory)}
    bound = {
        str(binding["roleRef"]["name"])
        for binding in cluster.list("ClusterRoleBinding")
        for subject in binding.get("subjects") or []
        if subject.get("kind") == "ServiceAccount"
        and (subject.get("namespace"), subject.get("name")) in users
    }
    names = {str(role["metadata"]["name"]) for role in cluster.list("ClusterRole")}
    return {n: n in bound for n in sorted(names) if n in bound or re.search(NAMED_FOR_DNS, n)}


def owners_of_dns(cluster: Cluster, inventory: Inventory) -> dict[str, Owner]:
    """Who owns the objects of cluster DNS, its ConfigMaps included; see owner_places.owners."""
    home = {name: inventory.namespace for name, _ in inventory.keys.values()}
    if inventory.config_map:
        home[inventory.config_map[1]] = inventory.config_map[0]
    found = {}
    for name, namespace in home.items():
        with suppress(NotFoundError):  # a mount may be optional
            found[name] = cluster.get("ConfigMap", name, namespace)
    return owner_places.owners(inventory, found)


def mutators_of_pods(cluster: Cluster) -> tuple[str, ...]:
    """The webhooks that are asked when a pod is made, as configuration and webhook."""
    return tuple(
        f"{configuration['metadata']['name']} ({hook['name']})"
        for configuration in cluster.list("MutatingWebhookConfiguration")
        for hook in configuration.get("webhooks") or ()
        if any(_is_about_pods(rule) for rule in hook.get("rules") or ())
    )


def _is_about_pods(rule: Manifest) -> bool:
    resources, verbs = set(rule.get("resources") or ()), set(rule.get("operations") or ())
    return bool(resources & {"pods", "*", "*/*"}) and bool(verbs & {"CREATE", "*"})


def node_confs(cluster: Cluster, namespaces: Iterable[str]) -> dict[str, ResolvConf] | None:
    """resolv.conf of the nodes, as pods of ours with dnsPolicy Default printed it.

    What a dnsConfig has put into such a pod's file is not the node's.
    """
    found: dict[str, ResolvConf] = {}
    for namespace in namespaces:
        for pod in cluster.list("Pod", namespace):
            spec, name = pod["spec"], str(pod["metadata"]["name"])
            if spec.get("dnsPolicy") != "Default" or not name.startswith("node-resolver"):
                continue
            if pod["status"].get("phase") == "Running":
                conf = ResolvConf.parse(cluster.logs(namespace, name, lines=40))
                added = (spec.get("dnsConfig") or {}).get("nameservers") or ()
                own = tuple(each for each in conf.nameservers if each not in added)
                if own:
                    found[str(spec["nodeName"])] = replace(conf, nameservers=own)
    return found or None


def probe_ips(cluster: Cluster, testbed: Testbed) -> dict[str, str]:
    """The pod IP of each probe, by node."""
    found = {}
    pods = {p["metadata"]["name"]: p for p in cluster.list("Pod", testbed.workspace.namespace)}
    for node, probe in testbed.probes.items():
        if ip := pods.get(probe.pod, {}).get("status", {}).get("podIP"):
            found[node] = str(ip)
    return found


def whole_log(cluster: Cluster, pod: Manifest) -> str:
    """What a replica printed, and before it what the container before the last restart did."""
    meta, texts = pod["metadata"], []
    statuses = pod.get("status", {}).get("containerStatuses") or []
    names = [s["name"] for s in statuses] or [None]
    for status, name in zip(statuses or [{}], names, strict=True):
        for previous in (True, False):
            if previous and not status.get("lastState", {}).get("terminated"):
                continue
            texts.append(one_log(cluster, meta["namespace"], meta["name"], name, previous))
    return "\n".join(filter(None, texts))


def one_log(
    cluster: Cluster, namespace: str, pod: str, container: str | None, previous: bool
) -> str:
    """The end of one container's log; empty where there is none."""
    query = {"tailLines": str(LOG_LINES), "previous": "true" if previous else "false"}
    query |= {"container": container} if container else {}
    try:
        return cluster.text("GET", f"{path_of('Pod', namespace, pod)}/log", query=query)
    except (NotFoundError, ApiException):
        return ""


def in_pod_ranges(addresses: Iterable[str], nodes: Iterable[Manifest]) -> list[str]:
    """Those of some addresses that lie in the pod range of a node."""
    ranges = pod_ranges(nodes).values()
    return [each for each in addresses if any(ip_address(each) in net for net in ranges)]


def pods_with(cluster: Cluster, address: str) -> list[Manifest]:
    """The pods of the whole cluster that have an address; those that have ended do not count."""
    found = cluster.list("Pod", fields=f"status.podIP={address}")
    return [pod for pod in found if pod["status"].get("phase") == "Running"]


def owners(services: Iterable[Manifest]) -> dict[str, str]:
    """Which Service has which cluster IP."""
    return {
        ip: f"{s['metadata']['namespace']}/{s['metadata']['name']}"
        for s in services
        for ip in s["spec"].get("clusterIPs") or [s["spec"].get("clusterIP", "")]
        if ip and ip != "None"
    }


def api_service(services: Iterable[Manifest]) -> Manifest | None:
    """The Service default/kubernetes."""
    wanted = ("default", "kubernetes")
    found = [s for s in services if (s["metadata"]["namespace"], s["metadata"]["name"]) == wanted]
    return next(iter(found), None)


def endpoints_of(slices: Iterable[Manifest]) -> list[tuple[str, int]]:
    """The addresses and ports of the API server itself."""
    return [
        (address, int(port["port"]))
        for piece in slices
        for endpoint in piece.get("endpoints") or []
        for address in endpoint["addresses"]
        for port in piece.get("ports") or []
    ]


def says_something(event: Manifest, replicas: Sequence[str]) -> bool:
    """Whether an event is about now: events outlive what they are about by an hour."""
    about = event.get("involvedObject") or {}
    if about.get("kind") == "Pod" and about.get("name") in replicas:
        return True
    series = event.get("series") or {}
    times = [series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime")]
    times.append(event["metadata"].get("creationTimestamp"))
    latest = next((str(time) for time in times if time), None)
    return latest is None or seconds_since(latest) < EVENTS_S


def told(event: Manifest) -> dict[str, str]:
    """An event of the API, reduced to what causes look at."""
    about = event.get("involvedObject") or {}
    return {
        "namespace": str(event["metadata"].get("namespace", "")),
        "object": f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}",
        "reason": str(event.get("reason", "")),
        "message": str(event.get("message", ""))[:500],
    }


def slim(pod: Manifest) -> Manifest:
    """A pod without what no cause looks at."""
    meta = {key: pod["metadata"].get(key) for key in ("name", "namespace", "labels")}
    containers = [
        {key: c.get(key) for key in ("name", "args", "command")} for c in pod["spec"]["containers"]
    ]
    spec = {"nodeName": pod["spec"].get("nodeName", ""), "containers": containers}
    return {"metadata": meta, "spec": spec, "status": pod.get("status", {})}
