"""The HTTP pages of the replicas, fetched from every node at once."""

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from clusterdns.corefile import Corefile, Reading
from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.metrics import Metrics, NoMetricsError
from clusterdns.inventory.series import Series, missing
from clusterdns.inventory.web import Page, get_all
from clusterdns.matrix.question import Server
from clusterdns.probe import Probe

# Path: the plugin that serves it, and its port where the Corefile does not say.
SERVED_BY = {
    "/health": ("health", 8080),
    "/ready": ("ready", 8181),
    "/metrics": ("prometheus", 9153),
}


@dataclass(frozen=True)
class Fetched:
    """One page of one replica as seen from one node."""

    node: str
    replica: Server
    path: str
    page: Page

    def __str__(self) -> str:
        return f"{self.node} > {self.replica.name}: {self.page}"


@dataclass(frozen=True)
class Pages:
    """Every page of every replica from every node."""

    fetched: tuple[Fetched, ...]

    def at(self, path: str) -> list[Fetched]:
        """All views of one path."""
        return [one for one in self.fetched if one.path == path]


def fetch_pages(probes: Mapping[str, Probe], inventory: Inventory) -> Pages:
    """GET health, ready and metrics of each replica from each node (``probes``), side by side."""
    wanted = [
        (replica, path, port_of(inventory, path))
        for replica in inventory.replicas
        for path in SERVED_BY
    ]
    addresses = [(replica.address, port, path) for replica, path, port in wanted]
    with ThreadPoolExecutor(max_workers=max(1, len(probes))) as pool:
        views = pool.map(lambda probe: get_all(probe, addresses), probes.values())
        return Pages(
            tuple(
                Fetched(node, replica, path, page)
                for node, pages in zip(probes, views, strict=True)
                for (replica, path, _), page in zip(wanted, pages, strict=True)
            )
        )


def port_of(inventory: Inventory, path: str) -> int:
    """The port of a page: as the Corefile says, else the usual one."""
    plugin, usual = SERVED_BY[path]
    corefile = inventory.corefile
    listeners = Reading(corefile).listeners(plugin) if isinstance(corefile, Corefile) else ()
    ports = [listener.rpartition(":")[2] for listener in listeners]
    return next((int(port) for port in ports if port.isdigit()), usual)


def build_version(one: Fetched) -> str:
    """The version in coredns_build_info, such as 1.12.1; empty when the page has none."""
    samples = Metrics.parse(one.page.body).samples if one.page.status == 200 else ()
    versions = [s.labels.get("version", "") for s in samples if s.name == "coredns_build_info"]
    return versions[0] if versions else ""


def values_of(pages: Iterable[Fetched], metric: str) -> dict[str, float | str]:
    """The sum of a metric on each page, by replica; for a page that did not come what came."""
    return {str(one.replica): _value_of(one, metric) for one in pages}


def _value_of(one: Fetched, metric: str) -> float | str:
    if one.page.status != 200:
        return str(one.page)
    return sum(s.value for s in Metrics.parse(one.page.body).samples if s.name == metric)


def missing_series(pages: Iterable[Fetched], wanted: Collection[Series]) -> dict[str, list[str]]:
    """The series that are not on a page, by replica; a page that is none lacks them all."""
    found: dict[str, list[str]] = {}
    for one in pages:
        try:
            metrics = Metrics.parse(one.page.body if one.page.status == 200 else "")
        except NoMetricsError:
            metrics = Metrics(())
        if lacking := missing(metrics, wanted):
            found[str(one.replica)] = list(lacking)
    return found


def metrics_of(
    probes: Mapping[str, Probe], servers: Iterable[Server], port: int
) -> tuple[Fetched, ...]:
    """The metrics of each of these servers from each node, side by side."""
    wanted = tuple(servers)
    with ThreadPoolExecutor(max_workers=max(1, len(probes))) as pool:
        views = pool.map(
            lambda probe: get_all(probe, [(s.address, port, "/metrics") for s in wanted]),
            probes.values(),
        )
        return tuple(
            Fetched(node, server, "/metrics", page)
            for node, pages in zip(probes, views, strict=True)
            for server, page in zip(wanted, pages, strict=True)
        )
