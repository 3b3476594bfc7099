"""The names that the user's own rules of the Corefile are for, and what they must be answered.

What a rule says itself is known by reading. What another name or another server says is asked:
one question for each target of every server, one for each stub zone of its own servers, from one
pod. Nobody is asked whom the cluster's CoreDNS would not ask itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clusterdns.corefile.finding import file_of
from clusterdns.corefile.settings import is_within
from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.places import config_map_of
from clusterdns.inventory.promised_records import Promise, Upstream
from clusterdns.inventory.promises import MOST, all_promises, spread
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.criterion import Criterion, Rule
from clusterdns.matrix.everyone import Matrix
from clusterdns.matrix.expect import answered_or_denied, rule
from clusterdns.matrix.question import Question, Server, Transport
from clusterdns.probe import Packet, Probe

TRIES_S = (1.5, 3.5)  # seconds that a server of a stub zone has, the first time and the second
NONE_KNOWN = "the Corefile has no such rule whose names reading alone can tell"


@dataclass(frozen=True, repr=False)
class OwnNames:
    """Names of the user's own rules; its repr says which rule each is for."""

    promises: tuple[Promise, ...]
    wanted: Mapping[Question, Criterion[Answer]]
    places: Mapping[int, str]  # by line of a rule: the ConfigMap and key that it stands in
    left_out: int = 0  # more questions than are asked
    untold: tuple[str, ...] = ()  # what could not be asked for, and why

    @property
    def questions(self) -> tuple[Question, ...]:
        """What is asked."""
        return tuple(self.wanted)

    def __repr__(self) -> str:
        lines = [
            f"{one.question} is for {one.rule}{self.places.get(one.plugin.line, '')}"
            for one in self.promises
            if one.question in self.wanted
        ]
        if self.left_out:
            lines.append(f"{self.left_out} more names were not asked for: {MOST} are enough")
        return "\n".join([*lines, *self.untold])


def promised(inventory: Inventory, zone: str, stubs: bool) -> tuple[list[Promise], int]:
    """The promises about stub zones, or all others, and how many more there are than are asked."""
    if inventory.reading is None:
        return [], 0
    rules = all_promises(inventory.reading, inventory.files, inventory.corefile_path, zone)
    chosen = [[one for one in rule if (one.kind == "stub zone") == stubs] for rule in rules]
    kept, every = spread(chosen), spread(chosen, most=10**6)
    return kept, len(every) - len(kept)


def places_of(inventory: Inventory, found: Iterable[Promise]) -> dict[int, str]:
    """Where the rules stand, in words that follow their line."""
    known = {}
    for one in found:
        if place := config_map_of(inventory, file_of(one.plugin.line)):
            words = f" (key {place[2]} of configmap {place[0]}/{place[1]})"
            known[one.plugin.line] = words
    return known


def own_names(inventory: Inventory, matrix: Matrix, zone: str, transport: Transport) -> OwnNames:
    """Names of hosts, rewrites, zone files and templates, with what each must be answered."""
    found, left_out = promised(inventory, zone, stubs=False)
    targets = {Question(one.target, one.question.rdtype) for one in found if one.target}
    told = matrix.ask(sorted(targets, key=str), transport) if targets else []
    wanted: dict[Question, Criterion[Answer]] = {}
    for one in found:
        if one.target:
            wanted[one.question] = as_the_target(one, told, zone)
        elif one.expected is not None:
            wanted[one.question] = at_least(one) if one.more else one.expected
    return OwnNames(tuple(found), wanted, places_of(inventory, found), left_out)


