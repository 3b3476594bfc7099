"""The examples of CONTRIBUTING, as code that self-tests run."""

import re
import sys
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

CONTRIBUTING = Path(__file__).parent.parent.parent / "CONTRIBUTING.md"
BLOCK = re.compile(r"^ *```python\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def examples(section: str) -> list[str]:
    """The blocks of Python under a heading, in their order."""
    text = CONTRIBUTING.read_text(encoding="utf-8")
    _, found, rest = text.partition(f"\n## {section}\n")
    assert found, f"CONTRIBUTING has no section {section}"
    return [dedent(block) for block in BLOCK.findall(rest.partition("\n## ")[0])]


def module_of(
    source: str, name: str, monkeypatch: pytest.MonkeyPatch, **given: object
) -> ModuleType:
    """An example as the module that it would be, importable while a test runs."""
    made = ModuleType(name)
    vars(made).update(given)
    monkeypatch.setitem(sys.modules, name, made)
    above, _, own = name.rpartition(".")
    if above in sys.modules:
        monkeypatch.setattr(sys.modules[above], own, made, raising=False)
    exec(compile(source, f"CONTRIBUTING: {name}", "exec"), vars(made))
    return made
