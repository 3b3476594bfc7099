"""Label selectors as ``kubernetes`` of CoreDNS reads them (apimachinery ParseToLabelSelector)."""

import re
from collections.abc import Iterator

WORD = re.compile(r"[^\s,()=!<>]+")
KEY = re.compile(
    r"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"
)
VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
ITEM = re.compile(
    r"\s*(?:(?P<absent>!\s*)?(?P<key>[^\s,()=!<>]+)"
    r"(?:\s*(?P<operator>==?|!=|[<>])\s*(?P<value>[^\s,()=!<>]*)"
    r"|\s+(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)\s*"
)


def fault_of_selector(text: str) -> str | None:
    """Why CoreDNS cannot read it, worded to follow the option's name; None: it can."""
    return next(_faults(text), None)


def _faults(text: str) -> Iterator[str]:
    at = 0
    while True:
        found = ITEM.match(text, at)
        if found is None:
            yield f"is no selector of labels from {text[at:]!r} on"
            return
        if found["operator"] in ("!=", "<", ">"):
            yield f"takes no {found['operator']!r}: CoreDNS reads =, in, notin and names alone"
        if not KEY.fullmatch(found["key"]) or len(found["key"].rpartition("/")[2]) > 63:
            yield f"has a name of a label that is none: {found['key']!r}"
        values = [found["value"] or ""]
        if found["set"]:
            values = [one.strip() for one in found["values"].split(",")]
        for value in values:
            if not VALUE.fullmatch(value) or len(value) > 63:
                yield f"has a value of a label that is none: {value!r}"
        at = found.end()
        if at >= len(text):
            return
        if text[at] != ",":
            yield f"is no selector of labels from {text[at:]!r} on"
            return
        at += 1
