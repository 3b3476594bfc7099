"""Every clause has its tests, every test its clauses, and docs/coverage.md says so."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from clusterdns.spec import read_clauses
from selftests.spec import coverage
from selftests.spec.collected import Test, collect
from selftests.spec.coverage import PAGE, Row, page, read_rows, short

WEAK = {"should", "may"}


@pytest.fixture(scope="module")
def tests() -> Sequence[Test]:
    """The suite as it is collected."""
    return collect()


def faults(tests: Sequence[Test]) -> list[str]:
    """What is wrong with the markers of these tests."""
    clauses, rows = read_clauses(), {row.id for row in read_rows()}
    cited = {clause for test in tests for clause in test.clauses}
    found = [f"clause {clause} has no test" for clause in clauses.keys() - cited]
    for test in tests:
        unknown = set(test.clauses) - clauses.keys() - rows
        found += [f"{test.id} cites {clause}, which is nowhere" for clause in sorted(unknown)]
        levels = {clauses[c].level for c in test.clauses if c in clauses}
        if levels and levels <= WEAK and test.level not in levels:
            found.append(f"{test.id} is {test.level}, its clauses are {sorted(levels)}")
        if "must" in levels and test.level != "must":
            found.append(f"{test.id} is {test.level}, and cites what must hold")
    return found


def test_markers_and_clauses_agree(tests: Sequence[Test]) -> None:
    """No clause without a test, no marker without a clause, no other level than the clause's."""
    assert faults(tests) == []


def faults_of_rows(tests: Sequence[Test], rows: Sequence[Row]) -> list[str]:
    """What is wrong with the table: names and fixtures that are nowhere, rows without a word."""
    known = {short(test.id) for test in tests}
    fixtures = {fixture for test in tests for fixture in test.fixtures}
    found = []
    for row in rows:
        found += [f"{row.id}: there is no test {name}" for name in row.tests if name not in known]
        if row.asking and row.asking not in fixtures:
            found.append(f"{row.id}: no test asks for {row.asking}")
        if bool(row.covered_by(tests)) == bool(row.why or row.open):
            found.append(f"{row.id}: either tests, or a sentence why not")
    return found


def test_rows_name_tests_that_exist(tests: Sequence[Test]) -> None:
    """Each name is that of a test, and each row is covered or says why it is not."""
    assert faults_of_rows(tests, read_rows()) == []


def test_a_row_gives_no_credit_by_wildcard(tests: Sequence[Test]) -> None:
    """A test that is new belongs to a row only when somebody wrote it there."""
    row = Row("B1", "x", ("dns/test_apex::*",))
    assert row.covered_by(tests) == ()
    assert "B1: there is no test dns/test_apex::*" in faults_of_rows(tests, [row])


def test_a_fixture_that_nobody_asks_for_is_found(tests: Sequence[Test]) -> None:
    """Rows for all that ask everybody name the fixture."""
    assert "B1: no test asks for nobody" in faults_of_rows(tests, [Row("B1", "x", asking="nobody")])


def test_a_test_that_is_nowhere_is_listed(tests: Sequence[Test]) -> None:
    """The page ends with those that neither a clause nor a row names."""
    new = Test("tests/dns/test_new.py::test_new", "must", ())
    rows = read_rows()
    assert coverage.unnamed([new, *tests], rows) == [new, *coverage.unnamed(tests, rows)]
    assert "- `dns/test_new::test_new`\n" in page([*tests, new], rows)


def test_no_row_is_left_out() -> None:
    """The numbers of each section have no gap, and no id comes twice."""
    last = {"B": 38, "C": 26, "D": 35, "E1.": 15, "E2.": 35, "E3.": 36, "E4.": 7, "E5.": 4}
    wanted = [f"{section}{n}" for section, most in last.items() for n in range(1, most + 1)]
    assert [row.id for row in read_rows()] == wanted


def test_page_is_up_to_date(tests: Sequence[Test]) -> None:
    """What is committed is what `python -m selftests.spec.coverage` makes."""
    assert PAGE.read_text() == page(tests, read_rows()), "run python -m selftests.spec.coverage"


@pytest.mark.parametrize(
    ("clauses", "level", "complaint"),
    [
        (("2.4.1-none",), "must", "is must, its clauses are ['should']"),
        (("2.2",), "should", "cites what must hold"),
        (("9.9",), "must", "cites 9.9, which is nowhere"),
    ],
    ids=["too-strict", "too-weak", "unknown"],
)
def test_a_wrong_marker_is_found(
    tests: Sequence[Test], clauses: tuple[str, ...], level: str, complaint: str
) -> None:
    """A test more, with a wrong marker, and the faults name it."""
    wrong = Test("tests/dns/test_wrong.py::test_wrong", level, clauses)
    assert [f for f in faults([*tests, wrong]) if complaint in f] != []


def test_a_clause_without_test_is_found(tests: Sequence[Test]) -> None:
    """When nobody cites a clause any more, that is told."""
    without = [replace(t, clauses=tuple(c for c in t.clauses if c != "2.2")) for t in tests]
    assert "clause 2.2 has no test" in faults(without)


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ('id = "1"\nlevel = "ought"\nkind = "rule"\nsays = "x."\nsource = "y"', "no such level"),
        ('id = "1"\nlevel = "must"\nkind = "rule"\nsays = "x"\nsource = "y"', "a sentence"),
        ('id = "1"\nlevel = "must"\nkind = "rule"\nsays = "x."\nwhy = "y"', "unexpected keyword"),
    ],
    ids=["level", "no-sentence", "unknown-key"],
)
def test_a_bad_entry_is_refused(tmp_path: Path, entry: str, complaint: str) -> None:
    """The file of clauses cannot say what nobody understands."""
    path = tmp_path / "clauses.toml"
    path.write_text(f"[[clause]]\n{entry}\n")
    with pytest.raises(ValueError, match=complaint):
        read_clauses(path)
