"""The Services whose records the read-only checks compare, as data; made in one go."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from clusterdns import manifests
from clusterdns.cluster import Cluster, Manifest
from clusterdns.run.plan import PLACES, PlannedObject, declare
from clusterdns.service import Endpoint, Port, Service, address_type
from clusterdns.site import Workspace

# Addresses for documentation (RFC 5737, RFC 3849): nobody is behind them.
ALPHA, BETA, GAMMA, DELTA = (f"192.0.2.{n}" for n in (11, 12, 13, 14))
ALPHA6 = "2001:db8::11"

WEB_PORTS = (Port("http", 80, "TCP", 8080), Port("dns", 53, "UDP", 5353), Port("dns-tcp", 53))
PEERS_PORTS = (Port("client", 2379), Port("metrics", 9100))
PEERS = (
    Endpoint(ALPHA, "alpha"),
    Endpoint(BETA, "beta", ready=None),
    Endpoint(GAMMA, "gamma", ready=False),
    Endpoint(DELTA),
    Endpoint(ALPHA6, "alpha"),
)


@dataclass(frozen=True)
class Records:
    """The Services of a run; every value that a check compares comes from here."""

    web: Service  # a cluster IP and named ports, port and target port differ
    plain: Service  # a cluster IP and one port without a name
    peers: Service  # headless: ready, not ready, with and without hostname, IPv4 and IPv6
    empty: Service  # headless, no endpoint is ready
    alias: Service  # ExternalName to a name outside the cluster


def make_records(workspace: Workspace, domain: str) -> Records:
    """Make the Services and EndpointSlices, and read back the addresses they were given.

    Raises kubernetes.client.ApiException when the API server refuses one.
    """
    place = (workspace.namespace, domain)
    web = Service("web", *place, ports=WEB_PORTS)
    plain = Service("plain", *place, ports=(Port("", 8443),))
    peers = Service("peers", *place, ports=PEERS_PORTS, endpoints=PEERS)
    empty = Service(
        "empty", *place, ports=PEERS_PORTS[:1], endpoints=(Endpoint(GAMMA, ready=False),)
    )
    alias = Service("alias", *place, external_name="target.example.test")
    wanted = (web, plain, peers, empty, alias)
    made = workspace.cluster.create_all(manifest(workspace, service) for service in wanted)
    workspace.cluster.create_all(
        endpoint_slice(workspace, service, family)
        for service in wanted
        for family in (4, 6)
        if of_family(service.endpoints, family)
    )
    with_ips = {m["metadata"]["name"]: cluster_ips_of(m) for m in made}
    return Records(
        web=replace(web, cluster_ips=with_ips["web"]),
        plain=replace(plain, cluster_ips=with_ips["plain"]),
        peers=peers,
        empty=empty,
        alias=alias,
    )


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
        spec = {"ports": ports, "ipFamilyPolicy": "PreferDualStack"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": manifests.metadata(workspace.run, service.name, service.namespace),
        "spec": spec,
    }


def endpoint_slice(workspace: Workspace, service: Service, family: int) -> Manifest:
    """The hand-written slice of a headless Service for one IP family (4 or 6)."""
    name = f"{service.name}-v{family}"
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
                "conditions": {} if endpoint.ready is None else {"ready": endpoint.ready},
                **({"hostname": endpoint.hostname} if endpoint.hostname else {}),
            }
            for endpoint in of_family(service.endpoints, family)
        ],
    }


def of_family(endpoints: Iterable[Endpoint], family: int) -> list[Endpoint]:
    """The endpoints of one IP family."""
    wanted = {4: "A", 6: "AAAA"}[family]
    return [e for e in endpoints if address_type(e.address) == wanted]


_OWN = ("create", "get", "list", "delete")
declare(
    PlannedObject("", "Service", PLACES.main, "web, plain, peers, empty, alias", _OWN, "records"),
    PlannedObject(
        "discovery.k8s.io", "EndpointSlice", PLACES.main, "peers-*, empty-*", _OWN, "records"
    ),
)
