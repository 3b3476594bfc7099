"""What a report of the suite is worth, held against the truth of one drawn fault."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trials.faults.drawn.truth import HOP_OF_LAYER, Truth


@dataclass(frozen=True)
class Judgement:
    """How the suite did. What does not apply to a fault is None.

    ``noticed``, ``hop_right``, ``object_right``: only where the onlooker saw a change. The object
    is right only at the right hop: its name elsewhere would be chance.
    ``green``: only where nothing is wrong. ``wrong_with_high``: causes that are said to be sure,
    at another hop.
    """

    noticed: bool | None = None
    hop_right: bool | None = None
    object_right: bool | None = None
    green: bool | None = None
    wrong_with_high: tuple[str, ...] = ()
    first: Mapping[str, str] = field(default_factory=dict)  # cause, layer, confidence, summary


def judged(
    truth: Truth,
    more: tuple[str, ...],
    changed: bool,
    document: Mapping[str, Any],
    exit_code: int,
) -> Judgement:
    """Hold a report (the document of results.yaml) against the truth.

    ``more``: words that name the object and were known only in the cluster.
    ``changed``: whether the onlooker saw anything wrong.
    """
    diagnoses: Sequence[Mapping[str, Any]] = document.get("diagnoses") or []
    outcomes = {check["outcome"] for check in document.get("checks") or []}
    wrong = tuple(
        one["cause"] for one in diagnoses if one["confidence"] == "high" and not is_at(one, truth)
    )
    first = diagnoses[0] if diagnoses else {}
    said = {key: str(first[key]) for key in ("cause", "layer", "confidence", "summary") if first}
    if not changed:
        return Judgement(green=exit_code == 0, wrong_with_high=wrong, first=said)
    hop = bool(first) and is_at(first, truth)
    text = "\n".join((first["summary"], *first["evidence"], *first["remedy"]) if first else ())
    return Judgement(
        noticed=bool(outcomes & {"failed", "deviation"}),
        hop_right=hop,
        object_right=hop and truth.names_object(text, more),
        wrong_with_high=wrong,
        first=said,
    )


def is_at(diagnosis: Mapping[str, Any], truth: Truth) -> bool:
    """Whether a diagnosis is at a hop of the truth; a layer that is new is at none.

    An unknown cause in the records says only that answers are wrong: that is no place.
    """
    layer = diagnosis["layer"]
    if (diagnosis["cause"], layer) == ("unknown", "records"):
        return False
    return HOP_OF_LAYER.get(layer, "") in truth.hops
