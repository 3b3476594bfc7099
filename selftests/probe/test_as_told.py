"""Once there are probes, what their pods are told decides who is judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import dns.message
import dns.rrset
import pytest

from clusterdns.cluster import Cluster
from clusterdns.inventory.features import in_words
from clusterdns.inventory.inventory import take_inventory
from clusterdns.probe import Packet, Probe, Reply
from clusterdns.resolvconf import ResolvConf
from clusterdns.testbed.testbed import Testbed, Workspace
from clusterdns.testbed.told import as_told
from selftests.inventory.api_on_paper import PaperApi, openshift, rke2, service, with_consul

API_IP = "172.30.0.1"


@dataclass
class AnsweringProbe:
    """A probe from which some addresses know where the API server is; all others keep silent."""

    node: str
    knows: Sequence[str] = ()
    lost: Sequence[str] = ()  # transports over which every answer is lost
    asked: list[str] = field(default_factory=list)

    def exchange(self, packets: Sequence[Packet]) -> list[Reply]:
        """What comes back for each."""
        return [self._reply(packet) for packet in packets]

    def _reply(self, packet: Packet) -> Reply:
        self.asked.append(packet.address)
        if packet.address not in self.knows or packet.transport in self.lost:
            return Reply(None, "timeout", 2000.0, None)
        query = dns.message.from_wire(packet.wire)
        answer = dns.message.make_response(query)
        name = query.question[0].name
        answer.answer = [dns.rrset.from_text(name, 5, "IN", "A", API_IP)]
        return Reply(answer.to_wire(), None, 1.0, f"{packet.address}:53")


def site(api: PaperApi, told: Mapping[str, str], probes: Sequence[AnsweringProbe]) -> Testbed:
    """Probes on nodes whose pods are told one address each; the first look goes by names."""
    api.add("Service", service("default/kubernetes", API_IP, {}))
    api.objects["Service"][-1]["spec"]["ports"] = [{"port": 443, "protocol": "TCP"}]
    cluster = cast(Cluster, api)
    rest: dict[str, Any] = dict.fromkeys(
        ("active", "namespace", "second_namespace", "images", "timeouts")
    )
    workspace = Workspace(cluster, inventory=take_inventory(cluster), **rest)
    return Testbed(
        workspace,
        {each.node: cast(Probe, each) for each in probes},
        {node: ResolvConf((ip,), ("svc.cluster.local",)) for node, ip in told.items()},
        {},
    )


@pytest.mark.parametrize("lost", [(), ("udp",)], ids=["sound", "lossy"])
def test_first_look_is_corrected(lost: Sequence[str]) -> None:
    """Beside Consul the first look takes the wrong Service; what pods are told is the right one."""
    probes = [AnsweringProbe(node, ["172.30.0.10"], lost) for node in ("n1", "n2")]
    before = site(with_consul(openshift()), dict.fromkeys(("n1", "n2"), "172.30.0.10"), probes)
    assert in_words(before.workspace.inventory.service) == "consul/consul-dns"
    after = as_told(before).workspace.inventory
    assert in_words(after.service) == "openshift-dns/dns-default"
    assert after.told.by_node == {"n1": ("172.30.0.10",), "n2": ("172.30.0.10",)}


def test_nobody_is_asked_where_pods_are_told_the_service() -> None:
    """A healthy run asks nothing more for it."""
    probe = AnsweringProbe("n1")
    found = as_told(site(openshift(), {"n1": "172.30.0.10"}, [probe])).workspace.inventory
    assert (probe.asked, in_words(found.service)) == ([], "openshift-dns/dns-default")
    assert found.told.by_node == {"n1": ("172.30.0.10",)}


def test_cache_on_the_node_leads_to_the_service() -> None:
    """Pods are told the cache: behind it is the Service of RKE2, not the one that it asks."""
    probe = AnsweringProbe("n1", ["169.254.20.10", "10.43.0.10"])
    made = as_told(site(rke2("169.254.20.10"), {"n1": "169.254.20.10"}, [probe]))
    found = made.workspace.inventory
    assert in_words(found.service) == "kube-system/rke2-coredns-rke2-coredns"
    assert found.told.answering == ("169.254.20.10",)


def test_provider_is_asked_though_the_api_has_no_object() -> None:
    """The address that pods are told stands in for a Service."""
    probe = AnsweringProbe("n1", ["172.20.0.10"])
    made = as_told(site(PaperApi(), {"n1": "172.20.0.10"}, [probe]))
    assert made.workspace.inventory.why_no_objects
    assert [server.address for server in made.servers] == ["172.20.0.10"]
