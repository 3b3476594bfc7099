"""results.yaml: the report as a document, written whole or not at all."""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from clusterdns.report.cell import Cell
from clusterdns.report.model import (
    API_VERSION,
    KIND,
    Check,
    CleanupResult,
    Diagnosis,
    Report,
    Suite,
    Timing,
)

RESULTS = "results.yaml"
EVENTS = "events.jsonl"
JUNIT = "junit.xml"
HTML = "report.html"
ANSWERS = "answers.json.gz"  # what checks were answered: for --compare
ANSWERS_MARK = "cluster-dns-conformance-answers"  # in its gzip header (RFC 1952 2.3)
FILES = (HTML, JUNIT, EVENTS, RESULTS)
# In the order of removal: the mark that it is ours last.
REMOVED = (HTML, JUNIT, ANSWERS, EVENTS, RESULTS)

# What stands in the first characters of the others, written by the suite or by ./run.
MARKS = {
    HTML: "<title>Cluster DNS",
    JUNIT: 'name="cluster-dns-conformance"',
    EVENTS: '{"time": "',
    ANSWERS: ANSWERS_MARK,
}
MARK_WITHIN = 2000

CLUSTER_KEYS = ("server", "context", "domain", "ipFamilies", "nodes", "dns")
DNS_KEYS = (
    *("judged", "implementation", "version", "image", "replicas", "corefileSha256", "features"),
    "corefileNotes",
)

Document = dict[str, Any]


class NotOursError(Exception):
    """The directory, or its results.yaml, is not that of a run of this suite."""


class Moment(str):
    """A point in time, written without quotes as YAML writes a timestamp."""


class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes several lines as a block, so that evidence stays readable, and no references."""

    def ignore_aliases(self, data: object) -> bool:
        """Write each value where it stands, although it stands elsewhere too."""
        return True


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _write_moment(dumper: yaml.SafeDumper, moment: Moment) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:timestamp", str(moment))


Dumper.add_representer(str, _write_text)
Dumper.add_representer(Moment, _write_moment)


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads a timestamp as the text that it is."""


Loader.add_constructor("tag:yaml.org,2002:timestamp", Loader.construct_yaml_str)


def to_document(report: Report) -> Document:
    """The report as results.yaml has it, keys in the contract's order."""
    summary = report.summary
    document: Document = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "date": Moment(report.date),
        "state": report.state,
        "suite": {
            "version": report.suite.version,
            "arguments": list(report.suite.arguments),
            "profile": report.suite.profile,
        },
        "cluster": _ordered_cluster(report.cluster),
        "result": report.result,
        "exitCode": report.exit_code,
    }
    if report.message:
        document["message"] = report.message
    return document | {
        "timing": {
            "host_s": round(report.timing.host_s, 1),
            "cluster_s": round(report.timing.cluster_s, 1),
            "setup_s": round(report.timing.setup_s, 1),
            "checks_s": round(report.timing.checks_s, 1),
            "teardown_s": round(report.timing.teardown_s, 1),
            "questions": report.timing.questions,
            "apiRequests": dict(report.timing.api_requests),
        },
        "summary": {
            "passed": summary.passed,
            "failed": summary.failed,
            "deviations": summary.deviations,
            "waived": summary.waived,
            "notApplicable": summary.not_applicable,
            "notRun": summary.not_run,
        },
        "checks": [check_document(check) for check in report.checks],
        "diagnoses": [_diagnosis_document(diagnosis) for diagnosis in report.diagnoses],
        "cleanup": {
            "state": report.cleanup.state,
            "restored": list(report.cleanup.restored),
            "leftovers": list(report.cleanup.leftovers),
        },
        **({"comparison": report.comparison.document()} if report.comparison else {}),
    }


def check_document(check: Check) -> Document:
    """One entry of ``checks``; a message stands last, and only where there is one."""
    document: Document = {
        "id": check.id,
        "param": check.param,
        "level": check.level,
        "outcome": check.outcome,
        "spec": list(check.spec),
        "ms": check.ms,
        "asked": check.asked,
        "lost": check.lost,
        "deviating": [cell.entry() for cell in check.deviating],
    }
    document |= {"notAsked": check.not_asked} if check.not_asked else {}
    return document | ({"message": check.message} if check.message else {})


def _diagnosis_document(diagnosis: Diagnosis) -> Document:
    return {
        "cause": diagnosis.cause,
        "layer": diagnosis.layer,
        "confidence": diagnosis.confidence,
        "summary": diagnosis.summary,
        "evidence": list(diagnosis.evidence),
        "remedy": list(diagnosis.remedy),
        "checks": list(diagnosis.checks),
    }


