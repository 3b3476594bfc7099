"""Differences between two versions, held against the changes that are known."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from clusterdns.upgrade.changes import Met, Seen

MOST = 3  # differences that are told of each kind
SUFFIXES = ("_bucket", "_sum", "_count")


def explained(met: Sequence[Met], seen: Iterable[Seen]) -> tuple[dict[str, list[Seen]], list[Seen]]:
    """The differences by the id of the change that explains each best, and those without one."""
    known: dict[str, list[Seen]] = {}
    unknown: list[Seen] = []
    for each in seen:
        best = max(met, key=lambda one: one.explains(each), default=None)
        if best is None or not best.explains(each):
            unknown.append(each)
        else:
            known.setdefault(best.change.id, []).append(each)
    return known, unknown


def known_in_words(
    met: Sequence[Met], known: Mapping[str, Sequence[Seen]], here: Sequence[Met]
) -> Iterator[str]:
    """Each change that was seen to make a difference, with its source and the first of them.

    ``met``: in the trial, by objects of its own, too; ``here``: by those of the cluster alone.
    """
    ids = {one.change.id for one in here}
    for one in met:
        if seen := known.get(one.change.id):
            only = "" if one.change.id in ids else " Only objects of this run meet it here."
            yield f"{len(seen)} differences by {one}{only}\n{_told(seen)}"


def unknown_in_words(unknown: Sequence[Seen]) -> Iterator[str]:
    """The differences that no known change explains, alike ones together."""
    groups: dict[tuple[str, str, str], list[Seen]] = {}
    for each in unknown:
        groups.setdefault((each.field, each.type, each.which), []).append(each)
    for (field, _, which), seen in groups.items():
        yield f"{len(seen)} differences in {field}, asked {which}:\n{_told(seen)}"


def _told(seen: Sequence[Seen]) -> str:
    lines = [f"  {each}" for each in seen[:MOST]]
    more = [f"  and {len(seen) - MOST} more"] if len(seen) > MOST else []
    return "\n".join([*lines, *more])


def lost_series(
    met: Sequence[Met], older: frozenset[str], newer: frozenset[str]
) -> tuple[list[str], list[str]]:
    """The names of series that only the older side has: those of known changes, and others."""
    sources = {name: one.change for one in met for name in one.lost}
    told: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for name in sorted(older - newer):
        plain = next((name.removesuffix(s) for s in SUFFIXES if name.endswith(s)), name)
        change = sources.get(name) or sources.get(plain)
        if change:
            told[f"no series of {plain} is there any more ({change.id}, {change.source})"] = None
        else:
            unknown[f"no series of {plain} is there any more"] = None
    return list(told), list(unknown)
