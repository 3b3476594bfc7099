"""Which plugins may answer or change a question, by reading alone: block, order, zones.

The block with the longest zone takes a question; in it the plugins are asked in the order of
plugin.cfg, not in that of the Corefile, until one answers (CoreDNS plugin.cfg, 1.8 to 1.15: the
order of those below is the same; what came later stands where it was put in).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from clusterdns.corefile.model import Option, Plugin, ServerBlock
from clusterdns.corefile.reading import Reading
from clusterdns.corefile.settings import forward_of, is_within, kubernetes_of, zones_of

ORDER = (
    *("bufsize", "dns64", "local", "acl", "any", "chaos", "loadbalance", "cache", "rewrite"),
    *("header", "dnssec", "autopath", "minimal", "template", "transfer", "hosts", "route53"),
    *("azure", "clouddns", "federation", "k8s_external", "kubernetes", "file", "auto"),
    *("secondary", "etcd", "forward", "proxy", "grpc", "fanout", "erratic", "whoami", "sign"),
    "view",
)
# They pass a question on, and may change it or its answer on the way.
PASSING = frozenset(
    {"bufsize", "dns64", "loadbalance", "cache", "rewrite", "header", "dnssec", "autopath"}
    | {"minimal", "view"}
)


@dataclass(frozen=True)
class Taker:
    """A plugin that a question comes to. ``surely``: what stands behind it is not asked."""

    block: ServerBlock
    plugin: Plugin
    surely: bool

    def __str__(self) -> str:
        return f"{self.plugin.name} (line {self.plugin.line})"


def takers(reading: Reading, name: str, rdtype: str, port: int | None = None) -> tuple[Taker, ...]:
    """The plugins that a question comes to, in order, up to the first that surely answers it.

    Those of a block with ``view``, which takes some questions only, stand before, none of them
    surely. Empty: no block serves the name, and CoreDNS refuses it.
    """
    found = [
        Taker(view, plugin, False)
        for view in reading.views_for(name, port)
        for plugin in view.plugins
        if plugin.name in ORDER and _takes(plugin, view, name, rdtype) is not None
    ]
    block = reading.block_for(name, port)
    if block is None:
        return tuple(found)
    known = [plugin for plugin in block.plugins if plugin.name in ORDER]
    for plugin in sorted(known, key=lambda one: ORDER.index(one.name)):
        taken = _takes(plugin, block, name, rdtype)
        if taken is None:
            continue
        found.append(Taker(block, plugin, taken))
        if taken:
            break
    return tuple(found)


def _takes(plugin: Plugin, block: ServerBlock, name: str, rdtype: str) -> bool | None:
    """True: it answers. False: it may, or changes something. None: it has nothing to do with it."""
    if plugin.name in PASSING:
        return False
    if plugin.name == "template":
        return _template(plugin, block, name, rdtype)
    if plugin.name == "hosts":
        return _hosts(plugin, block, name)
    if plugin.name in ("forward", "proxy"):
        told = forward_of(plugin)
        return told.takes(name) if is_within(name, told.zone) else None  # but for "except"
    if plugin.name == "kubernetes":
        used = kubernetes_of(plugin, block)
        return not used.falls_through(name) if used.serves(name) else None
    if plugin.name == "any":
        return True if rdtype == "ANY" else None
    if plugin.name in ("chaos", "local"):
        return None
    zones = zones_of(plugin.args) or block.zones
    if plugin.name in ("file", "auto"):
        zones = zones_of(plugin.args[1:]) or block.zones
    if not any(is_within(name, zone) for zone in zones):
        return None
    return plugin.name in ("whoami", "file", "secondary") and not _falls(plugin.options, name)


def _template(plugin: Plugin, block: ServerBlock, name: str, rdtype: str) -> bool | None:
    rdclass, kind, *words = [*plugin.args, "ANY", "ANY"][: max(2, len(plugin.args))]
    if rdclass.upper() not in ("IN", "ANY") or kind.upper() not in (rdtype, "ANY"):
        return None
    if not any(is_within(name, zone) for zone in zones_of(words) or block.zones):
        return None
    patterns = [word for one in plugin.all("match") for word in one.args]
    try:
        hit = not patterns or any(re.search(pattern, name) for pattern in patterns)
    except re.error:
        return False  # Go's expressions are not wholly ours
    return not _falls(plugin.options, name) if hit else None


def _hosts(plugin: Plugin, block: ServerBlock, name: str) -> bool | None:
    """Entries inside the braces are known; what a file holds is not."""
    zones = zones_of(plugin.args[1:]) or block.zones
    if not any(is_within(name, zone) for zone in zones):
        return None
    own = {word.lower().rstrip(".") for option in plugin.options for word in option.args}
    if name.lower().rstrip(".") in own:
        return True
    return not _falls(plugin.options, name)


def _falls(options: tuple[Option, ...], name: str) -> bool:
    for option in _named(options, "fallthrough"):
        return any(is_within(name, zone) for zone in zones_of(option.args) or (".",))
    return False


def _named(options: tuple[Option, ...], name: str) -> Iterator[Option]:
    return (option for option in options if option.name == name)
