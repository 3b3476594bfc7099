"""A small suite of checks in a sub-process, with the real plugins and a cache of its own."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

import yaml

from clusterdns.wait import eventually

PROJECT = Path(__file__).parent.parent.parent
PLUGINS = ("options", "markers", "images", "outcomes", "terminal", "report", "lifecycle")
CONFTEST = f"pytest_plugins = {[f'fixtures.{name}' for name in PLUGINS]}\n"


class Suite:
    """A project folder with checks in ``tests/``, and the sessions that run them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "tests").mkdir(parents=True)
        (folder / "conftest.py").write_text(CONFTEST)
        (folder / "pytest.toml").write_text('[pytest]\naddopts = ["-p", "no:cacheprovider"]\n')
        self.runs = folder / "cache" / "cluster-dns-conformance" / "runs"

    def write(self, text: str) -> None:
        """The only test file of the suite."""
        (self.folder / "tests" / "test_it.py").write_text(text)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start pytest, in a process group of its own as a shell would."""
        return self.start_into(subprocess.PIPE, *arguments, **environment)

    def start_into(
        self, output: int | IO[str], *arguments: str, **environment: str
    ) -> subprocess.Popen[str]:
        """Start a session whose standard output and standard error go where the caller says."""
        env = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1"}
        env |= {"XDG_CACHE_HOME": str(self.folder / "cache"), **environment}
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=self.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, float]:
        """Run pytest to its end: exit code, output, seconds."""
        started = time.monotonic()
        process = self.start(*arguments, **environment)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output, time.monotonic() - started

    def wait_for(self, name: str) -> None:
        """Wait until a check has made that file. Raises AssertionError after a minute."""
        assert eventually((self.folder / name).exists, True, within=60), f"no file {name}"

    def report(self) -> dict[str, Any]:
        """The results.yaml of the last session."""
        return dict(yaml.safe_load((self.folder / "report" / "results.yaml").read_text()))

    def states(self) -> list[str]:
        """The names of the state files that are left."""
        return sorted(path.name for path in self.runs.glob("*")) if self.runs.exists() else []
