"""What a run writes on an object that is not ours and that it changes: how to undo the change.

The record travels in the very request that makes the change, so there is no moment in which one is
there without the other. It is an annotation, and a label by which any machine finds it; both are
gone after the restore. A copy of the object bears them too, but has another uid than the one in
the record.
"""

import base64
import copy
import gzip
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from clusterdns.cluster import Manifest
from clusterdns.run.identity import RunId

CHANGED_BY = "dns-conformance/changed-by"  # a label; its value is the run
RECORD = "dns-conformance/restore"  # an annotation
KINDS = ("ConfigMap", "Pod")  # what a run may change
ALL_ANNOTATIONS = 256 * 1024  # bytes, keys included (apimachinery, TotalAnnotationSizeLimitB)
READABLE = 32 * 1024  # bytes of an original that is written as it is; larger ones are packed

# Metadata that the API server writes; the rest is content.
SERVER_SIDE = (
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
# Annotations that controllers write beside our change.
CONTROLLER_SIDE = ("deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation")


class CannotBeRecordedError(RuntimeError):
    """How to undo it cannot be written on the object, so it is not changed."""


@dataclass(frozen=True)
class Author:
    """The run that changes something, and where its Lease is."""

    run: RunId
    lease_in: str


@dataclass(frozen=True, kw_only=True)
class Undoing:
    """How to undo the change of one object.

    Either ``original`` or ``packed`` (the same, gzip and base64) holds the whole object as it was
    and ``intended`` the fingerprint of what the run made of it; or ``undo`` is a merge patch.
    """

    original: Manifest | None = None
    packed: str = ""
    undo: Manifest | None = None
    intended: str = ""

    @property
    def was(self) -> Manifest | None:
        """The object as it was. Raises ValueError when it cannot be unpacked."""
        if not self.packed:
            return self.original
        try:
            text = gzip.decompress(base64.b64decode(self.packed))
        except (OSError, EOFError) as error:
            raise ValueError(f"the original cannot be unpacked: {error}") from error
        return dict(json.loads(text))


@dataclass(frozen=True, kw_only=True)
class Record(Undoing):
    """How to undo a change as it is written on the changed object, with the run that changed it."""

    run: str
    proof: str  # of the run, for this object
    lease_in: str
    uid: str  # of the object: a copy has another one
    at: str  # when, by our clock

    def fits(self, kind: str, manifest: Manifest, secret: str) -> str | None:
        """None when the record is this object's and that run's; else what speaks against it.

        Without the secret (no Lease, no state file) the uid decides, and then what is restored
        must still be exactly what the run had made of it.
        """
        metadata = manifest["metadata"]
        if metadata.get("uid") != self.uid:
            return "its record of a change is that of another object: it may be a copy"
        proof = proof_of(RunId(self.run, secret), kind, manifest) if secret else self.proof
        if not hmac.compare_digest(proof.encode(), self.proof.encode()):
            return f"its record of a change is not from run {self.run}"
        return None


def mark(kind: str, manifest: Manifest, author: Author, how: Undoing) -> Manifest:
    """A copy of a changed object that carries how to undo it.

    Raises CannotBeRecordedError when the record does not fit beside its other annotations.
    """
    marked = unmarked(manifest)
    metadata = marked["metadata"]
    record = Record(
        **asdict(how),
        run=str(author.run),
        proof=proof_of(author.run, kind, manifest),
        lease_in=author.lease_in,
        uid=str(metadata.get("uid")),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    text = json.dumps({key: value for key, value in asdict(record).items() if value})
    annotations = {**(metadata.get("annotations") or {}), RECORD: text}
    size = sum(len(k.encode()) + len(str(v).encode()) for k, v in annotations.items())
    if size > ALL_ANNOTATIONS:
        raise CannotBeRecordedError(
            f"its original ({size} bytes with its annotations) does not fit into an annotation, "
            "so nobody could restore it if this run were killed; it is not changed"
        )
    metadata["annotations"] = annotations
    metadata["labels"] = {**(metadata.get("labels") or {}), CHANGED_BY: str(author.run)}
    return marked


def mark_whole(kind: str, intended: Manifest, original: Manifest, author: Author) -> Manifest:
    """A copy of a changed object that carries its whole original. Raises CannotBeRecordedError."""
    kept = clean(original)
    text = json.dumps(kept)
    after = fingerprint(intended)
    if len(text.encode()) <= READABLE:
        return mark(kind, intended, author, Undoing(original=kept, intended=after))
    packed = base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
    return mark(kind, intended, author, Undoing(packed=packed, intended=after))


def unmarked(manifest: Manifest) -> Manifest:
    """A copy without record and label."""
    bare = copy.deepcopy(manifest)
    metadata = bare["metadata"]
    for field, key in (("annotations", RECORD), ("labels", CHANGED_BY)):
        held = metadata.get(field)
        if held and key in held:
            del held[key]
            if not held:
                del metadata[field]
    return bare


def record_on(manifest: Manifest) -> Record | None:
    """The record that an object carries, or None. Raises ValueError for one that is no record."""
    text = (manifest["metadata"].get("annotations") or {}).get(RECORD)
    if text is None:
        return None
    try:
        record = Record(**json.loads(text))
        RunId(record.run)
    except (TypeError, ValueError) as error:
        raise ValueError(f"its annotation {RECORD} is no record of a change ({error})") from error
    if record.undo is None and not record.intended:
        raise ValueError(f"its annotation {RECORD} does not say how to undo the change")
    return record


def is_marked(manifest: Manifest) -> bool:
    """Whether an object carries a record, or the label."""
    labels: Mapping[str, str] = manifest["metadata"].get("labels") or {}
    return RECORD in (manifest["metadata"].get("annotations") or {}) or CHANGED_BY in labels


def proof_of(run: RunId, kind: str, manifest: Manifest) -> str:
    """What proves that the run changed this very object. Raises ValueError without the secret."""
    metadata = manifest["metadata"]
    return run.proof(f"{kind}/{metadata['name']}/{metadata.get('uid')}", metadata.get("namespace"))


def clean(manifest: Manifest) -> Manifest:
    """A copy without status and without what the API server writes in metadata."""
    metadata = {k: v for k, v in manifest["metadata"].items() if k not in SERVER_SIDE}
    return {**{k: v for k, v in manifest.items() if k != "status"}, "metadata": metadata}


def fingerprint(manifest: Manifest) -> str:
    """The SHA-256 of an object's content, our marks left out."""
    return hashlib.sha256(content(unmarked(manifest)).encode()).hexdigest()


def content(manifest: Manifest) -> str:
    """What of an object is to be restored, as one comparable text.

    Everything but status, what the API server keeps in metadata, and controllers' annotations.
    """
    metadata = {k: v for k, v in manifest["metadata"].items() if k not in SERVER_SIDE}
    annotations = metadata.pop("annotations", None) or {}
    kept = {k: v for k, v in annotations.items() if k not in CONTROLLER_SIDE}
    rest = {k: v for k, v in manifest.items() if k not in ("metadata", "status")}
    rest |= {"metadata": metadata, "annotations": kept}
    return json.dumps(rest, sort_keys=True)
