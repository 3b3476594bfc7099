"""A few cheap looks from every probe, made only after a failure, all at once.

What the checks saw is minutes of questions; this is one moment of them: each path with the error
itself, and the neighbours of DNS (the API server's Service, other pods, the upstreams).
"""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from clusterdns.diagnosis.rows import Contact, Talk
from clusterdns.inventory.metrics import Metrics, NoMetricsError
from clusterdns.inventory.replica_pages import SERVED_BY
from clusterdns.inventory.web import page, request
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.question import Question, Server, Transport
from clusterdns.probe import Conversation, Packet, Probe

QUICK_S = 1.0  # what the servers of the cluster may take for one answer
OUTSIDE_S = 2.5  # CoreDNS, for a name outside: longer than it waits for an upstream (2 s)
SLOW_S = 3.5  # an upstream that is asked directly
CLOSED_PORT = 1  # tcpmux: nobody listens there, so a pod that can be reached refuses at once
TRANSPORTS: tuple[Transport, ...] = ("udp", "tcp")
KEPT_METRICS = (
    "coredns_build_info",
    "coredns_panics_total",
    "coredns_reload_failed_total",
    "coredns_forward_max_concurrent_rejects_total",
    "coredns_forward_healthcheck_broken_total",
    "coredns_proxy_healthcheck_failures_total",
    "coredns_dns_requests_total",
    "coredns_plugin_enabled",
    "coredns_health_request_duration_seconds_count",
    "coredns_health_request_duration_seconds_sum",
)


@dataclass(frozen=True)
class Aims:
    """Whom to look at from each probe."""

    domain: str
    services: Sequence[Server]  # the DNS Service by each cluster IP
    replicas: Sequence[Server]
    told: Mapping[str, Sequence[str]]  # nameservers of pods, by node
    suffixes: Sequence[str]  # of the nodes' own search lists
    outside: str  # a name that only an upstream knows, or denies
    upstreams: Sequence[str] = ()
    stubs: Sequence[tuple[str, str, int]] = ()  # zones with servers of their own: address, port
    api_services: Sequence[tuple[str, int]] = ()
    api_endpoints: Sequence[tuple[str, int]] = ()
    probe_ips: Mapping[str, str] = field(default_factory=dict)  # by node
    ports: Mapping[str, int] = field(default_factory=dict)  # of the replicas' pages, by path


@dataclass(frozen=True)
class Query:
    """One question that the diagnosis puts: what kind of name, asked by whom and of whom."""

    kind: str
    question: Question
    server: Server
    transport: Transport
    timeout: float = QUICK_S
    below: str = ""  # the search suffix that it is about


def near_queries(aims: Aims, node: str) -> list[Query]:
    """Every question for a name of the cluster that is put from a node."""
    known = Question(f"kubernetes.default.svc.{aims.domain}.")
    absent = Question(f"dns-conformance-absent.default.svc.{aims.domain}.")
    cluster = [*aims.services, *aims.replicas]
    found = [Query("known", known, s, t) for s in cluster for t in TRANSPORTS]
    found += [Query("absent", absent, s, "udp") for s in cluster]
    strange = strange_to(aims, node)
    found += [Query("told", known, Server("nameserver", a), t) for a in strange for t in TRANSPORTS]
    return found


def strange_to(aims: Aims, node: str) -> list[str]:
    """The nameservers that pods of a node are told and that are not the DNS Service."""
    own = {s.address for s in aims.services}
    return [a for a in aims.told.get(node, ()) if a not in own]


def far_queries(aims: Aims, node: str) -> list[Query]:
    """Every question for a name outside that is put from a node: these may take seconds."""
    outside, aaaa = Question(aims.outside), Question(aims.outside, "AAAA")
    cluster = [*aims.services, *aims.replicas]
    found = [
        Query("upstream", outside, Server("upstream", a), t, SLOW_S)
        for a in aims.upstreams
        if not ipaddress.ip_address(a).is_loopback
        for t in TRANSPORTS
    ]
    found += [
        Query("stub", Question(zone, "SOA"), Server("upstream", address, port), "udp", SLOW_S)
        for zone, address, port in aims.stubs
    ]
    found += [Query("outside", outside, s, "udp", OUTSIDE_S) for s in cluster]
    found += [
        Query("told-outside", outside, Server("nameserver", a), "udp", OUTSIDE_S)
        for a in strange_to(aims, node)
    ]
    found += [Query("outside-aaaa", aaaa, s, "udp", OUTSIDE_S) for s in aims.replicas]
    for suffix in aims.suffixes:
        wild = Question(f"dns-conformance-nobody.{suffix.rstrip('.')}.")
        found += [Query("suffix", wild, s, "udp", OUTSIDE_S, suffix) for s in aims.replicas[:1]]
    return found


