"""report.html: one page without any outside resource, for people."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from clusterdns.report.changes import summary_of
from clusterdns.report.groups import by_cause
from clusterdns.report.model import Check, Outcome, Report
from clusterdns.report.results import HTML, write_whole
from clusterdns.report.sentences import (
    cluster_lines,
    corefile_notes,
    counted,
    exit_line,
    time_line,
    verdict,
)

CELLS_SHOWN = 60  # per check; all of them stand in results.yaml
TEMPLATE = "page.html.j2"

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

Grouped = list[tuple[str, list[Check]]]


def write_html(report: Report, folder: Path) -> None:
    """Write report.html. Raises OSError."""
    write_whole(folder / HTML, render(report))


def render(report: Report) -> str:
    """The page as text."""
    summary = report.summary
    counts = (
        (summary.passed, "passed", "passed"),
        (summary.failed, "failed", "failed"),
        (summary.deviations, "deviation" if summary.deviations == 1 else "deviations", "deviation"),
        (summary.waived, "waived", "waived"),
        (summary.not_applicable, "not applicable", "not-applicable"),
        (summary.not_run, "not run", "not-run"),
    )
    unjudged = (
        ("Not run", "Selected, but what they need is missing.", "not-run"),
        ("Not applicable", "The feature is absent here.", "not-applicable"),
        ("Waived", "By the user's own file.", "waived"),
    )
    return _ENVIRONMENT.get_template(TEMPLATE).render(
        report=report,
        verdict=verdict(report),
        cluster_lines=cluster_lines(report),
        corefile_notes=corefile_notes(report),
        exit_line=exit_line(report),
        time_line=time_line(report),
        counts=counts,
        failed=by_cause(report, "failed"),
        deviations=by_cause(report, "deviation"),
        unjudged=[
            (title, words, by_reason(check for check in report.checks if check.outcome == outcome))
            for title, words, outcome in unjudged
        ],
        groups=by_group(report.checks),
        group_counts=group_counts,
        outcomes=get_args(Outcome),
        counted=counted,
        cells_shown=CELLS_SHOWN,
        comparison=report.comparison,
        comparison_summary=summary_of(report.comparison) if report.comparison else "",
    )


def by_reason(checks: Iterable[Check]) -> Grouped:
    """The checks under their reasons, the reason that stopped most first."""
    reasons: dict[str, list[Check]] = {}
    for check in checks:
        reasons.setdefault(check.message, []).append(check)
    return sorted(reasons.items(), key=lambda pair: -len(pair[1]))


def by_group(checks: Iterable[Check]) -> Grouped:
    """The checks under the titles of their files, in order."""
    groups: dict[str, list[Check]] = {}
    for check in checks:
        groups.setdefault(check.group or check.id.partition("::")[0], []).append(check)
    return list(groups.items())


def group_counts(checks: Iterable[Check]) -> str:
    """How many checks of a group have which outcome."""
    count = Counter(check.outcome for check in checks)
    return ", ".join(
        f"{count[outcome]} {outcome}" for outcome in get_args(Outcome) if count[outcome]
    )
