"""What in a cluster bears the marks of runs: found by label, whosever it is.

Whether it is provably a run's is decided afterwards (clusterdns.run.dead_runs), with the state file
or the Lease; what names no run at all is reported here and left.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from kubernetes.client import ApiException

from clusterdns.cluster import RUN_LABEL, Cluster, Manifest
from clusterdns.run import namespaces
from clusterdns.run.identity import LEASE_IN, run_of
from clusterdns.run.ownership import left_alone, owners, secret_of
from clusterdns.run.undoing import CHANGED_BY, KINDS, Record, record_on

CLUSTER_SCOPED = ("ClusterRoleBinding", "ClusterRole")
OUTSIDE = ("Namespace", *CLUSTER_SCOPED)
CLUSTERS_OWN = "kube-system"  # where changed objects are looked for without the right to list all


@dataclass
class Traces:
    """What bears the marks of one run in this cluster; nothing of it is proved yet."""

    objects: list[tuple[str, Manifest]] = field(default_factory=list)  # with their kind
    changes: list[tuple[str, Manifest, Record]] = field(default_factory=list)
    lease_places: set[str] = field(default_factory=set)  # namespaces in which its Lease may be


@dataclass
class Leases:
    """The Leases of one run: the first that proves itself, whether one is unreadable or alive."""

    found: list[Manifest] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)  # namespaces

    @property
    def lease(self) -> Manifest | None:
        """The Lease that tells the run's secret, else any."""
        proved = (each for each in self.found if secret_of(each))
        return next(proved, self.found[0] if self.found else None)

    @property
    def secret(self) -> str:
        """The secret of a run, as its Lease has it; empty without a Lease."""
        return secret_of(self.lease) if self.lease else ""


def search(cluster: Cluster, places: Iterable[str], complaints: list[str]) -> dict[str, Traces]:
    """Everything that bears a mark of a run, by run: outside namespaces and in these.

    Objects outside namespaces tell further namespaces, where their run's Lease is. Raises what
    the API server answers, except that it does not let us list something: that is a complaint.
    """
    found: dict[str, Traces] = {}
    inside = set(places)
    outside = [(kind, each) for kind in OUTSIDE for each in _listed(cluster, kind, complaints)]
    for kind, each in outside:
        traces = _add(found, kind, each, complaints)
        pointer = (each["metadata"].get("annotations") or {}).get(LEASE_IN)
        if traces is not None and isinstance(pointer, str) and pointer:
            traces.lease_places.add(pointer)
            if pointer != run_of(each):
                inside.add(pointer)
    for kind, each in _changed(cluster, complaints):
        _add_change(found, kind, each, complaints, inside)
    for place in sorted(inside):
        for kind in namespaces.IN_NAMESPACE:
            for each in _listed(cluster, kind, complaints, place):
                traces = None if owners(each) else _add(found, kind, each, complaints)
                if traces is not None:
                    traces.lease_places.add(place)
    return found


def leases_of(cluster: Cluster, run: str, places: Iterable[str]) -> Leases:
    """The Leases of a run in these namespaces. Raises ApiException, but not for a 403."""
    leases = Leases()
    for place in sorted({run, *places}):
        try:
            lease = cluster.find("Lease", run, place)
        except ApiException as error:
            if error.status != 403:
                raise
            leases.unreadable.append(place)
            continue
        if lease is not None:
            leases.found.append(lease)
    return leases


def moment_of(record: Record) -> datetime | None:
    """When a change was made; None for what is no time."""
    try:
        at = datetime.fromisoformat(record.at)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _add(
    found: dict[str, Traces], kind: str, manifest: Manifest, complaints: list[str]
) -> Traces | None:
    run = run_of(manifest)
    if run is None:
        complaints.append(left_alone(kind, manifest, "its value is not the name of a run"))
        return None
    traces = found.setdefault(run, Traces())
    traces.objects.append((kind, manifest))
    return traces


def _add_change(
    found: dict[str, Traces],
    kind: str,
    manifest: Manifest,
    complaints: list[str],
    inside: set[str],
) -> None:
    try:
        record = record_on(manifest)
    except ValueError as error:
        complaints.append(left_alone(kind, manifest, str(error)))
        return
    if record is None:
        complaints.append(left_alone(kind, manifest, "it has no record of what was changed"))
        return
    traces = found.setdefault(record.run, Traces())
    traces.changes.append((kind, manifest, record))
    traces.lease_places.add(record.lease_in)
    if record.lease_in != record.run:
        inside.add(record.lease_in)


def _changed(cluster: Cluster, complaints: list[str]) -> Iterator[tuple[str, Manifest]]:
    """What runs have changed: everywhere, or in the cluster's own namespace if that is allowed."""
    for kind in KINDS:
        refused: list[str] = []
        listed = list(_listed(cluster, kind, refused, label=CHANGED_BY))
        if refused:
            listed = list(_listed(cluster, kind, complaints, CLUSTERS_OWN, CHANGED_BY))
        yield from ((kind, each) for each in listed)


def _listed(
    cluster: Cluster,
    kind: str,
    complaints: list[str],
    place: str | None = None,
    label: str = RUN_LABEL,
) -> list[Manifest]:
    try:
        return cluster.list(kind, place, labels=label)
    except ApiException as error:
        if error.status != 403:
            raise
    where = f" in {place}" if place else ""
    complaints.append(f"not allowed to list {kind} objects{where}, so none are looked for")
    return []
