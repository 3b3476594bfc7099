"""Whom the cluster's own CoreDNS really asks, and whether its questions come back to it.

It is never entered: a pod with dnsPolicy Default on the same node has the resolv.conf that it
started with, and its metrics name every upstream that it has dealt with.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from urllib.parse import urlsplit

from clusterdns.corefile import Corefile, Reading
from clusterdns.experiments.context import ExperimentContext
from clusterdns.experiments.loops.multiplied import (
    RARE,
    RARER,
    Multiplied,
    confirmed,
    count_requests,
    scrape_all,
)
from clusterdns.experiments.node_resolvers import BesideReplicas
from clusterdns.inventory.inventory import COREFILE
from clusterdns.inventory.metrics import Metrics, NoMetricsError
from clusterdns.inventory.replica_pages import port_of
from clusterdns.matrix.question import Server
from clusterdns.own_coredns import NotPossibleError
from clusterdns.resolvconf import RESOLV_CONF, ResolvConf

# Every series that names an upstream: coredns_proxy_* since 1.11.0, coredns_forward_* before.
NAMING_UPSTREAMS = "coredns_(proxy|forward)_.*"
MULTIPLIES, COMES_BACK = attrgetter("loops"), attrgetter("came_back")
QUESTIONS = 6  # to each replica: upstreams are chosen at random


@dataclass(frozen=True)
class Replica:
    """One replica: what it is told to ask, and whom its metrics name."""

    name: str
    address: str
    node: str
    told: frozenset[str]  # addresses, by the Corefile and the node's resolv.conf
    seen: frozenset[str] | None  # addresses in its metrics; None: it serves no metrics

    @property
    def upstreams(self) -> frozenset[str]:
        """All addresses that it asks or may ask."""
        return self.told | (self.seen or frozenset())


@dataclass(frozen=True, repr=False)
class Upstreams:
    """All replicas, and how often they counted questions that should leave the cluster."""

    replicas: tuple[Replica, ...]
    own: Mapping[str, str]  # addresses that are the DNS itself, and what they are
    multiplied: Multiplied | None  # questions put to the replicas; None: no metrics to count with
    returned: Mapping[str, Multiplied]  # questions put straight to each upstream, seen by replicas
    no_metrics: str = ""
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        lines = [
            f"{r.name} on {r.node}: told to ask {', '.join(sorted(r.told)) or 'nobody'}; by its"
            f" metrics {'unknown' if r.seen is None else ', '.join(sorted(r.seen)) or 'nobody'}"
            for r in self.replicas
        ]
        counted = [str(m) for m in (self.multiplied, *self.returned.values()) if m is not None]
        return "\n  ".join(["upstreams of the replicas", *lines, *counted])

    @property
    def all(self) -> frozenset[str]:
        """Every upstream of any replica."""
        return frozenset().union(*(replica.upstreams for replica in self.replicas))

    @property
    def loopback(self) -> dict[str, list[str]]:
        """Replicas that ask an address of loopback: themselves."""
        return {
            r.name: found for r in self.replicas if (found := sorted(filter(is_self, r.upstreams)))
        }

    @property
    def itself(self) -> dict[str, list[str]]:
        """Replicas that ask the DNS Service or a replica, and which."""
        return {
            r.name: found
            for r in self.replicas
            if (found := [f"{a} ({self.own[a]})" for a in sorted(r.upstreams) if a in self.own])
        }

    @property
    def unexpected(self) -> dict[str, list[str]]:
        """Upstreams that the metrics name although neither Corefile nor resolv.conf does."""
        return {
            r.name: found
            for r in self.replicas
            if (found := sorted((r.seen or frozenset()) - r.told))
        }

    @property
    def coming_back(self) -> dict[str, str]:
        """Upstreams that hand what they are asked to the cluster's own DNS."""
        return {upstream: str(m) for upstream, m in self.returned.items() if m.came_back}


def is_self(address: str) -> bool:
    """Whether this is an address of loopback, or the unspecified one, which means the same."""
    parsed = ipaddress.ip_address(address)
    return parsed.is_loopback or parsed.is_unspecified


