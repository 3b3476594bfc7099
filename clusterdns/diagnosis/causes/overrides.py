"""Plugins of the Corefile that answer, refuse or change questions before kubernetes sees them.

Each is legal. It is blamed only when an answer deviates in the way in which the plugin deviates.
"""

import contextlib
import ipaddress
import re
from collections.abc import Callable

from clusterdns.corefile.finding import file_of, place_in_words
from clusterdns.corefile.model import Option, Plugin, ServerBlock
from clusterdns.corefile.settings import absolute, forward_of, is_within, zones_of
from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.restarting import after_edit
from clusterdns.diagnosis.running import edit_file, with_note
from clusterdns.diagnosis.scopes import Scope, about
from clusterdns.report.cell import Cell

# What programs find under a name follows from what CoreDNS answers.
FOLLOWS = about("short-names", "ndots")
# Causes that look at nothing but wrong answers, which are explained by who gave them.
GUESSES = ("watch-frozen", "corefile-zone-wrong", "aaaa-servfail")

Fits = Callable[[Cell], bool]
# What an action of acl makes of an answer.
ACL_SAYS: dict[str, Fits] = {
    "block": lambda cell: cell.rcode == "REFUSED",
    "filter": lambda cell: cell.rcode == "NOERROR" and not cell.records,
    "drop": lambda cell: cell.silent,
}


def written(plugin: Plugin, most: int = 4) -> str:
    """A plugin as it stands in the Corefile, in one line."""
    words = [word.strip() for word in plugin.lines(0)]
    return " ".join(words[:most]) + (" ..." if len(words) > most else "")


def blamed(facts: Facts, plugin: Plugin, fits: Fits, summary: str, remedy: str) -> Finding | None:
    """The plugin as the cause of all deviating answers that fit; None without any."""
    hits = [cell for trouble in facts.failed for cell in trouble.cells if fits(cell)]
    if not hits:
        return None
    first = hits[0]
    return Finding(
        summary,
        (
            f"{place_in_words(plugin.line)}: {written(plugin)}",
            f"{len(hits)} answers deviate as that line says; {first.question} from {first.node}: "
            f"{first.received[:120]}, not {first.expected[:80]}",
        ),
        (with_note(edit_file(facts, file_of(plugin.line)), remedy), *after_edit(facts)),
        Scope(FOLLOWS, fits),
    )


def first_blamed(
    facts: Facts, name: str, judge: Callable[[ServerBlock, Plugin], Finding | None]
) -> Finding | None:
    """The first use of a plugin that deviating answers speak against; views are not judged."""
    for block, plugin in facts.reading.plugins(name) if facts.reading else ():
        if not block.has("view") and (found := judge(block, plugin)):
            return found
    return None


@cause("hosts-override", "corefile", leads_to=GUESSES)
def hosts(facts: Facts) -> Finding | None:
    """The plugin hosts knows a name of the cluster, and an address of its own for it."""

    def judge(block: ServerBlock, plugin: Plugin) -> Finding | None:
        own = {absolute(word): o.name for o in plugin.options if is_ip(o.name) for word in o.args}
        own = {name: ip for name, ip in own.items() if is_within(name, facts.domain)}

        def fits(cell: Cell) -> bool:
            return absolute(cell.name) in own

        names = ", ".join(f"{name} is {ip}" for name, ip in list(own.items())[:3])
        return blamed(
            facts,
            plugin,
            fits,
            f"The plugin hosts in the Corefile answers for names of the cluster: {names}.",
            "take these names out of the block of hosts",
        )

    return first_blamed(facts, "hosts", judge)


def is_ip(word: str) -> bool:
    """Whether a word of the Corefile is an address."""
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(word))
    return False


@cause("template-override", "corefile", leads_to=GUESSES)
def template(facts: Facts) -> Finding | None:
    """The plugin template makes the answers of a whole class of names of the cluster."""

    def judge(block: ServerBlock, plugin: Plugin) -> Finding | None:
        wanted = plugin.args[1].upper() if len(plugin.args) > 1 else "ANY"
        zones = zones_of(plugin.args[2:]) or block.zones
        matches = [word for o in plugin.all("match") for word in o.args] or [".*"]
        rcode = next((o.args[0] for o in plugin.all("rcode") if o.args), "NOERROR")

        def fits(cell: Cell) -> bool:
            name = absolute(cell.name)
            return (
                wanted in ("ANY", cell.rdtype)
                and is_within(name, facts.domain)
                and any(is_within(name, zone) for zone in zones)
                and any(_found(pattern, name) for pattern in matches)
                and cell.rcode == rcode
            )

        return blamed(
            facts,
            plugin,
            fits,
            f"The plugin template in the Corefile answers {wanted} questions for names of the "
            f"cluster ({', '.join(zones)}) with {rcode}, before kubernetes is asked.",
            f"give template a zone or a match that leaves {facts.domain} alone, or fallthrough",
        )

    return first_blamed(facts, "template", judge)