def stub_zones(inventory: Inventory, probe: Probe, zone: str) -> OwnNames:
    """The zones with servers of their own, with what these say themselves. Raises ProbeLostError.

    A zone of which every server wants TLS is left out: pods of ours do not speak it.
    """
    found, left_out = promised(inventory, zone, stubs=True)
    plain = [one for one in found if any(not up.tls for up in one.upstreams)]
    untold = [
        f"{one.question.name} ({one.rule}) is not asked for: its servers are asked over TLS alone, "
        "which the probe does not speak"
        for one in found
        if one not in plain
    ]
    said = _ask_upstreams(probe, plain)
    wanted = {one.question: as_its_servers(one, said[one.question]) for one in plain}
    return OwnNames(tuple(plain), wanted, places_of(inventory, plain), left_out, tuple(untold))


def at_least(promise: Promise) -> Rule[Answer]:
    """The records of an entry; more may come from a file that is not known."""
    assert promise.expected is not None
    records = promise.expected.records
    words = f"NOERROR [{', '.join(sorted(records))}]"
    return rule(words, lambda a: a.rcode == "NOERROR" and records <= a.records)


def as_the_target(promise: Promise, told: Sequence[Answer], zone: str) -> Rule[Answer]:
    """What the same server says of the target, whoever the records belong to.

    Outside the cluster records may change from one question to the next: there code and types
    are compared.
    """
    ours = [a for a in told if a.question.name == promise.target and a.answered]
    by_path = {(a.node, a.server): a for a in ours}
    inside = is_within(promise.target, zone)
    seen = sorted({a.received for a in ours})
    words = f"what {promise.target} has: {' or '.join(seen) or 'nobody told'}"

    def holds(answer: Answer) -> bool:
        like = by_path.get((answer.node, answer.server))
        if like is None:
            return answered_or_denied.holds(answer)
        same = answer.rcode == like.rcode and answer.types == like.types
        return same and (not inside or _data(answer) == _data(like))

    return rule(words, holds)


def as_its_servers(promise: Promise, said: Sequence[Answer]) -> Rule[Answer]:
    """What one of the zone's own servers says; where all are silent, at least yes or no."""
    told = [answer for answer in said if answer.answered]
    names = ", ".join(map(str, promise.upstreams))
    if not told:
        why = ", ".join(sorted({answer.error for answer in said}))
        words = f"an answer or a denial; asked from a pod, {names} gave no answer ({why})"
        return rule(words, answered_or_denied.holds)
    words = f"what {names} says: {' or '.join(sorted({a.received for a in told}))}"
    right = {(answer.rcode, answer.types) for answer in told}
    return rule(words, lambda a: (a.rcode, a.types) in right)


def _data(answer: Answer) -> frozenset[str]:
    """Types and data of the records, without whom they belong to."""
    return frozenset(record.partition(" ")[2] for record in answer.records)


def _ask_upstreams(probe: Probe, found: Sequence[Promise]) -> dict[Question, list[Answer]]:
    """What each server of each stub zone says, asked once, and once more where it is silent."""
    asked = [(one, up) for one in found for up in one.upstreams if not up.tls]
    answers: dict[tuple[Question, Upstream], Answer] = {}
    for seconds in TRIES_S:
        due = [(o, u) for o, u in asked if not _answered(answers.get((o.question, u)))]
        if due:
            got = _exchange(probe, due, seconds)
            answers |= {(o.question, u): a for (o, u), a in zip(due, got, strict=True)}
    return {one.question: [answers[one.question, u] for o, u in asked if o is one] for one in found}


def _answered(answer: Answer | None) -> bool:
    return answer is not None and answer.answered


def _exchange(
    probe: Probe, due: Sequence[tuple[Promise, Upstream]], seconds: float
) -> list[Answer]:
    queries = [one.question.query() for one, _ in due]
    packets = [
        Packet(wire, up.address, up.port, one.transport, seconds)
        for (_, wire), (one, up) in zip(queries, due, strict=True)
    ]
    return [
        Answer.from_reply(
            question=one.question,
            node=probe.node,
            server=Server(f"upstream/{up}", up.address, up.port),
            transport=one.transport,
            query=query,
            reply=reply,
        )
        for (one, up), (query, _), reply in zip(due, queries, probe.exchange(packets), strict=True)
    ]
