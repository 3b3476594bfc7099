"""What the suite's own collection says, without a cluster."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from selftests.contract.items import FILE
from selftests.contract.suite import suite

Entries = list[dict[str, Any]]
Collect = Callable[..., Entries]


def collected(folder: Path, *words: str, **environment: str) -> Entries:
    """Every selected check: see selftests.contract.items."""
    path = folder / "items.json"
    done = suite(
        *("--collect-only", "-q", "-p", "selftests.contract.items"),
        *words,
        environment={FILE: str(path), **environment},
    )
    assert done.code == 0, done.output
    entries: Entries = json.loads(path.read_text())
    return entries


@pytest.fixture(scope="session")
def collect(tmp_path_factory: pytest.TempPathFactory) -> Collect:
    """Collects with more options."""

    def again(*words: str, **environment: str) -> Entries:
        return collected(tmp_path_factory.mktemp("items"), *words, **environment)

    return again


@pytest.fixture(scope="session")
def everything(collect: Collect) -> Entries:
    """All checks of all profiles, those of an upgrade among them."""
    return collect("--profile=full", "--allow-disruptive", "--target-coredns=1.15.0")
