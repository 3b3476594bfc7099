"""Remove what dead runs left behind, and verify that it is gone. Live runs are never touched.

Nor is anything that is not provably a run's: it is named, and that alone makes no failure.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from clusterdns.cluster import Cluster, Manifest
from clusterdns.report.model import CleanupResult
from clusterdns.run import namespaces, restore
from clusterdns.run.dead_runs import DeadRun, Thing, survey
from clusterdns.run.lease import alive, clock_offset
from clusterdns.run.ledger import Ledger
from clusterdns.run.ownership import Made
from clusterdns.run.state import RunState
from clusterdns.run.traces import CLUSTER_SCOPED
from clusterdns.wait import eventually

_ELSEWHERE = "nobody here can remove what is on the machine itself"


class LocalResources(Protocol):
    """What a run may have made on this machine; each method does nothing when it is gone."""

    def why_not_ours(self, kind_cluster: str, state: RunState) -> str | None:
        """None when a kind cluster is gone or is the run's own, else what speaks against it."""

    def why_not_our_network(self, name: str, state: RunState) -> str | None:
        """None when a Docker network is gone or is the run's own, else what speaks against it."""

    def delete_cluster(self, name: str) -> None:
        """Delete a kind cluster. Raises when it is still there afterwards."""

    def why_cluster_there(self, name: str) -> str | None:
        """None when nothing is left of a kind cluster, else what is."""

    def delete_network(self, name: str) -> None:
        """Delete a Docker network and its seal. Raises when something is left of them."""


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
    are connected to is only reported, and counts as left over when we are connected to none. With a
    connection nothing on this machine is removed: kind clusters of dead runs are only reported too.
    """
    restored: list[str] = []
    leftovers: list[str] = []
    with survey(folder, cluster, shared) as (found, complaints):
        for complaint in complaints:
            say(complaint)
        if not found:
            say("dead runs left nothing")
        for each in found:
            if _is_elsewhere(each, cluster):
                say(each.line)
                leftovers += [each.line] if cluster is None else []
                continue
            if each.spared:
                say(f"run {each.run}: {each.spared}")
                leftovers.append(f"run {each.run}: {each.spared}")
                continue
            if cluster is not None and each.in_reach and not _lease_runs_out(cluster, each, say):
                leftovers.append(f"run {each.run}: its lease is being renewed, so it is alive")
                continue
            started = time.monotonic()
            result = _remove(each, cluster, local, deadline_s, say)
            restored += result.restored
            leftovers += [f"run {each.run}: {what}" for what in result.leftovers]
            if result.restored:
                say(f"run {each.run}: restored, and read back: {', '.join(result.restored)}")
            if result.state == "clean":
                seconds = time.monotonic() - started
                say(f"run {each.run}: removed {_removed(each)} in {seconds:.1f} s")
                if each.file:
                    each.file.remove()
            else:
                say(f"run {each.run}: NOT removed: {'; '.join(result.leftovers)}")
    return CleanupResult("changed" if leftovers else "clean", restored, leftovers)


def _is_elsewhere(each: DeadRun, cluster: Cluster | None) -> bool:
    """Whether nothing of it is in what we may touch: one cluster, or this machine."""
    if each.local_things:
        return cluster is not None
    return bool(each.things) and not each.in_reach


def _removed(each: DeadRun) -> str:
    """What has been removed, in words."""
    things = [each_thing.what for each_thing in each.objects] + each.local_things
    return ", ".join(things) or ("its state file" if each.file else "its records")


def _lease_runs_out(cluster: Cluster, each: DeadRun, say: Callable[[str], None]) -> bool:
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
    each: DeadRun,
    cluster: Cluster | None,
    local: LocalResources | None,
    deadline_s: float,
    say: Callable[[str], None],
) -> CleanupResult:
    """Undo one dead run through a ledger of its own."""
    ledger = Ledger()
    _register_local(ledger, each.state, local, say)
    if cluster is not None and each.in_reach:
        _register_objects(ledger, cluster, each)
        _register_restores(ledger, cluster, each)
    elif each.state.restores and not each.state.kind_cluster:
        ledger.register("restores", _cannot("its cluster is out of reach"), restore=True)
    return ledger.undo_all(deadline_s)


def _register_local(
    ledger: Ledger, state: RunState, local: LocalResources | None, say: Callable[[str], None]
) -> None:
    """The machine's part: registered so that the cluster goes before its network."""
    if name := state.docker_network:
        why = local.why_not_our_network(name, state) if local else None
        undo = partial(local.delete_network, name) if local else _cannot(_ELSEWHERE)
        if why:
            say(f"left alone: Docker network {name} has the name of ours, but {why}")
        else:
            ledger.register(f"Docker network {name} and its seal", undo)
    if name := state.kind_cluster:
        why = local.why_not_ours(name, state) if local else None
        undo = partial(local.delete_cluster, name) if local else _cannot(_ELSEWHERE)
        gone = partial(local.why_cluster_there, name) if local else None
        if why:
            say(f"left alone: kind cluster {name} has the name of ours, but {why}")
        else:
            ledger.register(f"kind cluster {name}", undo, gone=gone)


def _register_objects(ledger: Ledger, cluster: Cluster, each: DeadRun) -> None:
    """What is provably ours. The run's own namespace goes last: the Lease in it proves the rest."""

    def made(thing: Thing) -> Made:
        return Made(cluster, thing.kind, thing.name, each.run, lambda: thing.uid)

    for thing in (t for t in each.objects if t.kind == "Namespace"):
        there = made(thing)
        ledger.register(
            f"namespace {thing.name}",
            partial(namespaces.delete, there),
            gone=partial(namespaces.why_there, there),
        )
    for place in sorted({thing.namespace for thing in each.objects if thing.namespace}):
        what = f"objects in namespace {place}"
        namespaces.register_made(cluster, each.run, place, ledger, what)
    for thing in (t for t in each.objects if t.kind in CLUSTER_SCOPED):
        there = made(thing)
        ledger.register(thing.what, there.delete, gone=there.why_there)


def _register_restores(ledger: Ledger, cluster: Cluster, each: DeadRun) -> None:
    """What is to be restored: by the state file, else by the record on the object itself."""
    by_file = {record.what: record for record in each.state.restores}
    for record in by_file.values():
        ledger.register(record.what, partial(restore.restore_object, cluster, record), restore=True)
    for changed in (c for c in each.changed if c.what not in by_file):
        undo = partial(
            restore.give_back_by, cluster, changed.kind, changed.manifest, changed.record
        )
        ledger.register(changed.what, undo, restore=True)


def _cannot(why: str) -> Callable[[], None]:
    def refuse() -> None:
        raise RuntimeError(why)

    return refuse
