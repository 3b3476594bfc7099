"""The Services whose records the read-only checks compare, as data; made in one go."""

import hashlib
import ipaddress
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace

from clusterdns.cluster import Cluster, Manifest
from clusterdns.objects import manifests
from clusterdns.objects.canary import plan_canary
from clusterdns.objects.service import Endpoint, Port, Service, address_type
from clusterdns.objects.variety import WEB, Variety, plan_variety
from clusterdns.run.identity import RunId
from clusterdns.run.plan import PLACES, PlannedObject, declare
from clusterdns.site import Workspace

LARGEST_SLICE = 400  # endpoints; the API allows 1,000
DIGIT_FIRST = "1st"

WEB_PORTS = (Port("http", 80, "TCP", 8080), Port("dns", 53, "UDP", 5353), Port("dns-tcp", 53))
PEERS_PORTS = (Port("client", 2379), Port("metrics", 9100))
# Addresses that nobody has: for benchmarks (RFC 2544) and for documentation (RFC 3849).
NOBODY = ipaddress.IPv4Network("198.18.0.0/15")
NOBODY6 = ipaddress.IPv6Network("2001:db8::/32")


@dataclass(frozen=True)
class Records:
    """The Services of a run; every value that a check compares comes from here."""

    web: Service  # a cluster IP and named ports, port and target port differ
    plain: Service  # a cluster IP and one port without a name
    peers: Service  # headless: ready, not ready, with and without hostname, IPv4 and IPv6
    empty: Service  # headless, no endpoint is ready
    alias: Service  # ExternalName to a name outside the cluster
    crowd: Service  # headless, 100 endpoints: more than one datagram holds
    throng: Service  # headless, 1,000 endpoints in several slices
    variety: Variety  # at the edges of what the API allows
    canary: Service  # made last: who knows it knows them all

    @property
    def with_cluster_ip(self) -> tuple[Service, ...]:
        """All Services that have a cluster IP."""
        return (self.web, self.plain, *self.variety.with_cluster_ip)

    @property
    def headless(self) -> tuple[Service, ...]:
        """All headless Services with ready endpoints, but for those with very many."""
        return (self.peers, *self.variety.headless)

    @property
    def aliases(self) -> tuple[Service, ...]:
        """All Services of type ExternalName."""
        return (self.alias, *self.variety.aliases)


def make_records(workspace: Workspace, domain: str) -> Records:
    """Make the Services and EndpointSlices, and read back the addresses they were given.

    Raises kubernetes.client.ApiException when the API server refuses one.
    """
    place = (workspace.namespace, domain)
    web = Service("web", *place, ports=WEB_PORTS)
    plain = Service("plain", *place, ports=(Port("", 8443),))
    peers = Service("peers", *place, ports=PEERS_PORTS, endpoints=peer_endpoints(workspace.run))
    unready = tuple(e for e in peers.endpoints if not e.is_ready)
    empty = Service("empty", *place, ports=PEERS_PORTS[:1], endpoints=unready)
    alias = Service("alias", *place, external_name="target.example.test")
    crowd = Service("crowd", *place, ports=PEERS_PORTS[:1], endpoints=many(100))
    throng = Service("throng", *place, ports=PEERS_PORTS[:1], endpoints=many(1000))
    variety = plan_variety(workspace.run, place[0], workspace.second_namespace, domain)
    wanted = (web, plain, peers, empty, alias, crowd, throng, *variety.all)
    made = workspace.cluster.create_all(manifest(workspace, service) for service in wanted)
    workspace.cluster.create_all(
        piece for service in wanted for piece in endpoint_slices(workspace, service)
    )
    given = {(m["metadata"]["namespace"], m["metadata"]["name"]): cluster_ips_of(m) for m in made}
    return Records(
        web=replace(web, cluster_ips=given[web.namespace, web.name]),
        plain=replace(plain, cluster_ips=given[plain.namespace, plain.name]),
        peers=peers,
        empty=empty,
        alias=alias,
        crowd=crowd,
        throng=throng,
        variety=variety.given(given),
        canary=make_canary(workspace, "canary", domain),
    )


def make_canary(workspace: Workspace, name: str, domain: str) -> Service:
    """Make a Service that is known to nobody who does not know all that was made before.

    Raises kubernetes.client.ApiException when the API server refuses it.
    """
    canary = plan_canary(workspace.run, name, workspace.namespace, domain)
    workspace.cluster.create_all([manifest(workspace, canary)])
    workspace.cluster.create_all(endpoint_slices(workspace, canary))
    return canary


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
    """So many ready endpoints without hostnames."""
    return tuple(Endpoint(str(a)) for a in itertools.islice(NOBODY.hosts(), count))


def existing(cluster: Cluster, name: str, namespace: str, domain: str) -> Service:
    """A Service that is there already, with its cluster IPs and ports. Raises NotThere."""
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


_OWN = ("create", "get", "list", "delete")
declare(
    PlannedObject("", "Service", PLACES.main, "(some 30 Services)", _OWN, "records"),
    PlannedObject("", "Service", PLACES.second, "many", _OWN, "records of another namespace"),
    PlannedObject(
        "discovery.k8s.io",
        "EndpointSlice",
        PLACES.main,
        "(those of the headless ones)",
        _OWN,
        "records",
    ),
)
