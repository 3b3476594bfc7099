"""What CoreDNS accepts and an operator should know: likely trouble, and things worth a word."""

from collections.abc import Collection, Iterator
from ipaddress import ip_address

from clusterdns.corefile.directives import NEVER, Version, directives, version_text
from clusterdns.corefile.finding import Finding, Level
from clusterdns.corefile.model import Corefile, Plugin, ServerBlock
from clusterdns.corefile.needs import names_as_upstreams, unmet_needs
from clusterdns.corefile.overlaps import unreached_views
from clusterdns.corefile.reached import unreached
from clusterdns.corefile.reading import Reading
from clusterdns.corefile.rewrites import rewrites
from clusterdns.corefile.settings import Forward, kubernetes_of
from clusterdns.corefile.values import closes_nothing, upstream_host, upstream_port

# A name that was asked for too early should be found soon after it exists: kubeadm's own bound.
LONGEST_DENIAL = 30
LONGEST_FOREIGN_DENIAL = 300  # of names that an upstream denied

READY_SINCE: Version = (1, 5, 0)
LIMIT_SINCE: Version = (1, 6, 8)


def advice(
    corefile: Corefile, version: Version, dns_addresses: Collection[str] = ()
) -> Iterator[Finding]:
    """Everything that this version accepts, but that deserves a remark.

    ``dns_addresses``: the cluster IPs of the DNS Service and of its replicas.
    """
    reading = Reading(corefile)
    yield from _whole_file(reading, version)
    yield from _root_zone(reading)
    yield from unreached(reading, version)
    yield from unreached_views(corefile, version)
    for block in corefile.blocks:
        yield from unmet_needs(block)
        yield from names_as_upstreams(block, version, reading.cluster_zone or "")
        yield from rewrites(block)
        yield from _block_keys(block)
        yield from _missing_in_forwarding_block(block, version)
        for plugin in block.plugins:
            yield from _ignored(plugin, version)
            yield from _glued_brace(plugin, version)
    for forward in reading.forwards():
        yield from _upstreams(forward, reading, dns_addresses)
    yield from _kubernetes(reading)
    yield from _cluster_zone_cache(reading)
    yield from _denials_of_upstreams(reading)
    yield from _transfers(reading)


def _whole_file(reading: Reading, version: Version) -> Iterator[Finding]:
    if not reading.blocks:
        message = "there is no server block: CoreDNS answers with its 'whoami' plugin only"
        yield Finding("advice", "", 0, message, "restore the Corefile")
        return
    # An imported file may have it.
    missing: Level = "info" if "unresolved-imports" in reading.features else "advice"
    wanted = [
        ("errors", "errors are not logged", "add 'errors'"),
        ("health", "no liveness probe can see whether CoreDNS answers", "add 'health'"),
        ("reload", "a changed Corefile takes effect only with a restart", "add 'reload'"),
        ("prometheus", "there are no metrics", "add 'prometheus :9153'"),
    ]
    if version >= READY_SINCE:
        wanted.append(
            ("ready", "no readiness probe can see whether CoreDNS knows the cluster", "add 'ready'")
        )
    for name, consequence, remedy in wanted:
        if not reading.has(name):
            yield Finding(missing, name, 0, f"'{name}' is missing: {consequence}", remedy)
    for _, plugin in reading.plugins("health"):
        if plugin.option("lameduck") is None:
            message = "'health' without 'lameduck': questions are lost when a replica stops"
            yield Finding("info", "health", plugin.line, message, "add 'lameduck 5s'")
    for block in reading.corefile.dropped:
        message = "this block has no address: CoreDNS leaves it out"
        yield Finding("advice", "", block.line, message, "write its zones before the '{'")
    for found in reading.corefile.imports:
        message = f"what 'import {found.pattern}' brings is not known here"
        yield Finding("info", "import", found.line, message)
    for _, plugin in reading.plugins("import"):
        pattern = " ".join(plugin.args)
        message = f"what 'import {pattern}' brings is not known here"
        if "/" in pattern or "*" in pattern:
            yield Finding("info", "import", plugin.line, message)
        else:
            remedy = "define the snippet above, or see whether there is such a file"
            yield Finding("advice", "import", plugin.line, message, remedy)


