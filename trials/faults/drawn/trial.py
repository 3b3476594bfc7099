"""One drawn fault from injection to proof of repair, with an onlooker who decides what is wrong."""

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from kubernetes.client import ApiException

from clusterdns.wait import eventually
from host.bootstrap.steps import say
from trials.faults.drawn.grammar import DrawnMutant
from trials.faults.drawn.judgement import judged
from trials.faults.drawn.onlooker import Look, Onlooker, steadily
from trials.faults.nodes import NodeError
from trials.faults.scene import RevertError, Scene
from trials.faults.trial import REPAIR_S, repair, settled_snapshot
from trials.suite import run_suite

MOST_LOOKS = 4  # until two in a row agree
SEEN = 6  # lines that are kept of what is wrong

State = Literal["changed", "harmless", "not made"]


@dataclass
class DrawnTrial:
    """The outcome of one drawn fault; ``as_document`` is what --json gets of it."""

    name: str
    family: str
    title: str
    hops: tuple[str, ...]
    objects: tuple[str, ...]
    state: State = "not made"
    why_not: str = ""  # it could not be put in
    seen: list[str] = field(default_factory=list)  # by the onlooker, the first lines
    seen_after: list[str] = field(default_factory=list)  # the same, after the suite's run
    failed: list[str] = field(default_factory=list)
    deviating: list[str] = field(default_factory=list)
    exit_code: int | None = None
    judgement: dict[str, Any] = field(default_factory=dict)
    inject_s: float = 0.0
    suite_s: float = 0.0
    diagnosis_s: float = 0.0
    revert_s: float = 0.0
    not_reverted: str = ""

    def as_document(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def try_drawn(onlooker: Onlooker, mutant: DrawnMutant, reports: Path, trial: DrawnTrial) -> None:
    """Break, look, judge, look again, repair, compare; everything goes into the trial.

    Raises RevertError when the cluster is not as it was: it must not be used any more.
    """
    cluster = onlooker.scene.breakable
    scene = Scene(cluster)
    before = settled_snapshot(cluster)
    began = time.monotonic()
    try:
        try:
            more = mutant.put_in(scene) or ()
            looks = [onlooker.look()]
            while len(looks) < MOST_LOOKS and steadily(looks) is None:
                looks.append(onlooker.look(fresh=False))
            trial.inject_s = time.monotonic() - began
            verdict = run_suite(cluster, reports / mutant.name)
            after = onlooker.look(fresh=False)
        except (ApiException, NodeError, OSError, ValueError) as error:
            trial.why_not = " ".join(str(error).split())[:300]
            return
        changed = _is_changed(looks, after)
        trial.state = "changed" if changed else "harmless"
        worst = max(looks, key=lambda look: len(look.wrong))
        trial.seen, trial.seen_after = _few(worst), _few(after)
        trial.objects = (*trial.objects, *more)
        trial.failed, trial.deviating = verdict.checks("failed"), verdict.checks("deviation")
        trial.exit_code, trial.suite_s = verdict.exit_code, verdict.seconds
        trial.diagnosis_s = verdict.diagnosis_s
        document, code = verdict.document, verdict.exit_code
        trial.judgement = asdict(judged(mutant.truth, more, changed, document, code))
    finally:
        began = time.monotonic()
        repair(scene, before)
        _prove(onlooker)
        trial.revert_s = time.monotonic() - began


def begin(mutant: DrawnMutant) -> DrawnTrial:
    """A trial of which nothing is known yet."""
    truth = mutant.truth
    return DrawnTrial(mutant.name, mutant.family_name, mutant.title, truth.hops, truth.objects)


def report(trial: DrawnTrial) -> None:
    """A line for each fault."""
    found = trial.judgement
    if trial.state == "not made":
        said = trial.why_not
    elif trial.state == "harmless":
        said = "green" if found["green"] else f"RED: {_cause(found)}"
    else:
        words = [
            f"{name} {'yes' if found[key] else 'NO'}"
            for name, key in (
                ("noticed", "noticed"),
                ("hop", "hop_right"),
                ("object", "object_right"),
            )
        ]
        said = f"{', '.join(words)}: {_cause(found)}"
    if found.get("wrong_with_high"):
        said += f"; WRONG WITH HIGH: {', '.join(found['wrong_with_high'])}"
    say(f"{trial.state:8} {trial.name}: {said}", trial.suite_s)


def _cause(found: dict[str, Any]) -> str:
    first = found["first"]
    if not first:
        return "no diagnosis"
    return f"{first['cause']} ({first['layer']}, {first['confidence']})"


def _is_changed(looks: list[Look], after: Look) -> bool:
    """By the two looks before the suite's run that agree; or by all, where none do; or later."""
    agreed = steadily(looks)
    if agreed is None:
        wrong = sum(bool(look.wrong) for look in (*looks, after))
        return 2 * wrong > len(looks)
    return agreed or bool(after.wrong)


def _few(look: Look) -> list[str]:
    """The first lines of both kinds, and how many there are."""
    lines = [*look.operations[: SEEN // 2], *look.answers[:SEEN]][:SEEN]
    more = len(look.wrong) - len(lines)
    return [*lines, f"and {more} more"] if more > 0 else lines


def _prove(onlooker: Onlooker) -> None:
    """The onlooker must find nothing wrong any more. Raises RevertError."""
    look = eventually(onlooker.look, lambda one: not one.wrong, REPAIR_S, every=1.0)
    if look.wrong:
        raise RevertError("the onlooker still sees:\n" + "\n".join(look.wrong[:10]))
