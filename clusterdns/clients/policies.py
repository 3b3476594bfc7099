"""Each DNS policy's promise about resolv.conf, put to all client pods of a role.

Sources: kubernetes.io "DNS for Services and Pods"; pkg/kubelet/network/dns of Kubernetes 1.34.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from clusterdns.clients.client import Client
from clusterdns.clients.files import (
    NAMESERVERS,
    OPTIONS,
    SEARCH,
    WHOLE,
    Part,
    compare,
    file_cell,
    told_nameservers,
)
from clusterdns.clients.planned import Given, Role
from clusterdns.clients.pods import Clients, NoClientsError
from clusterdns.clients.search_order import Expectation
from clusterdns.matrix.evidence import Evidence
from clusterdns.resolvconf import ResolvConf

CLUSTER_OPTIONS = frozenset({"ndots:5"})  # defaultDNSOptions of pkg/kubelet/network/dns
Expected = Callable[[Client], ResolvConf]


@dataclass(frozen=True)
class PodFiles:
    """What checks ask about resolv.conf; every method raises NoClientsError."""

    clients: Clients
    node_local: Mapping[str, tuple[str, ...]]  # addresses of a node-local cache, by node

    def nameservers(self, role: Role) -> Evidence:
        """Only the cluster IPs of the DNS Service, or of a node-local cache."""
        ips = self.clients.testbed.workspace.inventory.cluster_ips

        def expected(client: Client) -> ResolvConf:
            local = self.node_local.get(client.node, ())
            return ResolvConf(told_nameservers(client.conf, ips, local))

        return self._compare(role, NAMESERVERS, expected)

    def search(self, role: Role) -> Evidence:
        """The three suffixes of the cluster, then those of the node."""
        return self._compare(role, SEARCH, lambda client: ResolvConf(search=self.wanted(client)))

    def options(self, role: Role) -> Evidence:
        """ndots:5 and nothing else."""
        return self._compare(role, OPTIONS, lambda _: ResolvConf(options=CLUSTER_OPTIONS))

    def same_as(self, role: Role, other: Role) -> Evidence:
        """The whole file of one role beside that of another on the same node."""
        others = self.clients.of(other)
        return self._compare(role, WHOLE, lambda client: others[client.node].conf)

    def no_loop(self, role: Role) -> Evidence:
        """Nameservers that are neither loopback addresses nor cluster DNS, at least one."""
        workspace = self.clients.testbed.workspace
        banned = {
            *workspace.inventory.cluster_ips,
            *(ip for ips in self.node_local.values() for ip in ips),
        }
        cells = []
        for client in self.clients.of(role).values():
            usable = [ns for ns in client.conf.nameservers if not is_loopback(ns)]
            wanted = " ".join(ns for ns in usable if ns not in banned)
            found = " ".join(client.conf.nameservers)
            expected = wanted or "a nameserver of the node that is no loopback address"
            cells.append(file_cell(self.clients, client, NAMESERVERS.name, expected, found))
        return Evidence(cells)

    def as_given(self) -> Evidence:
        """DnsPolicy None: what dnsConfig says and nothing else."""
        clients = self.clients.of(Role.NONE)
        given = self.clients.given(Role.NONE)
        return self._compare(Role.NONE, WHOLE, lambda client: given[client.node].alone(), clients)

    def with_config(self, role: Role, given: Given) -> Evidence:
        """ClusterFirst with a dnsConfig: its values behind the defaults, within the limits."""

        def expected(client: Client) -> ResolvConf:
            base = self.clients.testbed.resolv_confs[client.node]
            return given.after(replace(base, options=CLUSTER_OPTIONS))

        return self._compare(role, WHOLE, expected)

    def wanted(self, client: Client) -> tuple[str, ...]:
        """The search list that a client must have on its node."""
        of_node = self.clients.of(Role.DEFAULT).get(client.node)
        if of_node is None:
            raise NoClientsError(f"{client.node} has no pod with dnsPolicy Default to compare with")
        domain = self.clients.testbed.domain
        return Expectation(client.namespace, domain, of_node.conf.search).search

    def _compare(
        self,
        role: Role,
        part: Part,
        expected: Expected,
        clients: Mapping[str, Client] | None = None,
    ) -> Evidence:
        chosen = self.clients.of(role) if clients is None else clients
        return compare(self.clients, chosen.values(), part, expected)


def is_loopback(address: str) -> bool:
    """Whether an address leads back to the pod itself; what is no address does not."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False
