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
from clusterdns.run.dead_runs import cluster_identity, what_dead_runs_left
from clusterdns.run.identity import LEASE_IN, RunId
from clusterdns.run.lease import LeaseKeeper
from clusterdns.run.ledger import Ledger, one_line
from clusterdns.run.namespaces import Namespaces
from clusterdns.run.ownership import Made
from clusterdns.run.reachable import require_existing, require_namespaces
from clusterdns.run.state import StateFile, runs_folder
from clusterdns.run.undoing import Author


@dataclass
class Run:
    """One run: made at the start of the session, worked off at its end."""

    id: RunId
    state: StateFile
    ledger: Ledger = field(default_factory=Ledger)
    places: Namespaces | None = None  # set by enter()
    lease: LeaseKeeper | None = None
    announce: Callable[[str], None] = lambda line: None
    left_alone: list[str] = field(default_factory=list)  # has a name of ours, but is not ours
    _cluster: Cluster | None = None
    _goes_with: str | None = None
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
        Raises CannotConnectError with a paragraph when we may not, ApiException for other answers
        of the API server; what was made until then is in the ledger.
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
            tell = self._leave_alone
            namespaces.share(
                cluster, self.id, name=existing, ledger=self.ledger, state=self.state, tell=tell
            )
            self.places = Namespaces(existing, None, shared=True)
        else:
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
        """Make an object outside namespaces, with our labels and proof; it goes at the end.

        It also says in which namespace our Lease is. Raises ValueError for a name that does not
        begin with the run's, ApiException as the API server answers.
        """
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        if not self.id.gives_name(kind, name):
            raise ValueError(f"{kind} {name}: outside namespaces our names begin with {self.id}")
        made = self._made(kind, name)
        undoing = made.hurried(namespaces.UNDO_S)
        self.state.update(lambda s: replace(s, cluster_scoped=(*s.cluster_scoped, (kind, name))))
        self.ledger.register(
            f"{kind} {name}", undoing.delete, gone=undoing.why_there, goes_with=self._goes_with
        )
        marked = self.labelled(manifest)
        marked["metadata"]["annotations"][LEASE_IN] = self._author().lease_in
        return namespaces.note_uid(self.state, namespaces.create_surely(made.cluster, marked))

    def change(self, kind: str, namespace: str | None, name: str, edit: restore.Edit) -> Manifest:
        """Change an object that is not ours; at the end it is restored and verified.

        Raises CannotBeRecordedError, NotFoundError, ApiException; see
        clusterdns.run.restore.change.
        """
        target = (kind, namespace, name)
        cluster, author = self._entered(), self._author()
        return restore.change(
            cluster=cluster,
            ledger=self.ledger,
            state=self.state,
            target=target,
            edit=edit,
            author=author,
        )

    def touch(self, namespace: str, pod: str) -> None:
        """Let the kubelet of a pod that is not ours look at it at once; undone at the end.

        Raises CannotBeRecordedError and ApiException; see clusterdns.run.restore.touch.
        """
        restore.touch(self._entered(), self.ledger, (namespace, pod), self._author())

    def labelled(self, manifest: Manifest) -> Manifest:
        """A copy of a manifest that carries the run's labels and, for its name, the proof."""
        metadata = manifest["metadata"]
        labels = {**(metadata.get("labels") or {}), **self.id.labels}
        proof = self.id.annotations(metadata["name"], metadata.get("namespace"))
        annotations = {**(metadata.get("annotations") or {}), **proof}
        return {**manifest, "metadata": {**metadata, "labels": labels, "annotations": annotations}}

    def finish(self, deadline_s: float, keep: bool = False) -> CleanupResult:
        """Undo everything within so many seconds. Never raises; a second call tries the rest."""
        if self._cluster is not None:
            self._cluster.patience.end()
        if self.lease is not None:
            self.lease.expect_end()
        result = self.ledger.undo_all(deadline_s, keep)
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
        made = self._made("Namespace", name)
        namespaces.make(made, level, self.ledger, self.state, self._goes_with)

    def _made(self, kind: str, name: str) -> Made:
        """Something outside namespaces that we make: known by its uid as soon as it has one."""
        return Made(
            cluster=self._entered(),
            kind=kind,
            name=name,
            run=self.id,
            uid=lambda: self.state.state.uid_of(kind, name),
            tell=self._leave_alone,
        )

    def _leave_alone(self, line: str) -> None:
        if line not in self.left_alone:
            self.left_alone.append(line)

    def _author(self) -> Author:
        return Author(self.id, self.places.main if self.places else self.id.namespace)

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
        f"no Lease can be kept in namespace {name}, so after a kill only this machine, with the "
        f"state file of the run, can remove what it made ({why})"
    )
