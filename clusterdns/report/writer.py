"""Writes the four files of a run as it goes."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from clusterdns.printable import all_shown, shown
from clusterdns.report.events import EventLog, now
from clusterdns.report.html import write_html
from clusterdns.report.junit import write_junit
from clusterdns.report.model import Check, Report, Suite
from clusterdns.report.results import EVENTS, claim_folder, hold, write_results

EVERY_S = 1.0  # results.yaml is written anew at most so often, in seconds,
SHARE = 50  # and at most with this fraction of the time


class ReportWriter:
    """The report of a run that is going on.

    ``selected`` are the checks that the run is to judge, all not-run; each is replaced by its
    result. Those never reached keep the outcome, with the reason given at the end.
    """

    def __init__(self, folder: Path, suite: Suite, selected: Sequence[Check]) -> None:
        """Clear the folder and write results.yaml at once. Raises NotOursError and OSError."""
        self._held = hold(folder)
        try:
            claim_folder(folder)
        except BaseException:
            os.close(self._held)
            raise
        self.folder = folder
        suite = all_shown(suite)
        self.report = Report(date=now(), suite=suite)
        self.complaints: list[str] = []
        selected = all_shown(list(selected))
        self._selected = {check.key: check for check in selected}
        self._judged: dict[tuple[str, str], Check] = {}
        self._log = EventLog(folder / EVENTS)
        write_results(self.report, folder)
        self._next_save = time.monotonic() + EVERY_S
        self.event(
            "start",
            date=self.report.date,
            suite=asdict(suite),
            selected=[event_of(check) for check in selected],
        )

    def event(self, event: str, **values: object) -> None:
        """Write a line to events.jsonl; a full disk is complained of, and stops nothing."""
        try:
            self._log.write(event, **all_shown(values))
        except (OSError, ValueError) as error:
            self._complain(f"{EVENTS}: {error}")

    def add(self, check: Check) -> None:
        """Take the result of a check."""
        check = all_shown(check)
        self._judged[check.key] = check
        self.event("check", **event_of(check))
        self._save()

    def set_cluster(self, facts: Mapping[str, Any]) -> None:
        """Take what is known of the cluster, when it is new."""
        facts = all_shown(facts)
        if facts != dict(self.report.cluster):
            self.report = replace(self.report, cluster=facts)
            self.event("cluster", cluster=facts)
            self._save()

    def warn(self, text: str) -> None:
        """Note a warning of a dependency, each once; it fails nothing."""
        text = shown(text)
        if text not in self.report.warnings:
            self.report = replace(self.report, warnings=(*self.report.warnings, text))
            self.event("warning", text=text)

    def note(self, text: str) -> None:
        """Take a note about what looks like a fault and is none."""
        self.report = replace(self.report, notes=(*self.report.notes, shown(text)))
        self.event("note", text=text)

    def unreached(self, reason: str) -> list[Check]:
        """The selected checks that were not judged, with the reason."""
        missing = [check for key, check in self._selected.items() if key not in self._judged]
        return [replace(check, outcome="not-run", message=reason) for check in missing]

    @property
    def judged(self) -> list[Check]:
        """The results of the checks that were judged so far."""
        return list(self._judged.values())

    def finish(self, report: Report) -> None:
        """Write all four files for good; results.yaml says finished when the others are there.

        Every file is tried. Raises the first error afterwards.
        """
        self.report = report = all_shown(report)
        self.event(
            "finish",
            result=report.result,
            exitCode=report.exit_code,
            message=report.message,
            timing=asdict(report.timing),
            diagnoses=[asdict(diagnosis) for diagnosis in report.diagnoses],
            cleanup=asdict(report.cleanup),
        )
        errors: list[Exception] = []
        try:
            self._log.close()
        except OSError as error:
            errors.append(error)
        for write in (write_junit, write_html, write_results):
            try:
                write(report, self.folder)
            except Exception as error:
                errors.append(error)
        os.close(self._held)
        if errors:
            raise errors[0]

    def _save(self) -> None:
        begun = time.monotonic()
        if begun < self._next_save:
            return
        self.report = replace(self.report, checks=tuple(self._judged.values()))
        try:
            write_results(self.report, self.folder)
        except OSError as error:
            self._complain(f"results.yaml: {error}")
        ended = time.monotonic()
        self._next_save = ended + max(EVERY_S, SHARE * (ended - begun))

    def _complain(self, text: str) -> None:
        if text not in self.complaints:
            self.complaints.append(text)


def event_of(check: Check) -> dict[str, Any]:
    """A check as an event has it: with what results.yaml leaves out."""
    cells = [cell.entry() for cell in check.deviating]
    event = asdict(replace(check, deviating=(), left_out=())) | {"deviating": cells}
    return {key: value for key, value in event.items() if key != "left_out"}
