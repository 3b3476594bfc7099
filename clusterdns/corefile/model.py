"""What a Corefile says: server blocks, plugins, options. Values only, no rules about them.

Line numbers are where a thing stands in the text. They never count when two values are compared,
so ``parse(corefile.to_text()) == corefile``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from clusterdns.corefile.lexer import Token

Scheme = Literal["dns", "tls", "quic", "grpc", "https", "https3", "unix"]

DEFAULT_PORTS: dict[Scheme, int] = {
    "dns": 53,
    "tls": 853,
    "quic": 853,
    "grpc": 443,
    "https": 443,
    "https3": 443,
    "unix": 0,
}


LONGEST_WORD = 100_000  # one that grows beyond it holds a variable that holds itself


class CorefileError(ValueError):
    """CoreDNS cannot read this Corefile; the text says what to look for, and where."""

    def __init__(self, line: int, message: str, file: str = "") -> None:
        self.line = line
        self.message = message
        self.file = file
        super().__init__(f"{file or 'Corefile'}, line {line}: {message}")


@dataclass(frozen=True)
class Option:
    """A line inside the braces of a plugin, with what its own braces hold."""

    name: str
    args: tuple[str, ...] = ()
    nested: tuple["Option", ...] = ()
    line: int = field(default=0, compare=False)
    # The closing brace stands on its line: CoreDNS then takes the brace for an argument.
    glued_brace: bool = field(default=False, compare=False)

    def lines(self, indent: int) -> Iterator[str]:
        """The option as Corefile text."""
        yield from _statement(self.name, self.args, self.nested, indent)


@dataclass(frozen=True)
class Plugin:
    """One use of a plugin: its arguments and options.

    ``import`` of something that is not known here stays as a plugin of that name.
    """

    name: str
    args: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    line: int = field(default=0, compare=False)
    # The opening brace stands on a line of its own: CoreDNS then misreads the plugin.
    detached_brace: bool = field(default=False, compare=False)
    # Words behind the closing brace: CoreDNS takes them for a second use of the plugin.
    trailing: tuple[str, ...] = field(default=(), compare=False)
    # Every word of it as it was read, braces included.
    tokens: tuple[Token, ...] = field(default=(), compare=False, repr=False)

    def option(self, name: str) -> Option | None:
        """The last option of this name: CoreDNS lets the last one win."""
        found = [option for option in self.options if option.name == name]
        return found[-1] if found else None

    def all(self, name: str) -> tuple[Option, ...]:
        """Every option of this name, in order."""
        return tuple(option for option in self.options if option.name == name)

    def lines(self, indent: int) -> Iterator[str]:
        """The plugin as Corefile text."""
        yield from _statement(self.name, self.args, self.options, indent)


@dataclass(frozen=True)
class Key:
    """One address of a server block, such as ``example.org:1053`` or ``10.0.0.0/8``.

    ``zones`` has a final dot, in the case that was written; it holds several names for a network
    that ends inside an octet, and the text itself where an environment variable stands in it.
    """

    text: str
    scheme: Scheme = "dns"
    zones: tuple[str, ...] = (".",)
    port: int = 53
    line: int = field(default=0, compare=False)

    @property
    def unresolved(self) -> bool:
        """An environment variable decides what this means."""
        return has_variable(self.text)


@dataclass(frozen=True)
class ServerBlock:
    """The plugins for some zones on some ports."""

    keys: tuple[Key, ...]
    plugins: tuple[Plugin, ...] = ()
    line: int = field(default=0, compare=False)

    @property
    def zones(self) -> tuple[str, ...]:
        """Every zone of the block, lower case, with the final dot."""
        return tuple(dict.fromkeys(zone.lower() for key in self.keys for zone in key.zones))

    @property
    def ports(self) -> frozenset[int]:
        """Every port on which the block listens."""
        return frozenset(key.port for key in self.keys)

    def plugin(self, name: str) -> Plugin | None:
        """The first plugin of this name."""
        return next((plugin for plugin in self.plugins if plugin.name == name), None)

    def all(self, name: str) -> tuple[Plugin, ...]:
        """Every plugin of this name, in order."""
        return tuple(plugin for plugin in self.plugins if plugin.name == name)

    def has(self, name: str) -> bool:
        """Whether the block names this plugin."""
        return self.plugin(name) is not None

    def to_text(self) -> str:
        """The block as Corefile text."""
        lines = [f"{' '.join(quoted(key.text) for key in self.keys)} {{"]
        for plugin in self.plugins:
            lines.extend(plugin.lines(1))
        return "\n".join([*lines, "}"]) + "\n"


@dataclass(frozen=True)
class Import:
    """A top-level import of files that are not known here."""

    pattern: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Corefile:
    """A whole Corefile, snippets already in their places."""

    blocks: tuple[ServerBlock, ...] = ()
    imports: tuple[Import, ...] = ()
    # Blocks without an address: CoreDNS reads them and leaves them out.
    dropped: tuple[ServerBlock, ...] = field(default=(), compare=False)

    def to_text(self) -> str:
        """A Corefile that means the same; comments and snippets are gone."""
        imports = [f"import {quoted(one.pattern)}\n" for one in self.imports]
        return "\n".join([*(block.to_text() for block in self.blocks), *imports])


def has_variable(text: str) -> bool:
    """Whether CoreDNS would replace a part of this word from its environment."""
    for start, end in (("{%", "%}"), ("{$", "}")):
        _, found, after = text.partition(start)
        if found and after.find(end) > 0:
            return True
    return False


def with_variables(text: str, environment: Mapping[str, str]) -> str:
    """A word with the values that are known in place of their variables.

    CoreDNS looks for variables in what it put in, too (coredns/caddy, replaceEnvReferences).
    """
    for start, end in (("{%", "%}"), ("{$", "}")):
        at = text.find(start)
        while at >= 0 and (stop := text.find(end, at)) > at + len(start):
            name = text[at + len(start) : stop]
            if name in environment and len(text) < LONGEST_WORD:
                text = text.replace(start + name + end, environment[name])
                at = text.find(start)
            else:
                at = text.find(start, stop)
    return text


def quoted(word: str) -> str:
    """A word as it must be written in a Corefile.

    Raises ValueError for the few that cannot be written: a brace alone, and one that needs quotes
    and ends with a backslash.
    """
    if word in ("{", "}"):
        raise ValueError(f"a Corefile cannot hold {word!r} as an argument")
    if word and not any(char.isspace() or char in '"#' for char in word):
        return word
    if word.endswith("\\") or '\\"' in word:
        raise ValueError(f"a Corefile cannot hold {word!r}: no escape exists for its backslash")
    return '"' + word.replace('"', '\\"') + '"'


def _statement(
    name: str, args: Sequence[str], options: Sequence[Option], indent: int
) -> Iterator[str]:
    margin = "    " * indent
    words = " ".join(quoted(word) for word in (name, *args))
    if not options:
        yield margin + words
        return
    yield f"{margin}{words} {{"
    for option in options:
        yield from option.lines(indent + 1)
    yield margin + "}"
