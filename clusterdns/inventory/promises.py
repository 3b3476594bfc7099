"""What the rules of a Corefile promise about names: what its author wrote them for.

Read from the Corefile and the files that it names, so that nobody has to write a list: entries of
``hosts``, rules of ``rewrite`` for names, records of ``file``, fixed answers of ``template``, and
zones that are forwarded to servers of their own. Left out is what reading alone cannot promise: a
rule that another one may answer before, patterns, files that are not known. A rule that another
one surely takes the question from is asked for all the same: its author meant it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import zip_longest
from posixpath import dirname, join

from clusterdns.corefile.model import Plugin, ServerBlock
from clusterdns.corefile.reading import Reading
from clusterdns.corefile.rewrites import name_rules
from clusterdns.corefile.settings import absolute, forward_of, is_within, zones_of
from clusterdns.corefile.takers import PASSING, takers
from clusterdns.corefile.values import upstream_host, upstream_port
from clusterdns.inventory.promised_records import Promise, Upstream, of_file, of_hosts, of_template
from clusterdns.matrix.question import Question, Transport

MOST = 40  # questions in all: a list of thousands of hosts is not asked for as a whole


def promises(reading: Reading, files: Mapping[str, str], path: str, zone: str) -> list[Promise]:
    """Every promise of a Corefile, rule by rule, at most MOST, spread over the rules.

    ``files``: texts of known files by path; ``path``: of the Corefile; ``zone``: the cluster's.
    """
    return spread(all_promises(reading, files, path, zone))


def all_promises(
    reading: Reading, files: Mapping[str, str], path: str, zone: str
) -> list[list[Promise]]:
    """As `promises`, all of them, by rule."""
    rules: list[list[Promise]] = []
    for block in reading.blocks:
        if block.has("view") or block.has("bind") or reading.main_port not in block.ports:
            continue
        home = _home(block, dirname(path))
        for plugin in block.plugins:
            match plugin.name:
                case "hosts":
                    rules.append(list(of_hosts(plugin, block, files, home)))
                case "file":
                    rules.append(list(of_file(plugin, block, files, home)))
                case "template":
                    rules.append(list(of_template(plugin, block)))
                case "forward":
                    rules.append(list(_stubs(plugin, block, zone)))
        rules += [[one] for one in _rewrites(block, reading, zone)]
    kept = [[known for one in rule if (known := _judged(one, reading))] for rule in rules]
    return [rule for rule in kept if rule]


def spread(rules: Iterable[list[Promise]], most: int = MOST) -> list[Promise]:
    """The first of each rule, then the second of each, and so on, each question once."""
    found: dict[Question, Promise] = {}
    for turn in zip_longest(*rules):
        for one in turn:
            if one is not None and len(found) < most:
                found.setdefault(one.question, one)
    return list(found.values())


def _judged(promise: Promise, reading: Reading) -> Promise | None:
    """A promise with the rule that by reading takes its question before it; None: not known.

    A name that ``rewrite`` makes another one is for that rule, not for those behind it.
    """
    question = promise.question
    block = reading.block_for(question.name)
    if promise.kind == "rewrite":
        return promise
    if block is None or rewritten(block, question.name) != question.name:
        return None
    for taker in takers(reading, question.name, question.rdtype):
        if taker.plugin is promise.plugin:
            return promise
        if taker.plugin.name in PASSING or _passes(taker.plugin, question):
            continue
        return replace(promise, taken_by=taker.plugin) if taker.surely else None
    return None


def _passes(plugin: Plugin, question: Question) -> bool:
    """Whether a plugin that may answer lets this question go on.

    An entry for the same name in a file of ``hosts`` that is not known is taken for impossible.
    """
    names = {absolute(word) for option in plugin.options for word in option.args}
    if plugin.name == "hosts":
        return plugin.option("fallthrough") is not None and question.name not in names
    return plugin.name == "kubernetes" and not any(
        is_within(question.name, zone) for zone in zones_of(plugin.args)
    )


# rewrite


def rewritten(block: ServerBlock, name: str) -> str | None:
    """The name that a block looks up instead, by its rules for names; None: not known."""
    rules = {id(rule.plugin): rule for rule in name_rules(block)}
    for plugin in block.all("rewrite"):
        rule = rules.get(id(plugin))
        if rule is None or rule.kind == "regex":
            return None
        pattern, target = rule.pattern.lower(), rule.target.lower()
        match rule.kind:
            case "exact" if name == absolute(pattern):
                changed = absolute(target)
            case "suffix" if name.endswith(absolute(pattern)):
                changed = name.removesuffix(absolute(pattern)) + absolute(target)
            case "prefix" if name.startswith(pattern.rstrip(".")):
                return None
            case "substring" if pattern.rstrip(".") in name:
                return None
            case _:
                continue
        return None if rule.goes_on else changed
    return name


def _rewrites(block: ServerBlock, reading: Reading, zone: str) -> Iterator[Promise]:
    """A name for each rule: that of an exact one; of a suffix, one of a Service that is there."""
    known = f"kubernetes.default.svc.{zone}"
    for rule in name_rules(block):
        pattern, target = absolute(rule.pattern), absolute(rule.target)
        if rule.kind == "suffix" and known.endswith(target) and known != target:
            name, target = known.removesuffix(target) + pattern, known
        elif rule.kind == "exact":
            name = pattern
        else:
            continue
        if reading.block_for(name) is not block or rewritten(block, name) != target:
            continue
        if rewritten(block, target) != target or not _looked_up_alike(target, block, reading):
            continue
        yield Promise("rewrite", Question(name), rule.plugin, target=target)


def _looked_up_alike(target: str, block: ServerBlock, reading: Reading) -> bool:
    """Whether who asks for the target itself is meant to get what this block finds for it.

    So it is for names of the cluster, and for what the same block serves.
    """
    if reading.block_for(target) is block:
        return True
    return any(one.serves(target) for one in reading.all_kubernetes())


# forward


def _stubs(plugin: Plugin, block: ServerBlock, zone: str) -> Iterator[Promise]:
    """The zones, but the root, that this ``forward`` sends elsewhere."""
    told = forward_of(plugin)
    upstreams = tuple(
        Upstream(host, upstream_port(word), word.startswith("tls://"))
        for word in told.addresses
        if (host := upstream_host(word))
    )
    if not upstreams or len(upstreams) != len(told.to):
        return  # a file of the node, or a name
    over: Transport = "tcp" if told.force_tcp else "udp"
    for name in block.zones if told.zone == "." else (told.zone,):
        if name == "." or is_within(name, zone) or not told.takes(name):
            continue
        question = Question(name, "SOA")
        yield Promise("stub zone", question, plugin, upstreams=upstreams, transport=over)


def _home(block: ServerBlock, folder: str) -> str:
    root = block.plugin("root")
    return join(folder, root.args[0]) if root and root.args else folder
