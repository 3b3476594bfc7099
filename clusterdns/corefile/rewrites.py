"""Rules of ``rewrite`` that do not do what they look like (plugin/rewrite).

All rules of a block are one list; the first that matches ends it, unless it says ``continue``.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clusterdns.corefile.finding import Finding, place_in_words
from clusterdns.corefile.model import Plugin, ServerBlock

KINDS = ("exact", "prefix", "suffix", "substring", "regex")
LABEL = re.compile(r"\{/?[\w-]+/[\w/.-]+\}")


@dataclass(frozen=True)
class NameRule:
    """A rule for names: which it matches, what it makes of them, and what it does to answers."""

    kind: str
    pattern: str
    target: str
    answers: tuple[str, ...]  # the words behind them
    goes_on: bool
    plugin: Plugin

    @property
    def words(self) -> str:
        """The rule as it is written."""
        return f"rewrite name {self.kind} {self.pattern} {self.target}"

    def covers(self, other: "NameRule") -> bool:
        """Whether every name that another rule matches is matched here; False: not known."""
        mine, its = self.pattern.lower().rstrip("."), other.pattern.lower().rstrip(".")
        if self.kind == "regex":
            return self.pattern in (".*", "(.*)", "^.*$", "^(.*)$")
        if other.kind == "regex" or not mine:
            return False
        if self.kind == "exact":
            return other.kind == "exact" and mine == its
        if self.kind == "suffix":
            return other.kind in ("exact", "suffix") and its.endswith(mine)
        if self.kind == "prefix":
            return other.kind in ("exact", "prefix") and its.startswith(mine)
        return mine in its


def name_rules(block: ServerBlock) -> list[NameRule]:
    """The rules for names of a block, in the order in which they are tried."""
    return [rule for plugin in block.all("rewrite") if (rule := _name_rule(plugin)) is not None]


def rewrites(block: ServerBlock) -> Iterator[Finding]:
    """Rules that never match, that put braces into names, and that change names in answers."""
    rules = name_rules(block)
    for at, rule in enumerate(rules):
        if found := LABEL.search(rule.target):
            message = (
                f"'rewrite name' does not replace {found.group()}: the braces become a part of "
                "the name, which nobody has"
            )
            remedy = "'rewrite name' knows groups such as {1} only; use 'template' with '.Meta'"
            yield Finding("advice", "rewrite", rule.plugin.line, message, remedy)
        if first := _first_covering(rules[:at], rule):
            where = place_in_words(first.plugin.line, beside=rule.plugin.line)
            message = f"this rule never matches: '{first.words}' in {where} ends the list before it"
            remedy = "move it above that one, or let that one 'continue'"
            yield Finding(
                "advice", "rewrite", rule.plugin.line, message, remedy, (first.plugin.line,)
            )
        if rule.kind not in ("exact", *rule.answers) and "answer" not in rule.answers:
            message = (
                "the answer has the other name: some resolvers drop an answer that is not about "
                "the name that they asked for"
            )
            remedy = "add 'answer auto', or an 'answer name' rule, unless all clients cope"
            yield Finding("info", "rewrite", rule.plugin.line, message, remedy)


def _first_covering(before: Sequence[NameRule], rule: NameRule) -> NameRule | None:
    """A rule that ends the list for all names of a later one; None where names may have changed."""
    for one in before:
        if one.goes_on:
            return None
        if one.covers(rule):
            return one
    return None


def _name_rule(plugin: Plugin) -> NameRule | None:
    goes_on = False
    words = list(plugin.args)
    if words and words[0].lower() in ("stop", "continue"):
        goes_on = words.pop(0).lower() == "continue"
    answers: list[str] = []
    if not words:
        lines = [(option.name, *option.args) for option in plugin.options]
        words = list(next((line for line in lines if line[0].lower() == "name"), ()))
        answers = [line[0].lower() for line in lines if line[0].lower() == "answer"]
    if not words or words.pop(0).lower() != "name":
        return None
    kind = words.pop(0).lower() if len(words) > 2 else "exact"
    if kind not in KINDS or len(words) < 2:
        return None
    answers += [word.lower() for word in words[2:]]
    return NameRule(kind, words[0], words[1], tuple(answers), goes_on, plugin)
