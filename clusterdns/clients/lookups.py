"""Names of Services, looked up in every client pod at once.

Each pod looks up all that any check wants to know in one batch, at the first check that asks.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from clusterdns.clients.client import Client, startable
from clusterdns.clients.nameserver_health import Hearing
from clusterdns.clients.planned import Role
from clusterdns.clients.pods import Clients
from clusterdns.clients.resolver import (
    FOR_MISSES,
    MUSL,
    TOOLS,
    Found,
    Tool,
    within_search_list,
)
from clusterdns.clients.search_order import Spelling
from clusterdns.cluster import Manifest
from clusterdns.objects.service import Service
from clusterdns.probe import Output, ProbeLostError
from clusterdns.run.plan import PLACES, PlannedObject, declare
from clusterdns.testbed.manifests import metadata
from clusterdns.testbed.testbed import Testbed, Workspace

API_SERVER = "kubernetes"  # the Service that every cluster has, in the namespace default
SHARED_NAME, LONELY_NAME = "search-shop", "search-lonely"
ROLES = (Role.CLUSTER_FIRST, Role.HOST_NETWORK, Role.SECOND, Role.MUSL)
SILENT = "not asked: the nameserver did not answer a first question"
QUALIFIED = tuple(spelling for spelling in Spelling if spelling is not Spelling.SHORT)


@dataclass(frozen=True)
class Targets:
    """The Services that are looked up; ``away`` is in the second namespace, if there is one."""

    api_server: Service
    home: Service
    away: Service | None  # of the same name as home
    lonely: Service  # in the first namespace only
    namesake: Service | None  # named as the API server's, in the second namespace

    @property
    def own(self) -> tuple[Service, ...]:
        """The Services that this run made."""
        made = (self.home, self.away, self.lonely, self.namesake)
        return tuple(service for service in made if service is not None)

    def in_namespace_of(self, client: Client) -> Service:
        """The one of the shared name in a client's own namespace."""
        return next(s for s in (self.home, self.away) if s and s.namespace == client.namespace)

    def elsewhere(self, client: Client) -> Service:
        """The one of the shared name in another namespace than the client's."""
        return next(s for s in (self.away, self.home) if s and s.namespace != client.namespace)


def make_targets(workspace: Workspace, domain: str) -> Targets:
    """Make our Services, and read the API server's.

    Raises kubernetes.client.ApiException as the API server answers.
    """
    cluster, main, second = workspace.cluster, workspace.namespace, workspace.second_namespace
    wanted = [(SHARED_NAME, main), (LONELY_NAME, main)]
    wanted += [(SHARED_NAME, second), (API_SERVER, second)] if second else []
    made = cluster.create_all(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata(workspace.run, name, namespace),
            "spec": {"ports": [{"name": "http", "port": 80}]},
        }
        for name, namespace in wanted
    )
    known = [service_of(each, domain) for each in made]
    known += [service_of(cluster.get("Service", API_SERVER, "default"), domain)]
    home, lonely, *others, api_server = known
    away, namesake = others or (None, None)
    return Targets(api_server, home, away, lonely, namesake)


def service_of(manifest: Manifest, domain: str) -> Service:
    """A Service with its cluster IPs, from what the API has."""
    meta, spec = manifest["metadata"], manifest["spec"]
    ips = tuple(spec.get("clusterIPs") or [spec["clusterIP"]])
    return Service(meta["name"], meta["namespace"], domain, ips)


class Lookup(NamedTuple):
    """One thing to look up: by which tool, which name, and whether it must not be found."""

    tool: Tool
    name: str
    miss: bool