def _root_zone(reading: Reading) -> Iterator[Finding]:
    if not reading.blocks:
        return
    ports = sorted(reading.ports)
    root = [block for port in ports if (block := reading.block_for(".", port)) is not None]
    if not root:
        message = "no server block has the zone '.': every other name is refused"
        yield Finding("advice", "", 0, message, "add a block '.' with 'forward'")
        return
    forwarding = ("forward", "proxy", "grpc", "import")
    if not any(block.has(name) for block in root for name in forwarding):
        message = "the block of '.' forwards nothing: names outside the cluster give SERVFAIL"
        yield Finding(
            "advice", "forward", root[0].line, message, "add 'forward . /etc/resolv.conf'"
        )


def _block_keys(block: ServerBlock) -> Iterator[Finding]:
    for key in block.keys:
        if key.text == "}":
            message = "this '}' closes nothing: CoreDNS takes it for the name of a zone"
            yield Finding("advice", "", key.line, message, "remove it")
        elif "://" in key.text and key.scheme == "dns" and not key.text.startswith("dns://"):
            message = f"{key.text!r} has a scheme that CoreDNS does not know: it becomes a zone"
            yield Finding("advice", "", key.line, message, "use dns, tls, quic, grpc or https")
        elif key.text.endswith("{"):
            message = f"the '{{' belongs to the zone {key.text!r} for CoreDNS"
            yield Finding("advice", "", key.line, message, "put a space before the brace")
        elif "," in key.text:
            message = f"{key.text!r} is one zone for CoreDNS: white space must follow a comma"
            yield Finding("advice", "", key.line, message, "put a space behind the comma")
    if not block.plugins:
        message = f"the block of {block.keys[0].text} has no plugins: all its names are refused"
        yield Finding("advice", "", block.line, message)


def _missing_in_forwarding_block(block: ServerBlock, version: Version) -> Iterator[Finding]:
    forwards = [plugin for plugin in block.plugins if plugin.name in ("forward", "proxy")]
    if not forwards:
        return
    level: Level = "info" if block.has("import") else "advice"
    line, zone = forwards[0].line, block.keys[0].text if block.keys else "."
    # A stub domain is forwarded to a server of its own, and not to what the node has.
    loops: Level = level if "." in block.zones else "info"
    if not block.has("loop") and directives().plugins["loop"].rule.holds(version):
        message = f"the block of {zone} forwards without 'loop': a forwarding loop stays unseen"
        yield Finding(loops, "loop", line, message, "add 'loop'")
    if not block.has("cache"):
        message = f"the block of {zone} forwards without 'cache': every question goes upstream"
        yield Finding(level, "cache", line, message, "add 'cache 30'")
    for plugin in forwards:
        limited = plugin.name == "forward" and version >= LIMIT_SINCE
        if limited and plugin.option("max_concurrent") is None:
            message = "'forward' has no limit: a dead upstream or a loop can use up all memory"
            yield Finding("info", "forward", plugin.line, message, "add 'max_concurrent 1000'")


def _ignored(plugin: Plugin, version: Version) -> Iterator[Finding]:
    known = directives().plugins.get(plugin.name)
    if known is None:
        return
    asked = version_text(version)
    if known.rule.ignored <= version < known.rule.gone:
        message = f"CoreDNS {asked} ignores the plugin '{plugin.name}'"
        yield Finding("advice", plugin.name, plugin.line, message, known.rule.remedy)
    elif known.rule.gone < NEVER and known.rule.holds(version):
        message = f"'{plugin.name}' is gone from CoreDNS {version_text(known.rule.gone)} on"
        yield Finding("info", plugin.name, plugin.line, message, known.rule.remedy)
    for option in plugin.options:
        rule = known.option(option.name, version)
        if rule is not None and version >= rule.ignored:
            message = f"CoreDNS {asked} ignores the option '{option.name}' of '{plugin.name}'"
            yield Finding("advice", plugin.name, option.line, message, rule.remedy)


def _glued_brace(plugin: Plugin, version: Version) -> Iterator[Finding]:
    known = directives().plugins.get(plugin.name)
    for option in plugin.options:
        rule = known.option(option.name, version) if known else None
        if option.glued_brace and not (rule and rule.exact):
            message = f"the '}}' of '{plugin.name}' is an argument of '{option.name}' for CoreDNS"
            remedy = "move it to the next line"
            yield Finding("advice", plugin.name, option.line, message, remedy)
        last = (option.name, *option.args)[-1]
        if closes_nothing(last):
            message = f"the '}}' of {last!r} closes nothing: '{plugin.name}' goes on below"
            yield Finding(
                "advice", plugin.name, option.line, message, "put it on a line of its own"
            )


