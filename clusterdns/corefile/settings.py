"""What the plugins that every cluster has are told: typed, with CoreDNS' defaults filled in.

A value that CoreDNS would refuse is read as the default: ``directives.findings`` reports it.
Names of zones are lower case with a final dot.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from clusterdns.corefile.durations import seconds_of
from clusterdns.corefile.keys import zones_and_port
from clusterdns.corefile.model import Option, Plugin, ServerBlock

LOWEST_TTL = 5  # seconds for which a cached answer is kept at least (plugin/cache minTTL)


def is_within(name: str, zone: str) -> bool:
    """Whether a name is a zone's own or below it."""
    name, zone = absolute(name), absolute(zone)
    return zone == "." or name == zone or name.endswith("." + zone)


def absolute(name: str) -> str:
    """A name in lower case, with its final dot."""
    return name.lower() if name.endswith(".") else name.lower() + "."


def zones_of(words: Iterable[str]) -> tuple[str, ...]:
    """Zones as plugins read them from arguments: networks become reverse zones."""
    found: list[str] = []
    for word in words:
        try:
            zones, _ = zones_and_port(word)
        except ValueError:
            continue  # as CoreDNS does (plugin.OriginsFromArgsOrServerBlock)
        found.extend(zone.lower() for zone in zones)
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Kubernetes:
    """The ``kubernetes`` plugin (plugin/kubernetes/setup.go)."""

    zones: tuple[str, ...]
    pods: str = "disabled"  # disabled, insecure, verified
    ttl: int = 5
    fallthrough: tuple[str, ...] = ()  # zones; "." for all; empty: never
    namespaces: tuple[str, ...] = ()  # empty: all
    noendpoints: bool = False
    ignore_empty_service: bool = False
    endpoint_pod_names: bool = False
    endpoint: str | None = None  # the API server's URL, when it is not the in-cluster one
    kubeconfig: str | None = None
    labels: str | None = None
    namespace_labels: str | None = None
    multicluster: tuple[str, ...] = ()
    line: int = 0

    @property
    def primary_zone(self) -> str | None:
        """The cluster domain as CoreDNS sees it: the first zone that is not a reverse one."""
        return next((zone for zone in self.zones if not is_reverse(zone)), None)

    def serves(self, name: str) -> bool:
        """Whether the name is in a zone of the plugin."""
        return any(is_within(name, zone) for zone in self.zones)

    def falls_through(self, name: str) -> bool:
        """Whether a name that does not exist is left to the next plugin."""
        return any(is_within(name, zone) for zone in self.fallthrough)


@dataclass(frozen=True)
class Forward:
    """One ``forward`` (or, before 1.5.0, ``proxy``): plugin/forward/setup.go."""

    zone: str
    to: tuple[str, ...]  # addresses and files, as written
    plugin: str = "forward"
    policy: str = "random"
    max_concurrent: int = 0  # 0: no limit
    max_fails: int = 2
    health_check: float = 0.5  # seconds
    expire: float = 10.0  # seconds that an idle connection is kept
    excepted: tuple[str, ...] = ()
    force_tcp: bool = False
    prefer_udp: bool = False
    tls_servername: str | None = None
    next: tuple[str, ...] = ()  # rcodes that go on to the next forward
    line: int = 0

    @property
    def files(self) -> tuple[str, ...]:
        """The resolv.conf files among the upstreams."""
        return tuple(word for word in self.to if word.startswith("/"))

    @property
    def addresses(self) -> tuple[str, ...]:
        """The upstreams that are written down, with scheme and port where these were."""
        return tuple(word for word in self.to if not word.startswith("/"))

    def takes(self, name: str) -> bool:
        """Whether a question for this name is forwarded."""
        if any(is_within(name, zone) for zone in self.excepted):
            return False
        return is_within(name, self.zone)


