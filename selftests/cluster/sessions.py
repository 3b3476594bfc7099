"""The whole suite in a process of its own, watched from outside: its events, its end, its files."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clusterdns.cluster import RUN_LABEL, Cluster
from clusterdns.run.identity import MANAGED_BY
from clusterdns.run.state import runs_folder
from clusterdns.wait import eventually
from host.bootstrap import cluster as containers
from host.bootstrap import seal
from selftests.report.examples import assert_complete
from trials.cluster import Breakable, Tools

PROJECT = Path(__file__).parent.parent.parent
MANAGED = f"app.kubernetes.io/managed-by={MANAGED_BY}"
KINDS = (
    *("ClusterRole", "ClusterRoleBinding", "ConfigMap", "Deployment", "EndpointSlice", "Lease"),
    *("Namespace", "NetworkPolicy", "Pod", "Role", "RoleBinding", "Service", "ServiceAccount"),
)
LONGEST_S = 300.0  # a machine that does nothing else needs a tenth of it
GRACE_S = 90.0

Event = dict[str, Any]


class Session:
    """One process of the suite; its report folder is its own."""

    def __init__(self, folder: Path, argv: list[str], environment: dict[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.report = folder / "report"
        cache = environment.get("XDG_CACHE_HOME")
        self.runs = Path(cache, "cluster-dns-conformance", "runs") if cache else runs_folder()
        self._there = {path.name for path in self.runs.glob("*.json")}
        self.log = folder / "output.txt"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("CLUSTERDNS_PID")}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [*argv, "--report-dir", str(self.report)],
                cwd=PROJECT,
                env={**inherited, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What it printed so far."""
        return self.log.read_text(errors="replace")

    @property
    def events(self) -> list[Event]:
        """The events so far; a line that is being written does not count yet."""
        path = self.report / "events.jsonl"
        text = path.read_text() if path.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def wait_for(self, happened: Callable[[Event], bool]) -> None:
        """Wait until an event has happened. Raises AssertionError when the process ended first."""

        def seen() -> bool:
            return any(map(happened, self.events)) or self.process.poll() is not None

        eventually(seen, True, LONGEST_S, every=0.05)
        assert any(map(happened, self.events)), self.output

    def end(self) -> int:
        """Its exit code. Raises subprocess.TimeoutExpired."""
        return self.process.wait(LONGEST_S)

    def document(self) -> dict[str, Any]:
        """The report of a session that is over; all four files are checked."""
        return assert_complete(self.report)

    def states(self) -> list[str]:
        """The state files that were not there before, of runs that have ended."""
        now = {path.name for path in self.runs.glob("*.json")}
        return sorted(name for name in now - self._there if not self._is_live(name))

    def _is_live(self, name: str) -> bool:
        """Whether the process of a state file still runs: then it is another session's."""
        try:
            state = json.loads((self.runs / name).read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return True  # gone meanwhile, or being written
        return Path(f"/proc/{state['pid']}").exists()


class Sessions:
    """Starts sessions and stops those that still run."""

    def __init__(self, folder: Path, tools: Tools) -> None:
        self.folder, self.tools = folder, tools
        self.started: list[Session] = []

    def pytest(self, *arguments: str, **environment: str) -> Session:
        """The suite, started by pytest, with a cache of its own."""
        argv = [sys.executable, "-m", "pytest", "tests", *arguments]
        cache = {"XDG_CACHE_HOME": str(self.folder / str(len(self.started)) / "cache")}
        return self.start(argv, {**cache, **environment})

    def door(self, *arguments: str, **environment: str) -> Session:
        """The suite, started by ./run, with the cache and the tox environment of the project."""
        return self.start([sys.executable, "run", "conformance", *arguments], environment)

    def start(self, argv: list[str], environment: dict[str, str]) -> Session:
        """Any command that takes --report-dir."""
        folder = self.folder / str(len(self.started))
        self.started.append(Session(folder, argv, {"CLUSTERDNS_SEAL": "1", **environment}))
        return self.started[-1]

    def against(self, cluster: Breakable) -> list[str]:
        """The options that name a cluster and the images that its nodes hold."""
        words = [f"--kube-context={cluster.context}", f"--kubeconfig={cluster.kubeconfig}"]
        words += [f"--dnsutils-image={self.tools.dnsutils}"]
        return words + ([f"--musl-image={self.tools.musl}"] if self.tools.musl else [])

    def end(self) -> None:
        """Let those that still run clean up; then end them."""
        for session in self.started:
            if session.process.poll() is None:
                session.process.send_signal(signal.SIGINT)
                try:
                    session.process.wait(GRACE_S)
                except subprocess.TimeoutExpired:
                    session.process.kill()
                    session.process.wait()


def ours_in(cluster: Cluster) -> list[tuple[str, str, str]]:
    """Kind, namespace and name of every object in a cluster that carries our label."""
    return sorted(
        (kind, each["metadata"].get("namespace", ""), each["metadata"]["name"])
        for kind in KINDS
        for each in cluster.list(kind, labels=MANAGED)
        if RUN_LABEL in each["metadata"]["labels"]
    )


def on_this_machine() -> dict[str, list[str]]:
    """Kind clusters, and networks and seal rules of runs, as the engine has them."""
    return {
        "clusters": containers.clusters(),
        "sealed": [f"{left.what} {left.name}" for left in seal.leftovers()],
    }


def nothing_new(before: dict[str, list[str]], within: float = 20.0) -> list[str]:
    """What is on this machine now and was not before; empty as soon as nothing is."""

    def new() -> list[str]:
        now = on_this_machine()
        return [each for key in now for each in now[key] if each not in before[key]]

    return eventually(new, [], within, every=0.5)


def seconds_since(started: float) -> str:
    """For the output of a test: how long something took, in seconds."""
    return f"{time.monotonic() - started:.1f} s"
