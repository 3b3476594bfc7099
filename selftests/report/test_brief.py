"""A failing run fits on one screen: alike failures are one line, the diagnosis is read last."""

from dataclasses import replace
from itertools import product

import pytest

from clusterdns.report.blocks import check_lines
from clusterdns.report.brief import MOST_ROWS, brief
from clusterdns.report.lines import Line, clipped, rows, shares, shortened
from clusterdns.report.model import Check, CleanupResult, Diagnosis, Outcome, Report
from selftests.lifecycle.sessions import Suite
from selftests.report.examples import REPORT
from selftests.report.sessions import judge

COMMAND = f"kubectl run dns-repeat --overrides='{'x' * 250}' -- dig @10.96.0.10 web"
EVIDENCE = "\n".join(
    ["web A: 24 of 24 cells deviate", "  expected  NOERROR", "  received  SERVFAIL"]
    + [f"            from node-{number} to pod/coredns, 1.0 ms" for number in range(40)]
    + [f"  repeat    {COMMAND}", "(at tests/dns/test_x.py:3)"]
)


def failures(number: int, rules: int = 1, outcome: Outcome = "failed") -> tuple[Check, ...]:
    """Failed checks of so many rules, each with evidence of its own."""
    return tuple(
        Check(
            f"tests/dns/test_x.py::test_of_a_rule_with_a_long_name_{each % rules}",
            f"udp-{each}",
            "must" if outcome == "failed" else "advice",
            outcome,
            ("2.1",),
            message=f"case {each}\n{EVIDENCE}",
            rule=f"Rule {each % rules} must hold for every name and type, whoever asks. " * 2,
        )
        for each in range(number)
    )


def cause(name: str, checks: tuple[Check, ...], lines: int = 4) -> Diagnosis:
    """A diagnosis that explains these checks, with much evidence and a long remedy."""
    evidence = tuple(f"evidence {each} {'of words ' * 20}" for each in range(lines))
    remedy = tuple(f"kubectl -n kube-system step-{each} {'y' * 150}" for each in range(lines))
    names = tuple(check.name for check in checks)
    return Diagnosis(name, "upstream", "high", f"{name} is down.", evidence, remedy, names)


MANY = failures(400, 40)
UNKNOWN = replace(cause("unknown", MANY), layer="unknown", confidence="low")
NOT_RUN = tuple(
    Check(f"tests/dns/test_y.py::test_{n}", "", "must", "not-run", message=f"why {n % 9} " * 30)
    for n in range(300)
)
REPORTS = {
    "one-cause": replace(REPORT, checks=MANY, diagnoses=(cause("a", MANY),)),
    "no-cause": replace(REPORT, checks=MANY, diagnoses=(UNKNOWN,)),
    "nothing-diagnosed": replace(REPORT, checks=MANY, diagnoses=()),
    "400-rules": replace(REPORT, checks=failures(400, 400), diagnoses=()),
    "three-causes": replace(
        REPORT,
        checks=MANY + failures(50, 50, "deviation") + NOT_RUN,
        diagnoses=tuple(cause(name, MANY[n:390:3]) for n, name in enumerate("abc")),
    ),
    "twenty-causes": replace(
        REPORT, checks=MANY, diagnoses=tuple(cause(str(n), MANY[n::20]) for n in range(20))
    ),
    "much-to-do": replace(REPORT, checks=MANY, diagnoses=(cause("a", MANY, 40),)),
    "interrupted": replace(
        REPORT, checks=MANY + NOT_RUN, result="error", exit_code=2, message="interrupted"
    ),
    "suite-errors": replace(
        REPORT,
        checks=MANY + NOT_RUN,
        result="error",
        exit_code=3,
        message="\n".join(f"internal error of the suite: line {n} {'w ' * 90}" for n in range(200)),
    ),
    "left-changed": replace(
        REPORT,
        checks=MANY,
        cleanup=CleanupResult("changed", [], [f"Pod a/{n}: {'no ' * 60}" for n in range(50)]),
        notes=tuple(f"note {n} {'long ' * 50}" for n in range(20)),
        warnings=tuple(f"warning {n} {'long ' * 50}" for n in range(20)),
    ),
    "deviations-only": replace(REPORT, checks=failures(300, 100, "deviation"), diagnoses=()),
}
ALL = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)


def told(report: Report, columns: int = 100) -> list[str]:
    """The summary, line by line."""
    return [line.text for line in brief(report, "report/report.html", columns=columns)]


@ALL
def test_it_fits_on_a_screen(report: Report) -> None:
    """Whatever happened, on 100 columns; and nothing is said of a check that is not there."""
    lines = brief(report, "report/report.html", columns=100)
    assert rows(lines, 100) <= MOST_ROWS, "\n".join(line.text for line in lines)


@ALL
@pytest.mark.parametrize("columns", [20, 60, 80, 100, 250])
def test_the_verdict_is_last_and_the_diagnosis_before_it(report: Report, columns: int) -> None:
    """On narrow terminals too, where it takes more rows than a wide one has."""
    lines = told(report, columns)
    verdict = lines.index("cluster DNS conformance")
    assert lines[-1].startswith("exit code ")
    assert lines[-2].startswith("report: report/report.html")
    places = [n for n, line in enumerate(lines) if line.startswith(("diagnosis: ", "and "))]
    failed = [n for n, line in enumerate(lines) if line.startswith("failed: ")]
    assert all(n < verdict for n in places + failed)
    if report.diagnoses:
        first = lines.index(f"diagnosis: {report.diagnoses[0].cause}")
        assert all(n < first for n in failed)


