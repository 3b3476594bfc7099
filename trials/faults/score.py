"""docs/score.md: what the mutants run found, fault by fault.

python -m trials.faults.score RESULTS.json... writes it from the results of one or more runs
(--json); a later result of the same mutant takes the place of an earlier one.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from clusterdns.report.exit_codes import ExitCode
from trials.faults.impossible import IMPOSSIBLE
from trials.faults.mutant import Mutant
from trials.faults.register import MUTANTS, by_name
from trials.faults.trial import standing

SCORE = Path(__file__).parent.parent.parent / "docs" / "score.md"
NAMED = {"first": "first", "among three": "among the first three", "no": "no", "": "-"}

DEAD_S, DIAGNOSIS_S = 60.0, 10.0

Trial = dict[str, Any]


def main(files: Sequence[str]) -> int:
    """Read results, write the page."""
    if not files:
        print(__doc__, file=sys.stderr)
        return ExitCode.USAGE_ERROR
    trials: dict[str, Trial] = {}
    for file in files:
        for trial in json.loads(Path(file).read_text(encoding="utf-8")):
            try:
                mutant = by_name(trial["name"])
            except KeyError:
                print(f"{file}: left out {trial['name']}: no such mutant", file=sys.stderr)
                continue
            trials[mutant.name] = trial
            trial["named"] = standing(trial["causes"], mutant.right_causes)
    SCORE.parent.mkdir(exist_ok=True)
    SCORE.write_text(page(trials), encoding="utf-8")
    return ExitCode.OK


def page(trials: dict[str, Trial]) -> str:
    """The whole page in Markdown."""
    tried = [(mutant, trials[mutant.name]) for mutant in MUTANTS if mutant.name in trials]
    known = [trial for mutant, trial in tried if mutant.catalogued]
    strange = [trial for mutant, trial in tried if not mutant.catalogued]
    lines = [
        "# Score",
        "",
        "Made by `./run mutants --json FILE` and `python -m trials.faults.score FILE`;",
        "not by hand.",
        "Each fault is put into a sealed kind cluster, proved to be there without the suite,",
        "judged by the suite, and taken out again with proof.",
        "",
        *totals(known),
        "",
        *table(known),
        *partial(tried),
        *unknown(strange),
        *dead(tried),
    ]
    if missed := [trial for _, trial in tried if not trial["detected"]]:
        lines += ["", "## Not found", ""]
        lines += [f"- `{t['name']}`: {'; '.join(_plain(m) for m in t['missed'])}" for t in missed]
    untried = [mutant for mutant in MUTANTS if mutant.name not in trials]
    if untried:
        lines += ["", "## Not tried in these runs", ""]
        lines += [f"- `{mutant.name}`: {mutant.title}" for mutant in untried]
    lines += ["", "## Not made", ""]
    lines += [f"- `{each.name}`: {each.reason}" for each in IMPOSSIBLE]
    return "\n".join(lines) + "\n"


def partial(tried: Sequence[tuple[Mutant, Trial]]) -> list[str]:
    """The faults that only a part of the cluster has, once more by themselves."""
    some = [(mutant, trial) for mutant, trial in tried if mutant.where]
    trials = [trial for _, trial in some]
    if not some:
        return []
    return [
        *("", "## Only a part of the cluster is affected", ""),
        "The faults of the table above that one node, one replica or some packets have.",
        "",
        *totals(trials)[1:4],
        "",
        "| where | fault | found | cause named |",
        "|---|---|---|---|",
        *(
            f"| {mutant.where} | `{mutant.name}` | {found(trial)} | {cause_of(trial)} |"
            for mutant, trial in sorted(some, key=lambda one: one[0].where)
        ),
    ]


def unknown(strange: Sequence[Trial]) -> list[str]:
    """The faults that no catalogue has."""
    if not strange:
        return []
    return [
        *("", "## Faults that are not in the catalogue", ""),
        "Invented to see what the suite says of what it was not made for; some have a cause of",
        "their own since.",
        "",
        *totals(strange)[1:4],
        "",
        *table(strange),
    ]


def dead(tried: Sequence[tuple[Mutant, Trial]]) -> list[str]:
    """How soon a run ends that gets no answer at all."""
    silent = [trial for mutant, trial in tried if mutant.dead and not trial.get("part", "some")]
    if not silent:
        return []
    return [
        *("", "## Nobody answers at all", ""),
        f"The whole default profile must end within {DEAD_S:.0f} s, and look for the cause no "
        f"longer than {DIAGNOSIS_S:.0f} s of it.",
        "Seconds here are of the run as a whole, the set-up and the clean-up included, and of a",
        "machine that did other things at the same time.",
        "",
        "| fault | seconds | of these for the diagnosis | cause named |",
        "|---|---|---|---|",
        *(
            f"| `{t['name']}` | {t['suite_s']:.0f} | {t.get('diagnosis_s', 0.0):.1f} "
            f"| {cause_of(t)} |"
            for t in silent
        ),
    ]


def totals(tried: Sequence[Trial]) -> list[str]:
    """The sums, one line each."""
    noticed = [trial for trial in tried if trial["detected"]]
    judged = [trial for trial in tried if trial["causes"]]
    first = [trial for trial in judged if trial["named"] == "first"]
    wrong = [t for t in judged if t["named"] == "no" and t["confidence"] == "high"]
    whole = [trial for trial in tried if not trial.get("part", "some")]
    return [
        f"- judged by the whole default profile: {share(whole, tried)}; the others by the part of "
        "it that must notice (`--quick`)",
        f"- found: {share(noticed, tried)}",
        f"- right cause first: {share(first, judged)} of those with a diagnosis",
        f"- wrong cause with high confidence: {len(wrong)}",
        f"- longest run of the suite: {max((t['suite_s'] for t in tried), default=0.0):.0f} s",
    ]


def table(tried: Sequence[Trial]) -> list[str]:
    """One line for each fault."""
    return [
        "| fault | found | cause named | seconds | failed checks | what it is |",
        "|---|---|---|---|---|---|",
        *(row(trial) for trial in tried),
    ]


def cause_of(trial: Trial) -> str:
    """Where the right cause stood, or what stood in its place."""
    if trial["named"] == "no":
        return f"no: {trial['causes'][0]} ({trial['confidence']})"
    if trial["causes"][:1] == ["unknown"]:
        return "unknown, as it should"
    return NAMED[trial["named"]]


def found(trial: Trial) -> str:
    """Whether it was noticed."""
    return "yes" if trial["detected"] else "**no**"


def row(trial: Trial) -> str:
    """One line of the table."""
    cells = (
        f"`{trial['name']}`",
        found(trial),
        cause_of(trial),
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