def shadows(first: Forward, second: Forward, block: ServerBlock) -> bool:
    """Whether no question comes to the second of two ``forward`` of a block.

    They are asked in their order; ``next`` and ``except`` let some go on (plugin/forward). Of
    several ``proxy`` the one with the longest zone was asked.
    """
    if first.next or first.plugin == second.plugin == "proxy":
        return False
    zones = [zone for zone in block.zones if is_within(zone, second.zone)] or [second.zone]
    for zone in zones:
        left = (is_within(zone, one) or is_within(one, zone) for one in first.excepted)
        if not is_within(zone, first.zone) or any(left):
            return False
    return True


@dataclass(frozen=True)
class Cache:
    """The ``cache`` plugin (plugin/cache/setup.go); all times in seconds."""

    zones: tuple[str, ...]
    success_cap: int = 3600
    success_floor: int = LOWEST_TTL
    success_capacity: int = 9984
    denial_cap: int = 1800
    denial_floor: int = LOWEST_TTL
    denial_capacity: int = 9984
    success_disabled: tuple[str, ...] = ()
    denial_disabled: tuple[str, ...] = ()
    servfail: float = 5.0
    serve_stale: float | None = None  # for how long after expiry; None: never
    serve_stale_mode: str = "immediate"
    prefetch: int = 0  # 0: off
    keepttl: bool = False
    line: int = 0

    def keeps(self, name: str, negative: bool = False) -> bool:
        """Whether an answer for this name is cached."""
        disabled = self.denial_disabled if negative else self.success_disabled
        return any(is_within(name, zone) for zone in self.zones) and not any(
            is_within(name, zone) for zone in disabled
        )

    def seconds(self, name: str, negative: bool = False, ttl: int | None = None) -> int:
        """The longest time for which an answer is repeated from the cache.

        ``ttl``: of the records, for a negative answer what its SOA says; None: not known, so the
        cap. What ``serve_stale`` adds is not counted.
        """
        if not self.keeps(name, negative):
            return 0
        cap = self.denial_cap if negative else self.success_cap
        floor = self.denial_floor if negative else self.success_floor
        return cap if ttl is None else min(cap, max(ttl, floor))


@dataclass(frozen=True)
class Reload:
    """The ``reload`` plugin: seconds between two looks at the Corefile (plugin/reload)."""

    interval: float = 30.0
    jitter: float = 15.0

    @property
    def longest(self) -> float:
        """The most that may pass between two looks: half of the jitter goes on top."""
        return self.interval + self.jitter / 2


def is_reverse(zone: str) -> bool:
    """Whether a zone maps addresses to names."""
    return is_within(zone, "in-addr.arpa.") or is_within(zone, "ip6.arpa.")


def kubernetes_of(plugin: Plugin, block: ServerBlock) -> Kubernetes:
    """Read a ``kubernetes`` plugin."""
    options = _Options(plugin)
    fallthrough = plugin.option("fallthrough")
    ignore = plugin.option("ignore")
    return Kubernetes(
        zones=zones_of(plugin.args) or block.zones,
        pods=options.word("pods") or "disabled",
        ttl=options.whole("ttl", 5),
        fallthrough=() if fallthrough is None else zones_of(fallthrough.args) or (".",),
        namespaces=tuple(word for one in plugin.all("namespaces") for word in one.args),
        noendpoints=options.has("noendpoints"),
        ignore_empty_service=ignore is not None and ignore.args[:1] == ("empty_service",),
        endpoint_pod_names=options.has("endpoint_pod_names"),
        endpoint=options.word("endpoint"),
        kubeconfig=options.word("kubeconfig"),
        labels=options.words("labels"),
        namespace_labels=options.words("namespace_labels"),
        multicluster=tuple(zones_of(word for o in plugin.all("multicluster") for word in o.args)),
        line=plugin.line,
    )


