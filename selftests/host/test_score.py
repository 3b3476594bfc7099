"""The score is written from results that may be older than the catalogue."""

import json
from pathlib import Path
from typing import Any

import pytest

from trials.faults import score
from trials.faults.register import MUTANTS


def trial(name: str) -> dict[str, Any]:
    """The result of a fault that was found, and named."""
    return {
        "name": name,
        "title": "a fault",
        "detected": True,
        "causes": ["some-cause"],
        "confidence": "high",
        "failed": ["a_check"],
        "deviating": [],
        "missed": [],
        "suite_s": 20.0,
    }


def test_result_of_a_mutant_that_is_gone_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line names it, and the page has all others."""
    monkeypatch.setattr(score, "SCORE", tmp_path / "docs" / "score.md")
    results = tmp_path / "results.json"
    known = MUTANTS[0].name
    results.write_text(json.dumps([trial("renamed-since"), trial(known)]))
    assert score.main([str(results)]) == 0
    assert capsys.readouterr().err == f"{results}: left out renamed-since: no such mutant\n"
    page = score.SCORE.read_text()
    assert (f"| `{known}` | yes |" in page, "renamed-since" in page) == (True, False)
