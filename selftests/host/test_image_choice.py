"""Which node image: the user's, the local one, the registry's, one built here; in this order."""

import os
import time
from pathlib import Path

import pytest

from host.bootstrap import image, node
from host.bootstrap.cache import cache
from host.bootstrap.recipe import REPOSITORY

WANTED = f"{REPOSITORY}:v1.2.3-0123456789ab"
UPSTREAM = "kindest/node:v1.2.3"
OURS = image.NodeImage(WANTED, node.DNSUTILS, node.MUSL)

CASES = {
    "named by the user": ("mine:1", True, True, image.NodeImage("mine:1"), []),
    "there already": (None, True, True, OURS, ["exists"]),
    "from the registry": (None, False, True, image.NodeImage(UPSTREAM), ["exists", "pull"]),
    "built here": (None, False, False, OURS, ["exists", "pull", "make"]),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_order(case: tuple[str | None, bool, bool, image.NodeImage, list[str]]) -> None:
    """The first that is to be had is taken, and nothing after it is tried."""
    named, exists, pulled, expected, expected_calls = case
    calls: list[str] = []

    def tried(name: str, answer: bool) -> bool:
        calls.append(name)
        return answer

    chosen = image.choose(
        named,
        WANTED,
        UPSTREAM,
        exists=lambda _: tried("exists", exists),
        pull=lambda _: tried("pull", pulled),
        make=lambda _: calls.append("make"),
    )

    assert (chosen, calls) == (expected, expected_calls)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docker program that knows no image and writes down what it is asked."""
    asked = tmp_path / "asked"
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(f'#!/bin/sh\necho "$*" >> {asked}\nexit 1\n')
    docker.chmod(0o755)
    asked.touch()
    monkeypatch.setenv("PATH", f"{docker.parent}:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CI", raising=False)
    return asked


def questions(registry: Path) -> int:
    """How often the registry was asked."""
    return registry.read_text().count("manifest inspect")


def test_a_no_is_remembered_for_a_day(registry: Path) -> None:
    """The second run does not wait for the registry; the one after a day asks again."""
    assert [image.pull(UPSTREAM), image.pull(UPSTREAM)] == [False, False]
    assert questions(registry) == 1

    yesterday = time.time() - image.REMEMBER_SECONDS - 1
    os.utime(cache("image", "no-registry"), (yesterday, yesterday))

    assert not image.pull(UPSTREAM)
    assert questions(registry) == 2


def test_ci_never_asks_a_registry(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With CI=true the image is the one of this checkout, wherever it runs."""
    monkeypatch.setenv("CI", "true")

    assert not image.pull(UPSTREAM)
    assert questions(registry) == 0
