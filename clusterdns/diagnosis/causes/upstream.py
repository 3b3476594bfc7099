"""Whom CoreDNS asks for names outside the cluster, and how that goes."""

from clusterdns.clients.policies import is_loopback
from clusterdns.diagnosis.asked_upstreams import never_asked, of_services
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.outside import (
    OUTSIDE,
    all_outside_denied,
    bad_outside,
    cluster_names_work,
    direct,
    outside_denied,
    outside_failed,
    silent_upstreams,
    timeout_of,
)
from clusterdns.diagnosis.scopes import Scope, about

SLOW_MS = 1500.0
TIMEOUT = r"(read|dial) (udp|tcp) \S+->\S+:53: (i/o timeout|read: connection refused)"


@cause("upstream-unreachable", "upstream", leads_to=("max-concurrent",))
def unreachable(facts: Facts) -> Finding | None:
    """No upstream answers."""
    talks, bad = facts.to_replicas("outside"), bad_outside(facts)
    if len(bad) < len(talks) or not cluster_names_work(facts):
        return None
    if not talks and not all_outside_denied(facts):
        return None
    if not facts.reading or not facts.upstreams or any(t.result == "REFUSED" for t in bad):
        return None
    if any(is_loopback(a) for a in facts.upstreams):
        return None
    silent = silent_upstreams(facts)
    logs = [line for a in facts.upstreams for line in facts.log_lines(timeout_of(a), most=1)][:2]
    answering = [a for a in facts.upstreams if a not in silent and direct(facts, a)]
    if not logs and not silent:
        return None
    named = ", ".join(f"{a} ({why})" for a, why in facts.upstreams.items())
    whom = "The replicas get no answer from where" if answering else "Nobody answers where"
    return Finding(
        f"{whom} CoreDNS forwards to, {named}: names outside the cluster do not resolve, those of "
        "the cluster do.",
        (
            f"a name outside: {', '.join(sorted({t.result for t in bad}))} from every replica, "
            f"after up to {max(t.ms for t in bad):.0f} ms"
            if bad
            else "no name outside resolved in the checks that asked for one",
            *([f"asked directly from pods, no answer: {', '.join(silent)}"] if silent else []),
            *logs,
            *of_services(facts),
            *(f"{address} is the pod {name}" for address, name in facts.pods_at.items()),
            *never_asked(facts),
            "names of the cluster resolve",
        ),
        (
            *(
                [
                    f"{facts.edit_corefile}  # name a resolver that answers",
                ]
                if any("Corefile" in why for why in facts.upstreams.values())
                else ["repair the resolvers in the resolv.conf of the replicas' nodes"]
            ),
            f"dig @{next(iter(facts.upstreams))} . NS  # on a replica's node, then from a pod: "
            "only the pod fails means a firewall or missing masquerading",
        ),
        OUTSIDE,
        "high" if silent and not answering and (logs or outside_failed(facts)) else "medium",
        against=tuple(f"{a} answers probes directly" for a in answering),
    )


@cause("upstream-one-dead", "upstream")
def one_dead(facts: Facts) -> Finding | None:
    """One of several upstreams does not answer."""
    silent = silent_upstreams(facts)
    if not silent or len(silent) == len(facts.upstreams):
        return None
    logs = facts.log_lines(TIMEOUT)
    bad = bad_outside(facts)
    late = [t for t in facts.to_replicas("outside") if t.sound and t.ms > SLOW_MS]
    if not (logs or bad or late or outside_failed(facts)):
        return None
    return Finding(
        f"{', '.join(silent)}, one of {len(facts.upstreams)} upstreams, does not answer: some "
        "names outside resolve late or not at all.",
        (
            *(f"{a} ({facts.upstreams[a]}): no answer to any probe" for a in silent),
            *([f"{len(late)} answers took more than {SLOW_MS:.0f} ms"] if late else []),
            *logs,
        ),
        (
            f"take {', '.join(silent)} out of "
            + (
                "the Corefile: " + facts.edit_corefile
                if any("Corefile" in facts.upstreams[a] for a in silent)
                else "the nodes' resolv.conf"
            ),
        ),
        OUTSIDE,
        "high" if logs or outside_failed(facts) else "medium",
    )


