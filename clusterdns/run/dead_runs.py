"""What dead runs left behind, found by their state files and by the marks of their objects.

A run is dead when no living process of this machine holds its state file *and* its lease in the
cluster has run out or is gone. A kind cluster of a run's own is on the machine of its state file,
so there the lock alone decides. What bears a run's marks is its own only where name, label and
proof agree with the state file or the Lease; all else is named, and left.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest, time_of
from clusterdns.run.identity import RunId
from clusterdns.run.lease import alive, clock_offset
from clusterdns.run.ownership import left_alone, why_not_ours
from clusterdns.run.state import RunState, StateFile, dead_runs, is_locked
from clusterdns.run.traces import Leases, Traces, leases_of, moment_of, search
from clusterdns.run.undoing import Record

COMMAND = "pytest --cleanup-only"


@dataclass(frozen=True)
class Thing:
    """An object that is provably a run's."""

    kind: str
    namespace: str | None
    name: str
    uid: str | None

    @property
    def what(self) -> str:
        """The object in words."""
        return f"{self.kind} {f'{self.namespace}/' if self.namespace else ''}{self.name}"


@dataclass(frozen=True)
class Changed:
    """An object that is not a run's and carries its record of a change."""

    kind: str
    manifest: Manifest
    record: Record

    @property
    def what(self) -> str:
        """The object in words."""
        metadata = self.manifest["metadata"]
        return Thing(self.kind, metadata.get("namespace"), metadata["name"], None).what


@dataclass
class DeadRun:
    """What one run left: by its state file, by its objects in the cluster, or both."""

    run: RunId
    file: StateFile | None = None
    in_reach: bool = False  # its cluster is the one that we are connected to
    objects: list[Thing] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    lease: Manifest | None = None
    born: datetime | None = None
    spared: str = ""  # why nothing of it in this cluster may be touched
    reached_by: str = ""  # the options that name the cluster that we are connected to

    @property
    def state(self) -> RunState:
        """What its state file says; nothing but its name without one."""
        return self.file.state if self.file else RunState(str(self.run))

    @property
    def changes(self) -> list[str]:
        """What is to be restored, in words: by the state file and by records on objects."""
        named = [record.what for record in self.state.restores]
        return named + [each.what for each in self.changed if each.what not in named]

    @property
    def things(self) -> list[str]:
        """What is left, in words."""
        state = self.state
        named = [each.what for each in self.objects]
        if not self.in_reach and not state.kind_cluster:
            named += [f"Namespace {name}" for name in state.namespaces]
            named += [f"{kind} {name}" for kind, name in state.cluster_scoped]
            if state.shared_namespace:
                named.append(f"objects in namespace {state.shared_namespace}")
        named += [f"{what} to be restored" for what in self.changes]
        return named + self.local_things

    @property
    def local_things(self) -> list[str]:
        """What of it is on the machine of its state file, in words."""
        named: list[str] = []
        if self.state.kind_cluster:
            named.append(f"kind cluster {self.state.kind_cluster}")
        if self.state.docker_network:
            named.append(f"Docker network {self.state.docker_network} and its seal")
        return named

    @property
    def how(self) -> str:
        """The command that removes what a dead run left."""
        state = self.state
        if state.kind_cluster:
            return COMMAND
        return COMMAND + (self.reached_by or _options(state.context, state.kubeconfig))

    @property
    def line(self) -> str:
        """One line for a person: who, what, and how to remove it."""
        kept = " was kept (--keep)" if self.file and self.file.state.kept else " is dead"
        things = ", ".join(self.things) or "only its state file"
        return f"run {self.run}{kept} and left: {things}. Remove it with: {self.how}"


