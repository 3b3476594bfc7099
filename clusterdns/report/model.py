"""The ConformanceReport as values: what a run found, in the words of the report files."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from clusterdns.report.cell import Cell
from clusterdns.report.comparison import Comparison

Level = Literal["must", "should", "may", "advice"]
Outcome = Literal["passed", "failed", "deviation", "waived", "not-applicable", "not-run"]
State = Literal["running", "finished"]
Result = Literal["success", "failure", "partial", "error"]
CleanupState = Literal["pending", "clean", "kept", "changed"]
Confidence = Literal["high", "medium", "low"]

API_VERSION = "dns-conformance/v1"
KIND = "ConformanceReport"
UNKNOWN = "unknown"  # the cause of what no known cause explains


@dataclass(frozen=True)
class Check:
    """One test item. A check is known by (id, param); ms is the median of its cells.

    ``message`` is the evidence of a failure or deviation, or why the check was not run, does not
    apply or is waived. ``rule``, ``group``, ``seconds`` (wall time of the item), ``measured`` (in
    words) and ``about`` (topics, see clusterdns.report.topics) are not part of results.yaml: the
    other files carry them.
    """

    id: str
    param: str
    level: Level
    outcome: Outcome
    spec: tuple[str, ...] = ()
    ms: float = 0.0
    asked: int = 0
    lost: int = 0
    deviating: tuple[Cell, ...] = ()
    message: str = ""
    rule: str = ""
    group: str = ""
    seconds: float = 0.0
    measured: str = ""
    about: tuple[str, ...] = ()
    not_asked: int = 0  # missing answers: their path is dead, or they were asked once only
    left_out: tuple[Cell, ...] = ()  # their cells, for the diagnosis alone

    @property
    def key(self) -> tuple[str, str]:
        """What the check is known by, across runs and upgrades."""
        return (self.id, self.param)

    @property
    def name(self) -> str:
        """The id with its parameter: ``path::test[param]``."""
        return f"{self.id}[{self.param}]" if self.param else self.id


@dataclass(frozen=True)
class Diagnosis:
    """One cause that explains failed checks; the best comes first in the report."""

    cause: str
    layer: str
    confidence: Confidence
    summary: str
    evidence: tuple[str, ...] = ()
    remedy: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()


@dataclass(frozen=True)
class CleanupResult:
    """The result of the clean-up at the end of a session.

    ``pending``: it has not been done, or not been verified, so that things of ours may be there;
    no finished report has it. ``clean``: nothing of ours is left.
    ``kept``: left on purpose (--keep), named in leftovers.
    ``changed``: a restore or a removal failed; the leftovers say which and why.
    """

    state: CleanupState = "pending"
    restored: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Suite:
    """Which suite ran, and how it was asked to."""

    version: str
    arguments: tuple[str, ...] = ()
    profile: str = "default"


@dataclass(frozen=True)
class Timing:
    """Where the time went, in seconds, and how many questions went out.

    ``api_requests``: how many requests the API server got, by verb (get, list, create, ...), and
    of all verbs in ``total``; empty where nobody counted.
    """

    host_s: float = 0.0
    cluster_s: float = 0.0
    setup_s: float = 0.0
    checks_s: float = 0.0
    teardown_s: float = 0.0
    questions: int = 0
    api_requests: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """How many checks have which outcome."""

    passed: int = 0
    failed: int = 0
    deviations: int = 0
    waived: int = 0
    not_applicable: int = 0
    not_run: int = 0

    @classmethod
    def of(cls, checks: Iterable[Check]) -> "Summary":
        """Count the outcomes of these checks."""
        count = Counter(check.outcome for check in checks)
        return cls(
            passed=count["passed"],
            failed=count["failed"],
            deviations=count["deviation"],
            waived=count["waived"],
            not_applicable=count["not-applicable"],
            not_run=count["not-run"],
        )


@dataclass(frozen=True)
class Report:
    """The report of a run: its cluster, its result, its checks and diagnoses.

    ``cluster`` is the contract's section as it stands in the file; what is unknown is left out.
    ``message`` says in one paragraph why a run ended early or could judge nothing.
    ``notes`` (what looks like a fault and is none) and ``warnings`` (of dependencies) are shown in
    the terminal, report.html and events.jsonl only.
    """

    date: str  # ISO 8601, UTC, of the start
    suite: Suite
    state: State = "running"
    cluster: Mapping[str, Any] = field(default_factory=dict)
    result: Result = "error"
    exit_code: int | None = None  # None while running
    message: str = ""
    timing: Timing = field(default_factory=Timing)
    checks: tuple[Check, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    cleanup: CleanupResult = field(default_factory=CleanupResult)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    comparison: Comparison | None = None  # with earlier reports, where --compare names any

    @property
    def summary(self) -> Summary:
        """How many checks have each outcome."""
        return Summary.of(self.checks)

    @property
    def unexplained(self) -> tuple[Check, ...]:
        """The failed checks that no cause explains; none where nothing was diagnosed at all."""
        causes = [diagnosis for diagnosis in self.diagnoses if diagnosis.cause != UNKNOWN]
        explained = {name for diagnosis in causes for name in diagnosis.checks}
        failed = self.with_outcome("failed") if self.diagnoses else ()
        return tuple(check for check in failed if check.name not in explained)

    def with_outcome(self, *outcomes: Outcome) -> tuple[Check, ...]:
        """The checks that have one of these outcomes, in order."""
        return tuple(check for check in self.checks if check.outcome in outcomes)