def ask(probe: Probe, wanted: Sequence[Query]) -> list[Talk]:
    """Put the questions, all at once. Raises ProbeLostError."""
    found = answers(probe, wanted)
    return [talk(query, answer) for query, answer in zip(wanted, found, strict=True)]


def answers(probe: Probe, wanted: Sequence[Query]) -> list[Answer]:
    """Put the questions, all at once; the answers in their order. Raises ProbeLostError."""
    messages = [query.question.message() for query in wanted]
    packets = [
        Packet(message.to_wire(), q.server.address, q.server.port, q.transport, q.timeout)
        for message, q in zip(messages, wanted, strict=True)
    ]
    replies = probe.exchange(packets) if packets else []
    return [
        Answer.from_reply(
            question=query.question,
            node=probe.node,
            server=query.server,
            transport=query.transport,
            query=message,
            reply=reply,
        )
        for query, message, reply in zip(wanted, messages, replies, strict=True)
    ]


def talk(query: Query, answer: Answer) -> Talk:
    """The Talk that an answer makes."""
    return Talk(
        kind=query.kind,
        node=answer.node,
        server=query.server.name,
        address=query.server.address,
        server_node=query.server.node,
        transport=query.transport,
        result=answer.rcode if answer.answered else answer.error,
        ms=round(answer.ms, 1),
        records=len(answer.records),
        below=query.below,
    )


def touch(probe: Probe, aims: Aims) -> tuple[list[Contact], dict[str, dict[str, float]]]:
    """Connections and pages, all at once; and of each replica the metrics kept.

    An API server that speaks TLS answers plain HTTP with status 400: reached. Raises
    ProbeLostError.
    """
    plain = [("api-service", f"{ip}:{port}", ip, "", port) for ip, port in aims.api_services]
    plain += [("api-endpoint", f"{ip}:{port}", ip, "", port) for ip, port in aims.api_endpoints]
    plain += [
        ("pod", f"probe on {node}", ip, node, CLOSED_PORT) for node, ip in aims.probe_ips.items()
    ]
    pages = [
        (path, server.name, server.address, server.node, aims.ports.get(path, SERVED_BY[path][1]))
        for server in aims.replicas
        for path in SERVED_BY
    ]
    targets = [*plain, *pages]
    talks = [
        Conversation(ip, port, (request(ip, what if what.startswith("/") else "/"),), 2.0)
        for what, _, ip, _, port in targets
    ]
    found: list[Contact] = []
    metrics: dict[str, dict[str, float]] = {}
    transcripts = probe.converse(talks) if talks else []
    for (what, name, ip, where, port), seen in zip(targets, transcripts, strict=True):
        if not what.startswith("/"):
            result = "reached" if seen.data else seen.ending
            found.append(
                Contact(
                    what=what,
                    node=probe.node,
                    server=name,
                    address=ip,
                    server_node=where,
                    port=port,
                    result=result,
                )
            )
            continue
        got = page(ip, port, what, seen.data, seen.ending)
        result = str(got.status) if got.status else partly(seen.data, seen.ending)
        body = got.body if what == "/ready" else ""
        found.append(
            Contact(
                what=what,
                node=probe.node,
                server=name,
                address=ip,
                server_node=where,
                port=port,
                result=result,
                body=body[:300],
            )
        )
        if what == "/metrics" and got.status == 200:
            metrics[name] = kept_metrics(got.body)
    return found, metrics


def partly(data: bytes, ending: str) -> str:
    """How a page failed: a connection that brought a part of it is another thing than none."""
    return f"{ending} after {len(data)} octets" if data else ending


def kept_metrics(text: str) -> dict[str, float]:
    """The few series that causes look at, summed by name; plugins by name too."""
    try:
        samples = Metrics.parse(text).samples
    except NoMetricsError:
        return {}
    found: dict[str, float] = {}
    for sample in samples:
        name = sample.name
        if name == "coredns_plugin_enabled":
            name = f"{name}:{sample.labels.get('name', '')}"
        if sample.name in KEPT_METRICS:
            found[name] = found.get(name, 0.0) + sample.value
    return found


def merged(found: Iterable[Mapping[str, Mapping[str, float]]]) -> dict[str, Mapping[str, float]]:
    """The metrics of each replica as the first probe that could read them saw them."""
    whole: dict[str, Mapping[str, float]] = {}
    for one in found:
        for replica, values in one.items():
            whole.setdefault(replica, values)
    return whole
