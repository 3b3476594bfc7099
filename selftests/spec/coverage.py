"""docs/coverage.md, made from the clauses, from spec/coverage.toml and from the tests themselves.

python -m selftests.spec.coverage
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from clusterdns.spec import FOLDER, read_clauses
from selftests.spec.collected import PROJECT, Test, collect

PAGE = PROJECT / "docs" / "coverage.md"
MOST_NAMES = 4  # test names of one file that are told; of more only the number

SECTIONS = {
    "B": "Kubernetes' end-to-end tests",
    "C": "CoreDNS' own tests against Kubernetes",
    "D": "The resolver's side",
    "E1": "The objects that serve DNS",
    "E2": "On the wire",
    "E3": "Operation",
    "E4": "kind",
    "E5": "Before an upgrade",
}


@dataclass(frozen=True)
class Row:
    """A check of others, or of operators: covered by tests, or a sentence that says why not."""

    id: str
    what: str
    tests: tuple[str, ...] = ()  # each by its name, FOLDER/FILE::TEST; no wildcard
    asking: str = ""  # a fixture: every test that asks for it, directly or not
    note: str = ""
    why: str = ""  # it is not for this suite
    open: str = ""  # it is, and is not there yet

    @property
    def section(self) -> str:
        """B, C, D, E1 and so on."""
        return re.sub(r"\.?\d+$", "", self.id)

    def covered_by(self, tests: Iterable[Test]) -> tuple[Test, ...]:
        """The tests that it names, those that cite it, and those that ask for its fixture."""
        return tuple(
            test
            for test in tests
            if self.id in test.clauses
            or short(test.id) in self.tests
            or self.asking in test.fixtures
        )


def short(test_id: str) -> str:
    """``tests/dns/test_size.py::test_x`` as ``dns/test_size::test_x``."""
    return test_id.removeprefix("tests/").replace(".py::", "::")


def read_rows(path: Path = FOLDER / "coverage.toml") -> tuple[Row, ...]:
    """All rows in natural order of their ids. Raises TypeError for an unknown key."""
    entries = tomllib.loads(path.read_text())["row"]
    rows = (Row(**{**entry, "tests": tuple(entry.get("tests", ()))}) for entry in entries)
    return tuple(sorted(rows, key=lambda row: natural(row.id)))


def natural(text: str) -> list[tuple[int, str]]:
    """A key that sorts B2 before B10."""
    return [
        (int(part or 0), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", text)
    ]


def page(tests: Sequence[Test], rows: Sequence[Row]) -> str:
    """The whole page."""
    clauses = read_clauses()
    open_rows = [row for row in rows if row.open]
    count = sum(bool(row.covered_by(tests)) for row in rows)
    lines = [
        "# What is covered",
        "",
        "Made by `python -m selftests.spec.coverage` from `spec/clauses.toml`,",
        "`spec/coverage.toml` and the tests' own markers; `./run selftests` fails when it is old.",
        "",
        f"{len(clauses)} clauses of the specification, all with tests.",
        f"{count} of {len(rows)} checks of other suites and of operators are covered;",
        f"{len(rows) - count - len(open_rows)} are not for this suite, and say why;"
        f" {len(open_rows)} are still open.",
        "",
        "## The specification, clause by clause",
        "",
        "| clause | level | says | tests |",
        "|---|---|---|---|",
    ]
    for clause in clauses.values():
        cited = names([test for test in tests if clause.id in test.clauses])
        lines.append(f"| {clause.id} | {clause.level} | {clause.says} | {cited} |")
    for section, part in groupby(rows, lambda row: row.section):
        lines += ["", f"## {section}: {SECTIONS[section]}", ""]
        lines += ["| id | what is checked | tests | how, or why not |", "|---|---|---|---|"]
        lines += [row_in_words(row, tests) for row in part]
    lines += ["", "## Checks that nothing above names", ""]
    lines += [f"- `{short(test.id)}`" for test in unnamed(tests, rows)] or ["None."]
    return "\n".join(lines) + "\n"


def unnamed(tests: Iterable[Test], rows: Sequence[Row]) -> list[Test]:
    """The tests that cite no clause and are in no row: what they are for stands nowhere."""
    return [t for t in tests if not t.clauses and not any(row.covered_by([t]) for row in rows)]


def row_in_words(row: Row, tests: Sequence[Test]) -> str:
    """One line of the table."""
    said = row.note or row.why or (f"**open**: {row.open}" if row.open else "")
    return f"| {row.id} | {row.what} | {names(row.covered_by(tests))} | {said} |"


def names(tests: Iterable[Test]) -> str:
    """The tests by file: their names when they are few, else their number."""
    told = []
    for file, group in groupby(sorted(short(t.id) for t in tests), lambda n: n.partition("::")[0]):
        each = [name.partition("::")[2].removeprefix("test_") for name in group]
        what = ", ".join(each) if len(each) <= MOST_NAMES else f"{len(each)} tests"
        told.append(f"`{file}`: {what}")
    return "; ".join(told) if len(told) <= 2 * MOST_NAMES else f"{len(told)} files"


if __name__ == "__main__":
    PAGE.write_text(page(collect(), read_rows()))
    sys.stdout.write(f"{PAGE.relative_to(PROJECT)} is written anew\n")