def forward_of(plugin: Plugin) -> Forward:
    """Read a ``forward`` or ``proxy`` plugin."""
    options = _Options(plugin)
    following = plugin.option("next")
    return Forward(
        zone=next(iter(zones_of(plugin.args[:1])), "."),
        to=plugin.args[1:],
        plugin=plugin.name,
        policy=options.word("policy") or "random",
        max_concurrent=options.whole("max_concurrent", 0),
        max_fails=options.whole("max_fails", 2),
        health_check=options.seconds("health_check", 0.5),
        expire=options.seconds("expire", 10.0),
        excepted=zones_of(word for one in plugin.all("except") for word in one.args),
        force_tcp=options.has("force_tcp"),
        prefer_udp=options.has("prefer_udp"),
        tls_servername=options.word("tls_servername"),
        next=following.args if following else (),
        line=plugin.line,
    )


def cache_of(plugin: Plugin, block: ServerBlock) -> Cache:
    """Read a ``cache`` plugin."""
    options = _Options(plugin)
    args = plugin.args
    success, denial = 3600, 1800
    if args and (both := _whole(args[0])) is not None:
        success = denial = both
        args = args[1:]
    disabled: dict[str, tuple[str, ...]] = {}
    for option in plugin.all("disable"):
        disabled[option.args[0] if option.args else ""] = zones_of(option.args[1:]) or (".",)
    stale = plugin.option("serve_stale")
    return Cache(
        zones=zones_of(args) or block.zones,
        success_capacity=options.whole("success", 9984),
        success_cap=options.whole("success", success, 1),
        success_floor=options.whole("success", LOWEST_TTL, 2),
        denial_capacity=options.whole("denial", 9984),
        denial_cap=options.whole("denial", denial, 1),
        denial_floor=options.whole("denial", LOWEST_TTL, 2),
        success_disabled=disabled.get("success", ()),
        denial_disabled=disabled.get("denial", ()),
        servfail=options.seconds("servfail", 5.0),
        serve_stale=None if stale is None else options.seconds("serve_stale", 3600.0),
        serve_stale_mode=stale.args[1].lower() if stale and len(stale.args) > 1 else "immediate",
        prefetch=options.whole("prefetch", 0),
        keepttl=options.has("keepttl"),
        line=plugin.line,
    )


def reload_of(plugin: Plugin) -> Reload:
    """Read a ``reload`` plugin; its jitter is at most half of the interval."""
    interval = _seconds(plugin.args, 0, 30.0)
    jitter = _seconds(plugin.args, 1, 15.0)
    return Reload(interval, min(jitter, interval / 2))


def lameduck_of(plugin: Plugin) -> float:
    """Seconds that a ``health`` plugin lets CoreDNS go on after it was told to stop."""
    return _Options(plugin).seconds("lameduck", 0.0)


class _Options:
    """Arguments of a plugin's options; what is absent or unreadable becomes the default."""

    def __init__(self, plugin: Plugin) -> None:
        self.options: dict[str, Option] = {option.name: option for option in plugin.options}

    def has(self, name: str) -> bool:
        return name in self.options

    def args(self, name: str) -> tuple[str, ...]:
        return self.options[name].args if name in self.options else ()

    def word(self, name: str) -> str | None:
        return next(iter(self.args(name)), None)

    def words(self, name: str) -> str | None:
        return " ".join(self.args(name)) or None

    def whole(self, name: str, default: int, at: int = 0) -> int:
        args = self.args(name)
        found = _whole(args[at]) if at < len(args) else None
        return default if found is None else found

    def seconds(self, name: str, default: float) -> float:
        return _seconds(self.args(name), 0, default)


def _whole(text: str) -> int | None:
    digits = text[1:] if text[:1] in ("-", "+") else text
    return int(text) if digits.isascii() and digits.isdigit() else None


def _seconds(args: tuple[str, ...], at: int, default: float) -> float:
    try:
        return seconds_of(args[at])
    except (IndexError, ValueError):
        return default
