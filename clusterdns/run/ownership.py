"""Whose is it? Only what a run provably made is deleted; what merely looks like it is left."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

from kubernetes.client import ApiException

from clusterdns.cluster import RESOURCES, RUN_LABEL, Cluster, Manifest
from clusterdns.run.identity import PROOF, SECRET, RunId, run_of


def why_not_ours(kind: str, manifest: Manifest, run: RunId, uid: str | None = None) -> str | None:
    """None when an object is provably what this run made; else what speaks against it.

    Name, label and proof must agree, and the uid too where one was written down. Inside a
    namespace any name will do: the proof is drawn from it.
    """
    metadata = manifest["metadata"]
    name, namespace = metadata["name"], metadata.get("namespace")
    if not RESOURCES[kind][2] and not run.gives_name(kind, name):
        return "its name is not one that a run gives"
    if run_of(manifest) != str(run):
        return f"it does not bear the label {RUN_LABEL}={run}"
    if not run.secret:
        return "neither a state file of this machine nor a lease in its place knows that run"
    carried = (metadata.get("annotations") or {}).get(PROOF)
    if not isinstance(carried, str):
        return f"it lacks the annotation {PROOF}"
    if not hmac.compare_digest(carried.encode(), run.proof(name, namespace).encode()):
        return f"its annotation {PROOF} is not the one that the run gave it: it may be a copy"
    if uid and metadata.get("uid") != uid:
        return "it is not the object that the run made: somebody has made it anew"
    return None


def owners(manifest: Manifest) -> set[str]:
    """The uids of the owners of an object, which is deleted with them.

    The controllers' EndpointSlices take over the labels of a Service, but not its annotations.
    """
    return {str(each.get("uid")) for each in manifest["metadata"].get("ownerReferences") or []}


def left_alone(kind: str, manifest: Manifest, why: str) -> str:
    """One line for a person about an object that is not touched."""
    metadata = manifest["metadata"]
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"left alone: {kind} {place}{metadata['name']} bears our label, but {why}"


def secret_of(lease: Manifest) -> str:
    """The run's secret as its Lease tells it; empty when the Lease is not what a run made."""
    metadata = lease["metadata"]
    run, secret = run_of(lease), (metadata.get("annotations") or {}).get(SECRET)
    if run is None or not isinstance(secret, str) or metadata["name"] != run:
        return ""
    return secret if why_not_ours("Lease", lease, RunId(run, secret)) is None else ""


@dataclass(frozen=True)
class Made:
    """Something outside namespaces that a run made, or was about to make.

    ``uid`` tells the uid once the API server has told it: nobody else's object can have it. An
    object whose creation was interrupted is known by name, label and proof.
    """

    cluster: Cluster
    kind: str
    name: str
    run: RunId
    uid: Callable[[], str | None]
    tell: Callable[[str], None] = lambda line: None  # what is left alone, and why

    def hurried(self, seconds: float) -> Self:
        """A copy for the clean-up, which has a deadline: requests are tried again that long."""
        return replace(self, cluster=self.cluster.hurried(seconds))

    def find(self) -> Manifest | None:
        """The object, or None when it is gone; what somebody else made in its place is named."""
        found = self.cluster.find(self.kind, self.name)
        if found is None:
            return None
        known, there = self.uid(), found["metadata"].get("uid")
        why = why_not_ours(self.kind, found, self.run) if known is None else None
        if known is not None and known != there:
            why = "it is not the object that the run made: somebody has made it anew"
        if why is None:
            return found
        self.tell(f"left alone: {self.kind} {self.name} has the name of ours, but {why}")
        return None

    def delete(self) -> bool:
        """Start its deletion; False when there is nothing of ours. Raises ApiException."""
        found = self.find()
        if found is None:
            return False
        try:
            self.cluster.delete(self.kind, self.name, uid=found["metadata"].get("uid"))
        except ApiException as error:
            if error.status != 409 or self.find() is not None:
                raise
            return False
        return True

    def why_there(self) -> str | None:
        """None when an object is gone, else the words that it is still there."""
        return "is still there" if self.find() is not None else None
