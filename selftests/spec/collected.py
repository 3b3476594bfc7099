"""The checks of the suite as pytest collects them: ids, clauses, levels, topics; no cluster."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fixtures.items import about_of, check_id, check_of
from fixtures.outcomes import clauses_of, level_of

PROJECT = Path(__file__).parent.parent.parent
TOLD = "CLUSTERDNS_COLLECTED_JSON"


@dataclass(frozen=True)
class Test:
    """One test function: its id has no parameter."""

    __test__ = False

    id: str
    level: str
    clauses: tuple[str, ...]
    fixtures: frozenset[str] = frozenset()  # that it asks for, directly or not


def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """As a plugin: write down what was collected, before any profile leaves something out."""
    found = [
        [
            check_id(item),
            level_of(item),
            clauses_of(item),
            check_of(item).name,
            about_of(item),
            list(getattr(item, "fixturenames", ())),
        ]
        for item in items
    ]
    Path(os.environ[TOLD]).write_text(json.dumps(found))


def collect() -> tuple[Test, ...]:
    """Every test function of the suite, each once, in order of id. Raises RuntimeError."""
    tests = {
        Test(name, level, tuple(clauses), frozenset(fixtures))
        for name, level, clauses, *_, fixtures in collected()
    }
    return tuple(sorted(tests, key=lambda test: test.id))


@cache
def topics() -> Mapping[str, frozenset[str]]:
    """The topics that each check declares, by its name. Raises RuntimeError."""
    return {name: frozenset(about) for *_, name, about, _ in collected()}


@cache
def collected() -> list[Any]:
    """What the plugin wrote down, in the order of collection. Raises RuntimeError."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "collected.json"
        words = ["-p", "selftests.spec.collected", "--collect-only", "-q", "--profile", "full"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "tests", "--allow-disruptive", *words],
            cwd=PROJECT,
            env={**os.environ, TOLD: str(told), "XDG_CACHE_HOME": folder},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode != 0 or not told.exists():
            raise RuntimeError(f"the suite cannot be collected:\n{done.stdout}{done.stderr}")
        found: list[Any] = json.loads(told.read_text())
    return found
