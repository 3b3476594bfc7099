"""Rules of the Corefile that let no question go on to those behind them."""

from collections.abc import Callable

from clusterdns.corefile.finding import file_of, place_in_words
from clusterdns.corefile.reached import FORWARDING, Rule, swallowers
from clusterdns.corefile.settings import is_within
from clusterdns.diagnosis.causes.overrides import GUESSES, written
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.outside import OUTSIDE
from clusterdns.diagnosis.restarting import after_edit
from clusterdns.diagnosis.running import edit_file, with_note
from clusterdns.diagnosis.scopes import Scope, about, is_reverse
from clusterdns.report.cell import Cell

CLUSTER = about("short-names", "ndots", "paths", "updates")
LEADS_TO = (*GUESSES, "upstream-unreachable", "upstream-one-dead", "no-forward", "api-unreachable")


@cause("fallthrough-missing", "corefile", leads_to=LEADS_TO)
def swallowed(facts: Facts) -> Finding | None:
    """A plugin without fallthrough answers for names of which it knows nothing."""
    for block in facts.reading.blocks if facts.reading else ():
        if block.has("view"):
            continue
        for rule, behind in swallowers(block):
            if found := _blamed(facts, rule, behind):
                return found
    return None


def _blamed(facts: Facts, rule: Rule, behind: list[Rule]) -> Finding | None:
    """The rule as the cause, where those behind it are seen to get no questions."""
    serves = any(one.plugin.name == "kubernetes" for one in behind)
    forwards = any(one.plugin.name in FORWARDING for one in behind)
    inside = [t for t in facts.to_replicas("known") if t.answered] if serves else []
    outside = [t for t in facts.to_replicas("outside") if t.answered] if forwards else []
    seen = [*inside, *outside]
    said = {t.result for t in seen}
    if rule.plugin.name == "kubernetes" or rule.whole or not seen or len(said) > 1:
        return None
    if not said <= {"SERVFAIL", "NXDOMAIN"}:
        return None
    lost = ", ".join(f"{one.words} ({place_in_words(one.plugin.line)})" for one in behind)
    name, result = rule.plugin.name, said.pop()
    names = [kind for kind, talks in (("of the cluster", inside), ("outside", outside)) if talks]
    return Finding(
        f"The plugin {name} in the Corefile has no fallthrough for {', '.join(rule.zones)}: names "
        f"{' and '.join(names)} that it does not have get {result} from it.",
        (
            f"{place_in_words(rule.plugin.line)}: {written(rule.plugin)}",
            f"never asked: {lost}",
            f"{len(seen)} of {len(seen)} questions that {name} has no answer to came back with "
            f"{result}, from {len({t.server for t in seen})} replicas",
        ),
        (
            with_note(
                edit_file(facts, file_of(rule.plugin.line)), f"add the line fallthrough to {name}"
            ),
            *after_edit(facts),
        ),
        Scope(
            ((*CLUSTER,) if serves else ()) + ((*OUTSIDE.topics,) if forwards else ()),
            _fitting(facts, rule, result, serves, forwards),
        ),
    )


def _fitting(
    facts: Facts, rule: Rule, result: str, serves: bool, forwards: bool
) -> Callable[[Cell], bool]:
    """Which answers follow from it."""

    def fits(cell: Cell) -> bool:
        ours = is_within(cell.name, facts.domain) or is_reverse(cell)
        if cell.rcode != result or not (serves if ours else forwards):
            return False
        return rule.ends(cell.name) and rule.rrtype in ("ANY", cell.rdtype)

    return fits