def _ordered_cluster(facts: Mapping[str, Any]) -> Document:
    cluster = _in_order(facts, CLUSTER_KEYS)
    if isinstance(cluster.get("dns"), Mapping):
        cluster["dns"] = _in_order(cluster["dns"], DNS_KEYS)
    return cluster


def _in_order(values: Mapping[str, Any], keys: tuple[str, ...]) -> Document:
    known = {key: values[key] for key in keys if key in values}
    return known | {key: value for key, value in values.items() if key not in known}


def write_results(report: Report, folder: Path) -> None:
    """Write results.yaml so that a reader sees the old one or the new one. Raises OSError."""
    document = to_document(report)
    text = yaml.dump(
        document,
        Dumper=Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=120,
        default_flow_style=None,
    )
    write_whole(folder / RESULTS, text)


def write_whole(path: Path, text: str) -> None:
    """Replace a file in one step: a kill at any moment leaves no half file. Raises OSError."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, octets: bytes) -> None:
    """As write_whole, with octets. Raises OSError."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_bytes(octets)
    unfinished.replace(path)


def load_document(folder: Path) -> Document:
    """The results.yaml of a run of ours. Raises NotOursError and FileNotFoundError."""
    path = folder / RESULTS
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise NotOursError(f"{path} cannot be read as YAML") from error
    if not isinstance(document, dict) or (document.get("apiVersion"), document.get("kind")) != (
        API_VERSION,
        KIND,
    ):
        raise NotOursError(f"{path} is not a {KIND} of {API_VERSION}")
    return document


def is_marked(path: Path, mark: str) -> bool:
    """Whether a file is missing, empty, or begins as one of ours does. Raises OSError."""
    if not path.exists():
        return not path.is_symlink()
    with path.open(encoding="utf-8", errors="replace") as file:
        start = file.read(MARK_WITHIN)
    return not start or mark in start


def read_results(folder: Path) -> Report:
    """The report of a directory. Raises NotOursError and FileNotFoundError."""
    document = load_document(folder)
    try:
        return from_document(document)
    except (KeyError, TypeError, ValueError) as error:
        raise NotOursError(f"{folder / RESULTS} lacks or misspells {error}") from error


def from_document(document: Mapping[str, Any]) -> Report:
    """The report that a document holds. Raises KeyError and TypeError when parts are missing."""
    suite, cleanup = document["suite"], document["cleanup"]
    return Report(
        date=str(document["date"]),
        suite=Suite(suite["version"], tuple(suite["arguments"]), suite["profile"]),
        state=document["state"],
        cluster=document["cluster"],
        result=document["result"],
        exit_code=document["exitCode"],
        message=document.get("message", ""),
        timing=_timing_from(document["timing"]),
        checks=tuple(check_from(entry) for entry in document["checks"]),
        diagnoses=tuple(Diagnosis(**_frozen(entry)) for entry in document["diagnoses"]),
        cleanup=CleanupResult(cleanup["state"], cleanup["restored"], cleanup["leftovers"]),
    )


def _timing_from(entry: Mapping[str, Any]) -> Timing:
    rest = {key: value for key, value in entry.items() if key != "apiRequests"}
    return Timing(**rest, api_requests=entry.get("apiRequests", {}))


def check_from(entry: Mapping[str, Any]) -> Check:
    """The check of one entry. Raises TypeError for a key that a check does not have."""
    cells = tuple(Cell.from_entry(cell) for cell in entry.get("deviating", ()))
    rest = {key: value for key, value in _frozen(entry).items() if key != "notAsked"}
    not_asked = entry.get("notAsked", entry.get("not_asked", 0))
    return Check(**{**rest, "deviating": cells, "not_asked": not_asked})


def _frozen(entry: Mapping[str, Any]) -> Document:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}


def hold(folder: Path) -> int:
    """Make the directory and lock it for as long as the descriptor that is returned is open.

    The lock (flock, on the directory itself) ends with the process, however that ends; where the
    file system has none, there is none. Raises NotOursError while another run has it, and OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise NotOursError(f"another run is writing its report into {folder}") from None
    except OSError:
        pass  # a network file system without locks
    return descriptor


def claim_folder(folder: Path) -> None:
    """Make the directory, or clear it of an earlier run's files.

    Raises NotOursError when one of the files is not that of a run of this suite; then
    nothing is removed. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / RESULTS).exists():
        load_document(folder)
    for name, mark in MARKS.items():
        if not is_marked(folder / name, mark):
            raise NotOursError(f"{folder / name} is not a file of this suite")
    for name in REMOVED:
        (folder / name).unlink(missing_ok=True)
        (folder / f".{name}.unfinished").unlink(missing_ok=True)