@contextmanager
def survey(
    folder: Path, cluster: Cluster | None, shared: str | None = None
) -> Iterator[tuple[list[DeadRun], list[str]]]:
    """What dead runs left, with their state files locked inside the block; and complaints.

    Complaints say what could not be looked for, and what bears our marks and is left alone.
    Runs whose state file is free but whose lease still holds are in the list too: see
    ``clean_up``. ``shared`` is an existing namespace to look into as well.
    """
    files, complaints = dead_runs(folder)
    found = {f.state.run: DeadRun(f.state.id, f) for f in files}
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
    found: dict[str, DeadRun],
    complaints: list[str],
    shared: str | None,
) -> None:
    """Add what is provably a dead run's in the cluster; name what is not."""
    identity = cluster_identity(cluster)
    for each in found.values():
        each.in_reach = is_same(each.state, identity, cluster.server)
    places = {each.state.shared_namespace for each in found.values() if each.in_reach}
    everything = search(cluster, {p for p in (*places, shared) if p}, complaints)
    now = datetime.now(UTC) + clock_offset(cluster)
    for run in sorted({*everything, *(r for r, each in found.items() if each.in_reach)}):
        known = found.get(run)
        if known is None and is_locked(folder, run):
            continue  # it lives, on this machine
        traces = everything.get(run, Traces())
        shared_by = known.state.shared_namespace if known else None
        where = traces.lease_places | ({shared_by} if shared_by else set())
        leases = leases_of(cluster, run, where)
        each = known or DeadRun(RunId(run))
        if _may_be_judged(each, leases, now, complaints):
            _judge(
                cluster=cluster,
                each=each,
                traces=traces,
                leases=leases,
                now=now,
                complaints=complaints,
            )
            if each.objects or each.changed:
                found[run] = each


def _may_be_judged(each: DeadRun, leases: Leases, now: datetime, complaints: list[str]) -> bool:
    """Whether a run may be dead; without a state file its leases must all have run out."""
    if leases.unreadable:
        each.spared = (
            f"not allowed to read its lease in namespace {', '.join(leases.unreadable)}, so it "
            "may be alive and is left alone"
        )
        if each.file is None:
            complaints.append(f"run {each.run}: {each.spared}")
        return False
    if each.file is None and any(alive(lease, None, now) for lease in leases.found):
        complaints.append(f"run {each.run} is alive: it is left alone")
        return False
    return True


def _judge(
    cluster: Cluster,
    each: DeadRun,
    traces: Traces,
    leases: Leases,
    now: datetime,
    complaints: list[str],
) -> None:
    """Take over what is provably the run's, name the rest."""
    each.lease = leases.lease
    known = each.in_reach and bool(each.state.secret)
    secret = each.state.secret if known else leases.secret
    each.run = run = RunId(str(each.run), secret)
    for kind, manifest in traces.objects:
        metadata = manifest["metadata"]
        name = metadata["name"]
        uid = each.state.uid_of(kind, name) if known else None
        if why := why_not_ours(kind, manifest, run, uid):
            complaints.append(left_alone(kind, manifest, why))
            continue
        if kind == "Namespace" and name == str(run):
            each.born = time_of(metadata.get("creationTimestamp"))
        each.objects.append(Thing(kind, metadata.get("namespace"), name, metadata.get("uid")))
    for kind, manifest, record in traces.changes:
        why = record.fits(kind, manifest, secret)
        if why is None and not secret and alive(None, moment_of(record), now):
            why = f"run {run} made the change just now and has no lease: it may be alive"
        if why:
            complaints.append(left_alone(kind, manifest, why))
        else:
            each.changed.append(Changed(kind, manifest, record))
    each.in_reach = each.in_reach or bool(each.objects or each.changed)
    each.reached_by = _options(cluster.context, cluster.kubeconfig) if each.in_reach else ""
    if known:
        complaints += _without_label(cluster, each, traces)


def _options(context: str | None, kubeconfig: str | None) -> str:
    """The options that name a cluster; empty when none is known."""
    if not context:
        return ""
    return f" --kube-context {context}" + (f" --kubeconfig {kubeconfig}" if kubeconfig else "")


def _without_label(cluster: Cluster, each: DeadRun, traces: Traces) -> list[str]:
    """What the state file names, and what is there but does not bear our label any more."""
    state, lines = each.state, []
    labelled = {(kind, manifest["metadata"]["name"]) for kind, manifest in traces.objects}
    named = [*(("Namespace", name) for name in state.namespaces), *state.cluster_scoped]
    for kind, name in named:
        if (kind, name) in labelled:
            continue
        try:
            there = cluster.find(kind, name)
        except ApiException:
            continue  # that we may not read it is reported by the search
        if there is not None:
            lines.append(
                f"left alone: {kind} {name} is in the state file of run {each.run}, but does not "
                "bear its label"
            )
    return lines


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
    no state file of this machine knows. Only --cleanup-only reports what is left alone.
    """
    with survey(folder, cluster, shared) as (found, complaints):
        if cluster is None:
            return [each.line for each in found] + complaints
        return [each.line for each in found if each.file is None]  # rights are for --cleanup-only
