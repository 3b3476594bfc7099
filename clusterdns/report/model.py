"""What a report is made of."""

from dataclasses import dataclass, field
from typing import Literal

CleanupState = Literal["clean", "kept", "changed"]


@dataclass(frozen=True)
class CleanupResult:
    """How a run left the cluster: everything undone, kept on purpose, or changed (exit 11)."""

    state: CleanupState = "clean"
    restored: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
