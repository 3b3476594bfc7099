"""Small suites for the self-tests of the verdict."""

from pathlib import Path

import pytest

from selftests.lifecycle.sessions import Suite
from selftests.report.sessions import CONFTEST


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A small suite that uses the plugins of the verdict; they must work without the others."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # fewer imports: seconds saved
    made = Suite(tmp_path / "project")
    (made.folder / "conftest.py").write_text(CONFTEST)
    return made


@pytest.fixture
def whole_suite(tmp_path: Path) -> Suite:
    """A small suite that has a ledger and minds signals, as the real one does."""
    return Suite(tmp_path / "whole")
