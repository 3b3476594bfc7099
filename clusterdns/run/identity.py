"""How a run is called, and how everything that it makes can be recognised.

A label alone proves nothing: manifests are copied, with all that they bear. So each object also
carries a proof, drawn from its own name and a secret that only the run's state file and its Lease
know; under another name the same annotation is worth nothing.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Self

from clusterdns.cluster import RUN_LABEL

PROOF = "dns-conformance/proof"  # an annotation of every object of ours
SECRET = "dns-conformance/secret"
LEASE_IN = "dns-conformance/lease-in"  # an annotation: the namespace of the run's Lease
MANAGED_BY = "dns-conformance"
_RUN_ID = re.compile(r"dns-conf-[0-9a-f]{8}")


@dataclass(frozen=True)
class RunId:
    """The name of one run: ``dns-conf-`` and eight hex digits; and the secret that proves it.

    Without the secret (of a plan, or of a run that nobody knows) nothing can be proved.
    """

    text: str
    secret: str = field(default="", repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is no run id: the text ends up in names that are deleted.

        Raises ValueError.
        """
        if not _RUN_ID.fullmatch(self.text):
            raise ValueError(f"not a run id: {self.text!r}")

    @classmethod
    def new(cls) -> Self:
        """A run id that no other run has, and a secret of 32 hex digits."""
        return cls(f"dns-conf-{secrets.token_hex(4)}", secrets.token_hex(16))

    @property
    def namespace(self) -> str:
        """The namespace of probes and most objects, PodSecurity restricted."""
        return self.text

    @property
    def second_namespace(self) -> str:
        """The other namespace, for names that are asked across namespaces."""
        return f"{self.text}-b"

    @property
    def host_namespace(self) -> str:
        """The privileged namespace, for pods with hostNetwork only."""
        return f"{self.text}-host"

    @property
    def labels(self) -> dict[str, str]:
        """The labels that every object of the run carries."""
        return {RUN_LABEL: self.text, "app.kubernetes.io/managed-by": MANAGED_BY}

    @property
    def selector(self) -> str:
        """The label selector that finds the objects of this run and no others."""
        return f"{RUN_LABEL}={self.text}"

    def proof(self, name: str, namespace: str | None = None) -> str:
        """What an object of that name and namespace carries if this run made it: 64 hex digits.

        Raises ValueError without the secret.
        """
        if not self.secret:
            raise ValueError(f"the secret of run {self.text} is not known")
        place = f"{self.text}/{namespace or ''}/{name}"
        return hmac.new(self.secret.encode(), place.encode(), hashlib.sha256).hexdigest()

    def annotations(self, name: str, namespace: str | None = None) -> dict[str, str]:
        """The annotations of an object of the run; none without the secret."""
        return {PROOF: self.proof(name, namespace)} if self.secret else {}

    def gives_name(self, kind: str, name: str) -> bool:
        """Whether this run calls an object of that kind so, outside namespaces."""
        if kind == "Namespace":
            return name in (self.namespace, self.second_namespace, self.host_namespace)
        return name == self.text or name.startswith(f"{self.text}-")

    def __str__(self) -> str:
        return self.text


def run_of(manifest: dict[str, object]) -> str | None:
    """The run id on an object's label, or None when it has none or one that is not ours."""
    metadata = manifest.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    value = labels.get(RUN_LABEL) if isinstance(labels, dict) else None
    return value if isinstance(value, str) and _RUN_ID.fullmatch(value) else None
