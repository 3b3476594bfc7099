"""The series that the metrics of CoreDNS must have, by plugin: names and labels.

The same in 1.11.3, 1.12.1, 1.13.1, 1.14.7 and 1.15.0: plugin/metrics/vars, plugin/cache,
plugin/forward, plugin/pkg/proxy, plugin/health, plugin/reload, plugin/kubernetes, plugin/template.
Where a README differs from the source, the source counts: dns_request_duration_seconds never had
the label "type". kubernetes_rest_client_request_duration_seconds is left out: 1.14.7 and 1.15.0
register it and never fill it (seen with a real API server).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from clusterdns.inventory.metrics import Metrics

OLDEST = (1, 11, 3)  # before it forward's series had other names
# From the start; after any question; after one that makes use of the plugin in the usual way.
After = Literal["start", "question", "use"]
_ORDER: tuple[After, ...] = ("start", "question", "use")


@dataclass(frozen=True)
class Series:
    """One series of metrics: its name, its labels, and from when on it must be there."""

    plugin: str
    name: str
    labels: frozenset[str]
    after: After
    histogram: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of a series in the text format of metrics: a histogram has three."""
        parts = ("_bucket", "_sum", "_count") if self.histogram else ("",)
        return tuple(f"coredns_{self.name}{part}" for part in parts)

    def __str__(self) -> str:
        return f"{self.names[0]}{{{', '.join(sorted(self.labels))}}} of {self.plugin}"


def _series(plugin: str, after: After, histogram: bool = False, **names: str) -> Iterator[Series]:
    for name, labels in names.items():
        yield Series(plugin, name, frozenset(labels.split()), after, histogram)


_BLOCK = "server zone view"
_CACHE = "server zones view"
SERIES: tuple[Series, ...] = (
    *_series(
        "prometheus",
        "start",
        build_info="version revision goversion",
        panics_total="",
        plugin_enabled=f"{_BLOCK} name",
    ),
    *_series(
        "prometheus",
        "question",
        dns_requests_total=f"{_BLOCK} proto family type",
        dns_responses_total=f"{_BLOCK} rcode plugin",
    ),
    *_series(
        "prometheus",
        "question",
        histogram=True,
        dns_request_duration_seconds=_BLOCK,
        dns_request_size_bytes=f"{_BLOCK} proto",
        dns_response_size_bytes=f"{_BLOCK} proto",
    ),
    *_series("prometheus", "use", dns_do_requests_total=_BLOCK),
    *_series("cache", "question", cache_requests_total=_CACHE),
    *_series(
        "cache",
        "use",
        cache_misses_total=_CACHE,
        cache_hits_total=f"{_CACHE} type",
        cache_entries=f"{_CACHE} type",
    ),
    *_series(
        "forward",
        "start",
        forward_healthcheck_broken_total="",
        forward_max_concurrent_rejects_total="",
    ),
    *_series(
        "forward",
        "use",
        proxy_conn_cache_misses_total="proxy_name to proto",
        proxy_conn_cache_hits_total="proxy_name to proto",
    ),
    *_series(
        "forward", "use", histogram=True, proxy_request_duration_seconds="proxy_name to rcode"
    ),
    *_series("health", "start", health_request_failures_total=""),
    *_series("health", "start", histogram=True, health_request_duration_seconds=""),
    *_series("reload", "start", reload_failed_total=""),
    *_series("kubernetes", "start", kubernetes_rest_client_requests_total="code method host"),
    *_series("template", "use", template_matches_total=f"{_BLOCK} class type"),
)


def expected_series(plugins: Collection[str], after: After) -> tuple[Series, ...]:
    """The series of these plugins that must be there at this point at the latest."""
    reached = _ORDER[: _ORDER.index(after) + 1]
    return tuple(one for one in SERIES if one.plugin in plugins and one.after in reached)


def missing(metrics: Metrics, wanted: Collection[Series]) -> tuple[str, ...]:
    """The series that are not there, or are there without one of their labels."""
    labels: dict[str, set[str]] = {}
    for sample in metrics.samples:
        labels.setdefault(sample.name, set()).update(sample.labels)
    found = []
    for series in wanted:
        absent = [name for name in series.names if name not in labels]
        lacking = series.labels - labels.get(series.names[-1], set())
        if absent:
            found.append(f"{series}: no {', '.join(absent)}")
        elif lacking:
            found.append(f"{series}: without {', '.join(sorted(lacking))}")
    return tuple(found)
