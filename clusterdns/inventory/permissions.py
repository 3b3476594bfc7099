"""What a ServiceAccount may do, asked with SubjectAccessReview; and what CoreDNS must read."""

from collections.abc import Iterable
from typing import NamedTuple

from clusterdns.cluster import Cluster
from clusterdns.corefile.directives import Version
from clusterdns.corefile.settings import Kubernetes
from clusterdns.inventory.dns_objects import pod_spec
from clusterdns.inventory.inventory import Inventory
from clusterdns.run.plan import PlannedObject, declare


class Readable(NamedTuple):
    """A resource of the API that CoreDNS lists and watches in all namespaces."""

    resource: str
    group: str = ""


class Right(NamedTuple):
    """One verb on one resource of the API, in all namespaces."""

    verb: str
    resource: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.verb}-{self.resource}"


SERVICES, NAMESPACES, PODS = Readable("services"), Readable("namespaces"), Readable("pods")
ENDPOINTSLICES = Readable("endpointslices", "discovery.k8s.io")
ENDPOINTS = Readable("endpoints")  # read beside or instead of slices before 1.9.0
SERVICEIMPORTS = Readable("serviceimports", "multicluster.x-k8s.io")
SLICES_ONLY: Version = (1, 9, 0)

WATCHED = (SERVICES, NAMESPACES, ENDPOINTSLICES)
NEEDED = [Right(verb, *each) for each in WATCHED for verb in ("list", "watch")]
# What options of the Corefile ask for beside: `pods verified`, `multicluster`.
NEEDED_BY_OPTIONS = {
    "pods-verified": [Right(verb, *PODS) for verb in ("list", "watch")],
    "multicluster": [Right(verb, *SERVICEIMPORTS) for verb in ("list", "watch")],
}
UNNEEDED = [Right("get", "secrets"), Right("create", "pods"), Right("update", "configmaps")]


def read_by(kubernetes: Kubernetes, version: Version | None = None) -> frozenset[Readable]:
    """What one use of the kubernetes plugin lists and watches (plugin/kubernetes/controller.go).

    Nodes are not among it: only federation asked for one, which is gone since CoreDNS 1.7.0.
    """
    found = {SERVICES, NAMESPACES}
    if not kubernetes.noendpoints:
        found.add(ENDPOINTSLICES)
        if version is not None and version < SLICES_ONLY:
            found.add(ENDPOINTS)
    if kubernetes.pods == "verified":
        found.add(PODS)
    if kubernetes.multicluster:
        found.add(SERVICEIMPORTS)
    return frozenset(found)


def rights_needed(inventory: Inventory) -> list[Right]:
    """What the replicas must be allowed: the usual rights, and what their Corefile asks for."""
    used = inventory.reading.all_kubernetes() if inventory.reading else ()
    read = {resource for each in used for resource in read_by(each)}
    more = [right for rights in NEEDED_BY_OPTIONS.values() for right in rights]
    return [*NEEDED, *(one for one in more if Readable(one.resource, one.group) in read)]


def service_accounts(inventory: Inventory) -> tuple[str, ...]:
    """The users that the replicas are, as the API server calls them; empty where nobody serves.

    The pods themselves say it: of those that are ready, else of all. A workload without a pod
    says it in its template, where no name means ``default`` (API reference, PodSpec).
    """
    pods = inventory.ready_pods or inventory.pods
    told = [(p["metadata"], p["spec"].get("serviceAccountName")) for p in pods]
    named = {f"{meta.get('namespace', inventory.namespace)}:{name}" for meta, name in told if name}
    if not named and inventory.workload is not None:
        namespace = inventory.workload["metadata"].get("namespace", inventory.namespace)
        name = pod_spec(inventory.workload).get("serviceAccountName", "default")
        named = {f"{namespace}:{name}"}
    return tuple(f"system:serviceaccount:{each}" for each in sorted(named))


def without(cluster: Cluster, users: Iterable[str], right: Right) -> list[str]:
    """The users that do not have a right.

    Raises kubernetes.client.ApiException when we may not ask.
    """
    return [user for user in users if not is_allowed(cluster, user, right)]


def having(cluster: Cluster, users: Iterable[str], right: Right) -> list[str]:
    """The users that have a right.

    Raises kubernetes.client.ApiException when we may not ask.
    """
    return [user for user in users if is_allowed(cluster, user, right)]


def is_allowed(cluster: Cluster, user: str, right: Right) -> bool:
    """Whether a ServiceAccount has a right.

    Raises kubernetes.client.ApiException when we may not ask.
    """
    namespace = user.split(":")[2]
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "metadata": {},
        "spec": {
            "user": user,
            "groups": [
                "system:serviceaccounts",
                f"system:serviceaccounts:{namespace}",
                "system:authenticated",
            ],
            "resourceAttributes": {
                "verb": right.verb,
                "resource": right.resource,
                "group": right.group,
            },
        },
    }
    return bool(cluster.create(review).get("status", {}).get("allowed"))


declare(
    PlannedObject(
        "authorization.k8s.io",
        "SubjectAccessReview",
        None,
        "-",
        verbs=("create",),
        why="what CoreDNS may do",
    ),
    wanted_by=["right"],
)
