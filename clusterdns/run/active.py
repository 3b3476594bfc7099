"""The run that is going on: its name, its places in the cluster, and all that it must undo."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest
from clusterdns.report.model import CleanupResult
from clusterdns.run import namespaces, restore
from clusterdns.run.identity import RunId
from clusterdns.run.lease import GROUP as LEASES
from clusterdns.run.lease import LeaseKeeper
from clusterdns.run.ledger import Ledger, one_line
from clusterdns.run.namespaces import Namespaces
from clusterdns.run.reachable import may, require_existing, require_namespaces
from clusterdns.run.remains import cluster_identity, what_dead_runs_left
from clusterdns.run.state import StateFile, runs_folder


@dataclass
class Run:
    """One run: made at the start of the session, worked off at its end."""

    id: RunId
    state: StateFile
    ledger: Ledger = field(default_factory=Ledger)
    places: Namespaces | None = None  # set by enter()
    lease: LeaseKeeper | None = None
    announce: Callable[[str], None] = lambda line: None
    _cluster: Cluster | None = None
    _goes_with: str | None = None
    _leased: bool = True  # whether we may keep a lease
    _host: tuple[str | None, str] | None = None
    _host_lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def start(cls, folder: Path | None = None) -> Self:
        """A new run with its locked state file; nothing is made in any cluster yet.

        Raises OSError when the cache folder cannot be written.
        """
        run = RunId.new()
        return cls(run, StateFile.create(folder or runs_folder(), run))

    def enter(
        self, cluster: Cluster, existing: str | None = None, goes_with: str | None = None
    ) -> Namespaces:
        """Make our namespaces in a cluster, or use an existing one; give the first sign of life.

        ``goes_with`` names the ledger entry of a cluster of our own that is deleted as a whole.
        Raises CannotConnect with a paragraph when we may not, ApiException for other answers of
        the API server; what was made until then is in the ledger.
        """
        if existing is None:
            require_namespaces(cluster)
        else:
            require_existing(cluster, existing)
        self._cluster, self._goes_with = cluster, goes_with
        self.state.update(
            lambda s: replace(
                s,
                kubeconfig=cluster.kubeconfig,
                context=cluster.context,
                server=cluster.server,
                cluster_uid=cluster_identity(cluster),
            )
        )
        if goes_with is None:
            self._name_dead_runs(cluster, existing)
        if existing is not None:
            namespaces.share(cluster, self.id, existing, self.ledger, self.state)
            self.places = Namespaces(existing, None, shared=True)
        else:
            self._leased = may(cluster, "create", "leases", self.id.namespace, LEASES)
            for name in (self.id.namespace, self.id.second_namespace):
                self._make(name, "restricted")
            self.places = Namespaces(self.id.namespace, self.id.second_namespace)
        self.lease = LeaseKeeper(cluster, self.places.main, self.id)
        try:
            self.lease.start()
        except ApiException as error:
            self.lease.failures.append(without_lease(self.places, one_line(error)))
        return self.places

    def host_namespace(self) -> tuple[str | None, str]:
        """The privileged namespace, made at the first call; or None and why there is none."""
        with self._host_lock:
            if self._host is None:
                self._host = self._make_host()
            return self._host

    def create_cluster_scoped(self, manifest: Manifest) -> Manifest:
        """Make an object outside namespaces, with our labels; it goes at the end.

        Raises ApiException as the API server answers.
        """
        cluster, kind, name = self._entered(), manifest["kind"], manifest["metadata"]["name"]
        undoing = cluster.hurried(namespaces.UNDO_S)
        self.state.update(lambda s: replace(s, cluster_scoped=(*s.cluster_scoped, (kind, name))))
        self.ledger.register(
            f"{kind} {name}",
            lambda: namespaces.drop_cluster_scoped(undoing, kind, name, self.id),
            gone=namespaces.gone_check(undoing, kind, name),
            goes_with=self._goes_with,
        )
        return namespaces.create_surely(cluster, self.labelled(manifest))

    def change(self, kind: str, namespace: str | None, name: str, edit: restore.Edit) -> Manifest:
        """Change an object that is not ours; at the end it is given back and verified."""
        target = (kind, namespace, name)
        return restore.change(self._entered(), self.ledger, self.state, target, edit)

    def labelled(self, manifest: Manifest) -> Manifest:
        """A copy of a manifest that carries the run's labels."""
        metadata = manifest["metadata"]
        labels = {**(metadata.get("labels") or {}), **self.id.labels}
        return {**manifest, "metadata": {**metadata, "labels": labels}}

    def finish(self, deadline_s: float, keep: bool = False) -> CleanupResult:
        """Undo everything within so many seconds. Never raises; a second call tries the rest."""
        if self._cluster is not None:
            self._cluster.patience.end()
        if self.lease is not None:
            self.lease.expect_end()
        result = self.ledger.work_off(deadline_s, keep)
        if self.lease is not None:
            self.lease.stop()
        try:
            if result.state == "clean":
                self.state.remove()
            elif result.state == "kept":
                self.state.update(lambda s: replace(s, kept=True))
                self.state.close()
        except (OSError, RuntimeError) as error:
            result.leftovers.append(f"state file {self.state.path}: {one_line(error)}")
        return result

    def _name_dead_runs(self, cluster: Cluster, existing: str | None) -> None:
        """Tell what others left in this cluster; that it cannot be read ends no run."""
        try:
            lines = what_dead_runs_left(self.state.path.parent, cluster, existing)
        except ApiException as error:
            lines = [f"what dead runs left in this cluster cannot be read: {one_line(error)}"]
        for line in lines:
            self.announce(line)

    def _make(self, name: str, level: str) -> None:
        cluster = self._entered()
        goes_with, leased = self._goes_with, self._leased
        namespaces.make(cluster, self.id, name, level, self.ledger, self.state, goes_with, leased)

    def _make_host(self) -> tuple[str | None, str]:
        if self.places is not None and self.places.shared:
            return None, "--namespace was given, so no privileged namespace is made"
        try:
            self._make(self.id.host_namespace, "privileged")
        except ApiException as error:
            return None, f"the privileged namespace was refused: {one_line(error)}"
        return self.id.host_namespace, ""

    def _entered(self) -> Cluster:
        if self._cluster is None:
            raise RuntimeError("the run has not entered a cluster yet")
        return self._cluster


def without_lease(places: Namespaces, why: str) -> str:
    """The warning that a run gives no sign of life, and what follows from it."""
    name = places.main
    if places.shared:
        return (
            f"no Lease can be kept in namespace {name}, so other machines cannot see that this run "
            f"lives: let nobody run `pytest --cleanup-only --namespace {name}` meanwhile ({why})"
        )
    return (
        f"no Lease can be kept in namespace {name}, so other machines spare what this run made for "
        f"{namespaces.SPARED_H} hours, whether it lives or not ({why})"
    )