class UpstreamsExperiment(BesideReplicas[Upstreams]):
    """Whom the cluster's own CoreDNS asks, and whether its questions come back to it.

    Looks at every replica, and puts questions to it and to its upstreams.
    """

    name = "upstreams"

    def conduct(self, context: ExperimentContext) -> Upstreams:
        """Read, ask and count.

        Raises NotPossibleError when there is no replica to look at, NotReadableError when the
        Corefile, which says whom it asks, may not be read.
        """
        inventory = self.setup.workspace.inventory
        if not inventory.replicas:
            raise NotPossibleError("no replica of the cluster's DNS runs")
        inventory.must_know(COREFILE)
        confs = self.resolvers.confs()
        context.note("resolv.conf of the nodes read")
        addresses = {server.name: server.address for server in reversed(inventory.replicas)}
        servers = [s for s in inventory.replicas if addresses[s.name] == s.address]
        own = {s.address: s.name for s in (*inventory.services, *inventory.replicas)}
        told = {s.name: told_upstreams(inventory.corefile, confs[s.node]) for s in servers}
        port = port_of(inventory, "/metrics")
        multiplied, no_metrics, seen = None, "", dict[str, frozenset[str] | None]()
        returned: dict[str, Multiplied] = {}
        try:
            outside = frozenset().union(*told.values())
            multiplied, returned = self._ask(context, servers, outside, port)
            seen = {n: upstreams_in(m) for n, m in scrape_all(context, addresses, port).items()}
        except NoMetricsError as error:
            no_metrics = str(error)
        context.note("questions put to the replicas and their upstreams, and counted")
        replicas = tuple(
            Replica(
                server.name,
                server.address,
                server.node,
                told[server.name],
                seen.get(server.name),
            )
            for server in servers
        )
        return Upstreams(
            replicas=replicas,
            own=own,
            multiplied=multiplied,
            returned=returned,
            no_metrics=no_metrics,
            notes=tuple(context.notes),
        )

    def _ask(
        self,
        context: ExperimentContext,
        servers: Sequence[Server],
        told: frozenset[str],
        port: int,
    ) -> tuple[Multiplied, dict[str, Multiplied]]:
        """Questions to the replicas and, at the same time, others straight to each upstream.

        An upstream that hands them on to the replicas shows in their counters, whatever it
        answers in the end. Raises NoMetricsError.
        """
        counters = {server.name: server.address for server in servers}
        hops = sorted(address for address in told if not is_self(address))

        def put_to(asked: Sequence[Server], rdtype: str) -> Multiplied:
            return count_requests(context, asked, counters, QUESTIONS, rdtype, port)

        with ThreadPoolExecutor(max_workers=2) as pool:
            to_replicas = pool.submit(confirmed, partial(put_to, servers, RARE), MULTIPLIES)
            # One upstream after the other: the counters do not tell them apart.
            found = {
                server.address: confirmed(partial(put_to, [server], RARER), COMES_BACK)
                for server in (Server(f"upstream/{address}", address) for address in hops)
            }
            return to_replicas.result(), found


def told_upstreams(corefile: object, conf: ResolvConf) -> frozenset[str]:
    """The addresses that every ``forward`` of a Corefile names, by itself or by resolv.conf."""
    if not isinstance(corefile, Corefile):
        return frozenset(filter(None, map(address_of, conf.nameservers)))
    found: set[str] = set()
    for forward in Reading(corefile).forwards():
        found |= set(filter(None, map(address_of, forward.addresses)))
        if RESOLV_CONF in forward.files:
            found |= set(filter(None, map(address_of, conf.nameservers)))
    return frozenset(found)


def upstreams_in(metrics: Metrics) -> frozenset[str]:
    """The addresses of upstreams that appear in the metrics of a replica."""
    values = metrics.label_values(NAMING_UPSTREAMS, "to")
    return frozenset(filter(None, map(address_of, values)))


def address_of(upstream: str) -> str:
    """The IP address in "10.0.0.1:53", "tls://[2001:db8::1]:853" or "fe80::1%eth0"; or ""."""
    text = upstream if "://" in upstream else f"dns://{upstream}"
    try:
        return str(ipaddress.ip_address(upstream.partition("%")[0]))
    except ValueError:
        host = urlsplit(re.sub(r"%[^]:/]*", "", text)).hostname or ""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return ""
