"""Services at the edges of what the API allows, as data: each is there for a rule of its own."""

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, fields

from clusterdns.objects.made import HandsOut, Place, as_made, made
from clusterdns.objects.service import Endpoint, Port, Service
from clusterdns.run.identity import RunId

# For future use (RFC 1112 4) and for documentation (RFC 3849): nobody has these addresses.
RESERVED = ipaddress.IPv4Network("240.0.0.0/4")
DOCUMENTATION = ipaddress.IPv6Network("2001:db8::/32")

WEB = Port("http", 80, "TCP", 8080)
MANY_PORTS = (
    WEB,
    Port("dns", 53, "UDP", 5353),
    Port("dns-tcp", 53, "TCP", 5353),
    Port("assoc", 3868, "SCTP"),
)
LIMIT_PORTS = (Port("fifteen-letters", 65535, "TCP", 1), Port("p", 1, "UDP", 65535))
HEADLESS_PORTS = (Port("client", 2379, "TCP", 12379), Port("peer", 2380), Port("feed", 123, "UDP"))
PLAIN_PORT = (Port("client", 2379),)
UNNAMED = (Port("", 5432),)
LONGEST_LABEL = 63  # octets (RFC 1035 2.3.4)
LONGEST_TARGET = ".".join(("t" * 63, "a" * 63, "r" * 63, "g" * 48, "example", "test"))  # 253


@dataclass(frozen=True)
class Drawn:
    """Addresses that no other run has: drawn from the run's name."""

    run: RunId

    def ipv4(self, number: int) -> str:
        """One of 128 IPv4 addresses."""
        return str(RESERVED[self._block % 2**20 * 128 + number])

    def ipv6(self, number: int) -> str:
        """One of many IPv6 addresses."""
        return str(DOCUMENTATION[self._block * 2**16 + 256 + number])

    @property
    def _block(self) -> int:
        return int.from_bytes(hashlib.sha256(self.run.text.encode()).digest()[4:8])


@dataclass(frozen=True)
class EdgeCases(HandsOut):
    """The Services; every value that a check compares comes from here."""

    node_port: Service  # of type NodePort
    single: Service  # one IP family, whatever the cluster has
    many: Service  # TCP, UDP and SCTP ports
    longest: Service  # a name of 63 letters, port names of 15 and 1
    headless: Service  # headless: hostnames, two slices of each family, three ports
    shared_hostname: Service  # headless: a hostname that several endpoints share
    split: Service  # headless: the same addresses in two slices
    leaving: Service  # headless: endpoints that terminate
    six: Service  # headless: IPv6 endpoints only
    portless: Service  # headless, without any port
    unnamed: Service  # headless, its port has no name
    deepest: Service  # headless: name and hostname of 63 letters each
    elsewhere: Service  # headless: an address that is not ready in headless is ready here
    inside: Service  # ExternalName to a Service with a cluster IP
    chained: Service  # ExternalName to inside
    alias_of_headless: Service  # ExternalName to a headless Service
    dotted: Service  # ExternalName with a final dot
    dangling: Service  # ExternalName to a Service that is not there
    circle: Service  # ExternalName to round, which leads back
    round: Service
    endless: Service  # ExternalName of 253 letters
    called_svc: Service  # named as the schema names its own labels, or as other Services
    called_pod: Service
    called_default: Service
    namesake: Service | None  # of the same name as another, in the second namespace

    @property
    def all(self) -> tuple[Service, ...]:
        """Every Service that was planned, made or refused."""
        found = (object.__getattribute__(self, field.name) for field in fields(self))
        return tuple(service for service in found if service is not None)

    @property
    def with_cluster_ip(self) -> tuple[Service, ...]:
        """The Services that have a cluster IP, whatever else they are. Raises NotMadeError."""
        return made(s for s in self.all if not s.endpoints and not s.external_name)

    @property
    def all_headless(self) -> tuple[Service, ...]:
        """The headless Services, which have endpoints of their own. Raises NotMadeError."""
        return made(s for s in self.all if s.endpoints)

    @property
    def aliases(self) -> tuple[Service, ...]:
        """The Services of type ExternalName. Raises NotMadeError."""
        return made(s for s in self.all if s.external_name)

    def given(
        self, ips: Mapping[Place, tuple[str, ...]], refused: Mapping[Place, str] | None = None
    ) -> "EdgeCases":
        """A copy with the cluster IPs that the API gave, or its refusals, by namespace and name."""
        planned = {field.name: object.__getattribute__(self, field.name) for field in fields(self)}
        return EdgeCases(
            **{
                name: service and as_made(service, ips, refused or {})
                for name, service in planned.items()
            }
        )


