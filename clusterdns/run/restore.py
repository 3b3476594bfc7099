"""Change what is not ours, and restore it exactly as it was.

The whole original is in the state file before the change is made, and on the object itself with
the change, in one request: so a run that was killed can be undone by ``--cleanup-only``, on this
machine or on any other (see clusterdns.run.undoing).
"""

import copy
import secrets
from collections.abc import Callable
from dataclasses import replace

from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest, NotFoundError, path_of
from clusterdns.run.ledger import Ledger
from clusterdns.run.namespaces import UNDO_S
from clusterdns.run.state import Restore, StateFile
from clusterdns.run.undoing import (
    CHANGED_BY,
    RECORD,
    Author,
    CannotBeRecordedError,
    Record,
    Undoing,
    clean,
    content,
    fingerprint,
    is_marked,
    mark,
    mark_whole,
    record_on,
    unmarked,
)

SYNC_NOW = "dns-conformance/sync"  # an annotation: the kubelet looks at a pod that changes

Edit = Callable[[Manifest], Manifest]


class ChangedMeanwhileError(RuntimeError):
    """Somebody else has changed the object after us: their change is not overwritten."""


def change(
    cluster: Cluster,
    ledger: Ledger,
    state: StateFile,
    target: tuple[str, str | None, str],
    edit: Edit,
    author: Author,
) -> Manifest:
    """Change an object of the cluster's own; the ledger restores it and verifies that.

    ``target`` is kind, namespace, name; ``edit`` gets a copy of the object and returns the
    changed one. Raises CannotBeRecordedError when it cannot carry how to undo the change, or
    carries that of another run; NotFoundError, and ApiException as the API server answers.
    """
    kind, namespace, name = target
    found = cluster.get(kind, name, namespace)
    refuse_foreign(found, author)
    recorded = next(
        (r for r in state.state.restores if (r.kind, r.namespace, r.name) == target), None
    )
    original = recorded.original if recorded else found
    intended = mark_whole(kind, edit(unmarked(found)), original, author)
    record = Restore(kind, namespace, name, original, intended)
    others = tuple(r for r in state.state.restores if r is not recorded)
    state.update(lambda s: replace(s, restores=(*others, record)))
    ledger.forget(record.what)
    undoing = cluster.hurried(UNDO_S)
    ledger.register(record.what, lambda: restore_object(undoing, record), restore=True)
    return cluster.request("PUT", path_of(kind, namespace, name), intended)


def refuse_foreign(found: Manifest, author: Author) -> None:
    """Raise CannotBeRecordedError when another run has changed the object already."""
    other = (found["metadata"].get("labels") or {}).get(CHANGED_BY)
    try:
        record = record_on(found)
        other = record.run if record else other
    except ValueError as error:
        raise CannotBeRecordedError(str(error)) from error
    if other not in (None, str(author.run)):
        raise CannotBeRecordedError(
            f"run {other} has changed {found['metadata']['name']} and not given it back: wait for "
            "it to end or, when it is dead, let pytest --cleanup-only restore it"
        )


def touch(cluster: Cluster, ledger: Ledger, target: tuple[str, str], author: Author) -> None:
    """Let the kubelet of a pod that is not ours look at it at once, by an annotation.

    ``target`` is namespace and name; nothing happens when the pod is gone. How to take the
    annotation away stands beside it, and in the ledger. Raises as ``change``.
    """
    namespace, name = target
    found = cluster.find("Pod", name, namespace)
    if found is None:
        return
    refuse_foreign(found, author)
    before = (unmarked(found)["metadata"].get("annotations") or {}).get(SYNC_NOW)
    mine = record_on(found)
    undo = mine.undo if mine else {"metadata": {"annotations": {SYNC_NOW: before}}}
    marked = mark("Pod", found, author, Undoing(undo=undo))["metadata"]
    note = {SYNC_NOW: secrets.token_hex(4), RECORD: marked["annotations"][RECORD]}
    uid = found["metadata"].get("uid")
    what = f"annotation {SYNC_NOW} of Pod {namespace}/{name}"
    ledger.forget(what)
    ledger.register(
        what, lambda: take_away(cluster, "Pod", namespace, name, str(uid)), restore=True
    )
    labels = {CHANGED_BY: str(author.run)}
    change = {"metadata": {"uid": uid, "annotations": note, "labels": labels}}
    try:
        cluster.patch("Pod", name, namespace, change)
    except NotFoundError:
        return


