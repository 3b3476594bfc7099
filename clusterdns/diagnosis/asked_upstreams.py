"""How the Corefile has its upstreams asked, which decides what a probe's questions to them say."""

from clusterdns.corefile.reached import second_forwards
from clusterdns.corefile.values import upstream_port
from clusterdns.diagnosis.facts import Facts
from clusterdns.inventory.places import told


def asked_alike(facts: Facts, address: str) -> bool:
    """Whether CoreDNS asks an upstream as probes did: in the clear, on port 53."""
    words = [word for word in facts.upstreams[address].split() if address in word]
    return all("tls://" not in word and upstream_port(word) == 53 for word in words)


def never_asked(facts: Facts) -> list[str]:
    """What the Corefile has behind the ``forward`` that takes every question."""
    if facts.reading is None:
        return []
    remarks = second_forwards(facts.reading)
    return [told(facts.inventory, one) for one in remarks][:2]


def of_services(facts: Facts) -> list[str]:
    """Which upstreams are cluster IPs of Services, and whose."""
    services = facts.services or {}
    return [
        f"{address} is the cluster IP of the Service {services[address]}"
        for address in facts.upstreams
        if address in services
    ]
