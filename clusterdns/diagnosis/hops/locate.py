"""Find the places: ask every hop, and try private instances where CoreDNS itself is wrong."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from kubernetes.client import ApiException

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.hops.asking import ask_hops, host_of_node
from clusterdns.diagnosis.hops.bench import Bench
from clusterdns.diagnosis.hops.corefile_lines import placed_in_corefile
from clusterdns.diagnosis.hops.groups import groups_of
from clusterdns.diagnosis.hops.place import Place
from clusterdns.diagnosis.hops.placing import place_of
from clusterdns.diagnosis.hops.ways import asked_on_ways, places_of, start_on_ways, with_ways
from clusterdns.diagnosis.work import Work
from clusterdns.own_coredns import NotPossibleError
from clusterdns.probe import Probe, ProbeLostError
from clusterdns.run.ledger import one_line

ASKING_S = 10.0  # for all questions to all hops
TRYING_S = 30.0  # for all private instances

MakeBench = Callable[[Facts, float], Bench]  # until a moment; raises NotPossibleError
Say = Callable[[str], None]


def located(
    facts: Facts,
    probes: Mapping[str, Probe],
    bench: MakeBench | None = None,
    say: Say = lambda _: None,
    trying_s: float = TRYING_S,
    hosts: Mapping[str, Probe] | None = None,
) -> Facts:
    """The facts with the places of what deviates. Raises nothing that a cluster can cause.

    ``bench`` makes private instances, which are started only where the replicas themselves are
    wrong; ``say`` is told what goes on. ``hosts``: what asks from the networks of the nodes
    themselves, by node, as far as there is any.
    """
    groups = groups_of(facts)
    if not facts.failed or not probes:
        return facts
    work = Work(time.monotonic() + ASKING_S, dict(facts.missing))
    try:
        askers = {**probes, **{host_of_node(node): p for node, p in (hosts or {}).items()}}
        suspected = start_on_ways(facts, askers, work)
        asked = ask_hops(facts, groups, askers, work)
        ways = places_of(facts, asked_on_ways(suspected, work))
    finally:
        work.end()
    places = [place_of(facts, group, asked.get(n, ())) for n, group in enumerate(groups)]
    troubled = [n for n, p in enumerate(places) if p.hop == "coredns" and worth_trying(facts, p)]
    missing = dict(work.missing)
    if troubled and bench is not None:
        say("trying the Corefile in private instances, for at most half a minute")
        try:
            found = placed_in_corefile(
                facts,
                [(groups[n], places[n]) for n in troubled],
                bench(facts, time.monotonic() + trying_s),
            )
        except (NotPossibleError, ProbeLostError, ApiException) as error:
            missing["private instances"] = one_line(error)
            found = [_untried(places[n], one_line(error)) for n in troubled]
        for n, place in zip(troubled, found, strict=True):
            places[n] = place
    return replace(facts, places=tuple(with_ways(places, ways)), missing=missing)


def worth_trying(facts: Facts, place: Place) -> bool:
    """Whether the Corefile may be to blame: not where the replicas answer nothing at all."""
    return not place.silent or any(talk.answered for talk in facts.to_replicas())


def _untried(place: Place, why: str) -> Place:
    return replace(place, tried=(*place.tried, f"no private instance could be tried: {why}"))
