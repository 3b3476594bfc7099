"""junit.xml: the report for CI systems.

Every check is a case. Of those that fail one rule for one cause the first has the evidence in
full; the others begin as their own evidence does, and name the case where it stands.

Keeps to the form that Jenkins' junit-10.xsd accepts: what a check is beyond its outcome stands
in ``system-out``, because that form knows no properties of a test case.
"""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from clusterdns.report.changes import change_of, properties_of
from clusterdns.report.groups import evidence_shown_at
from clusterdns.report.model import Check, Report
from clusterdns.report.results import JUNIT, write_whole

SUITE_NAME = "cluster-dns-conformance"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(report: Report, folder: Path) -> None:
    """Write junit.xml. Raises OSError."""
    tree = junit_tree(report)
    ET.indent(tree)
    text = ET.tostring(tree, encoding="unicode")
    write_whole(folder / JUNIT, f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n')


def junit_tree(report: Report) -> ET.Element:
    """The report as JUnit has it; a run that ended early has one case more, in error."""
    summary = report.summary
    ended_early = report.result == "error"
    counts = {
        "tests": str(len(report.checks) + ended_early),
        "failures": str(summary.failed),
        "errors": str(int(ended_early)),
        "time": f"{report.timing.checks_s:.3f}",
    }
    root = ET.Element("testsuites", {"name": SUITE_NAME, **counts})
    skipped = str(summary.not_run + summary.not_applicable + summary.waived)
    suite = ET.SubElement(
        root,
        "testsuite",
        {"name": SUITE_NAME, **counts, "skipped": skipped, "timestamp": report.date.rstrip("Z")},
    )
    _properties(suite, report)
    if ended_early:
        _session_case(suite, report)
    shown_at, changes = evidence_shown_at(report), change_of(report.comparison)
    for check in report.checks:
        change = changes.get(check.key, "")
        _case(suite, check, _evidence(check, shown_at.get(check.name, check)), change)
    return root


def _properties(suite: ET.Element, report: Report) -> None:
    properties = ET.SubElement(suite, "properties")
    facts = {
        "result": report.result,
        "state": report.state,
        "suite version": report.suite.version,
        "profile": report.suite.profile,
        "cleanup": report.cleanup.state,
        **{f"cluster {key}": value for key, value in report.cluster.items() if key != "dns"},
        **{f"dns {key}": value for key, value in (report.cluster.get("dns") or {}).items()},
    }
    for number, diagnosis in enumerate(report.diagnoses, start=1):
        words = f"{diagnosis.cause} ({diagnosis.confidence}): {diagnosis.summary}"
        facts[f"diagnosis {number}"] = words
    if report.unexplained:
        facts["unexplained"] = ", ".join(check.name for check in report.unexplained)
    facts |= dict(properties_of(report.comparison))
    for name, value in facts.items():
        ET.SubElement(properties, "property", {"name": name, "value": clean(str(value))})


def _session_case(suite: ET.Element, report: Report) -> None:
    case = ET.SubElement(
        suite, "testcase", {"name": "the run came to its end", "classname": SUITE_NAME}
    )
    message = report.message or "the run was killed before it came to its end"
    error = ET.SubElement(case, "error", {"message": first_line(message), "type": "error"})
    error.text = clean(message)


def _evidence(check: Check, shown_at: Check) -> str:
    """The message of a check, or how it begins and which case has the evidence of its group."""
    if check is shown_at or check.message.count("\n") < 2:
        return check.message
    begins = first_line(check.message)
    return f"{begins}\nalike: the evidence stands once, at {shown_at.name}; all is in report.html"


def _case(suite: ET.Element, check: Check, evidence: str, change: str) -> None:
    path, _, name = check.id.rpartition("::")
    case = ET.SubElement(
        suite,
        "testcase",
        {
            "name": clean(f"{name}[{check.param}]" if check.param else name),
            "classname": clean(path.removesuffix(".py").replace("/", ".").replace(".py::", ".")),
            "time": f"{check.seconds:.3f}",
        },
    )
    if check.outcome == "failed":
        failure = ET.SubElement(case, "failure", {"message": first_line(check.message)})
        failure.set("type", "failed")
        failure.text = clean(evidence)
    elif check.outcome in ("not-run", "not-applicable", "waived"):
        message = f"{check.outcome}: {first_line(check.message)}"
        ET.SubElement(case, "skipped", {"message": message, "type": check.outcome})
    ET.SubElement(case, "system-out").text = clean(_about(check, evidence, change))


def _about(check: Check, evidence: str, change: str) -> str:
    lines = [
        f"outcome: {check.outcome}",
        f"level: {check.level}",
        f"spec: {', '.join(check.spec)}",
        f"ms: {check.ms}",
        f"asked: {check.asked}",
        *([f"not asked: {check.not_asked}"] if check.not_asked else []),
        f"lost: {check.lost}",
        f"deviating: {len(check.deviating)}",
        *([f"change: {change}"] if change else []),
    ]
    if check.measured:
        lines.append(f"measured: {check.measured}")
    if check.outcome == "deviation":
        lines.append(evidence)
    return "\n".join(lines)


def first_line(text: str) -> str:
    """The first line of a message that says something, at most 300 characters of it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return clean(lines[0][:300]) if lines else ""


def clean(text: str) -> str:
    """The text without the characters that XML 1.0 cannot hold (2.2 of its specification)."""
    return _NOT_XML.sub("?", text)
