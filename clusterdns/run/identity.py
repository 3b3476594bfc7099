"""How a run is called, and how everything that it makes can be recognised."""

import re
import secrets
from dataclasses import dataclass
from typing import Self

RUN_LABEL = "dns-conformance/run"
MANAGED_BY = "dns-conformance"
_RUN_ID = re.compile(r"dns-conf-[0-9a-f]{8}")


@dataclass(frozen=True)
class RunId:
    """The name of one run: ``dns-conf-`` and eight hex digits."""

    text: str

    def __post_init__(self) -> None:
        """Refuse what is no run id: the text ends up in names that are deleted.

        Raises ValueError.
        """
        if not _RUN_ID.fullmatch(self.text):
            raise ValueError(f"not a run id: {self.text!r}")

    @classmethod
    def new(cls) -> Self:
        """A run id that no other run has."""
        return cls(f"dns-conf-{secrets.token_hex(4)}")

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

    def __str__(self) -> str:
        return self.text


def run_of(manifest: dict[str, object]) -> str | None:
    """The run id on an object's label, or None when it has none or one that is not ours."""
    metadata = manifest.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    value = labels.get(RUN_LABEL) if isinstance(labels, dict) else None
    return value if isinstance(value, str) and _RUN_ID.fullmatch(value) else None
