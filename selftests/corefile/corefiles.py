"""The Corefiles in ``corefiles/`` and what ``readings.toml`` says of them."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
WHOLE = sorted((HERE / "corefiles").glob("*.Corefile"))
BROKEN = sorted((HERE / "corefiles" / "broken").glob("*.Corefile"))


def table(name: str) -> dict[str, dict[str, Any]]:
    """A table of ``readings.toml``, by name of the Corefile."""
    found: dict[str, dict[str, Any]] = tomllib.loads((HERE / "readings.toml").read_text())[name]
    return found


def cases(name: str, *, having: str = "", lacking: str = "-") -> list[Any]:
    """The entries of a table with this key, and without that one, as parameters of a test."""
    return [
        pytest.param(corefile, entry, id=corefile)
        for corefile, entry in table(name).items()
        if having in ("", *entry) and lacking not in entry
    ]


def text_of(name: str) -> str:
    """The text of a Corefile, such as ``k3s`` or ``broken/twice``."""
    return (HERE / "corefiles" / f"{name}.Corefile").read_text()


# Corefiles without ``kubernetes``, to be run: with what the sum over a configuration depends on.
RUNNING = {
    "plain": ".:53 {\n    errors\n    reload\n    cache 30\n}\n",
    "two-blocks-and-comments": (
        "# all\n.:1053 a.example:1053 {\n  reload 5s  # often\n  errors\n}\n\n"
        "b.example:1053,\nc.example:1053 {\n  cache {\n    success 10\n  }\n  errors\n}\n"
    ),
    "quotes-and-signs": (
        ".:1053 {\n  reload\n  template IN TXT x.example {\n"
        '    answer "{{ .Name }} 5 IN TXT \\"<a> & \u00e4\u2028\\""\n  }\n}\n'
    ),
    "snippet-and-files": (
        "(shared) {\n  errors\n  reload\n}\n.:1053 {\n  import shared\n"
        "  import more/*.override\n  cache 5\n}\nimport /etc/coredns/more/*.server\n"
    ),
    "plugin-twice": (
        ".:1053 {\n  hosts {\n    192.0.2.1 a.example\n    fallthrough\n  }\n  reload\n"
        "  log a.example\n  errors\n  log b.example\n}\n"
    ),
}
IMPORTED = {
    "/etc/coredns/more/a.override": "log\nmetadata\n",
    "/etc/coredns/more/b.override": "ready :8282\n",
    "/etc/coredns/more/c.server": "corp.example:1053 {\n  forward . 192.0.2.1\n}\n",
}
