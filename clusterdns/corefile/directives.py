"""Which plugins and options a CoreDNS version knows: the table in ``directives.toml``."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Version = tuple[int, int, int]

# What may stand between the braces of a plugin: anything, options that are known, or no braces.
Block = Literal["open", "listed", "refused"]

OLDEST: Version = (1, 1, 0)
NEVER: Version = (10**6, 0, 0)


def version_of(text: str) -> Version:
    """A version such as ``1.12.1``, ``v1.9.3-eksbuild.2`` or ``1.11``.

    Raises ValueError for what does not begin like one.
    """
    match = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a version such as 1.12.1")
    return int(match[1]), int(match[2]), int(match[3] or 0)


def version_text(version: Version) -> str:
    """A version as CoreDNS writes it."""
    return ".".join(map(str, version))


@dataclass(frozen=True)
class Rule:
    """What is demanded of a plugin or option, and in which versions."""

    since: Version = OLDEST
    gone: Version = NEVER
    ignored: Version = NEVER
    fewest: int = 0
    most: int | None = None
    kinds: tuple[str, ...] = ()
    between: tuple[float, float] | None = None
    values: tuple[str, ...] = ()
    exact: bool = False  # reads just as many words as it needs: a '}' may follow them
    remedy: str = ""

    def holds(self, version: Version) -> bool:
        """Whether a version of CoreDNS has this plugin or option."""
        return self.since <= version < self.gone


@dataclass(frozen=True)
class Directive:
    """What is known of a plugin: the versions that have it, and its options."""

    name: str
    rule: Rule
    blocks: Mapping[Version, Block]  # by the first version of which it is true
    once: Version  # a second use is refused by versions before this one
    first: Version  # only the first use is read by versions before this one
    any_case: bool = False  # options are read in whatever letters
    strict: Version = OLDEST  # arguments are read by versions from this one on
    options: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)

    def block(self, version: Version) -> Block:
        """What this version takes between the plugin's braces."""
        began = [first for first in self.blocks if first <= version]
        return self.blocks[max(began, default=min(self.blocks))]

    def option(self, name: str, version: Version) -> Rule | None:
        """The rule for an option in a version of CoreDNS; None where it has no such option."""
        name = name.lower() if self.any_case else name
        return next((rule for rule in self.options.get(name, ()) if rule.holds(version)), None)


@dataclass(frozen=True)
class Directives:
    """Every plugin that some version has or had."""

    newest: Version  # the newest version that the table describes
    plugins: Mapping[str, Directive]

    def known_to(self, version: Version) -> frozenset[str]:
        """The plugins of this version."""
        return frozenset(
            name for name, plugin in self.plugins.items() if plugin.rule.holds(version)
        )


@cache
def directives() -> Directives:
    """The table, read once."""
    text = files(__package__).joinpath("directives.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    plugins = {name: _directive(name, entry) for name, entry in table["plugins"].items()}
    return Directives(version_of(table["newest"]), plugins)


def _directive(name: str, entry: Mapping[str, Any]) -> Directive:
    options = {
        option: tuple(map(_rule, rules if isinstance(rules, list) else [rules]))
        for option, rules in entry.get("options", {}).items()
    }
    block = entry.get("block", "listed" if options else "open")
    blocks = block if isinstance(block, dict) else {version_text(OLDEST): block}
    return Directive(
        name=name,
        rule=_rule(entry),
        blocks={version_of(first): kind for first, kind in blocks.items()},
        once=_until(entry.get("once", False)),
        first=_until(entry.get("first", False)),
        any_case=entry.get("any_case", False),
        strict=version_of(entry["strict"]) if "strict" in entry else OLDEST,
        options=options,
    )


def _until(value: bool | str) -> Version:
    """The first version of which something is no longer true."""
    if isinstance(value, str):
        return version_of(value)
    return NEVER if value else OLDEST


def _rule(entry: Mapping[str, Any]) -> Rule:
    fewest, most = [*entry.get("args", [0]), None][:2]
    low, high = entry.get("between", (None, None))
    return Rule(
        since=version_of(entry["from"]) if "from" in entry else OLDEST,
        gone=version_of(entry["gone"]) if "gone" in entry else NEVER,
        ignored=version_of(entry["ignored"]) if "ignored" in entry else NEVER,
        fewest=fewest,
        most=most,
        kinds=tuple(entry.get("kinds", ())),
        between=None if low is None else (low, high),
        values=tuple(entry.get("values", ())),
        exact=entry.get("exact", False),
        remedy=entry.get("remedy", ""),
    )
