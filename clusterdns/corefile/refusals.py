"""What makes a CoreDNS version refuse to start: errors, found without running it."""

from collections import Counter
from collections.abc import Collection, Iterator
from itertools import pairwise

from clusterdns.corefile.directives import (
    NEVER,
    Directive,
    Version,
    directives,
    version_text,
)
from clusterdns.corefile.finding import Finding, Level, place_in_words
from clusterdns.corefile.model import Corefile, Option, Plugin, ServerBlock
from clusterdns.corefile.needs import refused_needs
from clusterdns.corefile.overlaps import refused_overlaps, refused_ports, refused_tls
from clusterdns.corefile.plugin_rules import special_refusals
from clusterdns.corefile.values import closes_nothing, faults_of


def refusals(
    corefile: Corefile, version: Version, extra: Collection[str] = ()
) -> Iterator[Finding]:
    """Everything for which this version refuses the Corefile.

    ``extra``: plugins that this build of CoreDNS has beyond those of its version.
    """
    yield from refused_overlaps(corefile, version)
    yield from refused_ports(corefile)
    yield from refused_tls(corefile, version)
    for block in (*corefile.blocks, *corefile.dropped):
        for plugin in block.plugins:
            known = directives().plugins.get(plugin.name)
            if plugin.name in ("import", *extra):
                continue
            if known is None or not known.rule.holds(version):
                yield _unknown(plugin, known, version)
    for block in corefile.blocks:
        yield from _repeated(block, version)
        yield from refused_needs(block, version)
        for plugin in _read(block, version):
            known = directives().plugins.get(plugin.name)
            if known is not None and known.rule.holds(version):
                yield from _arguments(plugin, known, version)
                yield from _options(plugin, known, version)
                yield from special_refusals(plugin, block, version)


def _read(block: ServerBlock, version: Version) -> Iterator[Plugin]:
    """The plugins of a block, without those of which only the first use is read."""
    seen = set()
    for plugin in block.plugins:
        known = directives().plugins.get(plugin.name)
        if known is None or version >= known.first or plugin.name not in seen:
            yield plugin
        seen.add(plugin.name)


def misread(corefile: Corefile, version: Version, extra: Collection[str] = ()) -> Finding | None:
    """What is refused because a brace is glued to the word before it; None: nothing is.

    All that follows is read in another way than it was meant: no other remark is worth a word.
    """
    for block in corefile.blocks:
        for plugin in block.plugins:
            own = directives().plugins.get(plugin.name)
            for option in plugin.options if own and own.rule.holds(version) else ():
                last = (option.name, *option.args)[-1]
                if closes_nothing(last) and own and own.block(version) == "listed":
                    line, wrong = option.line, f"{last!r} ends with a brace that closes nothing"
                    if own.option(option.name, version) is None:
                        remedy = "put the '}' on a line of its own"
                        return Finding("error", plugin.name, line, wrong, remedy)
        for plugin, following in pairwise(block.plugins):
            known = directives().plugins.get(following.name)
            strange = following.name not in extra and not (known and known.rule.holds(version))
            if plugin.args and plugin.args[-1].endswith("{") and not plugin.options and strange:
                found = _unknown(following, known, version)
                where = place_in_words(plugin.line, beside=following.line)
                remedy = f"put a space before the '{{' of {plugin.args[-1]!r} in {where}"
                return Finding("error", following.name, following.line, found.message, remedy)
    return None


def _unknown(plugin: Plugin, known: Directive | None, version: Version) -> Finding:
    name, asked = plugin.name, version_text(version)
    if known is None:
        if version > directives().newest:
            newest = version_text(directives().newest)
            message = f"'{name}' is not known here: the table ends with CoreDNS {newest}"
            return Finding("advice", name, plugin.line, message, "see whether CoreDNS starts")
        message = f"'{name}' is not a plugin of CoreDNS {asked}"
        remedy = "look for a misspelling, or for a '}' that is missing above"
        if plugin.name.startswith("}") or plugin.name.endswith("{"):
            remedy = "put white space around the brace"
        return Finding("error", name, plugin.line, message, remedy)
    if version >= known.rule.gone:
        message = f"the plugin '{name}' is gone since CoreDNS {version_text(known.rule.gone)}"
    else:
        message = f"the plugin '{name}' came with CoreDNS {version_text(known.rule.since)}"
    return Finding("error", name, plugin.line, f"{message}; this is {asked}", known.rule.remedy)


