"""What changes between two versions of CoreDNS (``spec/changes.toml``), and whom it hits."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from clusterdns.corefile.directives import NEVER, Version, version_of
from clusterdns.spec import FOLDER
from clusterdns.upgrade.conditions import Surroundings, evidence_of

Kind = Literal["answers", "metrics", "defaults", "permissions"]
KINDS: Sequence[Kind] = get_args(Kind)
Which = Literal["first", "again"]


@dataclass(frozen=True)
class Seen:
    """One difference between two answers to the same question, in words.

    ``field``: as in compare.differences, or ``time``; ``edns``: of the question, ``none`` without;
    ``which``: whether it was asked the first time or again.
    """

    name: str
    type: str
    edns: str
    which: Which
    field: str
    older: str
    newer: str

    def __str__(self) -> str:
        how = f" ({self.edns})" if self.edns != "size 1232" else ""
        again = " asked again" * (self.which == "again")
        return (
            f"{self.name} {self.type}{how}{again}: {self.field} was {self.older}, is {self.newer}"
        )


@dataclass(frozen=True)
class Change:
    """One change; the fields are those of the table."""

    id: str
    version: str
    kind: Kind
    says: str
    see: str
    source: str
    hits: tuple[str, ...]
    until: str = ""
    names: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    shows: tuple[Mapping[str, str], ...] = ()

    def holds(self, version: Version) -> bool:
        """Whether a version does it."""
        gone = version_of(self.until) if self.until else NEVER
        return version_of(self.version) <= version < gone

    def explains(self, seen: Seen) -> int:
        """How exactly a difference is one that this change is known to make; 0: it is none."""
        return max((len(form) for form in self.shows if _matches(form, seen)), default=0)

    def in_words(self, target: Version) -> str:
        """The change with its source."""
        way = f"since {self.version}" if self.holds(target) else f"undone below {self.version}"
        if self.until and target >= version_of(self.until):
            way = f"undone since {self.until}"
        return f"{self.id} ({way}, {self.source}): {self.says}"


def _matches(form: Mapping[str, str], seen: Seen) -> bool:
    return all(re.search(pattern, getattr(seen, key)) for key, pattern in form.items())


def read_changes(path: Path = FOLDER / "changes.toml") -> Sequence[Change]:
    """All changes in the order of the file.

    Raises ValueError for a row that is not whole or an id that comes twice, OSError when the file
    is not there: it comes with a checkout of the suite.
    """
    found: dict[str, Change] = {}
    for entry in tomllib.loads(path.read_text(encoding="utf-8"))["change"]:
        lists = {
            key: tuple(entry.get(key, ())) for key in ("hits", "names", "adds", "types", "shows")
        }
        try:
            change = Change(**{**entry, **lists})
        except TypeError as error:
            raise ValueError(f"change {entry.get('id', entry)}: {error}") from error
        if change.id in found or change.kind not in KINDS:
            raise ValueError(f"change {change.id} comes twice, or is of no kind: {change.kind}")
        if not change.says.endswith(".") or not change.source or not change.hits:
            raise ValueError(f"change {change.id}: a sentence, a source and hits are needed")
        for form in change.shows:
            if strange := form.keys() - Seen.__dataclass_fields__.keys():
                raise ValueError(f"change {change.id}: shows has no {', '.join(sorted(strange))}")
        found[change.id] = change
    return tuple(found.values())


@dataclass(frozen=True)
class Met:
    """A change on the way to a target, by what it meets here."""

    change: Change
    evidence: tuple[str, ...]
    target: Version

    @property
    def comes(self) -> bool:
        """Whether the target does it; False: the way undoes it."""
        return self.change.holds(self.target)

    def __str__(self) -> str:
        return self.change.in_words(self.target)

    @property
    def lost(self) -> tuple[str, ...]:
        """The names of metrics that are gone, or may be, at the target."""
        return self.change.names if self.comes else self.change.adds

    @property
    def details(self) -> str:
        """What the change meets here, and how it is seen."""
        return f"{self.change.id} meets {'; '.join(self.evidence)}; see: {self.change.see}"

    def explains(self, seen: Seen) -> int:
        """How exactly it explains a difference between running (older) and target (newer).

        0: not at all. The more of a difference a row of the table names, the better it fits.
        """
        if not self.comes:
            return self.change.explains(_turned(seen))
        return self.change.explains(seen)


def _turned(seen: Seen) -> Seen:
    return Seen(
        seen.name, seen.type, seen.edns, seen.which, seen.field, older=seen.newer, newer=seen.older
    )


def met_by(
    changes: Iterable[Change], running: Version, target: Version, around: Surroundings
) -> Iterator[Met]:
    """The changes between two versions that this Corefile and these objects can meet."""
    for change in changes:
        if change.holds(running) == change.holds(target):
            continue
        evidence = [evidence_of(condition, around) for condition in change.hits]
        if all(evidence):
            told = tuple(dict.fromkeys(one for one in evidence if one))
            yield Met(change, told, target)
