"""A testbed without a cluster: two nodes, three DNS policies, whatever resolv.conf is wanted."""

from types import SimpleNamespace
from typing import cast

from clusterdns.clients.client import Client
from clusterdns.clients.lookups import Lookup, Results, Targets
from clusterdns.clients.nameserver_health import Hearing
from clusterdns.clients.planned import Given, Role
from clusterdns.clients.pods import Clients, NoClientsError
from clusterdns.clients.resolver import Found
from clusterdns.clients.wanted import Lookups
from clusterdns.matrix.tally import Tally
from clusterdns.objects.service import Service
from clusterdns.probe import Probe
from clusterdns.resolvconf import ResolvConf
from clusterdns.testbed.testbed import Testbed
from clusterdns.timeouts import Timeouts

DNS_IP = "10.96.0.10"
ZONE = "cluster.local"
HOME, AWAY = "run", "run-b"
POD = ResolvConf((DNS_IP,), (f"{HOME}.svc.{ZONE}", f"svc.{ZONE}", ZONE), frozenset({"ndots:5"}))
NODE = ResolvConf(("192.0.2.1",), (), frozenset({"ndots:0"}))

API_SERVER = Service("kubernetes", "default", ZONE, ("10.96.0.1",))
TARGETS = Targets(
    API_SERVER,
    Service("shop", HOME, ZONE, ("10.96.7.1",)),
    Service("shop", AWAY, ZONE, ("10.96.7.2",)),
    Service("lonely", HOME, ZONE, ("10.96.7.3",)),
    Service("kubernetes", AWAY, ZONE, ("10.96.7.4",)),
)


def client(
    role: Role = Role.CLUSTER_FIRST,
    conf: ResolvConf = POD,
    node: str = "one",
    namespace: str = HOME,
    probe: Probe | None = None,
) -> Client:
    """A client pod; its name is that of its node."""
    return Client(role, node, namespace, f"pod-{node}", "10.244.0.9", conf, str(conf), probe)


def a_testbed(cluster_ips: tuple[str, ...] = (DNS_IP,), musl: str | None = None) -> Testbed:
    """As much of a testbed as judgements look at."""
    workspace = SimpleNamespace(
        cluster=SimpleNamespace(context="kind-x"),
        images=SimpleNamespace(dnsutils="dnsutils", musl=musl),
        inventory=SimpleNamespace(cluster_ips=cluster_ips, ready_nodes=()),
        namespace=HOME,
        second_namespace=AWAY,
        timeouts=Timeouts(),
    )
    made = SimpleNamespace(
        workspace=workspace, domain=ZONE, zone=f"{ZONE}.", resolv_confs={"one": POD, "two": POD}
    )
    return cast(Testbed, made)


class FakeClients:
    """Client pods that are there already."""

    def __init__(
        self, *clients: Client, where: Testbed | None = None, given: Given | None = None
    ) -> None:
        self.testbed = where or a_testbed()
        self.clients = clients
        self.config = given
        self.kept = False
        self.counter = SimpleNamespace(runs=lambda: False)

    def of(self, role: Role) -> dict[str, Client]:
        """As Clients.of."""
        found = {each.node: each for each in self.clients if each.role is role}
        if not found:
            raise NoClientsError(f"no {role}")
        return found

    def up(self) -> list[Client]:
        """As Clients.up."""
        return [each for each in self.clients if each.probe is not None]

    def given(self, role: Role) -> dict[str, Given]:
        """As Clients.given."""
        return {node: self.config for node in self.of(role) if self.config}


def clients(*made: Client, where: Testbed | None = None, given: Given | None = None) -> Clients:
    """The clients of a fake cluster, typed as what they stand for."""
    return cast(Clients, FakeClients(*made, where=where, given=given))


def lookups(*found: tuple[Client, Lookup, Found]) -> Lookups:
    """Lookups that were made already."""
    known = clients(*(each for each, _, _ in found))
    results = Results(a_testbed(), known, Hearing(known), TARGETS)
    for each, lookup, what in found:
        results.found.setdefault(results.place(each), {})[lookup] = what
    return Lookups(results, Tally())