def take_away(cluster: Cluster, kind: str, namespace: str | None, name: str, uid: str) -> None:
    """Undo a change by the merge patch in its record, and look whether it is undone.

    Does nothing when the object is gone or has been made anew. Raises RuntimeError when it is
    still there afterwards, ValueError for a record that is none, ApiException.
    """

    def marked() -> Manifest | None:
        found = cluster.find(kind, name, namespace)
        ours = found is not None and found["metadata"].get("uid") == uid
        return found if found is not None and ours and is_marked(found) else None

    found = marked()
    if found is None:
        return
    record = record_on(found)
    undo = copy.deepcopy((record.undo if record else None) or {})
    metadata = undo.setdefault("metadata", {})
    metadata["uid"] = uid  # the API server answers 409 when it is another object
    metadata["annotations"] = {**metadata.get("annotations", {}), RECORD: None}
    metadata["labels"] = {**metadata.get("labels", {}), CHANGED_BY: None}
    try:
        cluster.patch(kind, name, namespace, undo)
    except NotFoundError:
        return
    if marked() is not None:
        raise RuntimeError("it was taken away, but it is still there")


def give_back_by(cluster: Cluster, kind: str, found: Manifest, record: Record) -> None:
    """Undo the change of an object by the record on it, and verify that.

    Raises as restore_object.
    """
    metadata = found["metadata"]
    namespace, name = metadata.get("namespace"), metadata["name"]
    was = record.was
    if was is None:
        take_away(cluster, kind, namespace, name, record.uid)
    else:
        restore_object(cluster, Restore(kind, namespace, name, was), record)


def restore_object(cluster: Cluster, restore: Restore, record: Record | None = None) -> None:
    """Restore an object that a run changed, and verify it by reading it again.

    What the run made of it is known from the state file or, by its fingerprint, from ``record``.
    Does nothing when it is as it was. Raises ChangedMeanwhileError when it is neither what it was
    nor what the run made of it, RuntimeError when it did not become what it was, ApiException.
    """
    after = record.intended if record else ""
    if restore.intended is not None:
        after = fingerprint(restore.intended)
    for last in (False, True):
        found = cluster.find(restore.kind, restore.name, restore.namespace)
        if found is not None and content(found) == content(restore.original):
            return
        if found is None and record is not None:
            return  # its record went with it: there is nothing left that could be undone
        try:
            _write_back(cluster, restore, found, after)
        except ApiException as error:
            if error.status != 409 or last:
                raise
            continue  # it moved between reading and writing: look again
        break
    now = cluster.find(restore.kind, restore.name, restore.namespace)
    if now is None or content(now) != content(restore.original):
        raise RuntimeError(f"written back, but it still differs{_where(restore.original, now)}")


def _write_back(cluster: Cluster, restore: Restore, found: Manifest | None, after: str) -> None:
    """Write the original over what is there, unless a third party has changed it."""
    original = copy.deepcopy(clean(restore.original))
    if found is None:
        cluster.request("POST", path_of(restore.kind, restore.namespace), original)
        return
    # Ours, or what it was already (somebody else gave it back) but for our marks.
    if after and fingerprint(found) not in (after, fingerprint(restore.original)):
        where = _where(restore.intended or restore.original, found)
        raise ChangedMeanwhileError(
            "somebody else has changed it after this run did, so it is left as it is"
            f"{where}; the original is in {_kept(restore, found)}"
        )
    original["metadata"]["resourceVersion"] = found["metadata"].get("resourceVersion")
    path = path_of(restore.kind, restore.namespace, restore.name)
    cluster.request("PUT", path, original)


def _kept(restore: Restore, found: Manifest) -> str:
    """Where the original of an object that is left as it is can be read, and how to forget it."""
    if not is_marked(found):
        return "the state file"
    place = f" -n {restore.namespace}" if restore.namespace else ""
    thing = f"{restore.kind.lower()} {restore.name}"
    return (
        f"its annotation {RECORD}. To keep it as it is now: "
        f"kubectl{place} annotate {thing} {RECORD}- && kubectl{place} label {thing} {CHANGED_BY}-"
    )


def _where(wanted: Manifest, found: Manifest | None) -> str:
    """The top-level fields, and the keys of data, in which two objects differ."""
    if found is None:
        return " (it is gone)"
    found = unmarked(found)
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
