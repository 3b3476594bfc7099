"""What dead runs left behind: find it, name it, remove it. Live runs are never touched.

A run is dead when no living process of this machine holds its state file *and* its lease in the
cluster has run out or is gone. A kind cluster of a run's own is on the machine of its state file,
so there the lock alone decides.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest
from clusterdns.report.model import CleanupResult
from clusterdns.run import namespaces, restore
from clusterdns.run.identity import RUN_LABEL, RunId, run_of
from clusterdns.run.lease import alive, clock_offset, moment
from clusterdns.run.ledger import Ledger
from clusterdns.run.state import RunState, StateFile, dead_runs, is_locked
from clusterdns.wait import eventually

CLUSTER_SCOPED = ("ClusterRoleBinding", "ClusterRole")
COMMAND = "pytest --cleanup-only"
_ELSEWHERE = "nobody here can remove what is on the machine itself"


class LocalResources(Protocol):
    """What a run may have made on this machine; each method does nothing when it is gone."""

    def delete_cluster(self, name: str) -> None:
        """Delete a kind cluster. Raises when it is still there afterwards."""

    def why_cluster_there(self, name: str) -> str | None:
        """None when nothing is left of a kind cluster, else what is."""

    def delete_network(self, name: str) -> None:
        """Delete a Docker network and its seal. Raises when something is left of them."""


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
        if manifest["kind"] == "Lease":
            each.lease = manifest
        each.objects.append((manifest["kind"], metadata.get("namespace"), metadata["name"]))
    now = datetime.now(UTC) + clock_offset(cluster)
    for run, each in list(found.items()):
        if each.file is None and alive(each.lease, each.born, now):
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


def clean_up(
    folder: Path,
    cluster: Cluster | None,
    local: LocalResources | None,
    deadline_s: float,
    shared: str | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> CleanupResult:
    """Remove and restore what dead runs left, and verify that it is gone.

    ``deadline_s`` is for each run, in seconds, beside waiting for a lease to run out. Leftovers
    are what could not be removed, with the reason; what is in another cluster than the one we
    are connected to is only told, and counts as left over when we are connected to none.
    """
    restored: list[str] = []
    leftovers: list[str] = []
    with survey(folder, cluster, shared) as (found, complaints):
        for complaint in complaints:
            say(complaint)
        if not found:
            say("dead runs left nothing")
        for each in found:
            if each.things and not _has_local(each) and not each.in_reach:
                say(each.line)
                leftovers += [each.line] if cluster is None else []
                continue
            if cluster is not None and each.in_reach and not _lease_runs_out(cluster, each, say):
                leftovers.append(f"run {each.run}: its lease is being renewed, so it is alive")
                continue
            started = time.monotonic()
            result = _remove(each, cluster, local, deadline_s)
            restored += result.restored
            leftovers += [f"run {each.run}: {what}" for what in result.leftovers]
            seconds = time.monotonic() - started
            things = ", ".join(each.things) or "its state file"
            if result.state == "clean":
                say(f"run {each.run}: removed {things} in {seconds:.1f} s")
                if each.file:
                    each.file.remove()
            else:
                say(f"run {each.run}: NOT removed: {'; '.join(result.leftovers)}")
    return CleanupResult("changed" if leftovers else "clean", restored, leftovers)


def _has_local(each: Remains) -> bool:
    state = each.file.state if each.file else None
    return state is not None and bool(state.kind_cluster or state.docker_network)


def _lease_runs_out(cluster: Cluster, each: Remains, say: Callable[[str], None]) -> bool:
    """Wait until the lease of a run that was just killed has run out; False when it is renewed."""
    offset = clock_offset(cluster)

    def is_alive(lease: Manifest | None) -> bool:
        return alive(lease, each.born, datetime.now(UTC) + offset)

    if not is_alive(each.lease):
        return True
    first, place = each.lease, (each.lease or {}).get("metadata", {}).get("namespace")
    seconds = float(((first or {}).get("spec") or {}).get("leaseDurationSeconds") or 40)
    say(f"run {each.run}: waiting up to {seconds:.0f} s for its lease to run out")

    def look() -> Manifest | None:
        return cluster.find("Lease", str(each.run), place or str(each.run))

    def decided(lease: Manifest | None) -> bool:
        return not is_alive(lease) or (lease or {}).get("spec") != (first or {}).get("spec")

    return not is_alive(eventually(look, decided, within=seconds + 2, every=1.0))


def _remove(
    each: Remains, cluster: Cluster | None, local: LocalResources | None, deadline_s: float
) -> CleanupResult:
    """Undo one dead run through a ledger of its own."""
    ledger = Ledger()
    state = each.file.state if each.file else RunState(str(each.run))
    _register_local(ledger, state, local)
    if cluster is not None and each.in_reach:
        _register_objects(ledger, cluster, each, state)
    elif state.restores and not state.kind_cluster:
        ledger.register("restores", _cannot("its cluster is out of reach"), restore=True)
    return ledger.work_off(deadline_s)


def _register_local(ledger: Ledger, state: RunState, local: LocalResources | None) -> None:
    """The machine's part: registered so that the cluster goes before its network."""
    if name := state.docker_network:
        undo = partial(local.delete_network, name) if local else _cannot(_ELSEWHERE)
        ledger.register(f"Docker network {name} and its seal", undo)
    if name := state.kind_cluster:
        undo = partial(local.delete_cluster, name) if local else _cannot(_ELSEWHERE)
        gone = partial(local.why_cluster_there, name) if local else None
        ledger.register(f"kind cluster {name}", undo, gone=gone)


def _register_objects(ledger: Ledger, cluster: Cluster, each: Remains, state: RunState) -> None:
    """The cluster's part: by what the state file names and by what carries the label."""
    run = each.run
    places = {place for _, place, _ in each.objects if place} | {state.shared_namespace or ""}
    for place in sorted(places - {""}):
        ledger.register(
            f"objects in namespace {place}",
            partial(namespaces.delete_labelled, cluster, run, place),
            gone=partial(namespaces.why_labelled, cluster, run, place),
        )
    for kind, _, name in (o for o in each.objects if o[0] in CLUSTER_SCOPED):
        ledger.register(
            f"{kind} {name}",
            partial(namespaces.drop_cluster_scoped, cluster, kind, name, run),
            gone=namespaces.gone_check(cluster, kind, name),
        )
    for _, _, name in (o for o in each.objects if o[0] == "Namespace"):
        ledger.register(
            f"namespace {name}",
            partial(namespaces.delete, cluster, name),
            gone=partial(namespaces.why_there, cluster, name),
        )
    for record in state.restores:
        ledger.register(record.what, partial(restore.give_back, cluster, record), restore=True)


def _cannot(why: str) -> Callable[[], None]:
    def refuse() -> None:
        raise RuntimeError(why)

    return refuse
