"""Earlier reports, read: what --compare names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clusterdns.compare.recording import Recording, read_recording
from clusterdns.report.model import Report
from clusterdns.report.results import ANSWERS, RESULTS, NotOursError, read_results

FACTS = (("server", "Kubernetes"), ("domain", "domain"), ("nodes", "nodes"))
DNS_FACTS = (
    ("implementation", "DNS server"),
    ("version", "its version"),
    ("image", "its image"),
    ("replicas", "replicas"),
    ("corefileSha256", "Corefile (SHA-256)"),
)


@dataclass(frozen=True)
class Earlier:
    """A report and its answers; None where no answers are kept beside it."""

    place: str  # as it was named
    report: Report
    recording: Recording | None

    @property
    def words(self) -> str:
        """Which report it is, in one line."""
        dns = self.report.cluster.get("dns") or {}
        who = f"{dns.get('implementation') or 'DNS'} {dns.get('version') or ''}".strip()
        where = self.report.cluster.get("context") or "an unknown cluster"
        return f"{self.place} of {self.report.date}: {who} on {where}"


def read_earlier(place: Path) -> Earlier:
    """Read a report folder, or its results.yaml.

    Raises NotOursError, which says in one sentence why it is no report that can be compared, and
    OSError.
    """
    folder = place.parent if place.is_file() and place.name == RESULTS else place
    if not folder.is_dir():
        raise NotOursError(f"{place} is neither a report folder nor a {RESULTS}")
    try:
        report = read_results(folder)
    except FileNotFoundError as error:
        raise NotOursError(f"{folder} has no {RESULTS}") from error
    return Earlier(str(place), report, read_recording(folder))


def differing_facts(before: Sequence[Earlier], now: Report) -> list[str]:
    """What is known of the clusters and is not as it was in any of the reports."""
    found = []
    for key, words in FACTS:
        found += _fact(words, [e.report.cluster.get(key) for e in before], now.cluster.get(key))
    dns = [e.report.cluster.get("dns") or {} for e in before]
    for key, words in DNS_FACTS:
        found += _fact(words, [d.get(key) for d in dns], (now.cluster.get("dns") or {}).get(key))
    return found


def _fact(words: str, before: Sequence[object], now: object) -> list[str]:
    known = [shortly(value) for value in before if value is not None]
    if now is None or not known or shortly(now) in known:
        return []
    return [f"{words}: {known[-1]} before, {shortly(now)} now"]


def shortly(value: object) -> str:
    """A value in few letters: of a checksum the first twelve."""
    text = str(value)
    return text[:12] if re.fullmatch("[0-9a-f]{64}", text) else text[:80]


def without_answers(before: Sequence[Earlier]) -> list[str]:
    """What cannot be compared, in words."""
    missing = [each.place for each in before if each.recording is None]
    if not missing:
        return []
    return [f"no {ANSWERS} beside {', '.join(missing)}: of it only checks are compared"]