def _upstreams(
    forward: Forward, reading: Reading, dns_addresses: Collection[str]
) -> Iterator[Finding]:
    own = {str(ip_address(address)) for address in dns_addresses if address}  # none: no pod IP yet
    for word in forward.to:
        host = upstream_host(word)
        if host is None:
            continue
        if host in own:
            message = f"{word} is the cluster's own DNS: the question comes back, as a loop"
            remedy = "forward to a DNS server outside the cluster"
            yield Finding("advice", forward.plugin, forward.line, message, remedy)
        elif ip_address(host).is_loopback:
            port = upstream_port(word)
            if port in reading.ports:
                message = f"the upstream {word} is this CoreDNS itself: the question comes back"
                remedy = "forward to the address of the real DNS server"
                level: Level = "advice" if port in _ports_of(forward, reading) else "info"
            else:
                message = f"the upstream {word} is in the pod itself: only a sidecar can answer"
                remedy, level = "", "info"
            yield Finding(level, forward.plugin, forward.line, message, remedy)


def _ports_of(forward: Forward, reading: Reading) -> frozenset[int]:
    """The ports of the block that a forward is in."""
    for block, plugin in reading.plugins(forward.plugin):
        if plugin.line == forward.line:
            return block.ports
    return frozenset()


def _kubernetes(reading: Reading) -> Iterator[Finding]:
    for block, plugin in reading.plugins("kubernetes"):
        settings = kubernetes_of(plugin, block)
        if settings.pods == "insecure":
            message = (
                "'pods insecure' answers for pods that do not exist, which matters only to those "
                "who trust such a name"
            )
            yield Finding("info", "kubernetes", settings.line, message, "or 'pods verified'")
        for option in plugin.all("endpoint"):
            if len(option.args) > 1:
                message = "of several API servers in 'endpoint' only the first is used"
                yield Finding("advice", "kubernetes", option.line, message, "name one")
        if not _forwards(block):
            continue
        for zone in settings.zones:
            if zone in ("in-addr.arpa.", "ip6.arpa.") and not settings.falls_through(zone):
                message = f"addresses outside the cluster have no name: 'kubernetes' keeps {zone}"
                remedy = f"add 'fallthrough {zone.rstrip('.')}'"
                yield Finding("advice", "kubernetes", settings.line, message, remedy)
        primary = settings.primary_zone
        if primary is not None and settings.falls_through(primary):
            message = "names of the cluster that do not exist are asked of the next plugin"
            remedy = "give 'fallthrough' the reverse zones only"
            yield Finding("info", "kubernetes", settings.line, message, remedy)


def _cluster_zone_cache(reading: Reading) -> Iterator[Finding]:
    zone = reading.cluster_zone
    cache = reading.cache(zone) if zone else None
    if zone is None or cache is None:
        return
    denied = reading.cached_seconds(zone, negative=True)
    if denied > LONGEST_DENIAL:
        message = f"a Service that is asked for before it exists stays unknown for {denied} s"
        yield Finding("advice", "cache", cache.line, message, "write 'cache 30'")
    if cache.serve_stale is not None and cache.keeps(zone):
        message = "'serve_stale' may give addresses of Services that are gone"
        remedy = f"add 'disable success {zone.rstrip('.') or zone}'"
        yield Finding("info", "cache", cache.line, message, remedy)


def _denials_of_upstreams(reading: Reading) -> Iterator[Finding]:
    cache = reading.cache(".")
    kept = reading.cached_seconds(".", negative=True)
    if cache is not None and kept > LONGEST_FOREIGN_DENIAL and reading.upstreams("."):
        message = f"a name outside that was denied once may stay unknown for {kept} s"
        yield Finding("advice", "cache", cache.line, message, "add 'denial 9984 30'")


def _transfers(reading: Reading) -> Iterator[Finding]:
    for _, plugin in reading.plugins():
        for option in plugin.options:
            # `to *` in the plugin "transfer", `transfer to *` in older ones
            words = (option.name, *option.args)
            words = words[1:] if words[0] == "transfer" else words
            if words[0:1] == ("to",) and "*" in words:
                message = "'to *' lets everybody list all names of the zone"
                remedy = "name the addresses that may"
                yield Finding("advice", plugin.name, option.line, message, remedy)


def _forwards(block: ServerBlock) -> bool:
    return block.has("forward") or block.has("proxy")
