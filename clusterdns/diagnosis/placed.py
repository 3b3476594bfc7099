"""From places to diagnoses: what was found hop by hop, in sentences, with the pair of answers.

A place that was proved is a diagnosis of its own, whether a cause has a name for it or not; the
causes are held against it (``held``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.hops.place import Hop, Place
from clusterdns.report.model import UNKNOWN, Confidence, Diagnosis
from clusterdns.report.sentences import counted

# What a proved place is called in the report.
NAMES: dict[Hop, str] = {
    "service": "service-path",
    "network": "path-between-nodes",
    "replica": "replica-differs",
    "corefile": "corefile-line",
    "upstream": "upstream-answers-wrong",
}
ASK_NEXT: dict[Hop, str] = {
    "passed": "run the failed checks once more with -k: what comes and goes is load, a restart, or "
    "a change that was not taken up everywhere yet",
    "service": "what stands behind the cluster IP: {ks} describe service; {ks} get endpointslices; "
    "then iptables-save or nft list ruleset on the asking node",
    "network": "tcpdump -ni any port 53 on both nodes while the question is put: where does the "
    "packet end?",
    "replica": "{ks} describe pods {pods}; {ks} logs {pods} --prefix --tail=100",
    "corefile": "{edit}  # the lines that are named",
    "data": "{kubectl} get services,endpointslices -A: is there what the question asks for?",
    "upstream": "the same question with dig from a replica's node: what does the upstream say?",
    "coredns": "add log to the Corefile, put the question again and read {ks} logs {pods}",
    "unplaced": "repeat the question with the command that the check's message ends with, to a "
    "replica's own address first",
}


def merged(places: Iterable[Place]) -> list[Place]:
    """Places that are one: groups of questions that go wrong at the same place for one reason."""
    found: dict[tuple[str, str, bool], Place] = {}
    for place in places:
        key = (place.hop, place.subject, place.proved)
        known = found.get(key)
        if known is None:
            found[key] = place
            continue
        both = f"{known.alike}; or {place.alike}" if place.alike not in known.alike else known.alike
        found[key] = replace(
            known,
            questions=tuple(dict.fromkeys((*known.questions, *place.questions))),
            checks=tuple(dict.fromkeys((*known.checks, *place.checks))),
            alike=both,
        )
    return list(found.values())


def diagnosis_of(place: Place, facts: Facts, checks: Sequence[str]) -> Diagnosis:
    """A place as the report has it."""
    summary = summary_of(place)
    if summary.endswith(".."):  # a name with its final dot ends the sentence
        summary = summary[:-1]
    ask_next = ASK_NEXT[place.hop].format(
        ks=facts.ks, kubectl=facts.kubectl, pods=facts.of_replicas, edit=facts.edit_corefile
    )
    return Diagnosis(
        cause=NAMES.get(place.hop, UNKNOWN) if place.proved else UNKNOWN,
        layer=place.layer,
        confidence=confidence_of(place),
        summary=summary,
        evidence=evidence_of(place),
        remedy=place.remedy or (f"ask next: {ask_next}",),
        checks=tuple(checks),
    )


def confidence_of(place: Place) -> Confidence:
    """Sure only of what an experiment proved, or of what the fault showed itself."""
    if place.proved:
        return "high"
    return "low" if place.hop in ("passed", "unplaced", "data", "coredns") else "medium"


def summary_of(place: Place) -> str:
    """One sentence: where it goes wrong, and how that shows."""
    right, wrong = place.right, place.wrong
    said = f"it says {wrong.received}" if wrong else "it says something else"
    instead = f" instead of {right.received}" if right else ""
    match place.hop:
        case "passed":
            return (
                "The answers are right by now: asked again, every hop gave the right one, so what "
                "failed came and went."
            )
        case "service":
            return (
                f"Answers change between the pods and the replicas: {place.subject} gives "
                f"{wrong.received if wrong else 'a wrong answer'}, while the replicas themselves "
                f"answer {right.received if right else 'right'}."
            )
        case "network":
            return (
                f"Answers are lost or late on the way {place.subject}; on its own node the "
                f"replica answers {right.received if right else 'right'}."
            )
        case "replica":
            return f"The replicas answer wrong by themselves, {place.subject}: {said}{instead}."
        case "corefile":
            return f"The Corefile makes the answers wrong, {place.subject}: {said}{instead}."
        case "data":
            return (
                "CoreDNS does not know what it should, whatever its Corefile says: "
                f"{place.subject}; {said}."
            )
        case "upstream":
            return f"The upstream itself answers wrong, {place.subject}: {said}."
        case "coredns":
            behind = f"; behind it stands {right}" if right else ""
            return f"CoreDNS itself answers wrong, on {place.subject}: {said}{behind}."
        case _:
            return (
                "The place was not found: the question could not be put to any hop a second time."
            )


def evidence_of(place: Place) -> tuple[str, ...]:
    """What proves it, what the questions have in common, and what is right beside them."""
    first = place.questions[0]
    more = counted(len(place.questions) - 1, "question")
    what = f"{first}, and {more} that behave alike" if len(place.questions) > 1 else first
    return tuple(
        filter(
            None,
            (
                f"{place.question}, {place.proof}" if place.proof else "",
                f"it must be {place.wanted}" if place.wanted else "",
                f"it is about {what}: {place.alike}" if place.alike else f"it is about {what}",
                f"beside them all is well: {place.unlike}" if place.unlike else "",
                *place.tried,
                f"beware: {place.about_us}" if place.about_us else "",
            ),
        )
    )
