"""Upstreams of an IP family that the replicas do not have."""

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.outside import OUTSIDE, bad_outside, outside_failed


@cause("upstream-v4-nameserver", "upstream", leads_to=("upstream-one-dead", "upstream-unreachable"))
def v4_nameserver(facts: Facts) -> Finding | None:
    """A nameserver is asked over IPv4 by pods that have IPv6 only."""
    v4 = [address for address in facts.upstreams if ":" not in address]
    pods = {ip["ip"] for pod in facts.inventory.pods for ip in pod["status"].get("podIPs", [])}
    if not v4 or not pods or any(":" not in ip for ip in pods):
        return None
    logs = facts.log_lines(r"dial (udp|tcp) [0-9.]+:\d+: .*(unreachable|no route|cannot assign)")
    if not (bad_outside(facts) or outside_failed(facts)):
        return None
    named = ", ".join(v4)
    corefile = any("Corefile" in facts.upstreams[address] for address in v4)
    place = f"the Corefile: {facts.edit_corefile}" if corefile else "the nodes' resolv.conf"
    every = "no name" if len(v4) == len(facts.upstreams) else "a part of the names"
    return Finding(
        f"CoreDNS forwards to {named}, but its pods have IPv6 addresses only: they cannot reach "
        f"IPv4, and {every} outside "
        f"{'resolves' if every == 'no name' else 'does not resolve'}.",
        (
            *logs,
            f"the replicas have {', '.join(sorted(pods))}",
            *(f"{address}: {facts.upstreams[address]}" for address in v4),
        ),
        (f"name a resolver with an IPv6 address instead of {named} in {place}",),
        OUTSIDE,
        "high" if logs else "medium",
        tell_apart="a network that translates (NAT64, CLAT on the node) lets such pods reach IPv4: "
        f"from a pod, dig @{v4[0]} . NS",
    )
