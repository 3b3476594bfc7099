"""Rules that the user wrote into the Corefile for names of their own, and that do not come true."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from clusterdns.corefile.finding import file_of, place_in_words
from clusterdns.corefile.settings import kubernetes_of
from clusterdns.diagnosis.causes.overrides import written
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.restarting import after_edit, restart
from clusterdns.diagnosis.running import edit_file, with_note
from clusterdns.diagnosis.scopes import Scope
from clusterdns.inventory.promised_records import Promise
from clusterdns.inventory.promises import all_promises, spread
from clusterdns.report.cell import Cell

Asked = tuple[str, str]  # name and type


def broken(facts: Facts, stubs: bool) -> list[tuple[Promise, list[Cell]]]:
    """The rules whose names deviate, the one with most first, each with the answers."""
    if facts.reading is None:
        return []
    inventory, zone = facts.inventory, f"{facts.domain}."
    rules = all_promises(facts.reading, inventory.files, inventory.corefile_path, zone)
    known: dict[Asked, Promise] = {
        (one.question.name, one.question.rdtype): one for one in spread(rules, most=10**6)
    }
    found: dict[int, list[Cell]] = defaultdict(list)
    by_rule: dict[int, Promise] = {}
    for trouble in facts.failed_about("own-names"):
        for cell in trouble.cells:
            one = known.get((cell.name, cell.rdtype))
            if one is not None and (one.kind == "stub zone") == stubs:
                by_rule.setdefault(id(one.plugin), one)
                found[id(one.plugin)].append(cell)
    return sorted(
        ((by_rule[i], cells) for i, cells in found.items()), key=lambda each: -len(each[1])
    )


def of_these(cells: Sequence[Cell]) -> Callable[[Cell], bool]:
    """Answers to the same questions as these."""
    asked = {(cell.name, cell.rdtype) for cell in cells}
    return lambda cell: (cell.name, cell.rdtype) in asked


@cause("own-rule-broken", "corefile")
def own_rule(facts: Facts) -> Finding | None:
    """A name in hosts, rewrite, file or template is not answered as it is written there."""
    found = broken(facts, stubs=False)
    if not found:
        return None
    one, cells = found[0]
    first, names = cells[0], sorted({cell.name for each in found for cell in each[1]})
    evidence = [
        f"{place_in_words(one.plugin.line)}: {written(one.plugin)}",
        f"{first.question} from {first.node}: {first.received[:120]}, not {first.expected[:120]}",
    ]
    scope = Scope((), of_these([cell for _, each in found for cell in each]))
    told = f"{', '.join(names[:3])}{' and others' if len(names) > 3 else ''}"
    if (taker := one.taken_by) is not None:
        evidence.append(f"{place_in_words(taker.line)}: {written(taker)}")
        where = place_in_words(taker.line, beside=one.plugin.line)
        note = f"let {taker.name} leave {first.name} alone: narrower zones or match, or fallthrough"
        return Finding(
            f"{told} should be answered by {one.rule}, but {taker.name} in {where} is asked first "
            "and answers otherwise.",
            tuple(evidence),
            (with_note(edit_file(facts, file_of(taker.line)), note), *after_edit(facts)),
            scope,
        )
    if one.kind == "rewrite" and not _serves_target(one, facts):
        return Finding(
            f"{told} is made into {one.target} by {one.rule}, but it is looked up in that server "
            "block alone, where nothing serves it.",
            (*evidence, "rewrite changes the question, not the server block that it is in"),
            (
                with_note(
                    edit_file(facts, file_of(one.plugin.line)),
                    "move the rule into the block that has kubernetes",
                ),
                *after_edit(facts),
            ),
            scope,
        )
    if facts.troubles_about("running-corefile"):
        return Finding(
            f"{told} is not answered as {one.rule} says, for the replicas run another Corefile "
            "than the ConfigMap holds.",
            tuple(evidence),
            restart(facts, "so that they take up the Corefile"),
            scope,
        )
    return Finding(
        f"{told} is not answered as {one.rule} says.",
        tuple(evidence),
        (
            f"{facts.ks} logs {facts.of_replicas} --prefix --tail=50  # did each replica take up "
            "the Corefile that the ConfigMap holds?",
            with_note(
                edit_file(facts, file_of(one.plugin.line)), f"the rule in line {one.plugin.line}"
            ),
        ),
        scope,
        "medium",
        tell_apart="the same question to a private CoreDNS with that Corefile: where the answer is "
        "right there, the replicas run another one",
    )


def _serves_target(one: Promise, facts: Facts) -> bool:
    """Whether the block of a rewrite has kubernetes for the name that it leads to."""
    for block, plugin in facts.reading.plugins() if facts.reading else ():
        if one.plugin in block.plugins and plugin.name == "kubernetes":
            return kubernetes_of(plugin, block).serves(one.target)
    return facts.reading is not None and one.plugin in getattr(
        facts.reading.block_for(one.target), "plugins", ()
    )


@cause("stub-zone-unanswered", "upstream")
def stub_zone(facts: Facts) -> Finding | None:
    """A zone with servers of its own is not answered as they answer, or they do not at all."""
    found = broken(facts, stubs=True)
    if not found:
        return None
    one, cells = found[0]
    first, zone = cells[0], one.question.name
    servers = ", ".join(map(str, one.upstreams))
    addresses = {up.address for up in one.upstreams}
    talks = [talk for talk in facts.said("stub") if talk.address in addresses]
    evidence = [
        f"{place_in_words(one.plugin.line)}: {written(one.plugin)}",
        f"{first.question} from {first.node}: {first.received[:120]}",
        *(f"{zone} SOA of {t.address} from {t.node}: {t.result}" for t in talks[:2]),
    ]
    scope = Scope((), of_these(cells))
    edit = edit_file(facts, file_of(one.plugin.line))
    if one.taken_by is not None:
        where = place_in_words(one.taken_by.line, beside=one.plugin.line)
        return Finding(
            f"{zone} should be asked of {servers}, but {one.taken_by.name} in {where} takes its "
            f"questions before {one.rule}.",
            (*evidence, f"{place_in_words(one.taken_by.line)}: {written(one.taken_by)}"),
            (with_note(edit, f"give {zone} a server block of its own"), *after_edit(facts)),
            scope,
        )
    if talks and not any(talk.answered for talk in talks):
        return Finding(
            f"Nobody answers at {servers}, where {one.rule} sends questions for {zone}.",
            tuple(evidence),
            (
                f"repair {servers}, or the way there from the nodes of the replicas",
                with_note(edit, f"if the servers of {zone} are others: name them there"),
                *after_edit(facts),
            ),
            scope,
        )
    return Finding(
        f"{zone} is not answered as {servers} answers, where {one.rule} sends it.",
        tuple(evidence),
        (
            f"{facts.ks} logs {facts.of_replicas} --prefix --tail=50  # what does plugin/errors "
            f"say about {zone}?",
            with_note(edit, f"the rule in line {one.plugin.line}"),
        ),
        scope,
        "medium",
        tell_apart=f"from a replica's node: dig @{one.upstreams[0].address} -p "
        f"{one.upstreams[0].port} {zone} SOA",
    )
