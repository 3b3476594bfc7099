"""Make the files that a killed run could not write from those that it left."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from clusterdns.report.events import read_events
from clusterdns.report.html import write_html
from clusterdns.report.junit import write_junit
from clusterdns.report.model import Check, CleanupResult, Report
from clusterdns.report.results import EVENTS, HTML, JUNIT, check_from, hold, read_results

KILLED = "The run was killed before it came to its end: what it had judged until then stands here."
NOT_CLEANED = "the run was killed before its clean-up: `pytest --cleanup-only` removes what it left"
UNREACHED = "the run was killed before this check"


def rebuild(folder: Path, cleanup: CleanupResult | None = None) -> list[Path]:
    """Write what is missing of junit.xml and report.html; the files written.

    ``cleanup`` is the result of removing the leftovers of that run. Does nothing when both files
    are there. Raises NotOursError (also while its run is alive), FileNotFoundError (no
    results.yaml) and OSError.
    """
    read_results(folder)  # before anything is locked: it may not be there
    held = hold(folder)
    try:
        return _rebuild(folder, cleanup)
    finally:
        os.close(held)


def _rebuild(folder: Path, cleanup: CleanupResult | None) -> list[Path]:
    report = read_results(folder)
    missing = [name for name in (JUNIT, HTML) if not (folder / name).exists()]
    if not missing:
        return []
    recovered = recover(report, folder / EVENTS)
    if cleanup is not None:
        recovered = replace(recovered, cleanup=cleanup)
    if JUNIT in missing:
        write_junit(recovered, folder)
    if HTML in missing:
        write_html(recovered, folder)
    return [folder / name for name in missing]


def recover(report: Report, events: Path) -> Report:
    """A report completed by what its events.jsonl knows beyond it."""
    checks = {check.key: check for check in report.checks}
    selected: dict[tuple[str, str], Check] = {}
    warnings: list[str] = []
    notes: list[str] = []
    cluster = report.cluster
    for event in read_events(events) if events.exists() else ():
        match event.get("event"):
            case "start":
                selected = {c.key: c for c in map(check_from, event["selected"])}
            case "check":
                check = check_from(_without(event, "time", "event"))
                checks[check.key] = check
            case "cluster":
                cluster = event["cluster"]
            case "warning":
                warnings.append(event["text"])
            case "note":
                notes.append(event["text"])
    unreached = [
        replace(check, outcome="not-run", message=UNREACHED)
        for key, check in selected.items()
        if key not in checks
    ]
    return replace(
        report,
        cluster=cluster,
        checks=(*checks.values(), *(unreached if report.state == "running" else ())),
        warnings=tuple(warnings),
        notes=tuple(notes),
        cleanup=replace(report.cleanup, leftovers=[NOT_CLEANED])
        if report.cleanup.state == "pending"
        else report.cleanup,
        message=report.message or (KILLED if report.state == "running" else ""),
    )


def _without(event: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key not in keys}
