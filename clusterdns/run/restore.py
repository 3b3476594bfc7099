"""Change what is not ours, and give it back exactly as it was.

The whole original is in the state file before the change is made, so that also a run that was
killed in between can be undone, by ``--cleanup-only``.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import replace

from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest, path_of
from clusterdns.run.ledger import Ledger
from clusterdns.run.namespaces import UNDO_S
from clusterdns.run.state import Restore, StateFile

# Metadata that the API server writes; the rest is content.
_SERVER_SIDE = (
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
# Annotations that controllers write beside our change.
_CONTROLLER_SIDE = ("deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation")


Edit = Callable[[Manifest], Manifest]


class ChangedMeanwhileError(RuntimeError):
    """Somebody else has changed the object after us: their change is not overwritten."""


def change(
    cluster: Cluster,
    ledger: Ledger,
    state: StateFile,
    target: tuple[str, str | None, str],
    edit: Edit,
) -> Manifest:
    """Change an object of the cluster's own; the ledger gives it back and verifies that.

    ``target`` is kind, namespace, name; ``edit`` gets a copy of the object and returns the
    changed one. Raises NotThere, and ApiException as the API server answers.
    """
    kind, namespace, name = target
    found = cluster.get(kind, name, namespace)
    intended = edit(copy.deepcopy(found))
    recorded = next(
        (r for r in state.state.restores if (r.kind, r.namespace, r.name) == target), None
    )
    original = recorded.original if recorded else found
    record = Restore(kind, namespace, name, original, intended)
    others = tuple(r for r in state.state.restores if r is not recorded)
    state.update(lambda s: replace(s, restores=(*others, record)))
    ledger.forget(record.what)
    undoing = cluster.hurried(UNDO_S)
    ledger.register(record.what, lambda: give_back(undoing, record), restore=True)
    return cluster.request("PUT", path_of(kind, namespace, name), intended)


def give_back(cluster: Cluster, record: Restore) -> None:
    """Make the object again what it was, and verify it.

    Does nothing when it is as it was. Raises ChangedMeanwhileError when it is neither what it was
    nor what the run made of it, RuntimeError when it did not become what it was, ApiException.
    """
    for last in (False, True):
        found = cluster.find(record.kind, record.name, record.namespace)
        if found is not None and content(found) == content(record.original):
            return
        try:
            _write_back(cluster, record, found)
        except ApiException as error:
            if error.status != 409 or last:
                raise
            continue  # it moved between reading and writing: look again
        break
    now = cluster.find(record.kind, record.name, record.namespace)
    if now is None or content(now) != content(record.original):
        raise RuntimeError(f"written back, but it still differs{_where(record.original, now)}")


def _write_back(cluster: Cluster, record: Restore, found: Manifest | None) -> None:
    """Write the original over what is there, unless a third party has changed it."""
    original = copy.deepcopy(record.original)
    for key in _SERVER_SIDE:
        original["metadata"].pop(key, None)
    if found is None:
        cluster.request("POST", path_of(record.kind, record.namespace), original)
        return
    if record.intended is not None and content(found) != content(record.intended):
        raise ChangedMeanwhileError(
            "somebody else has changed it after this run did, so it is left as it is"
            f"{_where(record.intended, found)}; the original is in the state file"
        )
    original["metadata"]["resourceVersion"] = found["metadata"].get("resourceVersion")
    path = path_of(record.kind, record.namespace, record.name)
    cluster.request("PUT", path, original)


def content(manifest: Manifest) -> str:
    """What of an object is to be given back, as one comparable text.

    Everything but status, what the API server keeps in metadata, and controllers' annotations.
    """
    metadata = {k: v for k, v in manifest["metadata"].items() if k not in _SERVER_SIDE}
    annotations = metadata.pop("annotations", None) or {}
    kept = {k: v for k, v in annotations.items() if k not in _CONTROLLER_SIDE}
    rest = {k: v for k, v in manifest.items() if k not in ("metadata", "status")}
    rest |= {"metadata": metadata, "annotations": kept}
    return json.dumps(rest, sort_keys=True)


def _where(wanted: Manifest, found: Manifest | None) -> str:
    """The top-level fields, and the keys of data, in which two objects differ."""
    if found is None:
        return " (it is gone)"
    fields: list[str] = []
    for key in sorted({*wanted, *found} - {"status", "metadata"}):
        left, right = wanted.get(key), found.get(key)
        if left == right:
            continue
        if isinstance(left, dict) and isinstance(right, dict):
            inner = sorted(k for k in {*left, *right} if left.get(k) != right.get(k))
            fields += [f"{key}.{k}" for k in inner]
        else:
            fields.append(key)
    return f" (in {', '.join(fields or ['metadata'])})"
