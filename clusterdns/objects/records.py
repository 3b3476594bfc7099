"""The Services whose records the read-only checks compare, as data; made in one go."""

import hashlib
import ipaddress
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest
from clusterdns.names import address_type
from clusterdns.objects.canary import plan_canary
from clusterdns.objects.edge_cases import WEB, EdgeCases, plan_edge_cases
from clusterdns.objects.made import HandsOut, Place, as_made, refusals
from clusterdns.objects.service import Endpoint, Port, Service
from clusterdns.run.identity import RunId
from clusterdns.run.plan import PLACES, PlannedObject, declare
from clusterdns.testbed import manifests
from clusterdns.testbed.testbed import Workspace

LARGEST_SLICE = 400  # endpoints; the API allows 1,000
DIGIT_FIRST = "1st"

WEB_PORTS = (Port("http", 80, "TCP", 8080), Port("dns", 53, "UDP", 5353), Port("dns-tcp", 53))
PEERS_PORTS = (Port("client", 2379), Port("metrics", 9100))
# Addresses that nobody has: for benchmarks (RFC 2544) and for documentation (RFC 3849).
NOBODY = ipaddress.IPv4Network("198.18.0.0/15")
NOBODY6 = ipaddress.IPv6Network("2001:db8::/32")


@dataclass(frozen=True)
class Records(HandsOut):
    """The Services of a run; every value that a check compares comes from here.

    A Service that the API server refused raises NotMadeError where a check asks for it.
    """

    web: Service  # a cluster IP and named ports, port and target port differ
    plain: Service  # a cluster IP and one port without a name
    peers: Service  # headless: ready, not ready, with and without hostname, IPv4 and IPv6
    empty: Service  # headless, no endpoint is ready
    alias: Service  # ExternalName to a name outside the cluster
    hundred_addresses: Service  # headless, 100 endpoints: more than one datagram holds
    thousand_addresses: Service  # headless, 1,000 endpoints in several slices
    edge_cases: EdgeCases  # at the edges of what the API allows
    canary: Service  # made last: who knows it knows them all

    @property
    def with_cluster_ip(self) -> tuple[Service, ...]:
        """All Services that have a cluster IP."""
        return (self.web, self.plain, *self.edge_cases.with_cluster_ip)

    @property
    def all_headless(self) -> tuple[Service, ...]:
        """All headless Services with ready endpoints, but for those with very many."""
        return (self.peers, *self.edge_cases.all_headless)

    @property
    def aliases(self) -> tuple[Service, ...]:
        """All Services of type ExternalName."""
        return (self.alias, *self.edge_cases.aliases)


def make_records(workspace: Workspace, domain: str) -> Records:
    """Make the Services and EndpointSlices, and read back the addresses they were given.

    What the API server refuses is noted, and costs only the checks that ask for it.
    """
    place = (workspace.namespace, domain)
    web = Service("web", *place, ports=WEB_PORTS)
    plain = Service("plain", *place, ports=(Port("", 8443),))
    peers = Service("peers", *place, ports=PEERS_PORTS, endpoints=peer_endpoints(workspace.run))
    unready = tuple(e for e in peers.endpoints if not e.is_ready)
    empty = Service("empty", *place, ports=PEERS_PORTS[:1], endpoints=unready)
    alias = Service("alias", *place, external_name="target.example.test")
    hundred_addresses = Service(
        "hundred-addresses", *place, ports=PEERS_PORTS[:1], endpoints=many(100)
    )
    thousand_addresses = Service(
        "thousand-addresses", *place, ports=PEERS_PORTS[:1], endpoints=many(1000)
    )
    edge_cases = plan_edge_cases(workspace.run, place[0], workspace.second_namespace, domain)
    plain_ones = (web, plain, peers, empty, alias, hundred_addresses, thousand_addresses)
    given, refused = make_services(workspace, (*plain_ones, *edge_cases.all))
    known = {s.name.replace("-", "_"): as_made(s, given, refused) for s in plain_ones}
    canary = make_canary(workspace, "canary", domain)
    return Records(**known, edge_cases=edge_cases.given(given, refused), canary=canary)


def make_services(
    workspace: Workspace, wanted: Sequence[Service]
) -> tuple[dict[Place, tuple[str, ...]], dict[Place, str]]:
    """Make Services and their slices: the cluster IPs they were given, and why some are not there.

    Both by namespace and name.
    """
    planned = [manifest(workspace, service) for service in wanted]
    made = workspace.cluster.try_all(planned)
    refused = refusals(planned, made)
    there = [service for service in wanted if (service.namespace, service.name) not in refused]
    pieces = [piece for service in there for piece in endpoint_slices(workspace, service)]
    refused |= refusals(pieces, workspace.cluster.try_all(pieces))
    given = {
        (each["metadata"]["namespace"], each["metadata"]["name"]): cluster_ips_of(each)
        for each in made
        if not isinstance(each, ApiException)
    }
    return given, refused


def make_canary(workspace: Workspace, name: str, domain: str) -> Service:
    """Make the canary, a Service that a server knows only after all that was made before.

    Where slices are refused there is none to wait for, so one with a cluster IP does as well.
    Its ``refused`` says when there is none at all.
    """
    canary = plan_canary(workspace.run, name, workspace.namespace, domain)
    place = (canary.namespace, canary.name)
    given, refused = make_services(workspace, [canary])
    if place in refused:
        canary = replace(canary, name=f"{name}-2", endpoints=())
        given, refused = make_services(workspace, [canary])
    return as_made(canary, given, refused)


def make_digit_first(workspace: Workspace, domain: str) -> Service:
    """Make a Service whose name begins with a digit.

    Raises kubernetes.client.ApiException where the API server takes no such name.
    """
    service = Service(DIGIT_FIRST, workspace.namespace, domain, ports=(WEB,))
    (made,) = workspace.cluster.create_all([manifest(workspace, service)])
    return replace(service, cluster_ips=cluster_ips_of(made))


