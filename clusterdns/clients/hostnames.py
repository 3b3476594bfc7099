"""What a pod is called: its hostname, its line in /etc/hosts, and the kubelet's warnings about it.

Sources: kubernetes.io "DNS for Services and Pods"; pkg/kubelet/kubelet_pods.go of Kubernetes 1.34.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from clusterdns.clients.client import Client
from clusterdns.clients.files import KUBELET, exactly, in_one_line, repeat
from clusterdns.clients.planned import HOSTNAME, SUBDOMAIN, Role
from clusterdns.clients.pods import Clients
from clusterdns.cluster import Cluster
from clusterdns.matrix.evidence import Evidence
from clusterdns.matrix.observation import Exactly, Observation, observed
from clusterdns.matrix.tally import Tally
from clusterdns.probe import Output, ProbeLostError
from clusterdns.report.cell import FILE
from clusterdns.wait import GENTLY, eventually

FORMING = "DNSConfigForming"  # the reason of events about a resolv.conf that was cut short
PRINTS_NAME, PRINTS_HOSTS = ("hostname",), ("cat", "/etc/hosts")
CUT = ("Nameserver limits were exceeded", "Search Line limits were exceeded")


@dataclass(frozen=True)
class InPod:
    """What a check asks of one client pod: the output of a command."""

    client: Client
    command: tuple[str, ...]

    def __str__(self) -> str:
        return f"{' '.join(self.command)} in a {self.client.role} pod"


Called = Mapping[InPod, Exactly]  # what each command must print


@dataclass(frozen=True)
class PodNames:
    """What client pods must be called, and what they say; every method raises NoClientsError."""

    clients: Clients
    tally: Tally

    def hostnames(self, role: Role) -> Called:
        """What the command hostname must print in each pod of a role."""
        chosen = self.clients.of(role).values()
        return {InPod(client, PRINTS_NAME): exactly(hostname_of(client)) for client in chosen}

    def hosts_lines(self, role: Role) -> Called:
        """The line of /etc/hosts for the pod's own address: address, full name if any, hostname."""
        domain = self.clients.testbed.domain

        def expected(client: Client, address: str) -> str:
            names = [hostname_of(client)]
            if client.role is Role.SECOND:
                names.insert(0, f"{HOSTNAME}.{SUBDOMAIN}.{client.namespace}.svc.{domain}")
            return " ".join([address, *names])

        chosen = self.clients.of(role).values()
        addresses = self._addresses(chosen)
        return {
            InPod(client, PRINTS_HOSTS): exactly(expected(client, addresses.get(client.pod, "")))
            for client in chosen
        }

    def run(self, *asked: InPod) -> Evidence[Observation]:
        """What these commands print; of a hosts file the lines of the pod's own address."""
        addresses = self._addresses([each.client for each in asked])
        return observed(
            [self._seen(each, addresses.get(each.client.pod, "")) for each in asked], self.tally
        )

    def warnings(self) -> frozenset[str]:
        """What the kubelet warned of about the pod whose dnsConfig is over the limits."""
        client, workspace = self.clients.one(Role.CROWDED), self.clients.testbed.workspace
        look = partial(forming_warnings, workspace.cluster, client.namespace, client.pod)
        within = workspace.timeouts.watch
        return eventually(look, lambda found: len(found) >= len(CUT), within, every=GENTLY)

    def _addresses(self, chosen: Collection[Client]) -> dict[str, str]:
        """The addresses of pods as the API has them, by name."""
        cluster = self.clients.testbed.workspace.cluster
        namespaces = {client.namespace for client in chosen}
        pods = [pod for each in namespaces for pod in cluster.list("Pod", each)]
        return {p["metadata"]["name"]: str(p["status"].get("podIP", "")) for p in pods}

    def _seen(self, asked: InPod, address: str) -> Observation:
        client, command = asked.client, list(asked.command)
        printed = self._run(client, command)
        hosts = asked.command == PRINTS_HOSTS
        found = own_lines(printed.stdout, address) if hosts else printed.stdout
        received = found.strip() or in_one_line(printed.stdout + printed.stderr)
        again = partial(repeat, self.clients, client, command)
        return Observation(asked, client.node, KUBELET, FILE, received, received, again)

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
