"""Remove what dead runs left behind, and verify that it is gone. Live runs are never touched."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from clusterdns.cluster import Cluster, Manifest
from clusterdns.report.model import CleanupResult
from clusterdns.run import namespaces, restore
from clusterdns.run.lease import alive, clock_offset
from clusterdns.run.ledger import Ledger
from clusterdns.run.remains import CLUSTER_SCOPED, Remains, survey
from clusterdns.run.state import RunState
from clusterdns.wait import eventually

_ELSEWHERE = "nobody here can remove what is on the machine itself"


class LocalResources(Protocol):
    """What a run may have made on this machine; each method does nothing when it is gone."""

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

    # Of a run of this machine the lock has told already; one without lease needs no time then.
    spared_s = 0.0 if each.file else each.spared_s

    def is_alive(lease: Manifest | None) -> bool:
        return alive(lease, each.born, datetime.now(UTC) + offset, spared_s)

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