def peer_endpoints(run: RunId) -> tuple[Endpoint, ...]:
    """Endpoints of every kind: ready, not ready, not said; with, without and with one hostname.

    Their addresses are drawn from the run's name: PTR records lead back to all Services that have
    an address, so two runs at once must not have the same.
    """
    drawn = int.from_bytes(hashlib.sha256(run.text.encode()).digest()[:4])
    alpha, beta, gamma, delta = (str(NOBODY[2048 + 4 * (drawn % 30000) + n]) for n in range(4))
    return (
        Endpoint(alpha, "alpha"),
        Endpoint(beta, "beta", ready=None),
        Endpoint(gamma, "gamma", ready=False),
        Endpoint(delta),
        Endpoint(str(NOBODY6[drawn * 2**16 + 1]), "alpha"),
    )


def many(count: int) -> tuple[Endpoint, ...]:
    """A list of so many ready endpoints without hostnames."""
    return tuple(Endpoint(str(a)) for a in itertools.islice(NOBODY.hosts(), count))


def existing(cluster: Cluster, name: str, namespace: str, domain: str) -> Service:
    """A Service that is there already, with its cluster IPs and ports. Raises NotFoundError."""
    found = cluster.get("Service", name, namespace)
    ports = tuple(
        Port(p.get("name", ""), p["port"], p.get("protocol", "TCP")) for p in found["spec"]["ports"]
    )
    return Service(name, namespace, domain, cluster_ips_of(found), ports)


def cluster_ips_of(service: Manifest) -> tuple[str, ...]:
    """The cluster IPs of a Service; empty when it is headless or an alias."""
    ips: list[str] = service["spec"].get("clusterIPs") or []
    return tuple(ip for ip in ips if ip != "None")


def manifest(workspace: Workspace, service: Service) -> Manifest:
    """The manifest of a Service: ExternalName, headless when it has endpoints, else ClusterIP."""
    ports = [
        {
            **({"name": port.name} if port.name else {}),
            "port": port.number,
            "protocol": port.protocol,
            "targetPort": port.target or port.number,
        }
        for port in service.ports
    ]
    if service.external_name:
        spec: Manifest = {"type": "ExternalName", "externalName": service.external_name}
    elif service.endpoints:
        spec = {"clusterIP": "None", "ports": ports}
    else:
        policy = "SingleStack" if service.single_stack else "PreferDualStack"
        spec = {"ports": ports, "ipFamilyPolicy": policy}
        spec |= {"type": "NodePort"} if service.node_ports else {}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": manifests.metadata(workspace.run, service.name, service.namespace),
        "spec": spec,
    }


def endpoint_slices(workspace: Workspace, service: Service) -> list[Manifest]:
    """The hand-written slices of a headless Service: by IP family and part, 400 in each."""
    found = []
    for family in (4, 6):
        endpoints = of_family(service.endpoints, family)
        for part in sorted({e.part for e in endpoints}):
            found += in_parts([e for e in endpoints if e.part == part], LARGEST_SLICE)
    numbered = enumerate(found)
    return [endpoint_slice(workspace, service, number, part) for number, part in numbered]


def endpoint_slice(
    workspace: Workspace, service: Service, number: int, endpoints: list[Endpoint]
) -> Manifest:
    """One slice of endpoints of one family."""
    name = f"{service.name}-{number}"
    family = {"A": 4, "AAAA": 6}[address_type(endpoints[0].address)]
    owner = {"kubernetes.io/service-name": service.name}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": manifests.metadata(workspace.run, name, service.namespace, **owner),
        "addressType": f"IPv{family}",
        "ports": [
            {"name": p.name, "port": p.target or p.number, "protocol": p.protocol}
            for p in service.ports
        ],
        "endpoints": [
            {
                "addresses": [endpoint.address],
                "conditions": conditions(endpoint),
                **({"hostname": endpoint.hostname} if endpoint.hostname else {}),
            }
            for endpoint in endpoints
        ],
    }


def conditions(endpoint: Endpoint) -> Manifest:
    """The conditions of an endpoint as a slice has them."""
    said: Manifest = {} if endpoint.ready is None else {"ready": endpoint.ready}
    return said | ({"serving": True, "terminating": True} if endpoint.terminating else {})


def in_parts(endpoints: list[Endpoint], size: int) -> list[list[Endpoint]]:
    """The endpoints in lists of at most so many."""
    return [endpoints[at : at + size] for at in range(0, len(endpoints), size)]


def of_family(endpoints: Iterable[Endpoint], family: int) -> list[Endpoint]:
    """The endpoints of one IP family."""
    wanted = {4: "A", 6: "AAAA"}[family]
    return [e for e in endpoints if address_type(e.address) == wanted]


_SLICES = ("discovery.k8s.io", "EndpointSlice", PLACES.main)
declare(
    PlannedObject(
        "", "Service", PLACES.main, "(some 30 Services)", verbs=("create",), why="records"
    ),
    PlannedObject(
        "", "Service", PLACES.second, "many", verbs=("create",), why="of another namespace"
    ),
    PlannedObject(*_SLICES, "(those of the headless ones)", ("create",), "records"),
    wanted_by=["records"],
)
declare(
    PlannedObject(
        "", "Service", PLACES.main, DIGIT_FIRST, verbs=("create",), why="a name of RFC 1123"
    ),
    wanted_by=["digit_first"],
)
declare(
    PlannedObject(
        "", "Service", "default", "kubernetes", verbs=("get",), why="every cluster has it"
    ),
    wanted_by=["kubernetes"],
)
