"""One session of the suite's own test files, in which they meet every liar in turn."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parent.parent.parent
SESSIONS = 3
FILES = ("tests/dns", "tests/network/test_paths.py")
# What a Corefile promises is proved with real ones: selftests/diagnosis/test_own_names_for_real.py.
BUT = "--ignore=tests/dns/test_own_names.py"


def run_suite(folder: Path, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The checks that only compare answers, on loopback; the report goes into the folder."""
    words = [BUT, "-p", "selftests.liars.plugin", "--report-dir", str(folder / "report")]
    kept = {k: v for k, v in os.environ.items() if k != "CLUSTERDNS_PID_FILE"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *FILES, *words, *more],
        cwd=PROJECT,
        env={**kept, "XDG_CACHE_HOME": str(folder / "cache"), **environment},
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )


@pytest.fixture(scope="session")
def met(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """For each liar the checks that did not pass, with their messages.

    The sessions run side by side: most of the time they wait for servers that keep silent.
    """

    def meet(share: int) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp("liars")
        told, some = folder / "met.json", f"{share}/{SESSIONS}"
        done = run_suite(folder, CLUSTERDNS_LIARS_JSON=str(told), CLUSTERDNS_LIARS=some)
        assert told.exists(), done.stdout + done.stderr
        return dict(json.loads(told.read_text()))

    with ThreadPoolExecutor(max_workers=SESSIONS) as pool:
        found = list(pool.map(meet, range(1, SESSIONS + 1)))
    return {name: results for share in found for name, results in share.items()}
