"""docs/score.md: what the mutants run found, fault by fault.

python -m mutants.score RESULTS.json... writes it from the results of one or more runs (--json);
a later result of the same mutant takes the place of an earlier one.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mutants.catalogue import MUTANTS, by_name
from mutants.impossible import IMPOSSIBLE
from mutants.trial import standing

SCORE = Path(__file__).parent.parent / "docs" / "score.md"
NAMED = {"first": "first", "among three": "among the first three", "no": "no", "": "-"}

Trial = dict[str, Any]


def main(files: Sequence[str]) -> int:
    """Read results, write the page."""
    if not files:
        print(__doc__, file=sys.stderr)
        return 4
    trials: dict[str, Trial] = {}
    for file in files:
        for trial in json.loads(Path(file).read_text(encoding="utf-8")):
            mutant = by_name(trial["name"])
            trials[mutant.name] = trial
            trial["named"] = standing(trial["causes"], mutant.right_causes)
    SCORE.parent.mkdir(exist_ok=True)
    SCORE.write_text(page(trials), encoding="utf-8")
    return 0


def page(trials: dict[str, Trial]) -> str:
    """The whole page in Markdown."""
    tried = [trials[mutant.name] for mutant in MUTANTS if mutant.name in trials]
    lines = [
        "# Score",
        "",
        "Made by `./run mutants --json FILE` and `python -m mutants.score FILE`; not by hand.",
        "Each fault is put into a sealed kind cluster, proved to be there without the suite,",
        "judged by the suite, and taken out again with proof.",
        "",
        *totals(tried),
        "",
        "| fault | found | cause named | seconds | failed checks | what it is |",
        "|---|---|---|---|---|---|",
        *(row(trial) for trial in tried),
    ]
    if missed := [trial for trial in tried if not trial["detected"]]:
        lines += ["", "## Not found", ""]
        lines += [f"- `{t['name']}`: {'; '.join(_plain(m) for m in t['missed'])}" for t in missed]
    untried = [mutant for mutant in MUTANTS if mutant.name not in trials]
    if untried:
        lines += ["", "## Not tried in these runs", ""]
        lines += [f"- `{mutant.name}`: {mutant.title}" for mutant in untried]
    lines += ["", "## Not made", ""]
    lines += [f"- `{each.name}`: {each.reason}" for each in IMPOSSIBLE]
    return "\n".join(lines) + "\n"


def totals(tried: Sequence[Trial]) -> list[str]:
    """The sums, one line each."""
    found = [trial for trial in tried if trial["detected"]]
    judged = [trial for trial in tried if trial["causes"]]
    first = [trial for trial in judged if trial["named"] == "first"]
    wrong = [t for t in judged if t["named"] == "no" and t["confidence"] == "high"]
    whole = [trial for trial in tried if not trial.get("part", "some")]
    return [
        f"- judged by the whole default profile: {share(whole, tried)}; the others by the part of "
        "it that must notice (`--quick`)",
        f"- found: {share(found, tried)}",
        f"- right cause first: {share(first, judged)} of those with a diagnosis",
        f"- wrong cause with high confidence: {len(wrong)}",
        f"- longest run of the suite: {max((t['suite_s'] for t in tried), default=0.0):.0f} s",
    ]


def row(trial: Trial) -> str:
    """One line of the table."""
    cause = NAMED[trial["named"]]
    if trial["named"] == "no":
        cause = f"no: {trial['causes'][0]} ({trial['confidence']})"
    cells = (
        f"`{trial['name']}`",
        "yes" if trial["detected"] else "**no**",
        cause,
        f"{trial['suite_s']:.0f}",
        str(len(trial["failed"]))
        + (f" (+{len(trial['deviating'])})" if trial["deviating"] else ""),
        trial["title"],
    )
    return f"| {' | '.join(cells)} |"


def share(part: Iterable[Trial], whole: Sequence[Trial]) -> str:
    """Such as 14 of 15."""
    return f"{len(list(part))} of {len(whole)}"


def _plain(text: str) -> str:
    return " ".join(text.split())[:200]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