@cause("rewrite-override", "corefile", leads_to=GUESSES)
def rewrite(facts: Facts) -> Finding | None:
    """The plugin rewrite turns questions for names of the cluster into others."""

    def judge(block: ServerBlock, plugin: Plugin) -> Finding | None:
        words = [w for w in plugin.args if w not in ("stop", "continue")]
        if len(words) < 3 or words[0] not in ("name", "ttl", "type", "rcode", "cname"):
            return None

        def fits(cell: Cell) -> bool:
            ours = is_within(cell.name, facts.domain)
            if words[0] == "type":
                return ours and cell.rdtype == words[1].upper()
            return ours and _matches(words[1:], absolute(cell.name))

        return blamed(
            facts,
            plugin,
            fits,
            "The plugin rewrite in the Corefile changes questions or answers about names of the "
            f"cluster: {' '.join(words)}.",
            f"narrow the rule, or take it out: it matches names of {facts.domain}",
        )

    return first_blamed(facts, "rewrite", judge)


def _matches(words: list[str], name: str) -> bool:
    """Whether a rule's [kind] and pattern match a name, as plugin/rewrite has it."""
    kinds = ("exact", "prefix", "suffix", "substring", "regex")
    kind, pattern = (words[0], words[1]) if words[0] in kinds else ("exact", words[0])
    bare = name.rstrip(".")
    if kind == "regex":
        return _found(pattern, name) or _found(pattern, bare)
    text = pattern.lower().rstrip(".")
    return {
        "exact": bare == text,
        "prefix": bare.startswith(text),
        "suffix": bare.endswith(text),
        "substring": text in bare,
    }[kind]


def _found(pattern: str, name: str) -> bool:
    """Whether Go's pattern is in a name; one that Python cannot read is not."""
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return False


@cause("acl-refuses", "corefile", leads_to=(*GUESSES, "dns-port-filtered"))
def acl(facts: Facts) -> Finding | None:
    """The plugin acl turns away pods that may ask."""

    def judge(block: ServerBlock, plugin: Plugin) -> Finding | None:
        for rule in plugin.options:
            if rule.name not in ACL_SAYS:
                continue
            nodes = {node for node, ip in facts.probe_ips.items() if _is_of(rule, ip)}
            found = blamed(
                facts,
                plugin,
                _turned_away(nodes, ACL_SAYS[rule.name]),
                f"The plugin acl in the Corefile turns away pods on {nodes_in_words(nodes)}: "
                f"{rule.name} {' '.join(rule.args)}.",
                "let acl allow the ranges of all pods and nodes first",
            )
            if found:
                return found
        return None

    return first_blamed(facts, "acl", judge)


def _turned_away(nodes: set[str], says: Fits) -> Fits:
    return lambda cell: cell.node in nodes and says(cell)


def _is_of(rule: Option, ip: str) -> bool:
    """Whether an address is in the networks of a rule; without any it is in all."""
    if "net" not in rule.args:
        return True
    for word in rule.args[rule.args.index("net") + 1 :]:
        with contextlib.suppress(ValueError):
            if ipaddress.ip_address(ip) in ipaddress.ip_network(word, strict=False):
                return True
    return False


@cause("stub-shadows-cluster", "corefile", leads_to=(*GUESSES, "upstream-unreachable"))
def stub(facts: Facts) -> Finding | None:
    """Names of the cluster are forwarded, by a block or a rule for a zone inside its domain."""
    reading = facts.reading
    if reading is None:
        return None
    for block, plugin in reading.plugins("forward"):
        zones = [forward_of(plugin).zone, *block.zones]
        inner = [z for z in zones if is_within(z, facts.domain) and z != "."]
        serving = [k for k in reading.all_kubernetes() if any(k.serves(z) for z in inner)]
        if not inner or block.has("kubernetes") or not serving:
            continue
        zone = inner[0]

        def fits(cell: Cell, zone: str = zone) -> bool:
            return is_within(cell.name, zone)

        if found := blamed(
            facts,
            plugin,
            fits,
            f"The Corefile forwards {zone}, a part of the cluster's own domain {facts.domain}, to "
            f"{', '.join(forward_of(plugin).to)}, which does not know the cluster's names.",
            f"take the block of {zone} out; a stub domain must lie outside {facts.domain}",
        ):
            return found
    return None
