"""From the answers of all hops to the first one behind which the answer is right."""

from collections.abc import Sequence
from dataclasses import replace

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.hops.asking import Asked
from clusterdns.diagnosis.hops.groups import Group, what_is_alike, what_is_unlike
from clusterdns.diagnosis.hops.place import Place
from clusterdns.diagnosis.hops.right import Right
from clusterdns.diagnosis.hops.ways import where

SHORT = 512  # octets of an answer that passes wherever DNS does (RFC 1035 4.2.1)


def place_of(facts: Facts, group: Group, asked: Sequence[Asked]) -> Place:
    """Where the answers of a group go wrong, by what each hop said.

    From the far end to the near one: the upstream, the replicas on their own nodes, the network
    between nodes, the Service. "coredns": all replicas are wrong and no upstream tells why.
    Silence on a path that has lost a part of all questions of the run says nothing.
    """
    cell = group.cell
    right = Right.of(cell)
    asked = [one for one in asked if not _lost_by_chance(facts, one)]
    hosts, asked = [[o for o in asked if (o.hop == "host") is wanted] for wanted in (True, False)]
    blank = Place(
        hop="unplaced",
        subject="",
        question=f"{cell.name} {cell.rdtype} over {cell.transport}",
        wanted=cell.expected,
        questions=group.questions,
        checks=group.checks,
        alike=what_is_alike(facts, group),
        unlike=what_is_unlike(facts, group),
    )
    wrong = [one for one in asked if one.hop != "upstream" and not one.is_right(right)]
    replicas = [one for one in asked if one.hop in ("near", "far")]
    if not asked:
        return blank
    if not wrong:
        fine = next(one for one in asked if one.hop != "upstream" or len(asked) == 1)
        return replace(blank, hop="passed", right=fine.heard(right))
    wrong_names = {one.server.name for one in replicas if not one.is_right(right)}
    names = {one.server.name for one in replicas}
    if not replicas or not wrong_names:
        beside = tuple(str(one.heard(right)) for one in hosts)
        return replace(_service(blank, asked, right), tried=beside)
    if wrong_names != names:
        return _replica_or_way(blank, asked, right)
    if all(one.is_silent for one in replicas if one.hop == "far") and any(
        one.is_right(right) for one in replicas if one.hop == "near"
    ):
        return _replica_or_way(blank, asked, right)
    return _behind(blank, asked, right)


def _lost_by_chance(facts: Facts, one: Asked) -> bool:
    path = one.node, str(one.server), one.answers[0].transport
    return one.is_silent and any(
        (p.node, p.server, p.transport) == path and p.improbable and p.lost < p.sent
        for p in facts.paths
    )


def _service(blank: Place, asked: Sequence[Asked], right: Right) -> Place:
    """Every replica is right: what is wrong is added before them."""
    behind = next((one for one in asked if one.hop in ("near", "far")), None)
    before = [one for one in asked if one.hop == "service" and not one.is_right(right)]
    fine = {one.node for one in asked if one.hop == "service" and one.is_right(right)}
    nodes = sorted({one.node for one in before} - fine)
    from_some = f" from {', '.join(nodes)}" if fine and nodes else ""
    return replace(
        blank,
        hop="service" if behind else "unplaced",
        subject=f"{before[0].server}{from_some}",
        right=behind.heard(right) if behind else None,
        wrong=before[0].heard(right),
        proved=right.known and behind is not None,
    )


def _replica_or_way(blank: Place, asked: Sequence[Asked], right: Right) -> Place:
    """Some replicas are right, or all are on their own nodes."""
    near = {one.server.name: one for one in asked if one.hop == "near"}
    far = {one.server.name: one for one in asked if one.hop == "far"}
    at_home = [one for one in near.values() if not one.is_right(right)]
    if at_home:
        bad = at_home[0]
        fine = next(one for one in (*near.values(), *far.values()) if one.is_right(right))
        names = ", ".join(sorted({one.server.name for one in at_home}))
        found = replace(blank, hop="replica", subject=names)
        return _pair(found, fine, bad, right)
    bad = next(one for one in far.values() if not one.is_right(right))
    fine = near.get(bad.server.name) or next(o for o in asked if o.is_right(right))
    if not bad.is_silent or bad.server.name not in near:
        return _pair(replace(blank, hop="replica", subject=bad.server.name), fine, bad, right)
    found = replace(blank, hop="network", subject=where(bad.node, bad.server), tried=_size(fine))
    return _pair(found, fine, bad, right)


def _size(fine: Asked) -> tuple[str, ...]:
    """How large an answer is that is lost, where only large ones are."""
    octets = max(answer.size for answer in fine.answers)
    return (f"the answer that is lost has {octets} octets",) if octets > SHORT else ()


def _behind(blank: Place, asked: Sequence[Asked], right: Right) -> Place:
    """All replicas are wrong: the upstream is, or CoreDNS."""
    bad = next(one for one in asked if one.hop in ("near", "far") and not one.is_right(right))
    upstreams = [one for one in asked if one.hop == "upstream"]
    wrong = [one for one in upstreams if not one.is_right(right)]
    if wrong and (len(wrong) == len(upstreams) or not right.known):
        subject = "; ".join(f"{one.server.address} ({one.where})" for one in wrong)
        heard = wrong[0].heard(right)
        named = tuple(one.server.address for one in wrong)
        found = replace(blank, hop="upstream", subject=subject, wrong=heard, named=named)
        return replace(found, proved=right.known and not wrong[0].is_silent)
    everybody = "every replica" if len({o.server.name for o in asked}) > 2 else bad.server.name
    found = replace(blank, hop="coredns", subject=everybody, wrong=bad.heard(right))
    if upstreams:
        fine = next((one for one in upstreams if one.is_right(right)), upstreams[0])
        return _pair(found, fine, bad, right)
    return found


def _pair(place: Place, fine: Asked, bad: Asked, right: Right) -> Place:
    return replace(place, right=fine.heard(right), wrong=bad.heard(right), proved=right.known)
