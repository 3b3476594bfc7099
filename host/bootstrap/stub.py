"""The report of a run that ended before pytest began: the four files, by hand.

Their names and fields are those that the suite itself writes (apiVersion dns-conformance/v1).
"""

import datetime
import fcntl
import html
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from host.bootstrap.cache import PROJECT

API_VERSION = "dns-conformance/v1"
SUITE_NAME = "cluster-dns-conformance"
KIND = "ConformanceReport"
PROFILES = ("quick", "default", "full")
MARKS = {  # without quotes; those of clusterdns.report.results
    "results.yaml": (f"apiVersion: {API_VERSION}\n", f"kind: {KIND}\n"),
    "junit.xml": (f"name={SUITE_NAME}",),
    "report.html": ("<title>Cluster DNS",),
    "events.jsonl": ("{time: ",),
}
FILES = ("results.yaml", "junit.xml", "report.html", "events.jsonl")
ANSWERS = "answers.json.gz"  # of an earlier run: a stub has none
ANSWERS_MARK = b"cluster-dns-conformance-answers"
SUMMARY = ("passed", "failed", "deviations", "waived", "notApplicable", "notRun")
TIMING = ("host_s", "cluster_s", "setup_s", "checks_s", "teardown_s")


def option(arguments: Sequence[str], name: str, default: str) -> str:
    """The last value of `--name VALUE` or `--name=VALUE` among a run's arguments."""
    value = default
    for position, word in enumerate(arguments):
        if word == name and position + 1 < len(arguments):
            value = arguments[position + 1]
        elif word.startswith(f"{name}="):
            value = word.removeprefix(f"{name}=")
    return value


def is_ours(folder: Path) -> bool:
    """Whether a run may write here: each of our files is missing or of this suite."""
    answers = folder / ANSWERS
    if answers.exists() and ANSWERS_MARK not in answers.read_bytes()[:200]:
        return False
    for name, marks in MARKS.items():
        path = folder / name
        text = path.read_text(errors="replace") if path.exists() else ""
        text = text.replace('"', "")
        asked = text or (name == "results.yaml" and path.exists())  # an empty one holds nothing
        if asked and not all(mark in text for mark in marks):
            return False
    return True


def is_held(folder: Path) -> bool:
    """Whether a run is writing its report there now (clusterdns.report.results.hold)."""
    if not folder.is_dir():
        return False
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # a file system without locks
    finally:
        os.close(descriptor)
    return False


def is_fresh(arguments: Sequence[str], since: float) -> bool:
    """Whether the folder's results.yaml was written after `since` (seconds since 1970)."""
    results = Path(option(arguments, "--report-dir", "report")) / "results.yaml"
    return results.exists() and results.stat().st_mtime >= since


def write_stub(arguments: Sequence[str], reason: str, code: int, host_seconds: float) -> Path:
    """Write the report of a run that judged nothing, and return its folder.

    Raises FileExistsError when the folder is not ours, or another run's; nothing is written then.
    """
    folder = Path(option(arguments, "--report-dir", "report"))
    if not is_ours(folder):
        raise FileExistsError(f"{folder} holds a report that is not of this suite")
    if is_held(folder):
        raise FileExistsError(f"another run is writing its report into {folder}")
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    report = _results(arguments, reason, code, host_seconds, now)
    event = {"time": now, "event": "finished", "result": "error", "exitCode": code}
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*FILES, ANSWERS):
        (folder / name).unlink(missing_ok=True)
    _write(folder / "events.jsonl", json.dumps({**event, "message": reason}) + "\n")
    _write(folder / "junit.xml", _junit(reason, host_seconds, now))
    _write(folder / "report.html", _page(reason, code, now))
    _write(folder / "results.yaml", _yaml(report))
    return folder


def _results(
    arguments: Sequence[str], reason: str, code: int, host_seconds: float, now: str
) -> dict[str, object]:
    source = (PROJECT / "clusterdns" / "__init__.py").read_text()
    version = re.search(r'^__version__ = "(.+)"$', source, re.MULTILINE)
    profile = option(arguments, "--profile", "default")
    context = option(arguments, "--kube-context", "")
    timing: dict[str, float] = dict.fromkeys(TIMING, 0.0)
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "date": now,
        "state": "finished",
        "suite": {
            "version": version.group(1) if version else "unknown",
            "arguments": list(arguments),
            "profile": profile if profile in PROFILES else "default",
        },
        "cluster": {"context": context} if context else {},
        "result": "error",
        "exitCode": code,
        "message": reason,
        "timing": {**timing, "host_s": round(host_seconds, 1), "questions": 0},
        "summary": dict.fromkeys(SUMMARY, 0),
        "checks": [],
        "diagnoses": [],
        "cleanup": {"state": "clean", "restored": [], "leftovers": []},
    }


def _yaml(report: dict[str, object]) -> str:
    """One line per field; a JSON value is a YAML value (YAML 1.2, section 1.3)."""
    lines = []
    for key, value in report.items():
        plain = key in ("apiVersion", "kind", "date")
        text = value if plain else json.dumps(value, ensure_ascii=False)
        lines.append(f"{key}: {text}\n")
    return "".join(lines)


def _junit(reason: str, seconds: float, now: str) -> str:
    counts = {"tests": "1", "failures": "0", "errors": "1", "time": f"{seconds:.3f}"}
    suites = ElementTree.Element("testsuites", {"name": SUITE_NAME, **counts})
    begin = {"skipped": "0", "timestamp": now.removesuffix("Z")}
    suite = ElementTree.SubElement(suites, "testsuite", {"name": SUITE_NAME, **counts, **begin})
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {"name": "this host was prepared", "classname": SUITE_NAME, "time": f"{seconds:.3f}"},
    )
    printable = "".join(letter for letter in reason if letter >= " " or letter in "\n\t")
    error = ElementTree.SubElement(
        case, "error", {"message": printable.splitlines()[0], "type": "error"}
    )
    error.text = printable
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suites, "unicode")


def _page(reason: str, code: int, now: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<title>Cluster DNS conformance: nothing was judged</title></head>\n"
        f"<body><h1>Nothing was judged</h1><p>{now}, exit code {code}</p>"
        f"<pre>{html.escape(reason)}</pre></body></html>\n"
    )


def _write(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)  # noqa: PTH105 - atomic within the folder
