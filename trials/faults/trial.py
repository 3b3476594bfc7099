"""One mutant from injection to proof of repair."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kubernetes.client import ApiException

from clusterdns.wait import eventually
from host.bootstrap.steps import say
from trials.cluster import Breakable, is_whole
from trials.faults.dns_objects import KUBEADM, DnsObjects
from trials.faults.mutant import Mutant, Seen
from trials.faults.nodes import NodeError
from trials.faults.scene import RevertError, Scene
from trials.faults.snapshot import Snapshot, take_snapshot
from trials.faults.symptoms import answers_everywhere, onlooker
from trials.suite import Verdict, run_suite, unmet

REPAIR_S = 60.0  # until everything is as before, pods and firewall included


@dataclass
class Trial:
    """The outcome of one mutant: whether the suite failed as it must, and named the cause."""

    name: str
    title: str
    right_causes: list[str]
    part: str = ""  # of the suite that was run; "" is the whole default profile
    symptom: str = ""  # the proof that it was there
    missed: list[str] = field(default_factory=list)  # why it does not count as detected
    failed: list[str] = field(default_factory=list)  # checks
    deviating: list[str] = field(default_factory=list)  # advice checks
    causes: list[str] = field(default_factory=list)  # diagnosed, the best first
    confidence: str = ""  # of the first
    exit_code: int = 0
    inject_s: float = 0.0
    suite_s: float = 0.0
    diagnosis_s: float = 0.0  # of it
    revert_s: float = 0.0

    @property
    def detected(self) -> bool:
        """Whether the symptom was there and every named check noticed it."""
        return not self.missed

    @property
    def named(self) -> str:
        """Where the right cause stands: "first", "among three", "no", or "" without diagnosis."""
        return standing(self.causes, self.right_causes)

    def as_document(self) -> dict[str, Any]:
        """For --json."""
        return {**asdict(self), "detected": self.detected, "named": self.named}


def standing(causes: Sequence[str], right: Sequence[str]) -> str:
    """Where a right cause stands among those that were diagnosed."""
    if not causes:
        return ""
    if causes[0] in right:
        return "first"
    return "among three" if set(causes[:3]) & set(right) else "no"


def try_mutant(
    cluster: Breakable,
    mutant: Mutant,
    reports: Path,
    select: str = "",
    dns: DnsObjects = KUBEADM,
    before: Snapshot | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> Trial:
    """Break, look, judge, repair, compare.

    ``dns``: what is broken; ``before``: what the cluster is made of without the fault, where its
    DNS is not as kubeadm made it; ``meanwhile`` is called once the suite has ended, before the
    repair.
    Raises RevertError when the cluster is not as it was: it must not be used any more.
    """
    trial = Trial(mutant.name, mutant.title, list(mutant.right_causes), part=select)
    scene = Scene(cluster, dns)
    before = before or settled_snapshot(cluster)
    began = time.monotonic()
    try:
        try:
            mutant.inject(scene)
        except (ApiException, NodeError, OSError, ValueError) as error:
            trial.missed.append(f"could not be put in: {error}")
            return trial
        look = eventually(lambda: mutant.symptom(scene), _is_there, mutant.within, every=0.5)
        trial.inject_s, trial.symptom = time.monotonic() - began, look.proof
        if not look.there:
            trial.missed.append(f"the symptom does not show: {look.proof}")
        else:
            judge(
                trial, mutant, run_suite(cluster, reports / mutant.name, select, mutant.arguments)
            )
            meanwhile()
    finally:
        began = time.monotonic()
        repair(scene, before)
        trial.revert_s = time.monotonic() - began
    return trial


def judge(trial: Trial, mutant: Mutant, verdict: Verdict) -> None:
    """Compare what the suite said with what it must say."""
    trial.failed = verdict.checks("failed")
    trial.deviating = verdict.checks("deviation")
    trial.exit_code, trial.suite_s = verdict.exit_code, verdict.seconds
    trial.diagnosis_s = verdict.diagnosis_s
    trial.causes = [one["cause"] for one in verdict.diagnoses]
    trial.confidence = verdict.diagnoses[0]["confidence"] if verdict.diagnoses else ""
    explained = {
        name.rpartition("::")[2]
        for one in verdict.diagnoses
        if one["cause"] in mutant.right_causes
        for name in one["checks"]
    }
    follows = bool(trial.failed) and not set(trial.failed) - explained
    wanted = 1 if mutant.fails or follows else 0  # what was to be advice may break something too
    if verdict.exit_code != wanted:
        end = " | ".join(verdict.output.splitlines()[-4:])
        trial.missed.append(f"exit code {verdict.exit_code}, not {wanted}: {end}")
    trial.missed += [f"did not fail: {p}" for p in unmet(mutant.fails, trial.failed)]
    trial.missed += [f"did not deviate: {p}" for p in unmet(mutant.deviates, trial.deviating)]
    right = [one for one in verdict.diagnoses if one["cause"] in mutant.right_causes]
    lines = [line for one in right for line in one.get("remedy") or ()]
    if mutant.remedy and not any(re.search(mutant.remedy, line) for line in lines):
        trial.missed.append(f"no remedy says {mutant.remedy}: {lines}")
    if verdict.leftovers:
        trial.missed.append(f"the suite left {verdict.leftovers}")


def repair(scene: Scene, before: Snapshot) -> None:
    """Take the fault out, and prove that the cluster is as it was and answers.

    Raises RevertError.
    """
    scene.revert()
    for node in scene.kubelets:
        onlooker(scene, node, fresh=True)
    nodes = scene.breakable.nodes

    def differences() -> list[str]:
        return before.differences(take_snapshot(scene.api, nodes, scene.dns.namespace))

    if found := eventually(differences, [], REPAIR_S, every=0.5):
        raise RevertError("not as before:\n" + "\n".join(found[:20]))
    if wrong := eventually(lambda: answers_everywhere(scene), [], REPAIR_S, every=0.5):
        raise RevertError("DNS does not answer after the repair:\n" + "\n".join(wrong))


def settled_snapshot(cluster: Breakable) -> Snapshot:
    """What the cluster is made of, once it no longer changes by itself.

    Raises RevertError when it does not come to rest.
    """
    latest = take_snapshot(cluster.api, cluster.nodes)

    def rests() -> bool:
        nonlocal latest
        earlier, latest = latest, take_snapshot(cluster.api, cluster.nodes)
        return is_whole(cluster.api) and not earlier.differences(latest)

    if not eventually(rests, True, REPAIR_S, every=1.0):
        raise RevertError("the cluster does not come to rest before the fault")
    return latest


def prepare(cluster: Breakable) -> None:
    """Start the plain pods from which symptoms are looked at."""
    scene = Scene(cluster)
    for node in cluster.nodes:
        onlooker(scene, node, fresh=True)
    if wrong := eventually(lambda: answers_everywhere(scene), [], REPAIR_S, every=0.5):
        raise RevertError("DNS does not answer before any fault:\n" + "\n".join(wrong))


def report(trial: Trial) -> None:
    """One line per mutant, and one per reason why it was missed."""
    word = "found" if trial.detected else "MISSED"
    cause = f", cause {trial.causes[0]} ({trial.named})" if trial.causes else ""
    say(
        f"{word:6} {trial.name}: {len(trial.failed)} failed, {len(trial.deviating)} deviate"
        f"{cause}; inject {trial.inject_s:.0f} s, repair {trial.revert_s:.0f} s",
        trial.suite_s,
    )
    for line in trial.missed:
        say(f"       {line}")


def _is_there(look: Seen) -> bool:
    return look.there
