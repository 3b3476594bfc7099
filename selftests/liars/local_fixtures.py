"""The fixtures that take the place of those which need a cluster: a stage for liars."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

import pytest

from clusterdns.cluster import Cluster, Manifest
from clusterdns.inventory.inventory import Inventory
from clusterdns.matrix.question import Server
from clusterdns.resolvconf import ResolvConf
from clusterdns.testbed.testbed import Images, Testbed, Workspace
from clusterdns.timeouts import Timeouts
from fixtures.session import session_of
from selftests.liars.honest import ClusterNameserver
from selftests.liars.liar import NAMESPACE, REPLICA, SERVICE, Liar
from selftests.liars.memory_cluster import DOMAIN, PaperCluster, zone_of
from selftests.nameserver import Parsed
from selftests.probe.local_relay import LocalProbe

LIAR_KEY = pytest.StashKey[Liar]()
NODES = ("node-1", "node-2")
COREFILE = """.:53 {
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        ttl 5
    }
}
"""
PROBE_POD = {
    "kind": "Pod",
    "metadata": {"name": "local", "namespace": NAMESPACE},
    "status": {"podIPs": [{"ip": "192.0.2.77"}]},
}
HONEST = Liar("honest", lambda asked, response: response, query_s=5.0)


@dataclass(frozen=True)
class LocalTestbed(Testbed):
    """Probes on two nodes that are this process; a Service and a replica on loopback."""

    nameservers: tuple[Server, ...] = ()

    @property
    def servers(self) -> tuple[Server, ...]:
        """As the honest suite finds them in the API."""
        return self.nameservers


@lru_cache
def parsed(objects: str) -> Parsed:
    """The zone of these objects: they are the same for all liars."""
    return Parsed.of(zone_of(json.loads(objects)))


@pytest.fixture(scope="session")
def liar(pytestconfig: pytest.Config) -> Liar:
    """Who is on the stage."""
    return pytestconfig.stash[LIAR_KEY]


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """A cluster on paper, in which the pod of the probes has an address."""
    paper = PaperCluster()
    paper.objects.append(PROBE_POD)
    return cast(Cluster, paper)


@pytest.fixture(scope="session")
def inventory() -> Inventory:
    """Nothing is read from an API."""
    return Inventory("v0", (), None, (), None, (), COREFILE, ("kube-system", "coredns"))


@pytest.fixture(scope="session")
def timeouts(liar: Liar) -> Timeouts:
    """Short for liars that keep silent; an honest server gets its time."""
    insist = max(5.0, 3 * liar.query_s) if liar is HONEST else 3 * liar.query_s
    watch = 5.0 if liar is HONEST else 0.2
    # Dozens of sessions share this machine: all servers are late, and that is no lie of theirs.
    silence = 1000.0
    return replace(Timeouts(), query=liar.query_s, insist=insist, silence=silence, watch=watch)


@pytest.fixture(scope="session")
def workspace(
    pytestconfig: pytest.Config, cluster: Cluster, timeouts: Timeouts, inventory: Inventory
) -> Workspace:
    """A namespace on paper."""
    run, images = session_of(pytestconfig).active_run, Images("localhost/none:1", None)
    return Workspace(cluster, run, NAMESPACE, None, images, timeouts, inventory)


@pytest.fixture(scope="session")
def testbed(workspace: Workspace, liar: Liar) -> Iterator[LocalTestbed]:
    """Two servers, of which the liar is one or both, and two probes."""
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(ClusterNameserver(lies=liar.lies_of(name)))
            for name in (SERVICE, REPLICA)
        }
        probes = {node: stack.enter_context(LocalProbe()).probe for node in NODES}

        def changed(objects: Sequence[Manifest]) -> None:
            zone = parsed(json.dumps(objects))
            for server in servers.values():
                server.serve(zone)

        cast(PaperCluster, workspace.cluster).watch(changed)
        told = ResolvConf(("127.0.0.1",), (f"{NAMESPACE}.svc.{DOMAIN}", f"svc.{DOMAIN}"))
        asked = tuple(Server(n, s.address, s.port) for n, s in servers.items())
        yield LocalTestbed(workspace, probes, dict.fromkeys(NODES, told), {}, nameservers=asked)
