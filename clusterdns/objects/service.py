"""Services, ports and endpoints as the DNS specification sees them: values and their names."""

import ipaddress
from dataclasses import dataclass

from clusterdns.names import address_type


@dataclass(frozen=True)
class Port:
    """A Service port; unnamed when the name is empty."""

    name: str
    number: int
    protocol: str = "TCP"
    target: int | None = None  # the port of the pods, when it differs

    def __str__(self) -> str:
        return f"{self.name or 'unnamed'}-{self.protocol}".lower()


@dataclass(frozen=True)
class Endpoint:
    """One address of a headless Service."""

    address: str
    hostname: str = ""
    ready: bool | None = True  # None as in the API: not said, which counts as ready
    terminating: bool = False  # on its way out, and still serving
    part: int = 0  # which of the Service's EndpointSlices it is in

    @property
    def is_ready(self) -> bool:
        """Whether the specification (2.1) lets this endpoint be answered."""
        return self.ready is not False


@dataclass(frozen=True)
class Service:
    """Where a Service is in the cluster and in the zone."""

    name: str
    namespace: str
    zone: str  # the cluster domain, without a final dot
    cluster_ips: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()  # of a headless Service
    external_name: str = ""
    node_ports: bool = False  # of type NodePort
    single_stack: bool = False  # one cluster IP, also where there are two families
    refused: str = ""  # why the API server did not make it, or not all of it; mostly empty

    @property
    def fqdn(self) -> str:
        """The absolute name of the Service, final dot included."""
        return f"{self.name}.{self.namespace}.svc.{self.zone}."

    def below(self, label: str) -> str:
        """The absolute name of one label below the Service, such as an endpoint's hostname."""
        return f"{label}.{self.fqdn}"

    def endpoint(self, hostname: str, family: int = 4) -> str:
        """The address of the endpoint with this hostname in one IP family (4 or 6).

        Raises LookupError when no endpoint, or more than one, has it.
        """
        of_family = {"A": 4, "AAAA": 6}
        found = [
            e.address
            for e in self.endpoints
            if e.hostname == hostname and of_family[address_type(e.address)] == family
        ]
        if len(found) != 1:
            raise LookupError(f"{len(found)} endpoints of {self.fqdn} are called {hostname}")
        return found[0]

    @property
    def hostnames(self) -> tuple[str, ...]:
        """The hostnames of ready endpoints, each once, in order."""
        return tuple(dict.fromkeys(e.hostname for e in self.endpoints if e.is_ready and e.hostname))

    def at(self, hostname: str, family: int) -> frozenset[str]:
        """The addresses of all ready endpoints that share a hostname; family is 4 or 6."""
        found = {e.address for e in self.endpoints if e.is_ready and e.hostname == hostname}
        return frozenset(a for a in found if ipaddress.ip_address(a).version == family)

    def srv_targets(self, port: Port) -> frozenset[tuple[int, str]]:
        """Port and target of the SRV records of a named port, by the names that we gave.

        Of a headless Service the port of the slice at each hostname (2.4.2), of any other the
        Service's port at its own name (2.3.2).
        """
        if not self.endpoints:
            return frozenset({(port.number, self.fqdn)})
        number = port.target or port.number
        return frozenset((number, self.below(hostname)) for hostname in self.hostnames)

    def srv_name(self, port: Port) -> str:
        """The name that carries the SRV record of a port."""
        return f"_{port.name}._{port.protocol.lower()}.{self.fqdn}"

    @property
    def rdtype(self) -> str:
        """A type of which it has records: AAAA where it has IPv6 addresses alone, else A."""
        return "AAAA" if self.addresses(6) and not self.addresses(4) else "A"

    def addresses(self, family: int) -> frozenset[str]:
        """What an address question must be answered with; family is 4 or 6."""
        ready = (e.address for e in self.endpoints if e.is_ready)
        all_of_them = self.cluster_ips or tuple(ready)
        return frozenset(a for a in all_of_them if ipaddress.ip_address(a).version == family)
