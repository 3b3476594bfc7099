"""Run the suite against a broken cluster, as a user would, and read its verdict."""

import fnmatch
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clusterdns.report.results import load_document
from trials.cluster import Breakable

PROJECT = Path(__file__).parent.parent
LONGEST_S = 420.0
GRACE_S = 60.0


@dataclass(frozen=True)
class Verdict:
    """What a run of the suite said."""

    exit_code: int
    seconds: float
    document: dict[str, Any]
    output: str

    def checks(self, outcome: str) -> list[str]:
        """The names of the checks with an outcome, such as test_service_has_port[53-tcp]."""
        found = []
        for check in self.document.get("checks", []):
            if check["outcome"] == outcome:
                name = check["id"].rpartition("::")[2]
                found.append(f"{name}[{check['param']}]" if check["param"] else name)
        return found

    @property
    def diagnoses(self) -> list[dict[str, Any]]:
        """The diagnoses, the best first."""
        return list(self.document.get("diagnoses") or [])

    @property
    def diagnosis_s(self) -> float:
        """How long the suite looked for the cause, after the last check."""
        said = re.findall(r"looking for the cause.* (\d+\.\d) s", self.output)
        return float(said[-1]) if said else 0.0

    @property
    def leftovers(self) -> list[str]:
        """What the run left in the cluster."""
        return list(self.document.get("cleanup", {}).get("leftovers") or [])


def unmet(patterns: Sequence[str], names: Sequence[str]) -> list[str]:
    """The patterns that no name matches. Brackets are meant literally."""
    return [p for p in patterns if not any(_matches(name, p) for name in names)]


def _matches(name: str, pattern: str) -> bool:
    literal = pattern.replace("[", "[[]")
    return fnmatch.fnmatchcase(name, literal) or fnmatch.fnmatchcase(name.split("[")[0], literal)


def run_suite(
    cluster: Breakable, report: Path, select: str = "", arguments: Sequence[str] = ()
) -> Verdict:
    """The default profile, or a part of it, in a process of its own.

    Raises KeyboardInterrupt after the suite has ended, when we are interrupted meanwhile.
    """
    tools = cluster.tools
    argv = [sys.executable, "-m", "pytest", "tests", "-q", "--kube-context", cluster.context]
    argv += ["--kubeconfig", str(cluster.kubeconfig), "--report-dir", str(report)]
    argv += ["--dnsutils-image", tools.dnsutils]
    argv += ["--musl-image", tools.musl] if tools.musl else []
    argv += ["-k", select] if select else []
    argv += arguments
    environment = {k: v for k, v in os.environ.items() if k != "CLUSTERDNS_PID_FILE"}
    report.mkdir(parents=True, exist_ok=True)
    log = report / "output.txt"
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv,
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            code = -1
        finally:
            _end(process)
    seconds = time.monotonic() - began
    try:
        document = load_document(report)
    except FileNotFoundError:
        document = {}
    return Verdict(code, seconds, document, log.read_text(errors="replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let a suite that still runs clean up after itself; then end it."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
