"""Whom a change hits: conditions on the Corefile and the objects, each with its evidence."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clusterdns.cluster import Manifest
from clusterdns.corefile import Reading
from clusterdns.corefile.model import Plugin
from clusterdns.upgrade.starts import is_own_image

HOUR = 3600
MOST = 3  # objects that evidence names


@dataclass(frozen=True)
class Surroundings:
    """What conditions are held against.

    ``reading``: of the Corefile as it runs. ``services``, ``slices``: of all namespaces; None where
    they may not be listed, which a condition then says in place of its evidence.
    """

    reading: Reading
    image: str
    pod: Manifest
    container: Manifest
    services: Sequence[Manifest] | None = None
    slices: Sequence[Manifest] | None = None


def evidence_of(condition: str, around: Surroundings) -> str:
    """What fulfils a condition here, in words; empty: nothing does.

    Raises KeyError for a condition that is neither a plugin, an option, nor one of CONDITIONS.
    """
    if condition in CONDITIONS:
        return CONDITIONS[condition](around)
    name, _, option = condition.partition(".")
    option, _, value = option.partition(".")
    for _, plugin in around.reading.plugins(name):
        if not option:
            return _line(plugin)
        for one in plugin.all(option):
            if not value or value in one.args:
                return f"line {int(one.line)}: {' '.join([name, '{', one.name, *one.args])}"
    return ""


def _line(plugin: Plugin) -> str:
    return f"line {int(plugin.line)}: {' '.join([plugin.name, *plugin.args])}"


def _first(lines: Iterator[str]) -> str:
    return next(lines, "")


def external_names(around: Surroundings) -> str:
    """Services of type ExternalName."""
    if around.services is None:
        return "Services, which may not be listed"
    found = [s for s in around.services if s.get("spec", {}).get("type") == "ExternalName"]
    return _objects("service", found)


def _slices_with(around: Surroundings, holds: Callable[[Manifest], bool]) -> str:
    if around.slices is None:
        return "EndpointSlices, which may not be listed"
    found = [s for s in around.slices if any(map(holds, s.get("endpoints") or []))]
    return _objects("endpointslice", found)


def endpoints_without_hostname(around: Surroundings) -> str:
    """Endpoints of any Service without a hostname: nearly all pods behind Services."""
    return _slices_with(around, lambda endpoint: not endpoint.get("hostname"))


def open_ended(around: Surroundings) -> str:
    """IPv6 endpoints without a hostname whose address ends with ::."""
    return _slices_with(
        around,
        lambda endpoint: (
            not endpoint.get("hostname") and any(a.endswith("::") for a in endpoint["addresses"])
        ),
    )


def two_families(around: Surroundings) -> str:
    """A cluster whose Services have addresses of both families."""
    if around.services is None:
        return "Services, which may not be listed"
    found = [s for s in around.services if len(s.get("spec", {}).get("clusterIPs") or ()) > 1]
    return _objects("service", found)


def _objects(kind: str, found: Sequence[Manifest]) -> str:
    names = [f"{o['metadata'].get('namespace')}/{o['metadata']['name']}" for o in found]
    unique = list(dict.fromkeys(names))
    more = f" and {len(unique) - MOST} more" if len(unique) > MOST else ""
    return f"{kind} {', '.join(unique[:MOST])}{more}" if unique else ""


def long_cache(around: Surroundings) -> str:
    """A cap of the cache above an hour."""

    def found() -> Iterator[str]:
        for _, plugin in around.reading.plugins("cache"):
            caps = [w for w in plugin.args[:1] if w.isdigit()]
            for option in (*plugin.all("success"), *plugin.all("denial")):
                caps += [w for w in option.args[1:2] if w.isdigit()]
            if any(int(cap) > HOUR for cap in caps):
                yield _line(plugin)

    return _first(found())


def bufsize_alone(around: Surroundings) -> str:
    """The plugin bufsize without a number."""
    return _first(_line(p) for _, p in around.reading.plugins("bufsize") if not p.args)


def file_or_auto(around: Surroundings) -> str:
    """Zone files."""
    found = (p for _, p in around.reading.plugins() if p.name in ("file", "auto", "secondary"))
    return _first(map(_line, found))


def rewrite_or_acl(around: Surroundings) -> str:
    """A plugin that decides about questions in a block with a cache."""
    found = (
        p for b, p in around.reading.plugins() if p.name in ("rewrite", "acl") and b.has("cache")
    )
    return _first(map(_line, found))


def attempts_unsaid(around: Surroundings) -> str:
    """A forward that does not say how often it connects."""
    found = (
        p for _, p in around.reading.plugins("forward") if not p.option("max_connect_attempts")
    )
    return _first(map(_line, found))


def relative_paths(around: Surroundings) -> str:
    """Files of plugins by paths that do not begin at the root."""

    def found() -> Iterator[str]:
        for block, plugin in around.reading.plugins():
            if block.has("root"):
                continue
            words = plugin.args[:1] if plugin.name in ("file", "dnssec", "hosts", "tls") else ()
            for word in words:
                if re.fullmatch(r"[\w.-]+/[\w./-]+|[\w-]+\.(db|zone|hosts|conf|pem)", word):
                    yield _line(plugin)

    return _first(found())


def own_image(around: Surroundings) -> str:
    """The image of the project."""
    return f"image {around.image}" if is_own_image(around.image) else ""


def non_root(around: Surroundings) -> str:
    """A pod that must not run as root."""
    for what in (around.pod, around.container):
        if (what.get("securityContext") or {}).get("runAsNonRoot") is True:
            return "runAsNonRoot of the replicas"
    return ""


CONDITIONS: Mapping[str, Callable[[Surroundings], str]] = {
    "external-name-services": external_names,
    "endpoints-without-hostname": endpoints_without_hostname,
    "ipv6-endpoints-with-open-end": open_ended,
    "two-families": two_families,
    "cache-above-an-hour": long_cache,
    "bufsize-without-number": bufsize_alone,
    "file-or-auto": file_or_auto,
    "rewrite-or-acl": rewrite_or_acl,
    "forward-without-attempts": attempts_unsaid,
    "relative-paths": relative_paths,
    "own-image": own_image,
    "run-as-non-root": non_root,
}
