"""Changes of Services and endpoints, and what DNS must say before and after each of them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from clusterdns.cluster import Cluster, Manifest
from clusterdns.matrix import expect
from clusterdns.matrix.expect import Wanted
from clusterdns.matrix.question import Question
from clusterdns.objects.edge_cases import Drawn
from clusterdns.objects.records import cluster_ips_of, endpoint_slices, manifest
from clusterdns.objects.service import Endpoint, Port, Service
from clusterdns.objects.wanted import (
    addresses_of,
    denied,
    external_names_of,
    hosts_of,
    ports_of,
)
from clusterdns.testbed.testbed import Workspace

PORTS = (Port("http", 80), Port("peer", 7000, "UDP"))
MOVED_PORT = Port("http", 8080)


@dataclass(frozen=True)
class Change:
    """One change: how the object is made, what is done to it, and what each state demands.

    ``after`` gets what the API server answered to the change.
    """

    name: str
    service: Service  # as it is before
    before: Wanted | None  # None: the records of the cluster IP that the API gave
    after: Callable[[Service, Manifest], Wanted]
    act: Callable[[Cluster], Manifest]
    exists: bool = True  # whether the Service is made beforehand

    def first(self, cluster: Cluster) -> tuple[Service, Wanted]:
        """The Service as it was made, and what DNS must say of it. Raises NotFoundError."""
        if self.before is not None:
            return self.service, self.before
        made = cluster.get("Service", self.service.name, self.service.namespace)
        known = replace(self.service, cluster_ips=cluster_ips_of(made))
        return known, addresses_of([known])


@dataclass(frozen=True)
class Changes:
    """All changes of a run: each has a Service of its own, so that all happen at once."""

    workspace: Workspace
    domain: str
    drawn: Drawn = field(init=False)

    def __post_init__(self) -> None:
        """Draw addresses from the run's name."""
        object.__setattr__(self, "drawn", Drawn(self.workspace.run))

    def manifests(self) -> list[Manifest]:
        """What must be there before the changes."""
        made = [self.manifests_of(change) for change in self.all()]
        services = [each[0] for each in made if each]
        return [*services, *(piece for each in made for piece in each[1:])]

    def manifests_of(self, change: Change) -> list[Manifest]:
        """What must be there before one change: a Service and its slices, or nothing."""
        if not change.exists:
            return []
        return [manifest(self.workspace, change.service), *self._slices(change.service)]

    def all(self) -> tuple[Change, ...]:
        """Every change that is made during a run, in the order of CHANGES."""
        return (*self._of_services(), *self._of_endpoints())

    def _of_services(self) -> Iterable[Change]:
        newborn = self._service("newborn", ports=PORTS)
        yield Change(
            "service created",
            newborn,
            dict.fromkeys(addresses_of([newborn]), denied(newborn)),
            lambda service, made: addresses_of([with_ips(service, made)]),
            lambda cluster: cluster.create(manifest(self.workspace, newborn)),
            exists=False,
        )
        doomed = self._service("doomed", ports=PORTS)
        yield Change(
            "service deleted",
            doomed,
            None,
            lambda service, _: dict.fromkeys(addresses_of([service]), denied(service)),
            lambda cluster: removed(cluster, doomed),
        )
        ported = self._service("ported", ports=PORTS)
        moved = replace(ported, ports=(MOVED_PORT, *PORTS[1:]))
        yield Change(
            "port changed",
            ported,
            ports_of([ported]),
            lambda _, __: ports_of([moved]),
            lambda cluster: patched(cluster, ported, manifest(self.workspace, moved)["spec"]),
        )
        alias = self._service("alias-edited", external_name="before.example.test")
        edited = replace(alias, external_name="after.example.test")
        yield Change(
            "external name edited",
            alias,
            external_names_of([alias]),
            lambda _, __: external_names_of([edited]),
            lambda cluster: patched(cluster, alias, {"externalName": edited.external_name}),
        )
        settler = self._service("settler", external_name="away.example.test")
        home = replace(settler, external_name="", ports=PORTS)
        yield Change(
            "external name to cluster ip",
            settler,
            external_names_of([settler]),
            lambda _, made: {
                **addresses_of([with_ips(home, made)]),
                Question(home.fqdn, "CNAME"): expect.nodata(f"{home.zone}."),
            },
            lambda cluster: patched(
                cluster, settler, {"type": "ClusterIP", "externalName": None, **ports_in(home)}
            ),
        )
        leaver = self._service("leaver", ports=PORTS)
        gone = replace(leaver, ports=(), external_name="away.example.test")
        yield Change(
            "cluster ip to external name",
            leaver,
            None,
            lambda _, __: external_names_of([gone]),
            lambda cluster: patched(
                cluster,
                leaver,
                {
                    "type": "ExternalName",
                    "externalName": gone.external_name,
                    "clusterIP": None,
                    "clusterIPs": None,
                },
            ),
        )

    def _of_endpoints(self) -> Iterable[Change]:
        one, two = self._endpoint(60, "one"), self._endpoint(61, "two")
        waking = replace(two, ready=False)
        sets: Mapping[str, tuple[tuple[Endpoint, ...], tuple[Endpoint, ...]]] = {
            "endpoint added": ((one,), (one, two)),
            "endpoint removed": ((one, two), (one,)),
            "endpoint becomes ready": ((one, waking), (one, two)),
            "endpoint becomes unready": ((one, two), (one, waking)),
            "hostname changed": ((one, two), (one, replace(two, hostname="three"))),
            "address changed": ((one, two), (one, self._endpoint(62, "two"))),
        }
        for name, (old, new) in sets.items():
            service = self._service(name.replace(" ", "-"), ports=PORTS, endpoints=old)
            changed = replace(service, endpoints=new)
            names = {q.name for s in (service, changed) for q in hosts_of([s])}
            yield Change(
                name,
                service,
                self._everything(service, names),
                partial(self._changed, changed, names),
                partial(self._rewritten, changed),
            )

    def _everything(self, service: Service, names: Iterable[str]) -> Wanted:
        """Addresses, SRV records and hostnames; what is no hostname of a ready one is denied."""
        absent = {Question(name, "A"): denied(service) for name in names}
        mine = {q: w for q, w in {**addresses_of([service]), **absent}.items() if q.rdtype == "A"}
        hosts = {q: w for q, w in hosts_of([service]).items() if q.rdtype == "A"}
        return {**mine, **hosts, **ports_of([service])}

    def _changed(self, changed: Service, names: Iterable[str], _: Service, __: Manifest) -> Wanted:
        return self._everything(changed, names)

    def _rewritten(self, service: Service, cluster: Cluster) -> Manifest:
        (piece,) = self._slices(service)
        meta = piece["metadata"]
        change = {"endpoints": piece["endpoints"]}
        return cluster.patch("EndpointSlice", meta["name"], meta["namespace"], change)

    def _slices(self, service: Service) -> list[Manifest]:
        return endpoint_slices(self.workspace, service)

    def _service(
        self,
        name: str,
        ports: tuple[Port, ...] = (),
        endpoints: tuple[Endpoint, ...] = (),
        external_name: str = "",
    ) -> Service:
        return Service(
            f"update-{name}",
            self.workspace.namespace,
            self.domain,
            ports=ports,
            endpoints=endpoints,
            external_name=external_name,
        )

    def _endpoint(self, number: int, hostname: str) -> Endpoint:
        return Endpoint(self.drawn.ipv4(number), hostname)


def with_ips(service: Service, made: Manifest) -> Service:
    """The Service with the cluster IPs that the API server gave it."""
    return replace(service, cluster_ips=cluster_ips_of(made))


def patched(cluster: Cluster, service: Service, spec: Manifest) -> Manifest:
    """Change the spec of a Service; the object as the API server stored it."""
    return cluster.patch("Service", service.name, service.namespace, {"spec": spec})


def removed(cluster: Cluster, service: Service) -> Manifest:
    """Delete a Service that a change is about."""
    cluster.delete("Service", service.name, service.namespace)
    return {}


def ports_in(service: Service) -> Manifest:
    """The ports of a Service in its spec."""
    ports = [{"name": p.name, "port": p.number, "protocol": p.protocol} for p in service.ports]
    return {"ports": ports}


CHANGES = (
    "service created",
    "service deleted",
    "port changed",
    "external name edited",
    "external name to cluster ip",
    "cluster ip to external name",
    "endpoint added",
    "endpoint removed",
    "endpoint becomes ready",
    "endpoint becomes unready",
    "hostname changed",
    "address changed",
)
