"""The statements of a Corefile, each with its place, and a Corefile without some of them.

What a statement does is found out by leaving it out. Words that an import or a snippet brought
keep the file and the line on which they are written, so that whoever edits them finds them.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from clusterdns.corefile.model import Corefile, Option, Plugin, quoted

Kind = Literal["server block", "plugin", "option"]
At = tuple[int, ...]  # which block, which plugin of it, which option of that, ...


@dataclass(frozen=True)
class Statement:
    """A server block, a plugin or an option. A snippet's line is one statement, used or not.

    ``at`` are all its uses: a line of a snippet that two blocks import has two.
    """

    kind: Kind
    text: str  # its first line, as a Corefile has it
    line: int
    file: str = ""  # empty: the Corefile itself
    at: frozenset[At] = field(default=frozenset(), compare=False)
    words: int = field(default=0, compare=False)  # how much of the Corefile it is

    def __str__(self) -> str:
        where = f"{self.file}, line" if self.file else "line"
        return f"{where} {self.line}: {self.text}"


def statements(corefile: Corefile) -> tuple[Statement, ...]:
    """Every statement once, in the order of their first use."""
    found: dict[Statement, Statement] = {}
    for one in _all(corefile):
        known = found.get(one)
        found[one] = one if known is None else replace(known, at=known.at | one.at)
    return tuple(found.values())


def without(corefile: Corefile, gone: Collection[Statement]) -> Corefile:
    """The Corefile without these statements, and without blocks that hold nothing any more."""
    places = frozenset(at for one in gone for at in one.at)
    blocks = []
    for number, block in enumerate(corefile.blocks):
        if (number,) in places:
            continue
        plugins = tuple(
            replace(plugin, options=_left(plugin.options, (number, turn), places))
            for turn, plugin in enumerate(block.plugins)
            if (number, turn) not in places
        )
        blocks.append(replace(block, plugins=plugins))
    return replace(corefile, blocks=tuple(blocks))


def _left(options: Sequence[Option], at: At, places: frozenset[At]) -> tuple[Option, ...]:
    return tuple(
        replace(option, nested=_left(option.nested, (*at, turn), places))
        for turn, option in enumerate(options)
        if (*at, turn) not in places
    )


def _all(corefile: Corefile) -> Iterator[Statement]:
    for number, block in enumerate(corefile.blocks):
        keys = " ".join(key.text for key in block.keys)
        size = 1 + sum(_size(plugin) for plugin in block.plugins)
        at = frozenset({(number,)})
        yield Statement("server block", f"{keys} {{ ... }}", block.line, at=at, words=size)
        for turn, plugin in enumerate(block.plugins):
            yield from _of_plugin(plugin, (number, turn))


def _of_plugin(plugin: Plugin, at: At) -> Iterator[Statement]:
    file = plugin.tokens[0].file if plugin.tokens else ""
    text = _text(plugin.name, plugin.args, bool(plugin.options))
    size = _size(plugin)
    yield Statement("plugin", text, plugin.line, file, frozenset({at}), size)
    for turn, option in enumerate(plugin.options):
        words = [t for t in plugin.tokens if (t.text, t.line) == (option.name, option.line)]
        place = words[0].file if words else file
        told = _text(option.name, option.args, bool(option.nested))
        spot = frozenset({(*at, turn)})
        size = 1 + len(option.args) + len(option.nested)
        yield Statement("option", told, option.line, place, spot, size)


def _size(plugin: Plugin) -> int:
    return len(plugin.tokens) or 1 + len(plugin.args) + sum(1 + len(o.args) for o in plugin.options)


def _text(name: str, args: Sequence[str], braces: bool) -> str:
    words = []
    for word in (name, *args):
        try:
            words.append(quoted(word))
        except ValueError:
            words.append(word)
    return " ".join(words) + (" { ... }" if braces else "")