@ALL
@pytest.mark.parametrize("columns", [20, 60, 100])
def test_a_command_is_whole_or_not_there(report: Report, columns: int) -> None:
    """Nobody pastes half a command."""
    commands = {f"  {line}" for each in report.diagnoses for line in each.remedy}
    commands.add(f"  repeat    {COMMAND}")
    shown = [line for line in told(report, columns) if "kubectl" in line]
    assert set(shown) <= commands


def test_one_cause_is_one_line_with_its_number_and_an_example() -> None:
    """The failures of 40 rules are one line, and the first has its evidence and its command."""
    lines = told(REPORTS["one-cause"])
    assert "failed: 400 checks explained by a, such as" in lines
    assert sum("(must)" in line for line in lines) == 1
    assert "  expected  NOERROR" in lines
    assert "explains 400 checks" in lines


def test_what_no_cause_explains_is_a_line_for_each_rule() -> None:
    """With the number of its checks; what has no room is counted, and nothing is counted twice."""
    for name in ("no-cause", "nothing-diagnosed", "400-rules"):
        lines = told(REPORTS[name])
        numbers = [int(line.split()[0]) for line in lines if line[:6].strip().isdigit()]
        assert sum(numbers) == 400, lines
    assert "failed: 400 checks that no known cause explains" in told(REPORTS["no-cause"])
    assert "failed: 400 checks" in told(REPORTS["nothing-diagnosed"])


def test_each_failure_stands_under_one_cause() -> None:
    """Three causes, what none explains, and the deviations are five sections with true numbers."""
    report = REPORTS["three-causes"]
    lines = told(report)
    heads = [line for line in lines if line.startswith("failed: ")]
    assert [line.split()[1] for line in heads] == ["130", "130", "130", "10"]
    assert "deviations: 50, no failures but worth a look" in lines
    again = replace(report, diagnoses=(cause("a", MANY), cause("b", MANY)))
    assert [line for line in told(again) if line.startswith("failed: ")] == [
        "failed: 400 checks explained by a, such as"
    ]


def test_a_report_that_fits_is_told_whole() -> None:
    """Two failures without a cause and a deviation: with all their evidence."""
    checks = tuple(replace(c, message="all\nof it") for c in failures(2, 2) + failures(1, 1))
    lines = told(replace(REPORT, checks=checks, diagnoses=()))
    for check in checks[:2]:
        assert [line.text for line in check_lines(check)][1:] == [
            f"{check.rule} [2.1]",
            "all",
            "of it",
        ]
        assert f"{check.rule} [2.1]" in lines
    assert "and 1 alike: udp-0" in lines


def test_reasons_are_told_once_and_all_are_counted() -> None:
    """300 checks with one reason are one line; of many reasons the rest are counted."""
    one = tuple(replace(check, message="no\nprobe") for check in NOT_RUN)
    assert "  not run (300): no probe" in told(replace(REPORT, checks=one, diagnoses=()))
    lines = told(REPORTS["interrupted"])
    numbers = [line.partition("(")[2].partition(")")[0] for line in lines if "not run (" in line]
    assert sum(map(int, numbers)) == 300, lines


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("a" * 10, 10, "a" * 10),
        ("a" * 11, 10, "a" * 9 + "…"),
        ("名" * 5, 10, "名" * 5),
        ("名" * 6, 10, "名" * 4 + "…"),
        ("why: run kubectl get pods", 10, "why: run kubectl get pods"),
        ("two\nlines", 10, "two lines"),
    ],
)
def test_what_is_too_long_ends_with_an_ellipsis(text: str, columns: int, expected: str) -> None:
    """By the columns that it takes, and never where a command is in it."""
    assert clipped(text, columns) == expected


@pytest.mark.parametrize(("most", "columns"), [*product([1, 5, 10, 30, 60], [20, 100])])
def test_an_example_takes_no_more_than_its_room(most: int, columns: int) -> None:
    """What is left out is counted."""
    lines = [Line(text) for text in EVIDENCE.splitlines()]
    short = shortened(lines, columns, most, "elsewhere")
    assert rows(short, columns) <= most
    if short and short != lines:
        (left,) = [int(line.text.split()[1]) for line in short if "  ... " in line.text]
        assert len(short) - 1 + left == len(lines)


def test_room_is_shared_fairly() -> None:
    """Who wants little gets it, the others share the rest; never more than there is."""
    assert shares([1, 100, 5, 100], 46) == [1, 20, 5, 20]
    assert sum(shares([7, 9, 11], 10)) <= 10
    assert shares([3, 3], -1) == [0, 0]


RUN = """
from clusterdns.report.model import Diagnosis

@pytest.mark.parametrize("n", range(400))
def test_many(pytestconfig, n):
    ours = session_of(pytestconfig)
    if not ours.diagnoses and {caused}:
        names = tuple(f"tests/test_it.py::test_many[{{n}}]" for n in range(400))
        ours.diagnoses.append(Diagnosis(
            "upstream-unreachable", "upstream", "high", "Nobody answers.", ("SERVFAIL",) * 9,
            ("kubectl -n kube-system edit configmap coredns",), names))
    pytest.fail("\\n".join(f"cell {{n}} {{i}} deviates" for i in range(30)))
"""


@pytest.mark.parametrize("caused", [True, False], ids=["one-cause", "no-cause"])
def test_a_run_with_400_failures_fits_on_a_screen(suite: Suite, caused: bool) -> None:
    """A whole run, progress and all, takes at most 60 rows; with -v it tells everything."""
    _, document, output = judge(suite, RUN.format(caused=caused), "-q")
    lines = output.splitlines()
    assert document["summary"]["failed"] == 400
    assert rows((Line(line) for line in lines), 100) <= 60, output
    assert lines[-1] == "exit code 1: at least one check failed"
    if caused:
        assert output.index("failed: 400 checks explained by") < output.index("= diagnosis: ")
        assert output.index("= diagnosis: ") < output.index("= cluster DNS conformance")
