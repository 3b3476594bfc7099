"""pytest as a user calls it, where nothing of a cluster is needed."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Done:
    """What a command said and how it ended."""

    code: int
    output: str

    @property
    def ids(self) -> list[str]:
        """The node ids that --collect-only -q printed."""
        return [line for line in self.output.splitlines() if line.startswith("tests/")]


def suite(*words: str, cwd: Path = PROJECT, environment: Mapping[str, str] | None = None) -> Done:
    """Run pytest on the suite; no kubeconfig of the user's is found."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CLUSTERDNS_", "KUBE"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str(PROJECT / "tests"), *words],
        cwd=cwd,
        env={**kept, "HOME": "/nonexistent", **(environment or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Done(done.returncode, done.stdout + done.stderr)
