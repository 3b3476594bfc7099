"""Markers: each is registered once, whoever imports the checks that wear it."""

from pathlib import Path

import pytest

from fixtures.markers import MARKERS
from selftests.spec.collected import PROJECT

NAMES = [line.partition(":")[0].partition("(")[0] for line in MARKERS]


def test_what_checks_wear_is_known_to_self_tests(pytestconfig: pytest.Config) -> None:
    """Self-tests import checks: an unknown marker there would end the session."""
    known = [line.partition(":")[0].partition("(")[0] for line in pytestconfig.getini("markers")]
    assert [known.count(name) for name in NAMES] == [1] * len(NAMES)


def test_no_other_place_registers_any() -> None:
    """A second list would differ from the first one day."""
    folders = [PROJECT / name for name in ("fixtures", "selftests", "tests", "trials")]
    files = [PROJECT / "conftest.py", *(f for folder in folders for f in folder.rglob("*.py"))]
    found = [f for f in files if 'addinivalue_line("markers"' in f.read_text(encoding="utf-8")]
    others = [f.relative_to(PROJECT) for f in found if f != Path(__file__)]
    assert others == [Path("fixtures/markers.py")]
