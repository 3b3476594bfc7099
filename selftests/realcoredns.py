"""The CoreDNS binary that some proofs start: ./run selftests brings one."""

import os
import shutil
from collections.abc import Iterable

import pytest

VARIABLE = "CLUSTERDNS_COREDNS_BINARY"
# Its path; without it nothing that starts a real CoreDNS is collected.
BINARY = os.environ.get(VARIABLE, "")


def demand_for(items: Iterable[pytest.Item], files: str) -> None:
    """End the run at once where such a file was named, and there is no binary for it."""
    if shutil.which(BINARY) is None and any(item.path.match(files) for item in items):
        found = f"names no program: {BINARY}" if BINARY else "names none"
        raise pytest.UsageError(
            f"{files} needs a CoreDNS binary, and {VARIABLE} {found}. `./run selftests` brings one."
        )