def _repeated(block: ServerBlock, version: Version) -> Iterator[Finding]:
    uses = Counter(plugin.name for plugin in block.plugins)
    for name, count in uses.items():
        known = directives().plugins.get(name)
        if count < 2 or known is None or version >= known.once or not known.rule.holds(version):
            continue
        first, second = (plugin.line for plugin in block.all(name)[:2])
        later = "" if known.once == NEVER else f" before CoreDNS {version_text(known.once)}"
        message = f"'{name}' may stand only once in a server block{later}, and stands in "
        message += place_in_words(first, beside=second)
        yield Finding("error", name, second, message, "merge the two", (first,))


def _arguments(plugin: Plugin, known: Directive, version: Version) -> Iterator[Finding]:
    for fault in faults_of(known.rule, plugin.args) if version >= known.strict else ():
        yield Finding("error", plugin.name, plugin.line, f"'{plugin.name}' {fault}")
    # CoreDNS takes both for a second use of the plugin.
    second = faults_of(known.rule, plugin.trailing[1:]) if plugin.trailing else []
    misread: Level = "error" if second or version < known.once else "advice"
    if plugin.detached_brace:
        message = f"the '{{' of '{plugin.name}' must stand on its line"
        yield Finding(misread, plugin.name, plugin.line, message, "join the two lines")
    elif plugin.trailing:
        message = f"nothing may follow the '}}' of '{plugin.name}' on its line"
        remedy = f"move '{plugin.trailing[0]}' to the next line"
        yield Finding(misread, plugin.name, plugin.line, message, remedy)
    elif _has_braces(plugin) and known.block(version) == "refused":
        message = f"'{plugin.name}' has no options"
        yield Finding("error", plugin.name, plugin.line, message, "remove the braces")


def _has_braces(plugin: Plugin) -> bool:
    """Whether a block is there, be it an empty one."""
    return bool(plugin.options) or any(word.text == "{" for word in plugin.tokens)


def _options(plugin: Plugin, known: Directive, version: Version) -> Iterator[Finding]:
    for option in _as_read(plugin, known, version):
        rule = known.option(option.name, version)
        if rule is None:
            if known.block(version) == "listed" and option.name != "import":
                yield _unknown_option(plugin, option, known, version)
            continue
        if version >= rule.ignored:
            continue
        if option.glued_brace and not rule.exact and faults_of(rule, (*option.args, "}")):
            message = f"the '}}' of '{plugin.name}' must stand on a line of its own"
            yield Finding("error", plugin.name, option.line, message, "move it to the next line")
            continue
        for fault in faults_of(rule, option.args):
            message = f"the option '{option.name}' of '{plugin.name}' {fault}"
            yield Finding("error", plugin.name, option.line, message)


def _as_read(plugin: Plugin, known: Directive, version: Version) -> Iterator[Option]:
    """The options as CoreDNS reads them: what one leaves on its line begins another."""
    for option in plugin.options:
        while True:
            rule = known.option(option.name, version)
            if rule is None or not rule.exact or rule.most is None or len(option.args) <= rule.most:
                break
            name, *rest = option.args[rule.most :]
            yield Option(option.name, option.args[: rule.most], (), option.line)
            option = Option(name, tuple(rest), option.nested, option.line, option.glued_brace)
        yield option


def _unknown_option(plugin: Plugin, option: Option, known: Directive, version: Version) -> Finding:
    what = f"the option '{option.name}' of '{plugin.name}'"
    rules = known.options.get(option.name, ())
    asked = version_text(version)
    if not rules:
        if version > directives().newest:
            message = f"{what} is not known here: the table is older than CoreDNS {asked}"
            return Finding("advice", plugin.name, option.line, message)
        message = f"'{plugin.name}' of CoreDNS {asked} has no option '{option.name}'"
        return Finding("error", plugin.name, option.line, message, "look for a misspelling")
    if version < rules[0].since:
        message = f"{what} came with CoreDNS {version_text(rules[0].since)}; this is {asked}"
        remedy = rules[0].remedy or "remove the line, or run a newer CoreDNS"
    else:
        message = f"{what} is gone since CoreDNS {version_text(rules[-1].gone)}; this is {asked}"
        remedy = rules[-1].remedy
    return Finding("error", plugin.name, option.line, message, remedy)
