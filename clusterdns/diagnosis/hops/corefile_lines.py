"""Where CoreDNS itself gives the wrong answer: its Corefile, line by line, or what it runs on.

A private instance of the same image with the same Corefile tells which. Where it is wrong too,
statements are taken out until it is right; where it is right, the replicas are not alike it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from posixpath import dirname
from typing import cast

from kubernetes.client import ApiException

from clusterdns.corefile.model import Corefile
from clusterdns.corefile.movable import for_names, with_files
from clusterdns.corefile.reading import Reading
from clusterdns.corefile.statements import Statement, statements, without
from clusterdns.corefile.takers import Taker, takers
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.hops.asking import Asked, absolute_name, told
from clusterdns.diagnosis.hops.bench import Asking, Bench
from clusterdns.diagnosis.hops.groups import Group, is_of_cluster
from clusterdns.diagnosis.hops.lines import (
    MOST_AT_ONCE,
    WHOLE,
    Gone,
    Lines,
    Search,
    is_inside,
    search,
    so_far,
)
from clusterdns.diagnosis.hops.place import Heard, Place
from clusterdns.diagnosis.hops.replicas import unlike_private
from clusterdns.diagnosis.hops.right import Right
from clusterdns.diagnosis.looks import OUTSIDE_S
from clusterdns.diagnosis.restarting import after_edit
from clusterdns.matrix.question import Question, Transport
from clusterdns.own_coredns import NotPossibleError
from clusterdns.own_coredns.instance import FOLDER
from clusterdns.probe import ProbeLostError

# A Service that each cluster has, and one that none has.
CONTROLS = ("kubernetes.default.svc", "dns-conformance-control.default.svc")
MOST_VARIANTS = 16  # of one round, whatever all searches want


@dataclass
class Case:
    """One group with its place so far, its search, and what was heard on the way."""

    group: Group
    place: Place
    right: Right
    found: Sequence[Statement]
    search: Search
    wants: Sequence[Gone]
    heard: dict[Gone, Heard]
    judged: dict[Gone, bool | None]
    controls: dict[Gone, Sequence[Asked]] = field(default_factory=dict)
    result: Lines | None = None


def placed_in_corefile(
    facts: Facts, troubled: Sequence[tuple[Group, Place]], bench: Bench
) -> list[Place]:
    """The places with the line, or with what else it is. Raises NotPossibleError, ProbeLostError.

    ``troubled``: groups to which all replicas give wrong answers, with their places so far.
    """
    reading, whole = facts.reading, facts.inventory.corefile
    if reading is None or not isinstance(whole, Corefile):
        return [place for _, place in troubled]
    names = frozenset(absolute_name(group.cell.name) for group, _ in troubled)
    served = for_names(whole, names, reading.main_port)
    home = dirname(facts.inventory.corefile_path)
    movable, files = with_files(served, facts.inventory.files, home, FOLDER)
    bench.files = files
    found = statements(served)
    cases = [_case(group, place, reading, found) for group, place in troubled]
    questions = [_question(facts, group) for group, _ in troubled]
    questions += [(each, "udp", OUTSIDE_S) for each in controls_of(facts)]
    simple = [bench.simple] if bench.simple else []
    said_simply: list[Asked] | None = None
    while wanted := _wanted(cases):
        variants = [without(movable, gone) for gone in wanted]
        try:
            said = bench.ask(variants + simple, questions)
        except (NotPossibleError, ProbeLostError, ApiException):
            if simple:  # nothing was tried at all
                raise
            break  # what was tried until now is all that there is
        if simple:
            said_simply, simple = said[-1], []
        answers = dict(zip(wanted, said, strict=False))
        for number, case in enumerate(cases):
            _go_on(case, number, answers)
    for case in cases:
        case.result = case.result or so_far(case.judged)
    found_places = [
        _place(facts, case, said_simply[number] if said_simply else None, bench.blind)
        for number, case in enumerate(cases)
    ]
    return [_without(place, bench.without) for place in found_places]


def _without(place: Place, missing: str) -> Place:
    """The place, with what private instances lacked: where one was right, that may be why."""
    if not missing:
        return place
    note = f"private instances did not have the variable {missing}"
    return replace(
        place, proved=place.proved and place.hop != "replica", tried=(*place.tried, note)
    )


def controls_of(facts: Facts) -> list[Question]:
    """Questions that a remedy must leave answered as they were."""
    return [Question(f"{name}.{facts.domain}.") for name in CONTROLS]


def spoiled(facts: Facts, before: Sequence[Asked], after: Sequence[Asked]) -> list[str]:
    """The control questions that are right as long as some lines are there, and wrong without."""
    api = (facts.api_service or {}).get("spec", {}).get("clusterIP", "")
    lines = []
    for absent, one, other in zip((False, True), before, after, strict=False):
        if _is_fine(one, absent, api) and not _is_fine(other, absent, api):
            now = next((a for a in other.answers if a.answered), other.answers[0])
            lines.append(f"{now.question} then comes to {told(now)}")
    return lines


def _is_fine(asked: Asked, absent: bool, api: str) -> bool:
    came = [answer for answer in asked.answers if answer.answered]
    if absent:
        return bool(came) and all(answer.rcode == "NXDOMAIN" for answer in came)
    return bool(came) and all(
        any(record.endswith(f" {api}") for record in answer.records) for answer in came
    )


def _case(group: Group, place: Place, reading: Reading, found: Sequence[Statement]) -> Case:
    cell = group.cell
    reached = takers(reading, cell.name, cell.rdtype)
    suspects = [one for one in found if any(_is(one, taker) for taker in reached)]
    begun = search(found, suspects)
    return Case(group, place, Right.of(cell), found, begun, next(begun), {}, {})


def _is(statement: Statement, taker: Taker) -> bool:
    words = (statement.line, statement.text.split(" ", 1)[0])
    return statement.kind == "plugin" and words == (taker.plugin.line, taker.plugin.name)


def _question(facts: Facts, group: Group) -> Asking:
    cell = group.cell
    question = Question(absolute_name(cell.name), cell.rdtype, payload=cell.payload or None)
    own = is_of_cluster(facts, cell)
    return question, cast(Transport, cell.transport), OUTSIDE_S if own else 2 * OUTSIDE_S


def _wanted(cases: Sequence[Case]) -> list[Gone]:
    """What all searches that go on want tried, the first wishes of each before the second."""
    going = [case.wants for case in cases if case.result is None]
    turns = [w[n] for n in range(MOST_AT_ONCE * 2) for w in going if n < len(w)]
    return list(dict.fromkeys(turns))[:MOST_VARIANTS]


def _go_on(case: Case, number: int, answers: Mapping[Gone, Sequence[Asked] | None]) -> None:
    """Tell a search how its variants answered."""
    if case.result is not None:
        return
    judged: dict[Gone, bool | None] = {}
    for gone in case.wants:
        said = answers.get(gone)
        judged[gone] = said[number].is_right(case.right) if said else None
        if said:
            case.heard[gone] = said[number].heard(case.right)
            case.controls[gone] = said[len(said) - len(CONTROLS) :]
    case.judged |= judged
    try:
        case.wants = case.search.send(judged)
    except StopIteration as end:
        case.result = end.value


def _place(facts: Facts, case: Case, simply: Asked | None, blind: str) -> Place:
    """The place that the search ended at."""
    place, result = case.place, case.result
    if result is None or result.reproduced is None:
        return replace(place, tried=(*place.tried, "a private instance could not be tried"))
    whole = case.heard[WHOLE]
    if blind and is_of_cluster(facts, case.group.cell):
        note = f"a private instance did not see the API either ({blind})"
        return replace(place, tried=(*place.tried, note))
    if not result.reproduced:
        right = replace(whole, who="a private instance with the same Corefile")
        subject, tried, remedy = unlike_private(facts)
        found = replace(place, hop="replica", subject=subject or place.subject, right=right)
        return replace(found, proved=case.right.known, tried=tried, remedy=remedy)
    if result.gone:
        return _line(facts, case, result.gone)
    plain = simply.heard(case.right) if simply else None
    wrong = replace(whole, who="a private instance with the same Corefile")
    if plain is not None and plain.right:
        right = replace(plain, who="a private instance with a minimal Corefile")
        lacks = "no single statement of the Corefile: something is missing, or several go together"
        return replace(
            place, hop="corefile", subject=lacks, right=right, wrong=wrong, proved=case.right.known
        )
    notes = ["a private instance with the same Corefile gives the same wrong answer"]
    if plain is not None:
        notes.append(f"so does one with a minimal Corefile: {plain.received}")
    hop = "data" if place.right is None and plain is not None else place.hop
    subject = _data(facts) if hop == "data" else place.subject
    return replace(place, hop=hop, subject=subject, wrong=wrong, tried=tuple(notes))


def _data(facts: Facts) -> str:
    return f"what CoreDNS is told: the objects of the API that make these names ({facts.domain})"


def _line(facts: Facts, case: Case, gone: Gone) -> Place:
    """The place of lines without which the answer is right."""
    lines = sorted(gone, key=lambda one: (one.file, one.line))
    words = "; ".join(str(one) for one in lines)
    numbers = " and ".join(f"line {one.line}" for one in lines)
    key = facts.inventory.config_map
    where = f"ConfigMap {key[0]}/{key[1]}" if key else "the Corefile"
    right = replace(case.heard[gone], who=f"a private instance without {numbers}")
    wrong = replace(case.heard[WHOLE], who="one with the whole Corefile")
    cell = case.group.cell
    reached = takers(facts.reading, cell.name, cell.rdtype) if facts.reading else ()
    agree = any(_agrees(one, taker) for one in lines for taker in reached)
    about_us = ""
    if not agree:
        path = ", ".join(map(str, reached)) or "no plugin"
        about_us = (
            f"by reading the Corefile {cell.name} {cell.rdtype} comes to {path}, and not to "
            f"{numbers}: the experiment says otherwise, and it is believed"
        )
    others = spoiled(facts, case.controls.get(WHOLE, ()), case.controls.get(gone, ()))
    take_out = (
        f"take out {words}, unless it is there for a purpose: then narrow it to the names it is "
        "meant for. Tried in a private instance: right answers, also for other names of the cluster"
    )
    if others:
        take_out = (
            f"narrow {words} to the names it is meant for. Do not just take it out: tried in a "
            f"private instance, other names go wrong then ({'; '.join(others)})"
        )
    remedy = (f"{facts.edit_corefile}  # {take_out}", *after_edit(facts))
    return replace(
        case.place,
        hop="corefile",
        subject=f"{where}, {words}",
        line=words,
        named=named_by(lines, case.found),
        right=right,
        wrong=wrong,
        proved=case.right.known,
        remedy=remedy,
        tried=(f"by reading, the question comes to {', '.join(map(str, reached))}",)
        if agree
        else (),
        about_us=about_us,
    )


def named_by(lines: Sequence[Statement], found: Sequence[Statement]) -> tuple[str, ...]:
    """By what a cause would speak of these lines: the plugin that they are in, or the zone."""
    words: list[str] = []
    for one in lines:
        outer = [p for p in found if p.kind == "plugin" and is_inside(one, p)]
        text = one.text if one.kind == "server block" or not outer else outer[0].text
        words.append(text.split(" ", 1)[0].partition(":")[0].lower())
    return tuple(dict.fromkeys(words))


def _agrees(statement: Statement, taker: Taker) -> bool:
    """Whether reading leads to the statement: to the plugin, to one it is in, or to its block."""
    plugin = taker.plugin
    if statement.kind == "server block":
        return statement.line == taker.block.line
    last = max((token.last_line for token in plugin.tokens), default=plugin.line)
    return plugin.line <= statement.line <= last