@dataclass
class Results:
    """What each client found, by pod; a pod looks up everything the first time it is asked.

    Where the nameserver does not answer a first question, no other is asked.
    """

    testbed: Testbed
    clients: Clients
    hearing: Hearing
    targets: Targets
    at_once: bool = False  # all roles together: where packets are lost, each costs many seconds
    found: dict[str, dict[Lookup, Found]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, role: Role) -> dict[str, tuple[Client, dict[Lookup, Found]]]:
        """All clients of a role with what they found, by node. Raises NoClientsError."""
        clients = self.clients.of(role)
        with self.lock:
            others = self.clients.up() if self.at_once else []
            due = {self.place(client): client for client in (*clients.values(), *others)}
            new = [c for c in due.values() if c.role in ROLES and self.place(c) not in self.found]
            hearing = self.hearing.of(new)
            for client in new:
                silence = dict.fromkeys(self.wanted(client), Found(error=SILENT))
                self.found[self.place(client)] = silence
            with ThreadPoolExecutor(max_workers=max(1, len(hearing))) as pool:
                for client, found in zip(hearing, pool.map(self.look_up, hearing), strict=True):
                    self.found[self.place(client)] = found
        return {node: (client, self.found[self.place(client)]) for node, client in clients.items()}

    def place(self, client: Client) -> str:
        """A pod's name in the whole cluster."""
        return f"{client.namespace}/{client.pod}"

    def wanted(self, client: Client) -> list[Lookup]:
        """Everything that checks want to know from a client."""
        targets, tools = self.targets, (MUSL,) if client.role is Role.MUSL else TOOLS
        spelled: list[tuple[Service, Spelling]] = [(targets.api_server, s) for s in QUALIFIED]
        if targets.away and client.role in (Role.CLUSTER_FIRST, Role.SECOND, Role.MUSL):
            spelled += [(targets.elsewhere(client), spelling) for spelling in QUALIFIED]
        if client.namespace in (targets.home.namespace, targets.away and targets.away.namespace):
            spelled.append((targets.in_namespace_of(client), Spelling.SHORT))
        if targets.namesake and client.role is Role.SECOND:
            spelled.append((targets.namesake, Spelling.SHORT))
        hits = [Lookup(tool, spelling.of(s), False) for s, spelling in spelled for tool in tools]
        missing = [targets.lonely] if client.namespace != targets.lonely.namespace else []
        missing += [] if client.role is Role.SECOND else [targets.api_server]
        absent = () if client.role is Role.MUSL else FOR_MISSES
        return hits + [Lookup(t, Spelling.SHORT.of(s), True) for s in missing for t in absent]

    def look_up(self, client: Client) -> dict[Lookup, Found]:
        """Look everything up, side by side; a pod that is lost has found nothing."""
        wanted = self.wanted(client)
        commands = [self.command(client, each) for each in wanted]
        try:
            outputs = self.run(client, commands)
        except ProbeLostError as error:
            return dict.fromkeys(wanted, Found(error=str(error)))
        return {each: each.tool.result(o) for each, o in zip(wanted, outputs, strict=True)}

    def command(self, client: Client, lookup: Lookup) -> list[str]:
        """The command of a lookup, for the family of the Services' addresses."""
        family = 4 if self.targets.home.addresses(4) else 6
        words = lookup.tool.command(lookup.name, family)
        return within_search_list(words) if lookup.miss else words

    def run(self, client: Client, commands: Sequence[Sequence[str]]) -> list[Output]:
        """Run commands in a client. Raises ProbeLostError."""
        if client.probe is None:
            raise ProbeLostError("commands cannot be run in this pod")
        commands = [startable(client, words) for words in commands]
        return client.probe.run(commands, self.testbed.workspace.timeouts.command)


declare(
    PlannedObject(
        "", "Service", "default", API_SERVER, verbs=("get",), why="looked up by short names"
    ),
    *(
        PlannedObject(
            "", "Service", namespace, name, verbs=("create",), why="looked up by short names"
        )
        for name, namespace in (
            (SHARED_NAME, PLACES.main),
            (LONELY_NAME, PLACES.main),
            (SHARED_NAME, PLACES.second),
            (API_SERVER, PLACES.second),
        )
    ),
    PlannedObject(
        "", "Service", PLACES.main, "canary-*", verbs=("create",), why="known after all others"
    ),
    wanted_by=["search_results"],
)
