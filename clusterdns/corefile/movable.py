"""A Corefile as a private CoreDNS can run it beside others: on a port of its own, with its files.

Taken out is what cannot change an answer but needs a place that somebody else has, or would end
the process: pages, logs, addresses to listen on, the look for loops, imports that nobody knows.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from posixpath import join, normpath

from clusterdns.corefile.model import Corefile, Key, Option, Plugin, ServerBlock
from clusterdns.corefile.parser import keys_of
from clusterdns.corefile.settings import is_within

# They change no answer, whatever else stands beside them.
SILENT = frozenset(
    {"errors", "log", "debug", "health", "ready", "prometheus", "pprof", "trace", "dnstap"}
    | {"reload", "loop", "bind", "multisocket", "on", "tls", "nomad", "quic"}
)


class NotMovableError(Exception):
    """A Corefile that means something only where it is; the text says why."""


def for_names(corefile: Corefile, names: frozenset[str], port: int) -> Corefile:
    """The blocks that may take one of these names on a port, without what changes no answer."""
    blocks = []
    for block in corefile.blocks:
        keys = [key for key in block.keys if key.scheme == "dns" and key.port == port]
        if any(is_within(n, zone) for n in names for key in keys for zone in key.zones):
            plugins = [p for p in block.plugins if p.name not in (*SILENT, "import")]
            blocks.append(replace(block, keys=tuple(keys), plugins=tuple(plugins)))
    return Corefile(tuple(blocks))


def on_port(corefile: Corefile, port: int) -> Corefile:
    """The same blocks, all of them on another port. Raises NotMovableError for variables."""
    return replace(corefile, blocks=tuple(_moved(block, port) for block in corefile.blocks))


def _moved(block: ServerBlock, port: int) -> ServerBlock:
    words = []
    for key in block.keys:
        if key.unresolved:
            raise NotMovableError(f"an environment variable stands in line {key.line}: {key.text}")
        words.append(f"{_bare(key)}:{port}")
    return replace(block, keys=keys_of(" ".join(dict.fromkeys(words))))


def _bare(key: Key) -> str:
    text = key.text.removeprefix(f"{key.scheme}://")
    head, colon, tail = text.rpartition(":")
    return (head if colon and tail.lstrip("+-").isdigit() else text) or "."


def with_files(
    corefile: Corefile, files: Mapping[str, str], home: str, folder: str
) -> tuple[Corefile, dict[str, str]]:
    """The Corefile with the paths of known files led to a folder, and these files by name.

    ``files``: texts by absolute path; ``home``: where relative paths start.
    """
    brought: dict[str, str] = {}

    def led(word: str) -> str:
        path = normpath(join(home, word))
        if path not in files:
            return word
        name = path.strip("/").replace("/", ".")
        brought[name] = files[path]
        return f"{folder}/{name}"

    blocks = tuple(
        replace(block, plugins=tuple(_led(plugin, led) for plugin in block.plugins))
        for block in corefile.blocks
    )
    return replace(corefile, blocks=blocks), brought


def _led(plugin: Plugin, led: Callable[[str], str]) -> Plugin:
    options = tuple(_led_option(option, led) for option in plugin.options)
    return replace(plugin, args=tuple(map(led, plugin.args)), options=options)


def _led_option(option: Option, led: Callable[[str], str]) -> Option:
    nested = tuple(_led_option(one, led) for one in option.nested)
    return replace(option, args=tuple(map(led, option.args)), nested=nested)
