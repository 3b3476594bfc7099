"""What dead runs left behind, found by their state files and by the labels of their objects.

A run is dead when no living process of this machine holds its state file *and* its lease in the
cluster has run out or is gone. A kind cluster of a run's own is on the machine of its state file,
so there the lock alone decides.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest
from clusterdns.run import namespaces
from clusterdns.run.identity import RUN_LABEL, RunId, run_of
from clusterdns.run.lease import alive, clock_offset, moment
from clusterdns.run.state import RunState, StateFile, dead_runs, is_locked

CLUSTER_SCOPED = ("ClusterRoleBinding", "ClusterRole")
COMMAND = "pytest --cleanup-only"


@dataclass
class Remains:
    """What one run left: by its state file, by its objects in the cluster, or both."""

    run: RunId
    file: StateFile | None = None
    in_reach: bool = False  # its cluster is the one that we are connected to
    objects: list[tuple[str, str | None, str]] = field(
        default_factory=list
    )  # kind, namespace, name
    lease: Manifest | None = None
    born: datetime | None = None
    spared_s: float = 0.0  # after its birth, where it may keep no lease

    @property
    def things(self) -> list[str]:
        """What is left, in words."""
        state = self.file.state if self.file else RunState(str(self.run))
        named = [
            f"{kind} {f'{place}/' if place else ''}{name}" for kind, place, name in self.objects
        ]
        if not self.in_reach and not state.kind_cluster:
            named += [f"Namespace {name}" for name in state.namespaces]
            named += [f"{kind} {name}" for kind, name in state.cluster_scoped]
            if state.shared_namespace:
                named.append(f"objects in namespace {state.shared_namespace}")
        named += [f"{record.what} to be given back" for record in state.restores]
        if state.kind_cluster:
            named.append(f"kind cluster {state.kind_cluster}")
        if state.docker_network:
            named.append(f"Docker network {state.docker_network} and its seal")
        return named

    @property
    def how(self) -> str:
        """The command that removes it."""
        state = self.file.state if self.file else None
        if state is None or self.in_reach or state.kind_cluster or not state.context:
            return COMMAND
        place = f" --kubeconfig {state.kubeconfig}" if state.kubeconfig else ""
        return f"{COMMAND} --kube-context {state.context}{place}"

    @property
    def line(self) -> str:
        """One line for a person: who, what, and how to remove it."""
        kept = " was kept (--keep)" if self.file and self.file.state.kept else " is dead"
        things = ", ".join(self.things) or "only its state file"
        return f"run {self.run}{kept} and left: {things}. Remove it with: {self.how}"


@contextmanager
def survey(
    folder: Path, cluster: Cluster | None, shared: str | None = None
) -> Iterator[tuple[list[Remains], list[str]]]:
    """What dead runs left, with their state files locked inside the block; and complaints.

    Runs whose state file is free but whose lease still holds are in the list too: see
    ``clean_up``. ``shared`` is an existing namespace to look into as well.
    """
    files, complaints = dead_runs(folder)
    found = {f.state.run: Remains(RunId(f.state.run), f) for f in files}
    try:
        if cluster is not None:
            _look_into(cluster, folder, found, complaints, shared)
        yield sorted(found.values(), key=lambda each: str(each.run)), complaints
    finally:
        for each in files:
            each.close()


def _look_into(
    cluster: Cluster,
    folder: Path,
    found: dict[str, Remains],
    complaints: list[str],
    shared: str | None,
) -> None:
    """Add what is in the cluster; drop what belongs to a live run of another machine."""
    identity = cluster_identity(cluster)
    for each in found.values():
        state = each.file.state if each.file else None
        each.in_reach = state is not None and is_same(state, identity, cluster.server)
    places = {r.file.state.shared_namespace for r in found.values() if r.file and r.in_reach}
    for manifest in _labelled(cluster, {*places, shared} - {None}, complaints):
        run = run_of(manifest)
        if run is None or (run not in found and is_locked(folder, run)):
            continue
        each = found.setdefault(run, Remains(RunId(run)))
        each.in_reach = True
        metadata = manifest["metadata"]
        if manifest["kind"] == "Namespace" and metadata["name"] == run:
            each.born = moment(metadata.get("creationTimestamp"))
            each.lease = _lease_of(cluster, run, complaints)
            each.spared_s = namespaces.spared_s(manifest)
        if manifest["kind"] == "Lease":
            each.lease = manifest
        each.objects.append((manifest["kind"], metadata.get("namespace"), metadata["name"]))
    now = datetime.now(UTC) + clock_offset(cluster)
    for run, each in list(found.items()):
        if each.file is None and alive(each.lease, each.born, now, each.spared_s):
            del found[run]


def _labelled(
    cluster: Cluster, places: Iterable[str | None], complaints: list[str]
) -> Iterator[Manifest]:
    """Every object with a run label, outside namespaces and in these."""
    searched: list[tuple[str, str | None]] = [("Namespace", None)]
    searched += [(kind, None) for kind in CLUSTER_SCOPED]
    searched += [(kind, place) for place in places for kind in namespaces.IN_NAMESPACE]
    for kind, place in searched:
        try:
            for manifest in cluster.list(kind, place, labels=RUN_LABEL):
                yield {**manifest, "kind": kind}
        except ApiException as error:
            if error.status != 403:
                raise
            complaints.append(f"not allowed to list {kind} objects, so none are looked for")


def _lease_of(cluster: Cluster, run: str, complaints: list[str]) -> Manifest | None:
    """The lease of a run; one that we may not read counts as fresh, so that the run is spared."""
    try:
        return cluster.find("Lease", run, run)
    except ApiException as error:
        if error.status != 403:
            raise
        complaints.append(f"not allowed to read the lease of run {run}, so it is left alone")
        return {"spec": {"renewTime": datetime.now(UTC).isoformat()}}


def cluster_identity(cluster: Cluster) -> str | None:
    """What tells this cluster from any other: the uid of kube-system; None when not readable."""
    try:
        found = cluster.find("Namespace", "kube-system")
    except ApiException:
        return None
    return str(found["metadata"].get("uid")) if found else None


def is_same(state: RunState, identity: str | None, server: str) -> bool:
    """Whether a run's cluster is this one: by identity, else by the server's address."""
    if state.cluster_uid and identity:
        return state.cluster_uid == identity
    return state.server == server


def what_dead_runs_left(
    folder: Path, cluster: Cluster | None = None, shared: str | None = None
) -> list[str]:
    """One line per dead run, for the notice at every start; nothing is changed.

    Without a cluster: those that this machine's state files know. With one: those in it that
    no state file of this machine knows.
    """
    with survey(folder, cluster, shared) as (found, complaints):
        if cluster is None:
            return [each.line for each in found] + complaints
        return [each.line for each in found if each.file is None]  # rights are for --cleanup-only
