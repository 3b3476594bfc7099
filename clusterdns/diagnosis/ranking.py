"""From findings to diagnoses: the cause that explains most with the fewest assumptions is first.

A cause whose consequences were found too lies deeper, and stands before them. Nothing is claimed
beyond the facts: what no cause explains is named, and ends in ``unknown`` with the measured split.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Cause, Finding, all_causes
from clusterdns.diagnosis.held import agrees, follows, held, proved_by
from clusterdns.diagnosis.lasting import lasting
from clusterdns.diagnosis.placed import diagnosis_of, merged
from clusterdns.diagnosis.rows import Trouble
from clusterdns.diagnosis.unknown import unknown
from clusterdns.report.model import Confidence, Diagnosis

TRUST: dict[Confidence, float] = {"high": 1.0, "medium": 0.6, "low": 0.25}
ADVICE_WEIGHT = 0.05  # of a deviation, beside a failed check
MOST = 4  # diagnoses in a report: more is no help
CLOSE = 0.75  # of the first one's score: a candidate that deserves a word


@dataclass(frozen=True)
class Candidate:
    """A cause, what it found, and the checks that it explains."""

    cause: Cause
    finding: Finding
    explained: frozenset[str]  # names of checks
    weight: float  # of what it explains

    @property
    def score(self) -> float:
        """How much it explains, by how sure it is, less what it assumes."""
        trust = TRUST[self.finding.confidence] * 0.9**self.finding.assumes
        return trust * self.weight


@dataclass(frozen=True)
class Verdict:
    """The verdict on all facts: diagnoses, and the failed checks that none of them explains."""

    diagnoses: tuple[Diagnosis, ...]
    unexplained: tuple[str, ...]  # failed checks
    complaints: tuple[str, ...] = ()  # causes that could not be judged: a mistake of ours


def diagnose(facts: Facts) -> Verdict:
    """Every cause put to the facts, the best first; nothing when nothing is amiss."""
    if not facts.troubles:
        return Verdict((), ())
    complaints = [f"a reading of ours: {p.about_us}" for p in facts.places if p.about_us]
    found = candidates(facts, all_causes().values(), complaints)
    chosen = choose(found)
    told = [(one.score, diagnosis(one, chosen, facts)) for one in chosen]
    told += [(float(len(one.checks)), one) for one in proved_places(facts, chosen)]
    told.sort(key=lambda each: -each[0])
    diagnoses = [lasting(each, facts) for _, each in told]
    explained = {name for each in diagnoses for name in each.checks}
    left = [trouble for trouble in facts.failed if trouble.name not in explained]
    if left and (not diagnoses or len(left) > len(facts.failed) / 2):
        last = lasting(unknown(facts, left), facts)
        first = _leads(left, chosen) and len(told) == len(chosen)
        diagnoses = [last, *diagnoses] if first else [*diagnoses, last]
        return Verdict(tuple(diagnoses), (), tuple(complaints))
    return Verdict(tuple(diagnoses), tuple(t.name for t in left), tuple(complaints))


def proved_places(facts: Facts, chosen: Sequence[Candidate]) -> list[Diagnosis]:
    """The places that were proved and that no chosen cause speaks of, each with its checks.

    A cause speaks of a place where it may show there, and explains at least half of its checks.
    """
    found = []
    for place in merged(place for place in facts.places if place.proved):
        named = any(
            agrees(one.cause, one.finding, place)
            and 2 * len(one.explained & set(place.checks)) >= len(place.checks) > 0
            for one in chosen
        )
        if not named:
            found.append(diagnosis_of(place, facts, follows(place, facts)))
    return found


def _leads(left: Sequence[Trouble], chosen: Sequence[Candidate]) -> bool:
    """Whether what nobody explains weighs more than what the causes do."""
    return all(one.finding.confidence != "high" or one.weight < 1 for one in chosen) and bool(left)


def candidates(
    facts: Facts, causes: Iterable[Cause], complaints: list[str] | None = None
) -> list[Candidate]:
    """The causes that the facts speak for and that explain something, in order of their score."""
    found = []
    for cause in causes:
        try:
            finding = cause.find(facts)
        except Exception as error:  # one cause's mistake must not cost the diagnosis
            if complaints is None:
                raise
            complaints.append(f"cause {cause.name}: {type(error).__name__}: {error}")
            continue
        if finding is None:
            continue
        hits = [t for t in facts.troubles if finding.scope.explains(t)]
        left = held(cause, finding, hits, facts)
        if left is None:
            continue
        finding, hits = left.finding, [t for t in hits if t.name in left.explained]
        weight = sum(1.0 if t.outcome == "failed" else ADVICE_WEIGHT for t in hits)
        if hits:
            found.append(Candidate(cause, finding, frozenset(t.name for t in hits), weight))
    return sorted(found, key=lambda one: (-one.score, one.cause.name))


def choose(found: Sequence[Candidate]) -> list[Candidate]:
    """The first, then those that explain something more; consequences of a chosen one are left."""
    by_name = {one.cause.name: one for one in found}
    below = {name: consequences(name, by_name) for name in by_name}
    shadowed = frozenset[str]().union(*below.values())
    roots = []
    for name in by_name.keys() - shadowed:  # each takes over what its consequences explain
        whole = [by_name[name], *(by_name[other] for other in below[name])]
        explained = frozenset[str]().union(*(one.explained for one in whole))
        weight = max(one.weight for one in whole)
        roots.append(replace(by_name[name], explained=explained, weight=weight))
    roots.sort(key=lambda one: (-one.score, one.cause.name))
    chosen: list[Candidate] = []
    explained = frozenset[str]()
    for one in roots:
        close = chosen and one.score >= CLOSE * chosen[0].score
        if not chosen or close or one.explained - explained:
            chosen.append(one)
            explained |= one.explained
    return chosen[:MOST]


def consequences(name: str, found: Mapping[str, Candidate]) -> frozenset[str]:
    """The causes found that are only consequences of this one, directly or by way of others."""
    seen: frozenset[str] = frozenset()
    due = list(found[name].cause.leads_to)
    while due:
        one = due.pop()
        if one in found and one not in seen and one != name:
            seen |= {one}
            due += found[one].cause.leads_to
    return seen


def diagnosis(one: Candidate, chosen: Sequence[Candidate], facts: Facts) -> Diagnosis:
    """A candidate as the report has it."""
    finding = one.finding
    proofs = proved_by(one.cause, finding, (p for p in facts.places if one.explained & {*p.checks}))
    evidence = [*proofs[:2], *finding.evidence]
    evidence += [f"against it: {line}" for line in finding.against]
    rivals = [
        other.cause.name
        for other in chosen
        if other is not one and other.explained & one.explained and _close(one, other)
    ]
    confidence = finding.confidence
    failed = {t.name for t in facts.failed}
    if failed and confidence == "high" and not one.explained & failed:
        confidence = "medium" if rivals else confidence
    if finding.tell_apart and (confidence != "high" or rivals):
        what = f"to tell it from {', '.join(rivals)}" if rivals else "to be sure"
        evidence.append(f"{what}: {finding.tell_apart}")
    return Diagnosis(
        cause=one.cause.name,
        layer=one.cause.layer,
        confidence=confidence,
        summary=finding.summary,
        evidence=tuple(evidence),
        remedy=finding.remedy,
        checks=tuple(t.name for t in facts.troubles if t.name in one.explained),
    )


def _close(one: Candidate, other: Candidate) -> bool:
    low, high = sorted((one.score, other.score))
    return low >= CLOSE * high
