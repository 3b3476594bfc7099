"""What the README tells to type exists."""

import re
import shlex

import pytest

from host.bootstrap.command_line import ENVIRONMENTS
from selftests.contract.suite import PROJECT, suite
from selftests.contract.test_options import OPTION

TEXTS = {name: (PROJECT / name).read_text() for name in ("README.md", "CONTRIBUTING.md")}
OTHERS = {
    "--write",
    "--json",
    "--random",
    "--seed",
    "--universal",
    "--python-version",
    "--generate-hashes",
    "--no-emit-index-url",
} | {
    *("--no-header", "--no-annotate", "--group", "--context", "--rm", "--restart", "--image"),
    *("--coredns", "--version", "--overrides", "--list", "--mutants"),
}


def commands(text: str) -> list[list[str]]:
    """The words of each command of a console block; && separates commands."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.S)
    lines = [
        line[2:].partition("  #")[0] for b in blocks for line in b.splitlines() if line[:2] == "$ "
    ]
    return [shlex.split(part) for line in lines for part in line.split("&&")]


@pytest.mark.parametrize("name", TEXTS)
def test_every_environment_exists(name: str) -> None:
    """./run NAME: in code blocks and in tables."""
    named = set(re.findall(r"\./run ([a-z]+)", TEXTS[name]))
    assert named - set(ENVIRONMENTS) - {"image"} == set()


def test_the_two_commands_come_first() -> None:
    """./run conformance and ./run selftests."""
    first, second, *_ = commands(TEXTS["README.md"])
    assert (first[:2], second[:2]) == (["./run", "conformance"], ["./run", "selftests"])


def test_every_option_exists() -> None:
    """No option is told that pytest does not know."""
    known = set(OPTION.findall(suite("--help").output)) | OTHERS
    for text in TEXTS.values():
        assert set(OPTION.findall(text)) - known == set()


def test_every_file_exists() -> None:
    """Files and folders that are named in backticks or linked."""
    for text in TEXTS.values():
        named = re.findall(
            r"`((?:clusterdns|docs|tests|fixtures|selftests|mutants)/[\w./]*)`", text
        )
        linked = re.findall(r"\]\(([\w./-]+)\)", text)
        assert [path for path in named + linked if not (PROJECT / path).exists()] == []
