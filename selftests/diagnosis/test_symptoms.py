"""docs/symptoms.md has an entry for every cause, and names nothing that does not exist."""

import re
from pathlib import Path

import pytest

from clusterdns.diagnosis.finding import all_causes
from clusterdns.diagnosis.placed import NAMES
from trials.faults.register import MUTANTS

PROJECT = Path(__file__).parent.parent.parent
PAGE = (PROJECT / "docs" / "symptoms.md").read_text()
CAUSES, MUTANT_NAMES = set(all_causes()), {mutant.name for mutant in MUTANTS}
CODE = re.compile(r"`([^`\n]+)`")
# "mutant `x`", "mutants `x`, `y` and `z`"
CLAIM = re.compile(r"mutants? ((?:`[a-z0-9-]+`(?:, | and )?)+)")
# These speak of the mutants of all causes that a line, or a paragraph or table, names.
OF_LINE, OF_BLOCK = re.compile(r"\bsame names?\b"), re.compile(r"\bmutants of (these|their)\b")


def names(text: str) -> set[str]:
    """The causes and mutants that a text speaks of: words with hyphens in backticks."""
    return {word for word in CODE.findall(text) if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", word)}


def proofs(page: str) -> set[str]:
    """The mutants that a page claims as proofs."""
    claimed = {name for found in CLAIM.findall(page) for name in CODE.findall(found)}
    for line in page.splitlines():
        claimed |= names(line) & CAUSES if OF_LINE.search(line) else set()
    for block in page.split("\n\n"):
        claimed |= names(block) & CAUSES if OF_BLOCK.search(block) else set()
    return claimed


def test_every_cause_has_an_entry() -> None:
    """CONTRIBUTING asks for it."""
    assert (CAUSES | set(NAMES.values())) - set(CODE.findall(PAGE)) == set()


def test_every_name_is_a_cause_or_a_mutant() -> None:
    """Nothing is told that was renamed since."""
    assert names(PAGE) - CAUSES - MUTANT_NAMES - set(NAMES.values()) == set()


def test_every_proof_exists() -> None:
    """The mutants that stand as proofs can be run; so can the self-tests that are named."""
    assert proofs(PAGE) - MUTANT_NAMES == set()
    paths = [word for word in CODE.findall(PAGE) if word.startswith("selftests/")]
    assert [path for path in paths if not (PROJECT / path).exists()] == []


@pytest.mark.parametrize(
    "claim",
    [
        "| Proof | mutants `no-cni`, `search-dot-musl` |",
        "| none | `search-dot-musl` | same name |",
        "| It prints | `search-dot-musl` |\n| Proof | mutants of these names |",
    ],
    ids=["by-name", "of-a-line", "of-a-table"],
)
def test_proof_that_nobody_can_run_is_found(claim: str) -> None:
    """A cause without a mutant, claimed in each of the page's ways."""
    assert proofs(claim) - MUTANT_NAMES == {"search-dot-musl"}
