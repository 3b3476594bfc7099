"""A cluster on paper: it stores manifests, gives out cluster IPs, and tells what DNS must say.

The zone is made from the manifests as the specification (1.1.0) wants it, by code that shares
nothing with the suite: what the suite expects must follow from what it created.
"""

from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address

import dns.reversename
from kubernetes.client import ApiException

from clusterdns.cluster import Manifest, NotFoundError
from clusterdns.patience import Patience
from selftests.nameserver import Zone

DOMAIN = "cluster.local"
KUBERNETES: Manifest = {
    "kind": "Service",
    "metadata": {"name": "kubernetes", "namespace": "default"},
    "spec": {
        "clusterIPs": ["10.96.0.1", "fd00:96::1"],
        "ports": [{"name": "https", "port": 443, "protocol": "TCP"}],
    },
}
SERVICE_NAME = "kubernetes.io/service-name"


class PaperCluster:
    """What clusterdns.cluster.Cluster is to those who only make and read a few objects."""

    def __init__(self) -> None:
        self.context = "paper"
        self.patience = Patience()  # its API server is never away
        self.objects: list[Manifest] = [KUBERNETES]
        self._changed: Callable[[Sequence[Manifest]], None] = lambda objects: None

    def watch(self, changed: Callable[[Sequence[Manifest]], None]) -> None:
        """Tell what there is, now and after each change."""
        self._changed = changed
        changed(self.objects)

    def create_all(self, manifests: Iterable[Manifest]) -> Sequence[Manifest]:
        """Store them; a Service that wants cluster IPs gets one of each family."""
        numbered = enumerate(manifests, len(self.objects))
        made = [self._with_ips(manifest, number) for number, manifest in numbered]
        self.objects.extend(made)
        self._changed(self.objects)
        return made

    def try_all(self, manifests: Iterable[Manifest]) -> Sequence[Manifest | ApiException]:
        """Store them all: on paper nothing is refused."""
        return self.create_all(manifests)

    def create(self, manifest: Manifest) -> Manifest:
        """Store one."""
        return self.create_all([manifest])[0]

    def list(
        self, kind: str, namespace: str | None = None, labels: str = "", fields: str = ""
    ) -> Sequence[Manifest]:
        """All of a kind, of one namespace or of all; there are no pods on paper."""
        return [
            each
            for each in self.objects
            if each["kind"] == kind and namespace in (None, each["metadata"].get("namespace"))
        ]

    def get(self, kind: str, name: str, namespace: str | None = None) -> Manifest:
        """One object. Raises NotFoundError."""
        wanted = (kind, name, namespace)
        for each in self.objects:
            meta = each["metadata"]
            if (each["kind"], meta["name"], meta.get("namespace")) == wanted:
                return each
        raise NotFoundError(f"{kind} {namespace}/{name}")

    def _with_ips(self, manifest: Manifest, number: int) -> Manifest:
        spec = manifest.get("spec", {})
        wants = manifest["kind"] == "Service" and not {"clusterIP", "externalName"} & spec.keys()
        families = 1 if spec.get("ipFamilyPolicy") == "SingleStack" else 2
        both = [f"10.96.0.{number + 6}", f"fd00:96::{number + 6:x}"]
        ips = {"clusterIPs": both[:families]} if wants else {}
        return {**manifest, "spec": {**spec, **ips}}


def zone_of(objects: Sequence[Manifest]) -> Zone:
    """All records that the specification demands for these Services and EndpointSlices."""
    fixed = {
        f"dns-version.{DOMAIN}. TXT": ['"1.1.0"'],
        f"{DOMAIN}. SOA": [f"ns.dns.{DOMAIN}. host.{DOMAIN}. 1 2 3 4 5"],
        f"{DOMAIN}. NS": [f"ns.dns.{DOMAIN}."],
        f"ns.dns.{DOMAIN}. A": ["10.96.0.10"],
    }
    zone = {key: dict.fromkeys(values) for key, values in fixed.items()}
    for service in objects:
        if service["kind"] == "Service":
            for name, rdtype, rdata in records_of(service, objects):
                zone.setdefault(f"{name} {rdtype}", {})[rdata] = None
    return {key: list(values) for key, values in zone.items()}


def records_of(service: Manifest, objects: Sequence[Manifest]) -> Iterable[tuple[str, str, str]]:
    """Name, type and rdata of each record of one Service (specification 2.3 to 2.5)."""
    meta, spec = service["metadata"], service["spec"]
    name = f"{meta['name']}.{meta['namespace']}.svc.{DOMAIN}."
    if "externalName" in spec:
        yield name, "CNAME", f"{spec['externalName'].rstrip('.')}."
    elif spec.get("clusterIP") == "None":
        for piece in objects:
            if owner_of(piece) == (meta["namespace"], meta["name"]):
                yield from records_of_slice(name, piece)
    else:
        for address in spec["clusterIPs"]:
            yield name, *address_record(address)
            yield reversed_name(address), "PTR", name
        for port in spec["ports"]:
            if port.get("name"):
                yield srv_name(name, port), "SRV", f"0 100 {port['port']} {name}"


def owner_of(piece: Manifest) -> tuple[str, str]:
    """Namespace and name of the Service that a slice belongs to; nothing for other objects."""
    labels = piece["metadata"].get("labels") or {}
    return piece["metadata"].get("namespace", ""), labels.get(SERVICE_NAME, "")


def records_of_slice(name: str, piece: Manifest) -> Iterable[tuple[str, str, str]]:
    """What the ready endpoints of one slice add to a headless Service (specification 2.4)."""
    for endpoint in piece["endpoints"]:
        if endpoint["conditions"].get("ready") is False:
            continue
        (address,) = endpoint["addresses"]
        dashed = address.replace(".", "-").replace(":", "-")
        host = f"{endpoint.get('hostname') or dashed}.{name}"
        yield name, *address_record(address)
        yield host, *address_record(address)
        yield reversed_name(address), "PTR", host
        for port in piece.get("ports") or []:
            if port.get("name"):
                yield srv_name(name, port), "SRV", f"0 100 {port['port']} {host}"


def address_record(address: str) -> tuple[str, str]:
    """Type and rdata."""
    return ("A" if ip_address(address).version == 4 else "AAAA"), address


def reversed_name(address: str) -> str:
    """The name below in-addr.arpa or ip6.arpa."""
    return dns.reversename.from_address(address).to_text()


def srv_name(name: str, port: Manifest) -> str:
    """The name of a port's SRV record."""
    return f"_{port['name']}._{port['protocol'].lower()}.{name}"
