"""The hops of an answer as processes in a network namespace: replicas, a Service, upstreams.

Each is a real CoreDNS at an address of its own on the loopback. What the plugin kubernetes would
know stands in a zone file, because there is no API server here.
"""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from clusterdns.cluster import Manifest
from clusterdns.corefile import parse
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.hops.bench import Bench
from clusterdns.diagnosis.hops.locate import located
from clusterdns.diagnosis.hops.place import Place
from clusterdns.inventory.inventory import Inventory
from clusterdns.own_coredns import NotPossibleError
from clusterdns.resolvconf import ResolvConf
from clusterdns.wait import eventually
from selftests.diagnosis.edit_facts import Said, cell, trouble
from selftests.diagnosis.healthy_facts import healthy
from selftests.experiments.local_coredns import Processes, network_namespace
from selftests.experiments.places import IMAGE, Recorder, inventory, replica, workspace
from selftests.experiments.places import node as node_named
from selftests.probe.local_relay import LocalProbe
from selftests.realcoredns import BINARY

NODE = "this-host"
SERVICE, REPLICA_A, REPLICA_B = "127.0.0.10", "127.0.0.2", "127.0.0.3"
# No loopback addresses: those of a pod lead nowhere else, and are never asked.
UPSTREAM, STUB, NOBODY = "198.51.100.53", "198.51.100.54", "198.51.100.99"
PLAIN = "tests/dns/test_cluster_ip_service.py::test_address_is_the_cluster_ip[udp-A]"
ZONE_FILE = "/etc/coredns/cluster.db"
ZONE = """$ORIGIN cluster.local.
@ 5 IN SOA ns.dns hostmaster 1 7200 1800 86400 5
kubernetes.default.svc 5 IN A 10.96.0.1
web.shop.svc 5 IN A 10.96.0.7
"""
COREFILE = """.:53 {
    errors
    file /etc/coredns/cluster.db cluster.local
    forward . 198.51.100.53 {
        max_concurrent 1000
    }
    loadbalance
}
"""
OUTSIDE = """.:53 {
    hosts {
        192.0.2.1 www.example.org
        192.0.2.9 db.corp.test
    }
}
"""


@dataclass
class Stand:
    """One cluster in miniature. ``runs``: the Corefile of each address, if not the one told."""

    corefile: str
    folder: Path
    runs: Mapping[str, str] = field(default_factory=dict)
    upstreams: Mapping[str, str] = field(default_factory=lambda: {UPSTREAM: OUTSIDE})
    service: str = SERVICE
    dead_service: bool = False  # nobody listens at its address
    patience: int = 99  # how many private instances there is time for

    def places(
        self, question: str, wanted: Said, got: Said, transport: str = "udp"
    ) -> tuple[Place, ...]:
        """Where a question goes wrong that came to something else than wanted."""
        return self.found(question, wanted, got, transport).places

    def found(self, question: str, wanted: Said, got: Said, transport: str = "udp") -> Facts:
        """The facts with that place."""
        return self.found_all({PLAIN: (question, wanted, got)}, transport)

    def found_all(
        self, deviating: Mapping[str, tuple[str, Said, Said]], transport: str = "udp"
    ) -> Facts:
        """The facts with the places of several failed checks, by their names."""
        servers = [f"service/kube-dns ({self.service})"]
        servers += [f"pod/{name} ({ip})" for name, ip in REPLICAS.items()]
        troubles = tuple(
            trouble(name, cells=tuple(cell(q, NODE, s, transport, w, g) for s in servers))
            for name, (q, w, g) in deviating.items()
        )
        facts = replace(self.facts(), troubles=troubles)
        with self.running() as probe:
            return located(facts, {NODE: probe.probe}, lambda _, until: self.bench(probe, until))

    def facts(self) -> Facts:
        """What the API would show of it."""
        known = healthy()
        shown: Inventory = replace(
            known.inventory,
            nodes=(node_named(NODE),),
            pods=tuple(_pod(name, ip) for name, ip in REPLICAS.items()),
            service=_service(self.service),
            corefile_text=self.corefile,
            files={ZONE_FILE: ZONE},
        )
        conf = ResolvConf((self.service,), (), frozenset())
        return replace(
            known, inventory=shown, talks=(), resolv_confs={NODE: conf}, node_confs={NODE: conf}
        )

    @contextmanager
    def running(self) -> Iterator[LocalProbe]:
        """All processes, and a probe beside them."""
        with ExitStack() as stack:
            self.enter = stack.enter_context(network_namespace())
            for address in (UPSTREAM, STUB, NOBODY):
                add = ["ip", "address", "add", f"{address}/32", "dev", "lo"]
                subprocess.run([*self.enter, *add], check=True)
            both = REPLICA_A if self.dead_service else f"{REPLICA_A} {self.service}"
            for address, at in ((REPLICA_A, both), (REPLICA_B, REPLICA_B)):
                text = bound(self.runs.get(address, self.corefile), at)
                self._start(stack, address, text, {"cluster.db": ZONE})
            for address, text in self.upstreams.items():
                self._start(stack, address, bound(text, address), {})
            relay = LocalProbe()
            relay._command = [*self.enter, *relay._command]
            yield stack.enter_context(relay)

    def bench(self, probe: LocalProbe, until: float) -> Bench:
        """Where private instances of it are tried."""

        def start(name: str, files: Mapping[str, str]) -> Processes:
            if name == f"hops-{self.patience + 1}":
                raise NotPossibleError("there was no time left for it")
            instance = self._process(name, files)
            instance.start()
            return instance

        return Bench(start, probe.probe, until, simple=parse(COREFILE))

    def _start(self, stack: ExitStack, name: str, text: str, files: Mapping[str, str]) -> None:
        instance = self._process(name, {"Corefile": text, **files})
        instance.start()
        stack.callback(instance.stop)
        eventually(instance.logs, lambda log: "CoreDNS-" in log, 5.0)
        assert "CoreDNS-" in instance.logs(), instance.logs()

    def _process(self, name: str, files: Mapping[str, str]) -> "Private":
        place = self.folder / name
        place.mkdir()
        found = inventory((node_named(NODE),), (replica("coredns-a", NODE),), IMAGE)
        home = self.folder / f"{name}-run"
        home.mkdir()
        made = workspace(home, found, Recorder())
        return Private(made, name, files, NODE, binary=BINARY, folder=place, enter=self.enter)


class Private(Processes):
    """One that ends when it is taken away."""

    def delete(self) -> None:
        """End its processes."""
        self.stop()


REPLICAS = {"coredns-a": REPLICA_A, "coredns-b": REPLICA_B}


def bound(corefile: str, addresses: str) -> str:
    """The Corefile with each server block at these addresses alone."""
    out = []
    for line in corefile.splitlines():
        out.append(line)
        if line and not line.startswith((" ", "}", "(")):
            out.append(f"    bind {addresses}")
    return "\n".join(out) + "\n"


def _pod(name: str, ip: str) -> Manifest:
    made = replica(name, NODE)
    made["status"]["podIPs"] = [{"ip": ip}]
    return made


def _service(ip: str) -> Manifest:
    ports = [{"name": p.lower(), "protocol": p, "port": 53} for p in ("UDP", "TCP")]
    return {
        "metadata": {"name": "kube-dns", "namespace": "kube-system"},
        "spec": {"clusterIP": ip, "clusterIPs": [ip], "ports": ports},
    }