def plan_edge_cases(run: RunId, namespace: str, second: str | None, domain: str) -> EdgeCases:
    """All of them, before they are made."""
    place, drawn = (namespace, domain), Drawn(run)
    headless = Service(
        "headless", *place, ports=HEADLESS_PORTS, endpoints=headless_endpoints(drawn)
    )
    inside = Service("inside", *place, external_name=f"many.{namespace}.svc.{domain}")

    def alias(name: str, target: Service) -> Service:
        return Service(name, *place, external_name=target.fqdn.rstrip("."))

    def with_endpoints(name: str, ports: tuple[Port, ...], *endpoints: Endpoint) -> Service:
        return Service(name, *place, ports=ports, endpoints=endpoints)

    four, six = drawn.ipv4, drawn.ipv6
    return EdgeCases(
        node_port=Service("node-port", *place, ports=MANY_PORTS[:2], node_ports=True),
        single=Service("single", *place, ports=(WEB,), single_stack=True),
        many=Service("many", *place, ports=MANY_PORTS),
        longest=Service("w" * LONGEST_LABEL, *place, ports=LIMIT_PORTS),
        headless=headless,
        shared_hostname=with_endpoints(
            "shared-hostname", PLAIN_PORT, *shared_hostname_endpoints(drawn)
        ),
        split=with_endpoints(
            "split",
            PLAIN_PORT,
            *(Endpoint(four(n), part=part) for n in (30, 31) for part in (0, 1)),
            *(Endpoint(six(30), part=part) for part in (0, 1)),
            Endpoint(four(32), part=2),
        ),
        leaving=with_endpoints(
            "leaving",
            PLAIN_PORT,
            Endpoint(four(35), "stays"),
            Endpoint(four(36), "goes", ready=False, terminating=True),
            Endpoint(six(36), "goes", ready=False, terminating=True),
        ),
        six=with_endpoints("six", PLAIN_PORT, *(Endpoint(six(n), f"s{n}") for n in range(40, 44))),
        portless=with_endpoints(
            "portless", (), Endpoint(four(45), "mute"), Endpoint(six(45), "mute")
        ),
        unnamed=with_endpoints(
            "unnamed", UNNAMED, Endpoint(four(46), "odd"), Endpoint(six(46), "odd")
        ),
        deepest=with_endpoints(
            "d" * LONGEST_LABEL, LIMIT_PORTS, Endpoint(four(47), "h" * LONGEST_LABEL)
        ),
        elsewhere=with_endpoints("elsewhere", PLAIN_PORT, Endpoint(four(9), "here")),
        inside=inside,
        chained=alias("chained", inside),
        alias_of_headless=alias("alias-of-headless", headless),
        dotted=Service("dotted", *place, external_name="dotted.example.test."),
        dangling=alias("dangling", Service("no-such-service", *place)),
        circle=alias("circle", Service("round", *place)),
        round=alias("round", Service("circle", *place)),
        endless=Service("endless", *place, external_name=LONGEST_TARGET),
        called_svc=Service("svc", *place, ports=(WEB,)),
        called_pod=Service("pod", *place, ports=(WEB,)),
        called_default=Service("default", *place, ports=(WEB,)),
        namesake=Service("many", second, domain, ports=(WEB,)) if second else None,
    )


def headless_endpoints(drawn: Drawn) -> tuple[Endpoint, ...]:
    """Hostnames of their own in two slices of each family, and one that is not ready."""
    endpoints = [Endpoint(drawn.ipv4(n), f"host-{n}", part=n % 2) for n in range(6)]
    endpoints += [Endpoint(drawn.ipv6(n), f"host-{n}", part=n % 2) for n in range(4)]
    return (*endpoints, Endpoint(drawn.ipv4(9), "host-9", ready=False))


def shared_hostname_endpoints(drawn: Drawn) -> tuple[Endpoint, ...]:
    """Three IPv4 and two IPv6 addresses of one hostname, and one endpoint of another."""
    return (
        *(Endpoint(drawn.ipv4(n), "both", part=n % 2) for n in (20, 21, 22)),
        *(Endpoint(drawn.ipv6(n), "both") for n in (20, 21)),
        Endpoint(drawn.ipv4(23), "other"),
    )
