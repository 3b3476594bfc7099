"""The way from a node to a replica on another one: what of it does not come through, and which way.

Where a replica answers its own node at once and another node not, or late, the way between them
is to blame: what is asked here tells how (silent, late or turned back, over which transport), and
for UDP whether the questions do not arrive, or the answers do not come back.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.hops.asking import host_of_node, told
from clusterdns.diagnosis.hops.place import Heard, Place
from clusterdns.diagnosis.looks import Query, answers
from clusterdns.diagnosis.rows import Talk, Trouble
from clusterdns.diagnosis.scopes import about, is_about
from clusterdns.diagnosis.work import Work
from clusterdns.inventory.metrics import NoMetricsError, scrape
from clusterdns.inventory.replica_pages import port_of
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.losses import LATE_MS
from clusterdns.matrix.question import Question, Server, Transport
from clusterdns.probe import Probe
from clusterdns.report.cell import Cell

MOST_WAYS = 12  # that are looked at: of a large cluster the first few tell
PATIENCE_S = 3.5  # for an answer that is late on its way
TIMES = 2
COUNTED, SCRAPE_S = 10, 2.0  # questions that are counted where they arrive; seconds for a page
# CoreDNS counts types that hardly anybody asks for together, as "other" (plugin/metrics/vars).
RARE, REQUESTS = "TYPE65280", "coredns_dns_requests_total"


@dataclass(frozen=True)
class Way:
    """One way, with what came on it. ``arrived``: of COUNTED questions; None: not known."""

    node: str
    server: Server
    transport: Transport
    near: tuple[Answer, ...] = ()  # from the replica's own node
    far: tuple[Answer, ...] = ()
    host: tuple[Answer, ...] = ()  # from the network of the far node itself, where we can ask there
    arrived: int | None = None

    @property
    def where(self) -> str:
        """From where to where, in words."""
        return where(self.node, self.server)

    @property
    def ill(self) -> bool:
        """Whether nothing, or only late, comes on the way, and all at once from the near side."""
        near = bool(self.near) and all(a.answered and a.ms <= LATE_MS for a in self.near)
        return near and not any(a.answered and a.ms <= LATE_MS for a in self.far)

    @property
    def kind(self) -> str:
        """What happens on the way, in words; ways of which it is the same are told together."""
        came = [a.ms for a in self.far if a.answered]
        if came:
            return f"answers take {median(came) / 1000:.1f} s"
        errors = sorted({a.error for a in self.far})
        if errors != ["timeout"]:
            return f"questions are turned back ({', '.join(errors)})"
        if self.arrived == 0:
            return "questions do not arrive"
        if self.arrived is not None and 2 * self.arrived > COUNTED:
            return "questions arrive, but their answers do not come back"
        return "nothing comes back"

    @property
    def counted(self) -> str:
        """How it is known whether questions arrive; empty where it is not, or no question."""
        if self.arrived is None or {a.error for a in self.far} != {"timeout"}:
            return ""
        return f"of {COUNTED} questions that {self.node} put the replica counted {self.arrived}"


def where(node: str, server: Server) -> str:
    """The way from a node to a replica, in words."""
    return f"from {node} to {server.name} on {server.node or 'its node'}"


def suspects(facts: Facts) -> list[Way]:
    """The ways on which the looks lost something, or were late, though the near side was not."""
    known = {replica.name: replica for replica in facts.inventory.replicas}
    near = {(t.server, t.transport) for t in facts.to_replicas() if _near(t) and _quick(t)}
    found = [
        Way(talk.node, known[talk.server], transport)
        for talk in facts.to_replicas()
        for transport in ("udp", "tcp")
        if talk.transport == transport
        and talk.node != talk.server_node
        and not _quick(talk)
        and (talk.server, talk.transport) in near
        and talk.server in known
    ]
    return found[:MOST_WAYS]


def _near(talk: Talk) -> bool:
    return talk.node == talk.server_node


def _quick(talk: Talk) -> bool:
    return talk.answered and talk.ms <= LATE_MS


def start_on_ways(facts: Facts, probes: Mapping[str, Probe], work: Work) -> list[Way]:
    """Begin to ask on all suspected ways, side by side; which these are."""
    ways = [w for w in suspects(facts) if w.node in probes and w.server.node in probes]
    for number, way in enumerate(ways):
        query = Query("known", _known(facts), way.server, way.transport, PATIENCE_S)
        sides = {"near": way.server.node, "far": way.node, "host": host_of_node(way.node)}
        for side, node in sides.items():
            if node in probes:
                work.start(f"{side} of way {number}", answers, probes[node], [query] * TIMES)
    begun: set[Server] = set()  # what is counted for one way must not be counted for another
    for number, way in enumerate(ways):
        if way.transport == "udp" and way.server not in begun:
            begun.add(way.server)
            work.start(f"arrivals of way {number}", arrivals, facts, way, probes)
    return ways


def asked_on_ways(ways: Sequence[Way], work: Work) -> list[Way]:
    """The ways that are ill, with what was heard on them."""
    known = [
        replace(
            way,
            near=tuple(work.get(f"near of way {n}", list[Answer]())),
            far=tuple(work.get(f"far of way {n}", list[Answer]())),
            host=tuple(work.get(f"host of way {n}", list[Answer]())),
        )
        for n, way in enumerate(ways)
    ]
    counted: dict[int, int | None] = {
        n: work.get(f"arrivals of way {n}", None) for n, way in enumerate(known) if way.ill
    }
    return [replace(way, arrived=counted[n]) for n, way in enumerate(known) if way.ill]


def arrivals(facts: Facts, way: Way, probes: Mapping[str, Probe]) -> int | None:
    """How many of COUNTED questions from the far node the replica counts; None: it does not tell.

    Raises ProbeLostError.
    """
    port = port_of(facts.inventory, "/metrics")
    near, far = probes[way.server.node], probes[way.node]
    rare = replace(_known(facts), rdtype=RARE)
    query = Query("known", rare, way.server, way.transport)
    try:
        before = scrape(near, way.server.address, port, SCRAPE_S)
        came = [a for a in answers(far, [query] * COUNTED) if a.answered]
        after = scrape(near, way.server.address, port, SCRAPE_S)
    except NoMetricsError:
        return None
    labels = {"proto": way.transport, "type": "other"}
    grown = after.total(REQUESTS, **labels) - before.total(REQUESTS, **labels)
    # What is answered is counted: where it is not, these metrics tell nothing.
    return None if grown < len(came) else min(COUNTED, round(grown))


def _known(facts: Facts) -> Question:
    return Question(f"kubernetes.default.svc.{facts.domain}.")


def places_of(facts: Facts, ways: Iterable[Way]) -> list[Place]:
    """One place for each node and replica between which something is lost, with its checks."""
    found: dict[tuple[str, Server], list[Way]] = defaultdict(list)
    for way in ways:
        found[way.node, way.server].append(way)
    return [_place(facts, between) for between in found.values()]


def _place(facts: Facts, between: Sequence[Way]) -> Place:
    first = between[0]
    question = _known(facts)
    over = " and ".join(way.transport.upper() for way in between)
    how = "; ".join(
        dict.fromkeys(
            way.kind if len(between) == 1 else f"over {way.transport.upper()} {way.kind}"
            for way in between
        )
    )
    passed = [t for t in ("udp", "tcp") if t not in {way.transport for way in between}]
    right, wrong = (_heard(first, side) for side in (first.near, first.far))
    return Place(
        hop="network",
        subject=f"{first.where} over {over}: {how}",
        question=f"{question} over {first.transport}",
        wanted="an answer, as on the replica's own node",
        questions=(str(question),),
        checks=tuple(t.name for t in facts.failed if _follows(t, between)),
        alike=f"all went {first.where} over {over}, or through the Service from there",
        unlike=f"{' and '.join(t.upper() for t in passed)} passes" if passed else "",
        right=right,
        wrong=wrong,
        proved=True,
        way=(first.node, first.server.name, *(way.transport for way in between)),
        tried=(
            *(way.counted for way in between if way.counted),
            *([str(_heard(first, first.host))] if first.host else []),
        ),
        remedy=_remedy(first),
    )


def _remedy(way: Way) -> tuple[str, ...]:
    """Where to look for what is in the way, by what happens there."""
    here, there = way.node, way.server.node
    probe = f"from pods on {here} to {way.server.address}"
    if any(answer.answered for answer in way.far):
        return (
            f"on {here} and {there}: tc -s qdisc  # delays and full queues; {probe} it takes long",
            f"ping from {here} to {there}: is the network between them as slow?",
        )
    port = way.server.port
    rules = f"on {here} and {there}: iptables-save | grep -w {port}; nft list ruleset"
    back = way.arrived is not None and 2 * way.arrived > COUNTED
    which = (
        f"rules about answers (source port {port})" if back else f"rules for port {port} {probe}"
    )
    return (
        f"{rules}  # look for {which}",
        f"security groups and firewalls between these nodes: {port}/UDP and {port}/TCP, both ways",
    )


def _heard(way: Way, said: Sequence[Answer]) -> Heard:
    near, host = said is way.near, said is way.host
    first = min(said, key=lambda a: not a.answered)
    words = f"{told(first)} after {first.ms:.0f} ms" if first.answered else told(first)
    name = way.server.name.partition("/")[2]
    node = way.server.node if near else host_of_node(way.node) if host else way.node
    return Heard(f"replica {name} ({way.server.address})", node, words, near)


def _follows(trouble: Trouble, between: Sequence[Way]) -> bool:
    """Whether a check fails by these ways: all that it misses went there, or may have."""
    ways = {(way.node, way.server.address, way.transport) for way in between}
    nodes = {(way.node, way.transport) for way in between}

    def fits(cell: Cell) -> bool:
        if (cell.node, cell.address, cell.transport) in ways:
            return cell.silent
        lookup = cell.transport not in ("udp", "tcp") and (cell.node, "udp") in nodes
        return cell.silent and cell.of_service and (lookup or (cell.node, cell.transport) in nodes)

    if not trouble.cells:
        return is_about(trouble, about("paths")) and bool(
            {way.transport for way in between} & trouble.about
        )
    return all(map(fits, trouble.cells))


def with_ways(places: Sequence[Place], ways: Sequence[Place]) -> list[Place]:
    """All places; of one way what single questions showed goes with what the way itself did."""
    found = list(ways)
    left = []
    for place in places:
        at = next((n for n, way in enumerate(found) if _is_same(place, way)), None)
        if at is None:
            left.append(place)
            continue
        checks = tuple(dict.fromkeys((*found[at].checks, *place.checks)))
        found[at] = replace(found[at], checks=checks)
    return [*found, *left]


def _is_same(place: Place, way: Place) -> bool:
    return place.hop == "network" and way.subject.startswith(f"{place.subject} over ")
