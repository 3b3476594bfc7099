"""The clauses of the specification that checks enforce: ``spec/clauses.toml`` as values."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

Level = Literal["must", "should", "may"]
Kind = Literal["rule", "definition", "implied", "legacy"]
FOLDER = Path(__file__).parent.parent / "spec"


@dataclass(frozen=True)
class Clause:
    """One demand: its id is what checks cite, its words are ours."""

    id: str
    level: Level
    kind: Kind
    says: str
    source: str

    def __post_init__(self) -> None:
        """Refuse what no check could be judged by. Raises ValueError."""
        if self.level not in get_args(Level) or self.kind not in get_args(Kind):
            raise ValueError(f"clause {self.id}: no such level or kind: {self.level}, {self.kind}")
        if not self.says.endswith(".") or not self.source:
            raise ValueError(f"clause {self.id}: a sentence and a source are needed")


def read_clauses(path: Path = FOLDER / "clauses.toml") -> Mapping[str, Clause]:
    """All clauses by id, in the order of the file.

    Raises ValueError for an unknown key or level and for an id that comes twice, OSError when
    the file is not there: it comes with a checkout of the suite.
    """
    found: dict[str, Clause] = {}
    for entry in tomllib.loads(path.read_text())["clause"]:
        try:
            clause = Clause(**entry)
        except TypeError as error:
            raise ValueError(f"clause {entry.get('id', entry)}: {error}") from error
        if clause.id in found:
            raise ValueError(f"clause {clause.id} comes twice")
        found[clause.id] = clause
    return found
