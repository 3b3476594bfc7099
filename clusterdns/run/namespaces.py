"""The namespaces of a run: made, labelled, and gone without a trace at the end."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from kubernetes.client import ApiException

from clusterdns.cluster import RESOURCES, Cluster, Manifest, NotThere, path_of
from clusterdns.run.identity import RunId
from clusterdns.run.ledger import Ledger, one_line
from clusterdns.run.state import StateFile
from clusterdns.wait import GENTLY, eventually

APPEARS_S = 1.0  # seconds for an object whose creation was interrupted to show
# What a run may make in a namespace that is not its own; the order is that of removal.
IN_NAMESPACE = (
    "Deployment",
    "ReplicaSet",
    "Pod",
    "Service",
    "EndpointSlice",
    "ConfigMap",
    "NetworkPolicy",
    "RoleBinding",
    "Role",
    "ServiceAccount",
    "Lease",
)


@dataclass(frozen=True)
class Namespaces:
    """Where a run puts its objects."""

    main: str
    second: str | None  # None with --namespace: what needs it is not-run
    shared: bool = False  # it existed before and is not ours to delete


def manifest_of(name: str, run: RunId, level: str) -> Manifest:
    """A namespace of the run that enforces a PodSecurity level (restricted, privileged)."""
    enforced = {"pod-security.kubernetes.io/enforce": level}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {**run.labels, **enforced}},
    }


def make(
    cluster: Cluster,
    run: RunId,
    name: str,
    level: str,
    ledger: Ledger,
    state: StateFile,
    goes_with: str | None = None,
) -> None:
    """Create one namespace; state file and ledger know of it before the API server does.

    Raises what the API server answers.
    """
    state.update(lambda s: replace(s, namespaces=(*s.namespaces, name)))
    ledger.register(
        f"namespace {name}",
        lambda: delete(cluster, name),
        gone=lambda: why_there(cluster, name),
        goes_with=goes_with,
    )
    create_surely(cluster, manifest_of(name, run, level))


def create_surely(cluster: Cluster, manifest: Manifest) -> Manifest:
    """Create an object; when a signal interrupts that, wait until it shows before going on.

    The API server may still make what it was asked for: undoing it too early would miss it.
    """
    try:
        return cluster.create(manifest)
    except KeyboardInterrupt:
        kind, metadata = manifest["kind"], manifest["metadata"]
        eventually(
            lambda: cluster.find(kind, metadata["name"], metadata.get("namespace")),
            lambda found: found is not None,
            within=APPEARS_S,
            every=GENTLY,
        )
        raise


def delete(cluster: Cluster, name: str) -> None:
    """Start the deletion of a namespace; its pods leave the API at once, whatever their grace.

    The namespace controller looks 5 s after the deletion, and again only after half of the
    longest grace period in the pods' specs (kubernetes 1.34, namespaced_resources_deleter.go):
    a pod that is still there then would hold the namespace.
    """
    options = {"gracePeriodSeconds": 0, "propagationPolicy": "Background"}
    cluster.delete("Namespace", name)
    try:
        cluster.request("DELETE", path_of("Pod", name), options)
    except NotThere:
        return
    except ApiException as error:
        if error.status != 403:  # without the right to do that it only takes longer
            raise


def why_there(cluster: Cluster, name: str) -> str | None:
    """None when the namespace is gone; else what keeps it, as its controller reports it."""
    found = cluster.find("Namespace", name)
    if found is None:
        return None
    metadata, status = found["metadata"], found.get("status") or {}
    if not metadata.get("deletionTimestamp"):
        return "is still there and not being deleted"
    held = [
        condition.get("message") or condition["type"]
        for condition in status.get("conditions") or []
        if condition.get("status") == "True"
    ]
    finalizers = [*metadata.get("finalizers", []), *(found.get("spec") or {}).get("finalizers", [])]
    foreign = [each for each in finalizers if each != "kubernetes"]
    if foreign:
        held.append(f"finalizers {', '.join(foreign)}")
    return "is being deleted; " + (" ".join(held) or "the namespace controller has not said why")


def share(cluster: Cluster, run: RunId, name: str, ledger: Ledger, state: StateFile) -> None:
    """Work in a namespace that exists: at the end our objects go, by label, and nothing else."""
    state.update(lambda s: replace(s, shared_namespace=name))
    ledger.register(
        f"objects of {run} in namespace {name}",
        lambda: delete_labelled(cluster, run, name),
        gone=lambda: why_labelled(cluster, run, name),
    )


def delete_labelled(cluster: Cluster, run: RunId, namespace: str) -> None:
    """Delete everything with the run's label in a namespace.

    Raises RuntimeError that names the kinds we were not allowed to look for or delete; the
    others are deleted all the same.
    """
    refused: list[str] = []
    for kind in IN_NAMESPACE:
        try:
            for found in cluster.list(kind, namespace, labels=run.selector):
                cluster.delete(kind, found["metadata"]["name"], namespace)
        except ApiException as error:
            # What we may not even list we cannot have made.
            if error.status != 403:
                refused.append(f"{kind}: {one_line(error)}")
    if refused:
        raise RuntimeError("; ".join(refused))


def why_labelled(cluster: Cluster, run: RunId, namespace: str) -> str | None:
    """None when nothing with the run's label is left in a namespace; else what is."""
    left: list[str] = []
    for kind in IN_NAMESPACE:
        try:
            found = cluster.list(kind, namespace, labels=run.selector)
        except ApiException as error:
            if error.status != 403:
                left.append(f"{kind}: {one_line(error)}")
            continue
        left += [f"{kind} {each['metadata']['name']}" for each in found]
    return f"still there: {', '.join(left)}" if left else None


def drop_cluster_scoped(cluster: Cluster, kind: str, name: str, run: RunId) -> None:
    """Delete a cluster-scoped object, if it is there and carries the run's label."""
    if RESOURCES[kind][2]:
        raise ValueError(f"{kind} lives in a namespace")
    if cluster.list(kind, labels=run.selector, fields=f"metadata.name={name}"):
        cluster.delete(kind, name)


def gone_check(cluster: Cluster, kind: str, name: str) -> Callable[[], str | None]:
    """A check for the ledger whether a cluster-scoped object is gone."""
    return lambda: "is still there" if cluster.find(kind, name) is not None else None
