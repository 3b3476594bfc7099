"""The table at the end: how often the suite was right, and everything that it missed."""

from collections.abc import Mapping, Sequence
from typing import Any

Trial = Mapping[str, Any]

# What issue 12 aims at: the least share of those to which a rate applies.
AIMS = {"noticed": 1.0, "hop_right": 0.95, "object_right": 0.85, "green": 1.0}
WORDS = {
    "noticed": "noticed, where the onlooker saw a change",
    "hop_right": "the hop of the first diagnosis is right",
    "object_right": "so is the object or the line",
    "green": "green, where nothing is wrong",
}


def rate(trials: Sequence[Trial], key: str) -> tuple[int, int]:
    """How many are right, of how many to which it applies."""
    applies = [t["judgement"][key] for t in trials if t["judgement"].get(key) is not None]
    return sum(applies), len(applies)


def aims_are_met(trials: Sequence[Trial]) -> bool:
    """Whether every rate is as high as it should be, and nothing wrong was said to be sure."""
    rates = {key: rate(trials, key) for key in AIMS}
    reached = all(right >= AIMS[key] * of for key, (right, of) in rates.items())
    reverted = not any(t["not_reverted"] for t in trials)
    return reached and reverted and not any(wrong_with_high(t) for t in trials)


def wrong_with_high(trial: Trial) -> list[str]:
    """The causes that were said to be sure, and lie elsewhere."""
    return list(trial["judgement"].get("wrong_with_high") or ())


def table(trials: Sequence[Trial]) -> str:
    """The whole of it as Markdown: rates, one line for each fault, and every miss in words."""
    made = [t for t in trials if t["state"] != "not made"]
    changed = sum(t["state"] == "changed" for t in made)
    sure = [t for t in made if wrong_with_high(t)]
    lines = [
        f"{len(made)} faults, of which {changed} changed an answer or a rule of operation.",
        "",
        "| rate | right | of | aim |",
        "|---|---|---|---|",
    ]
    for key, aim in AIMS.items():
        right, of = rate(made, key)
        lines.append(f"| {WORDS[key]} | {right} | {of} | {aim:.0%} |")
    lines += [
        f"| no cause that is said to be sure lies elsewhere | {len(made) - len(sure)} "
        f"| {len(made)} | 100% |",
        "",
        "| fault | where | onlooker | noticed | hop | object | first diagnosis | seconds |",
        "|---|---|---|---|---|---|---|---|",
        *(row(trial) for trial in made),
    ]
    missed = [line for trial in made for line in misses(trial)]
    lines += ["", "Missed:", *missed] if missed else ["", "Nothing was missed."]
    if unmade := [t for t in trials if t["state"] == "not made"]:
        lines += ["", "Could not be put in, and do not count:"]
        lines += [f"- `{t['name']}`: {t['why_not'] or t['not_reverted']}" for t in unmade]
    if left := [t for t in trials if t["not_reverted"]]:
        lines += ["", "Could not be taken out again:"]
        lines += [f"- `{t['name']}`: {t['not_reverted']}" for t in left]
    return "\n".join(lines)


def row(trial: Trial) -> str:
    """One line of the table."""
    found = trial["judgement"]
    first = found["first"]
    said = f"{first['cause']} ({first['layer']}, {first['confidence']})" if first else "none"
    green = {None: "", True: " green", False: " **red**"}[found["green"]]
    cells = (
        f"`{trial['name']}`",
        " or ".join(trial["hops"]),
        trial["state"],
        *(_word(found[key]) for key in ("noticed", "hop_right", "object_right")),
        said + green,
        f"{trial['suite_s']:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def misses(trial: Trial) -> list[str]:
    """What the suite did not get right about one fault, with what it said instead."""
    found = trial["judgement"]
    first = found["first"]
    said = f"it said: {first['summary']}" if first else "it said nothing"
    where = f"it is at {' or '.join(trial['hops'])}: {trial['title']}"
    wrong = []
    if found["noticed"] is False:
        wrong.append(f"not noticed ({'; '.join(trial['seen'][:2])})")
    elif found["hop_right"] is False:
        wrong.append(f"another hop or none; {said}")
    elif found["object_right"] is False:
        wrong.append(f"object not named ({', '.join(trial['objects'][:3])}); {said}")
    if found["green"] is False:
        failed = ", ".join(trial["failed"][:3]) or f"exit code {trial['exit_code']}"
        wrong.append(f"not green though nothing is wrong ({failed}); {said}")
    if sure := wrong_with_high(trial):
        wrong.append(f"sure of what lies elsewhere: {', '.join(sure)}")
    return [f"- `{trial['name']}`: {each}; {where}" for each in wrong]


def _word(value: bool | None) -> str:
    return {None: "-", True: "yes", False: "**no**"}[value]
