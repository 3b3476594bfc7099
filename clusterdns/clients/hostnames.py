"""What a pod is called: its hostname, its line in /etc/hosts, and the kubelet's warnings about it.

Sources: kubernetes.io "DNS for Services and Pods"; pkg/kubelet/kubelet_pods.go of Kubernetes 1.34.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from clusterdns.clients.client import Client
from clusterdns.clients.files import KUBELET, in_one_line, repeat
from clusterdns.clients.planned import HOSTNAME, SUBDOMAIN, Role
from clusterdns.clients.pods import Clients
from clusterdns.cluster import Cluster
from clusterdns.matrix.evidence import Evidence
from clusterdns.matrix.tally import FILE, Cell
from clusterdns.probe import Output, ProbeLostError
from clusterdns.wait import GENTLY, eventually

FORMING = "DNSConfigForming"  # the reason of events about a resolv.conf that was cut short
CUT = ("Nameserver limits were exceeded", "Search Line limits were exceeded")


@dataclass(frozen=True)
class PodNames:
    """What checks ask about the names of client pods; every method raises NoClientsError."""

    clients: Clients

    def hostnames(self, role: Role) -> Evidence:
        """What the command hostname prints in each pod of a role."""
        return self._compare(role, ["hostname"], lambda client, _: hostname_of(client))

    def hosts_lines(self, role: Role) -> Evidence:
        """The line of /etc/hosts for the pod's own address: address, full name if any, hostname."""
        domain = self.clients.testbed.domain

        def expected(client: Client, address: str) -> str:
            names = [hostname_of(client)]
            if client.role is Role.SECOND:
                names.insert(0, f"{HOSTNAME}.{SUBDOMAIN}.{client.namespace}.svc.{domain}")
            return " ".join([address, *names])

        return self._compare(role, ["cat", "/etc/hosts"], expected)

    def warnings(self) -> frozenset[str]:
        """What the kubelet warned of about the pod whose dnsConfig is over the limits."""
        client, workspace = self.clients.one(Role.CROWDED), self.clients.testbed.workspace
        look = partial(forming_warnings, workspace.cluster, client.namespace, client.pod)
        within = workspace.timeouts.watch
        return eventually(look, lambda found: len(found) >= len(CUT), within, every=GENTLY)

    def _compare(
        self, role: Role, command: list[str], expected: Callable[[Client, str], str]
    ) -> Evidence:
        clients = self.clients.of(role)
        workspace = self.clients.testbed.workspace
        namespaces = {client.namespace for client in clients.values()}
        pods = [pod for each in namespaces for pod in workspace.cluster.list("Pod", each)]
        addresses = {p["metadata"]["name"]: str(p["status"].get("podIP", "")) for p in pods}
        cells: list[Cell] = []
        for client in clients.values():
            address = addresses.get(client.pod, "")
            printed = self._run(client, command)
            found = own_lines(printed.stdout, address) if len(command) > 1 else printed.stdout
            received = found.strip() or in_one_line(printed.stdout + printed.stderr)
            wanted = expected(client, address)
            cells.append(
                Cell(
                    question=f"{' '.join(command)} in a {role} pod",
                    node=client.node,
                    server=KUBELET,
                    transport=FILE,
                    expected=wanted,
                    received=received,
                    ms=0.0,
                    deviates=wanted != received,
                    command=repeat(self.clients, client, command),
                )
            )
        return Evidence(cells)

    def _run(self, client: Client, command: list[str]) -> Output:
        if client.probe is None:
            return Output(None, "", "commands cannot be run in this pod")
        try:
            (printed,) = client.probe.run(
                [command], self.clients.testbed.workspace.timeouts.command
            )
        except ProbeLostError as error:
            return Output(None, "", str(error))
        return printed


def hostname_of(client: Client) -> str:
    """The name that a pod is given, else the pod's own."""
    return HOSTNAME if client.role is Role.SECOND else client.pod


def own_lines(hosts: str, address: str) -> str:
    """The lines of a hosts file for one address, words parted by single blanks."""
    lines = [line.partition("#")[0].split() for line in hosts.splitlines()]
    return "; ".join(" ".join(words) for words in lines if words[:1] == [address])


def forming_warnings(cluster: Cluster, namespace: str, pod: str) -> frozenset[str]:
    """The beginnings of the kubelet's warnings that it cut a pod's resolv.conf short."""
    fields = f"involvedObject.name={pod},reason={FORMING},type=Warning"
    return beginnings(
        event.get("message", "") for event in cluster.list("Event", namespace, fields=fields)
    )


def beginnings(messages: Iterable[str]) -> frozenset[str]:
    """The part of each message before the first comma."""
    return frozenset(message.partition(",")[0] for message in messages)
