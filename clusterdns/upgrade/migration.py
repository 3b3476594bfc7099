"""What corefile-migration makes of a Corefile: what it does not know, demands, and writes.

Written from what the library does (its versions 1.0.24 to 1.0.29), with its peculiarities: it reads
words, knows neither imports nor snippets nor variables, and loses comments and whatever stands
deeper than an option.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

from clusterdns.corefile.directives import version_of
from clusterdns.corefile.lexer import Token, tokens_of


class NotMigratedError(Exception):
    """The library gives up; the text is its own message."""


@dataclass(frozen=True)
class Line:
    """A plugin or an option: its name and words, and the options of a plugin."""

    name: str
    args: tuple[str, ...] = ()
    options: tuple["Line", ...] = ()

    @property
    def words(self) -> str:
        """The line as text; words with white space between others are quoted."""
        quoted = (
            '"' + word.replace('"', '\\"') + '"' if len(word.split()) > 1 else word
            for word in self.args
        )
        return " ".join([self.name, *quoted])


@dataclass(frozen=True)
class Block:
    """A server block: its keys and its plugins. A snippet is one, too, to the library."""

    keys: Line
    plugins: tuple[Line, ...] = ()

    def __str__(self) -> str:
        key = Line("", (self.keys.name, *self.keys.args)).words.removeprefix(" ")
        lines = []
        for plugin in self.plugins:
            inner = [f"        {option.words}" for option in plugin.options]
            opened = [f"    {plugin.words} {{", *inner, "    }"]
            lines += opened if inner else [f"    {plugin.words}"]
        return "\n".join([f"{key} {{", *lines, "}", ""]) if lines else key


@dataclass(frozen=True)
class Rule:
    """What a library knows of an option, and since which release."""

    since: tuple[int, ...] = ()
    gone: tuple[int, ...] = (10**6,)
    removed: tuple[int, ...] = (10**6,)
    dropped: tuple[int, ...] = (10**6,)
    first: bool = False

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "Rule":
        """A rule of the table."""
        dropped = entry.get("dropped", False)
        never = (10**6,)
        return cls(
            since=version_of(entry["from"]) if "from" in entry else (),
            gone=version_of(entry["gone"]) if "gone" in entry else never,
            removed=version_of(entry["removed"]) if "removed" in entry else never,
            dropped=() if dropped is True else version_of(dropped) if dropped else never,
            first=entry.get("first", False),
        )


@dataclass(frozen=True)
class Library:
    """One version of the library, by what it knows. ``newest``: where its releases end."""

    version: str
    newest: str
    table: Mapping[str, Any] = field(repr=False)

    def way(self, old: str, new: str) -> tuple[str, ...]:
        """The releases from one to another, without the first. Raises NotMigratedError."""
        known = self.table["releases"]
        known = known[: known.index(self.newest) + 1]
        if old not in known:
            raise NotMigratedError(f"start version '{old}' not supported")
        later = known[known.index(old) + 1 :]
        if new not in later:
            raise NotMigratedError(f"cannot migrate up to '{new}' from '{old}'")
        return tuple(later[: later.index(new) + 1])

    def rule(self, plugin: str, option: str, release: str) -> Rule | None:
        """What is known of an option in a release; None: nothing."""
        own = self.table.get("otherwise", {}).get(self.version, {}).get(plugin, {})
        known = {**self.table["options"].get(plugin, {}), **own}
        asked = self._read_as(release)
        entries = known.get(option, ())
        for entry in entries if isinstance(entries, list) else [entries] if option in known else []:
            rule = Rule.of(entry)
            if rule.since <= asked < rule.gone:
                return rule
        if plugin == "hosts" and any(re.search(form, option) for form in self.table["addresses"]):
            return Rule()
        return None

    def knows(self, plugin: str, release: str) -> bool:
        """Whether it knows a plugin in a release."""
        since = version_of("1.8.0") if plugin == "transfer" else ()
        return plugin in self.table["options"] and since <= self._read_as(release)

    def _read_as(self, release: str) -> tuple[int, ...]:
        return version_of(self.table.get("as", {}).get(self.version, {}).get(release, release))


def library(version: str, newest: str) -> Library:
    """The library of a version, which ends with this CoreDNS."""
    return Library(version, newest, _table())


@cache
def _table() -> Mapping[str, Any]:
    text = files(__package__).joinpath("migration.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def blocks_of(text: str) -> tuple[Block, ...]:
    """A Corefile as the library reads it: words and braces, and no more."""
    words = tokens_of(text)
    depth, at = 0, 0
    found: list[Block] = []
    while at < len(words):
        name = words[at].text
        if name in ("{", "}"):
            depth += 1 if name == "{" else -1
            at += 1
            continue
        args, following = _arguments(words, at)
        at = following
        line = Line(name, args)
        if depth == 0:
            found.append(Block(line))
        elif depth == 1 and found:
            found[-1] = replace(found[-1], plugins=(*found[-1].plugins, line))
        elif depth == 2 and found and found[-1].plugins:
            *others, last = found[-1].plugins
            last = replace(last, options=(*last.options, line))
            found[-1] = replace(found[-1], plugins=(*others, last))
    return tuple(found)


def _arguments(words: Sequence[Token], at: int) -> tuple[tuple[str, ...], int]:
    """The words behind one on its line, up to an opening brace; and the place behind them."""
    args = []
    while at + 1 < len(words) and words[at + 1].line == words[at].last_line:
        if words[at + 1].text == "{":
            break
        at += 1
        args.append(words[at].text)
    return tuple(args), at + 1


def unsupported(found: Library, way: Sequence[str], blocks: Sequence[Block]) -> Iterator[str]:
    """The plugins and options that the library does not know in some release of the way."""
    told = set()
    for release in way:
        for plugin in (plugin for block in blocks for plugin in block.plugins):
            if not found.knows(plugin.name, release):
                told.add(plugin.name)
                continue
            lacking = (o for o in plugin.options if not found.rule(plugin.name, o.name, release))
            told |= {f"{plugin.name}.{option.name}" for option in lacking}
    yield from sorted(told)


def demanded(found: Library, way: Sequence[str], blocks: Sequence[Block]) -> Iterator[str]:
    """Why the Corefile must be migrated: options that a release no longer has, or newly wants."""
    added = found.table["added"]
    told = set()
    for release in way:
        for plugin in (plugin for block in blocks for plugin in block.plugins):
            for option in plugin.options:
                rule = found.rule(plugin.name, option.name, release)
                if rule and rule.removed <= version_of(release):
                    told.add(f"{plugin.name}.{option.name} is gone since {release}")
            if (release, plugin.name) == (added["release"], added["plugin"]):
                name = added["option"].partition(" ")[0]
                if name not in {option.name for option in plugin.options}:
                    told.add(f"{plugin.name}.{name} is a default since {release}")
    yield from sorted(told)


def migrated(found: Library, way: Sequence[str], blocks: Sequence[Block]) -> str:
    """The Corefile as the library writes it for the last release of the way."""
    moved = found.table["moved"]
    for release in way:
        if release == moved["release"]:
            blocks = [_with_transfer(block, moved["plugin"]) for block in blocks]
        blocks = [
            replace(b, plugins=tuple(_plugin(found, p, release) for p in b.plugins)) for b in blocks
        ]
    return "\n".join(map(str, blocks))


def _plugin(found: Library, plugin: Line, release: str) -> Line:
    if not found.knows(plugin.name, release):
        return plugin
    kept = []
    for option in plugin.options:
        rule = found.rule(plugin.name, option.name, release)
        if rule and rule.dropped <= version_of(release):
            continue
        kept.append(replace(option, args=option.args[:1]) if rule and rule.first else option)
    added = found.table["added"]
    name = added["option"].partition(" ")[0]
    lacks = name not in {option.name for option in plugin.options}
    if (release, plugin.name) == (added["release"], added["plugin"]) and lacks:
        kept.append(Line(added["option"]))
    return replace(plugin, options=tuple(kept))


def _with_transfer(block: Block, name: str) -> Block:
    """The block with a plugin transfer, where its kubernetes says to whom."""
    to: tuple[str, ...] = ()
    zone = ""
    for plugin in block.plugins:
        if plugin.name == "kubernetes":
            zone = next(iter(plugin.args), "")
            to = next((o.args for o in reversed(plugin.options) if o.name == name), to)
    if len(to) < 2:
        return block
    made = Line(name, (zone,), (Line("to", to[1:]),))
    return replace(block, plugins=(*block.plugins, made))


def is_default(text: str) -> bool:
    """Whether the library takes a Corefile for a default one of kubeadm, of any version.

    An empty one is, too. Every line must match one of the default's, and their numbers agree.
    """
    blocks = blocks_of(text)
    if not blocks:
        return True
    if len(blocks) != 1 or blocks[0].keys != Line(".:53"):
        return False
    return any(_matches(blocks[0].plugins, each) for each in _table()["default"])


def _matches(plugins: Sequence[Line], default: Mapping[str, Any]) -> bool:
    forms = [*default["plugins"], "kubernetes * ***"]
    if len(plugins) != len(forms):
        return False
    for plugin in plugins:
        if not any(_is_like(plugin, form) for form in forms):
            return False
        options = default.get(plugin.name, ())
        if len(plugin.options) != len(options):
            return False
        if not all(any(_is_like(one, form) for form in options) for one in plugin.options):
            return False
    return True


def _is_like(line: Line, form: str) -> bool:
    name, *words = form.split()
    if line.name != name:
        return False
    for place, word in enumerate(words):
        if word == "***":
            return True
        if word != "*" and (place >= len(line.args) or line.args[place] != word):
            return False
    return len(words) == len(line.args)
