"""The onlooker's questions, and what is right for each: read from objects, by code of its own.

Nothing here is shared with the suite's checks: one mistake must not blind both.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from clusterdns.cluster import Cluster, Manifest
from trials.faults.scene import Scene

NAMESPACE = "onlookers"
DOMAIN = "cluster.local"
SLICE_OF = "kubernetes.io/service-name"
MANY = 110  # addresses: more than fit in 1232 octets, and in a packet of 1500
CANARY = "canary"

Records = frozenset[tuple[str, str]]  # (type, data in lower case without the final dot)


@dataclass(frozen=True)
class Right:
    """What must be answered: an rcode and the records of the answer section.

    ``records`` is None where they do not count, only the rcode does.
    """

    rcode: str
    records: Records | None = frozenset()


NO_NAME, NO_DATA = Right("NXDOMAIN"), Right("NOERROR")


@dataclass(frozen=True)
class Question:
    """A name and a type. ``outside``: the upstream knows it, not the cluster."""

    name: str
    qtype: str
    outside: bool = False


def objects() -> list[Manifest]:
    """What is asked about; made once for a cluster, it stays until the end."""
    web = [{"name": "http", "port": 80, "protocol": "TCP"}]
    return [
        _service("web", {"ports": web}),
        _slice("web", ["203.0.113.5"]),
        _service("heads", {"clusterIP": "None", "ports": web}),
        _slice("heads", ["203.0.113.11", "203.0.113.12"], names=("one", "two")),
        _service("crowd", {"clusterIP": "None", "ports": web}),
        _slice("crowd", [f"203.0.113.{n}" for n in range(100, 100 + MANY)]),
        _service(
            "alias", {"type": "ExternalName", "externalName": f"web.{NAMESPACE}.svc.{DOMAIN}"}
        ),
    ]


def canary(which: str) -> Manifest:
    """A Service that is new at each look: who does not know it has an old view of the API."""
    return _service(f"{CANARY}-{which}", {"ports": [{"port": 80}]})


def answers_by_api(scene: Scene, gone: Sequence[str] = ()) -> Mapping[Question, Right]:
    """What is right now, by question. Raises ApiException.

    ``gone``: names of Services that were there at an earlier look.
    """
    api = scene.api
    right: dict[Question, Right] = {
        Question(f"dns-version.{DOMAIN}.", "TXT"): Right(
            "NOERROR", frozenset({("TXT", '"1.1.0"')})
        ),
        Question(f"nobody.{NAMESPACE}.svc.{DOMAIN}.", "A"): NO_NAME,
        Question(f"web.nowhere.svc.{DOMAIN}.", "A"): NO_NAME,
    }
    right |= {Question(f"{name}.{NAMESPACE}.svc.{DOMAIN}.", "A"): NO_NAME for name in gone}
    right |= dict(_of_service(api, "default", "kubernetes", ("A", "AAAA", "SRV", "PTR", "_https")))
    right |= dict(_of_service(api, NAMESPACE, "web", ("A", "AAAA", "SRV", "PTR", "_http")))
    for each in api.list("Service", NAMESPACE):
        if each["metadata"]["name"].startswith(CANARY):
            right |= dict(_of_service(api, NAMESPACE, each["metadata"]["name"], ("A",)))
    right |= _of_headless(api)
    alias = api.get("Service", "alias", NAMESPACE)["spec"]["externalName"]
    web = right[Question(_name("web"), "A")].records or frozenset()
    right[Question(_name("alias"), "A")] = Right("NOERROR", web | {("CNAME", alias)})
    return right | _of_nodes(api)


def _of_service(
    api: Cluster, namespace: str, name: str, types: Iterable[str]
) -> Iterable[tuple[Question, Right]]:
    """A Service with a cluster IP; ``_https`` among the types asks for that port over TCP."""
    spec = api.get("Service", name, namespace)["spec"]
    full = f"{name}.{namespace}.svc.{DOMAIN}"
    address = spec["clusterIP"]
    for qtype in types:
        if qtype == "A":
            yield Question(f"{full}.", "A"), Right("NOERROR", frozenset({("A", address)}))
        elif qtype == "AAAA":
            yield Question(f"{full}.", "AAAA"), NO_DATA
        elif qtype == "PTR":
            reverse = ip_address(address).reverse_pointer
            yield Question(f"{reverse}.", "PTR"), Right("NOERROR", frozenset({("PTR", full)}))
        else:
            ports = [p for p in spec["ports"] if qtype in ("SRV", f"_{p.get('name')}")]
            data = frozenset(("SRV", f"{p['port']} {full}") for p in ports)
            owner = full if qtype == "SRV" else f"{qtype}._tcp.{full}"
            yield Question(f"{owner}.", "SRV"), Right("NOERROR", data)


def _of_headless(api: Cluster) -> dict[Question, Right]:
    """The addresses, names and ports of endpoints."""
    right: dict[Question, Right] = {}
    for service in ("heads", "crowd"):
        full = f"{service}.{NAMESPACE}.svc.{DOMAIN}"
        addresses: set[str] = set()
        targets: set[tuple[str, str]] = set()
        for one in api.list("EndpointSlice", NAMESPACE, f"{SLICE_OF}={service}"):
            for endpoint in one.get("endpoints") or []:
                addresses |= set(endpoint["addresses"])
                if host := endpoint.get("hostname"):
                    owner = f"{host}.{full}"
                    targets |= {("SRV", f"{p['port']} {owner}") for p in one["ports"]}
                    for address in endpoint["addresses"]:
                        wanted = Right("NOERROR", frozenset({("A", address)}))
                        right[Question(f"{owner}.", "A")] = wanted
                        reverse = f"{ip_address(address).reverse_pointer}."
                        pointer = Right("NOERROR", frozenset({("PTR", owner)}))
                        right[Question(reverse, "PTR")] = pointer
        wanted = Right("NOERROR", frozenset(("A", address) for address in addresses))
        right[Question(f"{full}.", "A")] = wanted
        if targets:
            right[Question(f"{full}.", "SRV")] = Right("NOERROR", frozenset(targets))
    return right


def _of_nodes(api: Cluster) -> dict[Question, Right]:
    """The nodes' own names, which only the upstream knows."""
    right: dict[Question, Right] = {}
    for node in api.list("Node")[:2]:
        found = node["status"]["addresses"]
        address = next(a["address"] for a in found if a["type"] == "InternalIP")
        name = f"{node['metadata']['name']}."
        right[Question(name, "A", True)] = Right("NOERROR", frozenset({("A", address)}))
    # Docker may give a node an address of the other family, of which its object says nothing.
    right[Question(name, "AAAA", True)] = Right("NOERROR", None)
    return right


def _name(service: str) -> str:
    return f"{service}.{NAMESPACE}.svc.{DOMAIN}."


def _service(name: str, spec: Manifest) -> Manifest:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def _slice(service: str, addresses: Sequence[str], names: Sequence[str] = ()) -> Manifest:
    labels = {SLICE_OF: service, "endpointslice.kubernetes.io/managed-by": "onlooker"}
    endpoints: list[Manifest] = [{"addresses": [address]} for address in addresses]
    for endpoint, host in zip(endpoints, names, strict=False):
        endpoint["hostname"] = host
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{service}-1", "namespace": NAMESPACE, "labels": labels},
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
    }