@cause("upstream-slow", "upstream", leads_to=("upstream-unreachable", "max-concurrent"))
def slow(facts: Facts) -> Finding | None:
    """The upstream answers, but later than CoreDNS waits."""
    late = [t for t in facts.said("upstream") if t.answered and t.ms > SLOW_MS]
    if not late or not (bad_outside(facts) or outside_failed(facts)):
        return None
    worst = max(late, key=lambda talk: talk.ms)
    return Finding(
        f"The upstream {worst.address} answers only after {worst.ms / 1000:.1f} s; CoreDNS waits "
        "2 s.",
        (
            f"asked directly: {worst.result} after {worst.ms:.0f} ms from {worst.node}",
            *facts.log_lines(TIMEOUT),
        ),
        (
            "ask a faster resolver, or raise read_timeout of forward (CoreDNS 1.14.5 and later)",
            facts.edit_corefile,
        ),
        OUTSIDE,
    )


@cause("upstream-refuses", "upstream")
def refuses(facts: Facts) -> Finding | None:
    """The upstream answers that it will not answer."""
    said = [t for t in facts.said("upstream") if t.result in ("REFUSED", "NOTAUTH")]
    bad = bad_outside(facts)
    if not said or not bad:
        return None
    return Finding(
        f"The upstream {said[0].address} refuses to answer: {said[0].result}.",
        (
            f"asked directly from {said[0].node}: {said[0].result} after {said[0].ms:.0f} ms",
            f"through CoreDNS: {bad[0].result}",
        ),
        (
            "allow recursion for the addresses that CoreDNS asks from (its nodes', or the pod "
            "range), or name another resolver:",
            facts.edit_corefile,
        ),
        OUTSIDE,
    )


@cause("upstream-fails", "upstream")
def fails(facts: Facts) -> Finding | None:
    """The upstream answers with an error, to everybody who asks it."""
    said = [
        t
        for t in facts.said("upstream")
        if t.result in ("SERVFAIL", "FORMERR", "NOTIMP") and t.address in facts.upstreams
    ]
    bad = [t for t in bad_outside(facts) if t.answered]
    if not said or not bad:
        return None
    address = said[0].address
    rcodes = sorted({t.result for t in said if t.address == address})
    return Finding(
        f"The upstream {address} ({facts.upstreams[address]}) answers with "
        f"an error, {' and '.join(rcodes)}: names outside do not resolve.",
        (
            f"asked directly from {said[0].node}: {said[0].result} after {said[0].ms:.0f} ms",
            f"through CoreDNS: {bad[0].result}",
        ),
        (
            f"ask whoever runs {address} why it fails (its own upstream, DNSSEC, its memory), or "
            "name another resolver:",
            facts.edit_corefile
            if "Corefile" in facts.upstreams[address]
            else "in the resolv.conf of the replicas' nodes, then start the replicas anew",
        ),
        OUTSIDE,
    )


@cause("upstream-tcp-blocked", "upstream")
def no_tcp(facts: Facts) -> Finding | None:
    """The upstream answers over UDP only."""
    for address, why in facts.upstreams.items():
        talks = direct(facts, address)
        udp = [t for t in talks if t.transport == "udp"]
        tcp = [t for t in talks if t.transport == "tcp"]
        works = bool(udp) and all(t.answered for t in udp)
        if works and tcp and not any(t.answered for t in tcp):
            if not (
                bad_outside(facts) or outside_failed(facts) or facts.log_lines("dial tcp.*:53")
            ):
                continue
            return Finding(
                f"The upstream {address} ({why}) answers over UDP but not over TCP: large answers "
                "from outside do not arrive.",
                (
                    f"asked directly over TCP: {tcp[0].result}; over UDP: {udp[0].result}",
                    *facts.log_lines("dial tcp.*:53"),
                ),
                (
                    f"open 53/TCP from the cluster to {address}; meanwhile prefer_udp in forward:",
                    facts.edit_corefile,
                ),
                OUTSIDE,
            )
    return None


