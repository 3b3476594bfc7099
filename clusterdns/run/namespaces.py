"""The namespaces of a run: made, labelled, and gone without a trace at the end."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest, NotFoundError, path_of
from clusterdns.run.identity import RunId
from clusterdns.run.ledger import Ledger, one_line
from clusterdns.run.ownership import Made, left_alone, owners, why_not_ours
from clusterdns.run.state import StateFile
from clusterdns.wait import GENTLY, eventually

UNDO_S = 8.0  # seconds in which each request of the clean-up is tried again, of its 60
Tell = Callable[[str], None]

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
        "metadata": {
            "name": name,
            "labels": {**run.labels, **enforced},
            "annotations": run.annotations(name),
        },
    }


def make(
    made: Made, level: str, ledger: Ledger, state: StateFile, goes_with: str | None = None
) -> None:
    """Create one namespace; state file and ledger know of it before the API server does.

    Raises what the API server answers.
    """
    state.update(lambda s: replace(s, namespaces=(*s.namespaces, made.name)))
    undoing = made.hurried(UNDO_S)
    ledger.register(
        f"namespace {made.name}",
        lambda: delete(undoing),
        gone=lambda: why_there(undoing),
        goes_with=goes_with,
    )
    note_uid(state, create_surely(made.cluster, manifest_of(made.name, made.run, level)))


def note_uid(state: StateFile, created: Manifest) -> Manifest:
    """Write down which object it is that the API server made; later ones are not ours."""
    kind, metadata = created["kind"], created["metadata"]
    if uid := metadata.get("uid"):
        state.update(lambda s: replace(s, uids=(*s.uids, (kind, metadata["name"], uid))))
    return created


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


def delete(made: Made) -> None:
    """Start the deletion of a namespace; its pods leave the API at once, whatever their grace.

    The namespace controller looks 5 s after the deletion, and again only after half of the
    longest grace period in the pods' specs (kubernetes 1.34, namespaced_resources_deleter.go):
    a pod that is still there then would hold the namespace.
    """
    options = {"gracePeriodSeconds": 0, "propagationPolicy": "Background"}
    if not made.delete():
        return
    try:
        made.cluster.request("DELETE", path_of("Pod", made.name), options)
    except NotFoundError:
        return
    except ApiException as error:
        if error.status != 403:  # without the right to do that it only takes longer
            raise


def why_there(made: Made) -> str | None:
    """None when the namespace is gone; else what keeps it, as its controller reports it."""
    found = made.find()
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


def share(
    cluster: Cluster, run: RunId, name: str, ledger: Ledger, state: StateFile, tell: Tell
) -> None:
    """Work in a namespace that exists: at the end what we made there goes, and nothing else."""
    state.update(lambda s: replace(s, shared_namespace=name))
    register_made(
        cluster=cluster,
        run=run,
        name=name,
        ledger=ledger,
        what=f"objects of {run} in namespace {name}",
        tell=tell,
    )


def register_made(
    cluster: Cluster,
    run: RunId,
    name: str,
    ledger: Ledger,
    what: str,
    tell: Tell = lambda line: None,
) -> None:
    """Let a ledger delete what the run made in a namespace, and wait until it is gone.

    ``tell`` gets a line for each object there that bears the run's label and is not its own.
    """
    undoing = cluster.hurried(UNDO_S)
    deleted: set[str] = set()
    ledger.register(
        what,
        lambda: delete_made(undoing, run, name, deleted, tell),
        gone=lambda: why_made(undoing, run, name, deleted),
    )


def delete_made(
    cluster: Cluster, run: RunId, namespace: str, deleted: set[str], tell: Tell
) -> None:
    """Delete everything in a namespace that bears the run's label and a proof that fits.

    ``deleted`` collects the uids: what such an object owned goes with it, and is waited for.
    Raises RuntimeError that names the kinds we were not allowed to look for or delete; the
    others are deleted all the same.
    """
    refused: list[str] = []
    for kind in IN_NAMESPACE:
        try:
            for found in cluster.list(kind, namespace, labels=run.selector):
                why = why_not_ours(kind, found, run)
                if why is not None and not owners(found):
                    tell(left_alone(kind, found, why))
                if why is None:
                    metadata = found["metadata"]
                    cluster.delete(kind, metadata["name"], namespace, uid=metadata.get("uid"))
                    deleted.add(str(metadata.get("uid")))
        except ApiException as error:
            # What we may not even list we cannot have made.
            if error.status != 403:
                refused.append(f"{kind}: {one_line(error)}")
    if refused:
        raise RuntimeError("; ".join(refused))


def why_made(cluster: Cluster, run: RunId, namespace: str, deleted: set[str]) -> str | None:
    """None when nothing that the run made is left in a namespace; else what is."""
    left: list[str] = []
    for kind in IN_NAMESPACE:
        try:
            found = cluster.list(kind, namespace, labels=run.selector)
        except ApiException as error:
            if error.status != 403:
                left.append(f"{kind}: {one_line(error)}")
            continue
        left += [
            f"{kind} {each['metadata']['name']}"
            for each in found
            if why_not_ours(kind, each, run) is None or owners(each) & deleted
        ]
    return f"still there: {', '.join(left)}" if left else None
