"""Which lines of a Corefile make an answer wrong: what must be taken out until it is right.

A search says which variants it wants tried and is told how they answer; several searches share
their variants, because all questions can be put to each. The smallest set that was tried wins.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

from clusterdns.corefile.statements import Statement

Gone = frozenset[Statement]
WHOLE: Gone = frozenset()
Judged = Mapping[Gone, bool | None]  # None: could not be tried
Search = Generator[Sequence[Gone], Judged, "Lines"]

# They know names: without one of them an answer may be right for no good reason, or never.
KNOWING = frozenset({"kubernetes", "forward", "proxy", "file", "auto", "secondary", "etcd"})
# What it says is one piece: without a part of it, it still answers, and says something else.
IN_ONE_PIECE = frozenset({"template"})
MOST_AT_ONCE = 14  # variants of one round
PARTS = 4  # into which a set is divided that is too large


@dataclass(frozen=True)
class Lines:
    """The result. ``gone``: the smallest set without which the answer is right, if any was found.

    ``reproduced``: whether the whole Corefile gives the wrong answer; None: that could not be
    tried.
    """

    reproduced: bool | None
    gone: Gone | None = None


def search(found: Sequence[Statement], suspects: Sequence[Statement]) -> Search:
    """Look for the smallest set of statements to take out; ``suspects`` are tried first.

    What is inside them is tried with them: each round costs the start of an instance.
    """
    inside = [one for plugin in suspects for one in _parts(plugin, found)]
    singles = in_order(found, [*suspects, *inside])
    everything = frozenset(one for one in found if one.kind == "plugin" and not _knows(one))
    everything |= frozenset(
        one for one in found if one.kind == "option" and _of_knowing(one, found)
    )
    first = [WHOLE, everything, *(frozenset({one}) for one in singles[: MOST_AT_ONCE - 2])]
    judged = dict((yield first))
    if judged.get(WHOLE) is not False:
        return Lines(None if judged.get(WHOLE) is None else not judged[WHOLE])
    rest = singles[MOST_AT_ONCE - 2 :]
    while smallest(judged) is None and rest:
        judged |= yield [frozenset({one}) for one in rest[:MOST_AT_ONCE]]
        rest = rest[MOST_AT_ONCE:]
    best = smallest(judged)
    only = next(iter(best), None) if best else None
    if judged.get(everything) and (only is None or only.kind == "server block"):
        shrunk = yield from _shrunk(everything)
        best = min(filter(None, (best, shrunk)), key=_words)
    elif only is not None:
        inner = [frozenset({one}) for one in _parts(only, found)]
        if due := [gone for gone in inner if gone not in judged]:
            judged |= yield due[:MOST_AT_ONCE]
        best = smallest(judged)
    return Lines(True, best)


def _shrunk(whole: Gone) -> Generator[Sequence[Gone], Judged, Gone]:
    """A smaller set that does the same: what can be put back is, part by part."""
    parts = PARTS
    while len(whole) > 1:
        members = sorted(whole, key=lambda one: (one.file, one.line, one.text))
        size = -(-len(members) // parts)
        pieces = [frozenset(members[at : at + size]) for at in range(0, len(members), size)]
        judged = yield [*pieces, *(whole - piece for piece in pieces if whole - piece)]
        right = [gone for gone, fine in judged.items() if fine and gone < whole]
        if right:
            whole = min(right, key=lambda gone: (len(gone), _words(gone)))
        elif size == 1:
            break
        else:
            parts = min(2 * parts, len(members))
    return whole


def so_far(judged: Judged) -> Lines:
    """The result of a search that had to end early."""
    whole = judged.get(WHOLE)
    return Lines(None if whole is None else not whole, smallest(judged))


def in_order(found: Sequence[Statement], suspects: Sequence[Statement]) -> list[Statement]:
    """Statements in the order in which they are tried alone.

    First suspects, then plugins and blocks, then options of what knows names; other options are
    tried only inside a plugin that was found. A block that is the only one is never taken out.
    """
    blocks = [one for one in found if one.kind == "server block"]
    rest = [one for one in found if one.kind == "plugin"]
    rest += blocks if len(blocks) > 1 else []
    inner = [one for one in found if one.kind == "option" and _of_knowing(one, found)]
    return list(dict.fromkeys([*suspects, *rest, *inner]))


def smallest(judged: Judged) -> Gone | None:
    """The smallest set with a right answer; of one size the one with the fewest words."""
    right = [gone for gone, fine in judged.items() if fine and len(gone) == 1]
    return min(right, key=_words, default=None)


def is_inside(inner: Statement, outer: Statement) -> bool:
    """Whether a statement is a part of another."""
    return any(one[: len(other)] == other for one in inner.at for other in outer.at)


def _parts(plugin: Statement, found: Sequence[Statement]) -> list[Statement]:
    """The options of a plugin that can be judged one by one."""
    if plugin.kind != "plugin" or _name(plugin) in IN_ONE_PIECE:
        return []
    return [one for one in found if one.kind == "option" and is_inside(one, plugin)]


def _words(gone: Gone) -> int:
    return sum(one.words for one in gone)


def _name(one: Statement) -> str:
    return one.text.split(" ", 1)[0]


def _knows(one: Statement) -> bool:
    return _name(one) in KNOWING


def _of_knowing(option: Statement, found: Sequence[Statement]) -> bool:
    return any(one.kind == "plugin" and _knows(one) and is_inside(option, one) for one in found)
