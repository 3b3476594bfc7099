"""One session of the suite's own test files, in which they meet every liar in turn."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parent.parent.parent
FILES = ("tests/dns", "tests/network/test_paths.py")


def run_suite(folder: Path, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The checks that only compare answers, on loopback; the report goes into the folder."""
    words = ["-p", "selftests.liars.plugin", "--report-dir", str(folder / "report")]
    kept = {k: v for k, v in os.environ.items() if k != "CLUSTERDNS_PID_FILE"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *FILES, *words, *more],
        cwd=PROJECT,
        env={**kept, "XDG_CACHE_HOME": str(folder / "cache"), **environment},
        capture_output=True,
        text=True,
        timeout=480,
        check=False,
    )


@pytest.fixture(scope="session")
def met(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """For each liar the checks that did not pass, with their messages."""
    folder = tmp_path_factory.mktemp("liars")
    done = run_suite(folder, CLUSTERDNS_LIARS_JSON=str(folder / "met.json"))
    assert (folder / "met.json").exists(), done.stdout + done.stderr
    found: dict[str, Any] = json.loads((folder / "met.json").read_text())
    return found
