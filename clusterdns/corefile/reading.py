"""What the suite wants to know from a Corefile: who serves a name, and with what settings.

Everything is judged by what is configured, never by what is usual.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from clusterdns.corefile.model import Corefile, Plugin, ServerBlock
from clusterdns.corefile.settings import (
    Cache,
    Forward,
    Kubernetes,
    Reload,
    cache_of,
    forward_of,
    is_within,
    kubernetes_of,
    lameduck_of,
    reload_of,
    shadows,
)
from clusterdns.corefile.values import upstream_host, upstream_port

# Where these plugins answer HTTP when no address is given; in NodeLocal DNSCache it always is.
DEFAULT_LISTENERS = {"health": ":8080", "ready": ":8181", "prometheus": "localhost:9153"}


@dataclass(frozen=True)
class Reading:
    """Answers about one Corefile."""

    corefile: Corefile

    @property
    def blocks(self) -> tuple[ServerBlock, ...]:
        """Every server block."""
        return self.corefile.blocks

    def block_for(self, name: str, port: int | None = None) -> ServerBlock | None:
        """The block that answers questions for a name: that of the longest matching zone.

        None: CoreDNS refuses them. Of several blocks with the same zone the first without ``view``,
        which is for some questions only. Without a port the main one is meant, here as everywhere.
        """
        port = self.main_port if port is None else port
        found: ServerBlock | None = None
        best = (-1, False)
        for block in self.blocks:
            for key in block.keys:
                if key.port != port or key.unresolved:
                    continue
                for zone in key.zones:
                    rank = (_depth(zone), not block.has("view"))
                    if is_within(name, zone) and rank > best:
                        found, best = block, rank
        return found

    def views_for(self, name: str, port: int | None = None) -> tuple[ServerBlock, ...]:
        """The blocks with ``view`` that may take questions for a name before its plain block does.

        Whether they do is decided by each question (CoreDNS core/dnsserver/server.go, 1.11 to
        1.15: the blocks of the longest zone first, then those of the next).
        """
        port = self.main_port if port is None else port
        plain = self.block_for(name, port)
        least = _depth_at(plain, name, port) if plain else 0
        return tuple(
            block
            for block in self.blocks
            if block.has("view") and block is not plain and _depth_at(block, name, port) >= least
        )

    @cached_property
    def ports(self) -> frozenset[int]:
        """Every port that CoreDNS answers questions on."""
        return frozenset(port for block in self.blocks for port in block.ports)

    @property
    def main_port(self) -> int:
        """53, or the lowest port where CoreDNS does not listen on 53."""
        return 53 if 53 in self.ports else min(self.ports, default=53)

    @cached_property
    def features(self) -> frozenset[str]:
        """Names of what is configured.

        ``cache``: the plugin is there; ``cache.serve_stale``: with this option;
        ``kubernetes.pods.verified``: with this value (for one word); and, from the whole:
        ``several-blocks``, ``stub-domains``, ``unresolved-imports``, ``variables``,
        ``cluster-zone-cached``.
        """
        found = {feature for _, plugin in self.plugins() for feature in _features_of(plugin)}
        if len(self.blocks) > 1:
            found.add("several-blocks")
        if self.corefile.imports or "import" in found:
            found.add("unresolved-imports")
        if any(key.unresolved for block in self.blocks for key in block.keys):
            found.add("variables")
        if any(one.zone != "." or "." not in home.zones for one, home in self._asked()):
            found.add("stub-domains")
        zone = self.cluster_zone
        if zone is not None and self.cached_seconds(zone) > 0:
            found.add("cluster-zone-cached")
        return frozenset(found)

    def plugins(self, name: str | None = None) -> Iterator[tuple[ServerBlock, Plugin]]:
        """Every use of a plugin, or of any, with the block that it is in."""
        for block in self.blocks:
            for plugin in block.plugins:
                if name in (None, plugin.name):
                    yield block, plugin

    def has(self, plugin: str, name: str | None = None, port: int | None = None) -> bool:
        """Whether a plugin is anywhere, or in the block that serves a name."""
        if name is None:
            return any(block.has(plugin) for block in self.blocks)
        block = self.block_for(name, port)
        return block is not None and block.has(plugin)

    # kubernetes

    def all_kubernetes(self) -> tuple[Kubernetes, ...]:
        """Every ``kubernetes`` plugin."""
        return tuple(kubernetes_of(plugin, block) for block, plugin in self.plugins("kubernetes"))

    def kubernetes(self, name: str | None = None, port: int | None = None) -> Kubernetes | None:
        """The ``kubernetes`` plugin that answers for a name; without a name, the first one."""
        if name is None:
            return next(iter(self.all_kubernetes()), None)
        block = self.block_for(name, port)
        if block is None:
            return None
        found = [kubernetes_of(plugin, block) for plugin in block.all("kubernetes")]
        return next((one for one in found if one.serves(name)), None)

    @property
    def cluster_zone(self) -> str | None:
        """The cluster domain with its final dot; None without a ``kubernetes`` plugin."""
        found = self.kubernetes()
        return found.primary_zone if found else None

    # forward

    def forwards(self, name: str | None = None, port: int | None = None) -> tuple[Forward, ...]:
        """Every ``forward`` (``proxy``), or those that a question for this name comes to.

        The first of a block that takes a name is asked, and the next one only where the first
        says so (``next``).
        """
        if name is None:
            return tuple(forward for forward, _ in self._forwarding())
        block = self.block_for(name, port)
        found: list[Forward] = []
        for one, home in self._asked():
            if home is block and one.takes(name):
                found.append(one)
                if not one.next and one.plugin != "proxy":
                    break
        return tuple(found)

    def upstreams(self, name: str = ".", port: int | None = None) -> tuple[str, ...]:
        """Where questions for a name go, as written: addresses and files."""
        return tuple(dict.fromkeys(to for one in self.forwards(name, port) for to in one.to))

    @property
    def written_upstreams(self) -> dict[str, set[tuple[int, bool]]]:
        """The upstreams that stand here by address, each with its ports and whether TLS is used."""
        found: dict[str, set[tuple[int, bool]]] = {}
        for forward in self.forwards():
            for word in forward.addresses:
                if address := upstream_host(word):
                    way = (upstream_port(word), word.startswith("tls://"))
                    found.setdefault(address, set()).add(way)
        return found

    def _forwarding(self) -> Iterator[tuple[Forward, ServerBlock]]:
        for block, plugin in self.plugins():
            if plugin.name in ("forward", "proxy"):
                yield forward_of(plugin), block

    def _asked(self) -> Iterator[tuple[Forward, ServerBlock]]:
        """Every ``forward`` that is not wholly behind another one of its block."""
        for block in self.blocks:
            before: list[Forward] = []
            for one, home in self._forwarding():
                if home is block:
                    if not any(shadows(each, one, block) for each in before):
                        yield one, block
                    before.append(one)

    # cache

    def cache(self, name: str = ".", port: int | None = None) -> Cache | None:
        """The cache in the block that serves a name."""
        block = self.block_for(name, port)
        plugin = block.plugin("cache") if block else None
        return cache_of(plugin, block) if plugin and block else None

    def cached_seconds(
        self, name: str, negative: bool = False, ttl: int | None = None, port: int | None = None
    ) -> int:
        """The longest time in seconds for which an outdated answer for this name is repeated.

        ``ttl``: that of the records; None: what the ``kubernetes`` plugin gives its own, else
        the cache's cap. That a name does not exist may also come from an upstream, with a TTL of
        its own, where ``kubernetes`` falls through. What ``serve_stale`` adds is not counted.
        """
        cache = self.cache(name, port)
        if cache is None:
            return 0
        kubernetes = self.kubernetes(name, port)
        if ttl is None and kubernetes is not None:
            foreign = negative and kubernetes.falls_through(name)
            ttl = None if foreign else kubernetes.ttl
        return cache.seconds(name, negative, ttl)

    # reload, loop, and the HTTP endpoints

    @property
    def reload(self) -> Reload | None:
        """How often CoreDNS looks for a new Corefile; None: never."""
        return next((reload_of(plugin) for _, plugin in self.plugins("reload")), None)

    def loop(self, name: str = ".", port: int | None = None) -> bool:
        """Whether the block that serves a name looks for loops."""
        return self.has("loop", name, port)

    def listeners(self, plugin: str) -> tuple[str, ...]:
        """The addresses on which ``health``, ``ready`` or ``prometheus`` answer, as written."""
        usual = DEFAULT_LISTENERS[plugin]
        found = [one.args[0] if one.args else usual for _, one in self.plugins(plugin)]
        return tuple(dict.fromkeys(found))

    @property
    def lameduck(self) -> float:
        """Seconds that CoreDNS goes on answering after it was told to stop."""
        return max((lameduck_of(plugin) for _, plugin in self.plugins("health")), default=0.0)


def _depth_at(block: ServerBlock, name: str, port: int) -> int:
    """How many labels the longest zone has by which a block serves a name; -1 for none."""
    zones = [zone for key in block.keys if key.port == port for zone in key.zones]
    return max((_depth(zone) for zone in zones if is_within(name, zone)), default=-1)


def _depth(zone: str) -> int:
    return 0 if zone == "." else len(zone)


def _features_of(plugin: Plugin) -> Iterator[str]:
    yield plugin.name
    for option in plugin.options:
        if not option.name.isidentifier():
            continue  # hosts and template hold data, not options
        yield f"{plugin.name}.{option.name}"
        if len(option.args) == 1 and option.args[0].isidentifier():
            yield f"{plugin.name}.{option.name}.{option.args[0]}"