@cause("upstream-oversize-udp", "upstream")
def oversize(facts: Facts) -> Finding | None:
    """The upstream sends UDP answers that are too large or cut in the middle."""
    lines = facts.log_lines("overflowing header size|overflow unpacking")
    if not lines:
        return None
    return Finding(
        "An upstream sends answers over UDP that are longer than was asked for, or cut in the "
        "middle of a record: names with many records fail.",
        tuple(lines),
        (
            f"{facts.edit_corefile}  # bufsize 1232 in the block that forwards; or force_tcp",
            "CoreDNS 1.11.2 and later turn such answers into an empty one with the TC flag",
        ),
        OUTSIDE,
    )


@cause("aaaa-servfail", "upstream")
def aaaa(facts: Facts) -> Finding | None:
    """Outside, A is answered and AAAA is not."""
    good = {t.server for t in facts.to_replicas("outside") if t.sound}
    bad = [t for t in facts.to_replicas("outside-aaaa") if not t.sound and t.server in good]
    if not bad or not (outside_failed(facts) or facts.troubles):
        return None
    return Finding(
        "For names outside, A is answered but AAAA is not: resolvers that ask for both fail.",
        (
            f"AAAA: {', '.join(sorted({t.result for t in bad}))} from "
            f"{', '.join(sorted({t.server for t in bad}))}; A of the same name is answered",
        ),
        (
            "repair the upstream, or forward to one that answers AAAA:",
            facts.edit_corefile,
        ),
        Scope(
            about("upstream-aaaa"),
            lambda cell: cell.rdtype == "AAAA" and outside_denied(cell),
        ),
        "medium",
    )


@cause("upstream-v6-nameserver", "upstream", leads_to=("upstream-one-dead",))
def v6_nameserver(facts: Facts) -> Finding | None:
    """A nameserver is asked over IPv6 by pods that have none."""
    logs = facts.log_lines(r"dial (udp|tcp) \[[0-9a-f:]+\]:53: .*unreachable")
    v6 = [a for a in facts.upstreams if ":" in a]
    pods = {ip["ip"] for p in facts.inventory.pods for ip in p["status"].get("podIPs", [])}
    if not v6 or any(":" in ip for ip in pods):
        return None
    if not (logs or bad_outside(facts) or outside_failed(facts)):
        return None
    return Finding(
        f"CoreDNS forwards to {', '.join(v6)}, but its pods have no IPv6 address: a part of all "
        "lookups outside fails.",
        (
            *logs,
            f"the replicas have {', '.join(sorted(pods))}",
            *(f"{a}: {facts.upstreams[a]}" for a in v6),
        ),
        (
            f"take {', '.join(v6)} out of "
            + (
                "the Corefile: " + facts.edit_corefile
                if any("Corefile" in facts.upstreams[a] for a in v6)
                else "the nodes' resolv.conf"
            ),
        ),
        OUTSIDE,
    )


@cause("max-concurrent", "upstream")
def too_many(facts: Facts) -> Finding | None:
    """CoreDNS refuses questions because too many wait for the upstream."""
    logs = facts.log_lines("concurrent queries exceeded maximum")
    counted = {
        name: values["coredns_forward_max_concurrent_rejects_total"]
        for name, values in facts.metrics.items()
        if values.get("coredns_forward_max_concurrent_rejects_total")
    }
    if not logs and not counted:
        return None
    return Finding(
        "CoreDNS refuses questions for names outside, because as many as max_concurrent allows "
        "already wait for the upstream.",
        (*logs, *(f"{n}: {c:.0f} questions refused so far" for n, c in counted.items())),
        (
            "find out why the upstream is slow, or raise max_concurrent in forward:",
            facts.edit_corefile,
        ),
        OUTSIDE,
        "high" if logs and outside_failed(facts) else "medium",
    )
