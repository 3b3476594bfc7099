"""One run of the suite against a healthy cluster, and what of it goes into a table."""

from dataclasses import dataclass
from pathlib import Path

from clusterdns.report.exit_codes import ExitCode
from trials.cluster import Breakable
from trials.suite import run_suite


@dataclass(frozen=True)
class Round:
    """The numbers of one run."""

    exit_code: int
    passed: int
    failed: tuple[str, ...]
    not_run: int
    deviations: int
    compared: int  # answers, as the contract counts them
    checks_s: float
    seconds: float
    diagnoses: int
    causes: tuple[str, ...] = ()  # that were diagnosed

    @property
    def is_green(self) -> bool:
        """No failure, and nothing to diagnose."""
        return self.exit_code == ExitCode.OK and self.diagnoses == 0

    def __str__(self) -> str:
        failed = f", failed: {', '.join(self.failed)}" if self.failed else ""
        return (
            f"exit {self.exit_code}, {self.passed} passed, {self.deviations} deviations, "
            f"{self.not_run} not run, {self.compared} answers compared, "
            f"checks {self.checks_s:.1f} s{failed}"
        )


def one_round(cluster: Breakable, report: Path) -> Round:
    """Run the default profile once."""
    verdict = run_suite(cluster, report)
    document = verdict.document
    summary = document.get("summary", {})
    return Round(
        exit_code=verdict.exit_code,
        passed=summary.get("passed", 0),
        failed=tuple(verdict.checks("failed")),
        not_run=summary.get("notRun", 0),
        deviations=summary.get("deviations", 0),
        compared=sum(check.get("asked", 0) for check in document.get("checks", [])),
        checks_s=document.get("timing", {}).get("checks_s", 0.0),
        seconds=verdict.seconds,
        diagnoses=len(verdict.diagnoses),
        causes=tuple(one["cause"] for one in verdict.diagnoses),
    )
