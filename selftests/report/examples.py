"""A report with one of everything, and what checks the files of any report."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import xmlschema

from clusterdns import report as report_package
from clusterdns.report.cell import Cell
from clusterdns.report.comparison import AnswerChange, CheckChange, Comparison, SpeedChange
from clusterdns.report.model import Check, CleanupResult, Diagnosis, Report, Suite, Timing
from clusterdns.report.results import load_document

SCHEMA = Path(str(report_package.__file__)).parent / "schema.json"
JUNIT_SCHEMA = Path(__file__).parent / "junit.xsd"
ODD = "two lines,\n<b>markup</b> & 'quotes', a tab\t, é, \x1b[31mcolour\x1b[0m and \x00  \nend"
PATH = "tests/dns/test_example.py"

CELL = Cell(
    question="web.a.svc.cluster.local. A",
    node="worker",
    server="Service kube-dns",
    transport="udp",
    expected="NOERROR [10.96.0.7]",
    received="<script>alert(1)</script>",
    ms=1.5,
    command="kubectl run --rm -i again --image=x -- dig '+short' \"web\"",
)

CHECKS = (
    Check(f"{PATH}::test_a", "udp", "must", "passed", ("2.3.1-A",), 2.4, 9, 0, rule="It must."),
    Check(f"{PATH}::test_a", "tcp", "must", "failed", ("2.1",), 2.4, 9, 2, (CELL, CELL), ODD),
    Check(f"{PATH}::test_b", "", "should", "deviation", message=ODD, not_asked=3),
    Check(f"{PATH}::test_c", "", "may", "waived", message="the user's file"),
    Check(f"{PATH}::test_d", "", "must", "not-applicable", message="no IPv6"),
    Check(f"{PATH}::test_e", "", "advice", "not-run", message="no probe: reasons"),
)

CAUSE = Diagnosis(
    cause="upstream-unreachable",
    layer="upstream",
    confidence="high",
    summary="Nobody answers at 192.0.2.1, where CoreDNS forwards to.",
    evidence=("SERVFAIL from all replicas", "forward . 192.0.2.1"),
    remedy=("kubectl -n kube-system edit configmap coredns",),
    checks=(f"{PATH}::test_a[tcp]",),
)

COMPARISON = Comparison(
    reports=("old of 2026-11-21T18:47:14Z: coredns 1.11.3 on kind-x",),
    counts={"regressed": 1, "fixed": 1, "unchanged": 3, "gone": 1},
    checks=(
        CheckChange(f"{PATH}::test_a", "tcp", "regressed", "passed", "failed"),
        CheckChange(f"{PATH}::test_b", "", "fixed", "failed", "deviation"),
        CheckChange(f"{PATH}::test_z", "", "gone", "passed", ""),
    ),
    answers=(
        AnswerChange("ttl", "30 s", "5 s", 12, ("a. A", "b. A", "c. A"), 7, ("pod/coredns-1",)),
        AnswerChange("answer", "<b>", ODD, 1, ("web.<run>.svc.cluster.local. A",)),
        AnswerChange("asked", "not asked", "asked", 0, ("new.test. A",)),
    ),
    paths=(SpeedChange("worker > pod/coredns-1 over udp", "slower", 1.2, 31.4, 40),),
    facts=("its version: 1.11.3 before, 1.12.1 now",),
    notes=("2 differences of answers did not come again when asked anew",),
)

REPORT = Report(
    date="2026-11-22T18:47:14Z",
    suite=Suite("0.1.0", ("tests", "-k", "srv"), "default"),
    state="finished",
    cluster={
        "server": "v1.34.4",
        "context": "kind-x",
        "domain": "cluster.local",
        "ipFamilies": ["IPv4"],
        "nodes": 3,
        "dns": {
            "implementation": "coredns",
            "version": "1.12.1",
            "image": "coredns:v1.12.1",
            "replicas": 2,
            "corefileSha256": "ab" * 32,
            "corefileNotes": ["line 3: a note <for> people"],
        },
    },
    result="failure",
    exit_code=1,
    timing=Timing(0.4, 25.0, 6.0, 9.1, 6.2, 6100),
    checks=CHECKS,
    diagnoses=(CAUSE,),
    cleanup=CleanupResult("clean", ["ConfigMap kube-system/coredns"], []),
    notes=("an import matches no file & that is allowed",),
)


def assert_complete(folder: Path) -> dict[str, Any]:
    """All four files are there and valid, and say that the run is over; the document."""
    document = assert_valid_results(folder)
    assert document["state"] == "finished"
    assert_valid_junit(folder / "junit.xml")
    assert_self_contained(folder / "report.html")
    lines = (folder / "events.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["event"] == "start"
    assert json.loads(lines[-1])["event"] == "finish"
    assert {path.name for path in folder.iterdir()} - {"answers.json.gz"} == {
        "results.yaml",
        "junit.xml",
        "report.html",
        "events.jsonl",
    }
    return document


def assert_valid_results(folder: Path) -> dict[str, Any]:
    """results.yaml is as its schema wants it; the document."""
    document = load_document(folder)
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    return document


def assert_valid_junit(path: Path) -> None:
    """The file is as CI systems accept it, and its counts are true."""
    xmlschema.XMLSchema(str(JUNIT_SCHEMA)).validate(str(path))


def assert_self_contained(path: Path) -> None:
    """The page is whole, and loads nothing from anywhere."""
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    assert page.open_tags == []
    assert page.loads == []


class Page(HTMLParser):
    """What a page loads, and which of its tags are never closed."""

    VOID = frozenset({"meta", "br", "input", "link", "img", "hr"})
    LOADING = frozenset({"src", "href", "srcset", "action", "data", "poster"})

    def __init__(self) -> None:
        super().__init__()
        self.open_tags: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag loads; fragments of this page are no outside resource."""
        if tag not in self.VOID:
            self.open_tags.append(tag)
        for name, value in attrs:
            if name in self.LOADING and not (value or "").startswith("#"):
                self.loads.append(f"{tag} {name}={value}")

    def handle_endtag(self, tag: str) -> None:
        """Each end must fit the last start."""
        assert self.open_tags, f"</{tag}> without a start"
        assert self.open_tags.pop() == tag

    def handle_data(self, data: str) -> None:
        """Styles and scripts must not load anything either."""
        if self.open_tags[-1:] in (["style"], ["script"]):
            self.loads += [word for word in ("url(", "@import", "fetch(", "http") if word in data]
