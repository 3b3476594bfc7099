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
