"""What looks like a fault and is none: notes for people, printed after a run without a failure.

Each note is one function of what was seen; it returns a sentence with the evidence, or nothing.
docs/symptoms.md explains them at length.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from clusterdns.cluster import Manifest, is_ready
from clusterdns.inventory.metrics import Metrics
from clusterdns.report.sentences import counted

MANY_NXDOMAIN = 0.5  # of all answers of a replica
ENOUGH_ANSWERS = 100  # to speak of a share
TIMED_OUT = (
    r"plugin/errors: 2 (?P<name>\S+) (?P<rdtype>\S+): read \S+ \S+->(?P<to>\S+): i/o timeout"
)
UNSYNCED = r"starting server with unsynced Kubernetes API|[Ss]till waiting on: \"?kubernetes"
NO_IMPORT = r"No files matching import glob pattern: (?P<glob>\S+)"


@dataclass(frozen=True)
class Seen:
    """What notes are made from; all by replica."""

    logs: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Metrics] = field(default_factory=dict)
    pods: tuple[Manifest, ...] = ()

    def lines(self, pattern: str) -> Iterator[tuple[str, re.Match[str]]]:
        """What matches in the logs, with the replica."""
        for replica, text in self.logs.items():
            for found in re.finditer(pattern, text):
                yield replica, found


def many_denials(seen: Seen) -> str:
    """A search list makes most answers NXDOMAIN (coredns/coredns#6202)."""
    shares = []
    for replica, metrics in seen.metrics.items():
        answers = metrics.total("coredns_dns_responses_total")
        denials = metrics.total("coredns_dns_responses_total", rcode="NXDOMAIN")
        if answers >= ENOUGH_ANSWERS and denials >= MANY_NXDOMAIN * answers:
            shares.append(f"{replica} {100 * denials / answers:.0f} %")
    if not shares:
        return ""
    return (
        f"most answers are NXDOMAIN ({', '.join(sorted(shares))}): programs try a name under every "
        "suffix of the search list first, and each that does not fit is denied"
    )


def single_timeouts(seen: Seen) -> str:
    """An upstream may keep silent about odd names, and about the question of the plugin loop."""
    found = [match for _, match in seen.lines(TIMED_OUT)]
    if not found:
        return ""
    servers = ", ".join(sorted({match["to"] for match in found}))
    names = sorted({f"{match['name']} {match['rdtype']}" for match in found})
    rest = f" and {len(names) - 2} more" if len(names) > 2 else ""
    what = f"{', '.join(names[:2])}{rest}"
    return (
        f"the logs have {counted(len(found), 'time-out')} of {servers}, for {what}: "
        "upstreams may keep silent about odd names, and no check failed now"
    )


def started_early(seen: Seen) -> str:
    """CoreDNS starts to serve after 5 s, whether the API server has answered or not."""
    replicas = sorted({replica for replica, _ in seen.lines(UNSYNCED)})
    if not replicas:
        return ""
    return (
        f"{', '.join(replicas)} waited for the API server after the start, as the log says: "
        "by now it knows what the API server knows"
    )


def empty_import(seen: Seen) -> str:
    """An import whose pattern matches no file is a place for settings that nobody has made."""
    patterns = sorted({match["glob"].rstrip('"') for _, match in seen.lines(NO_IMPORT)})
    if not patterns:
        return ""
    return f"the Corefile imports {', '.join(patterns)}, and there is no such file: that is allowed"


def restarted_before(seen: Seen) -> str:
    """A replica that ended once and is ready now."""
    found = []
    for pod in filter(is_ready, seen.pods):
        for status in pod.get("status", {}).get("containerStatuses") or []:
            if number := status.get("restartCount"):
                ended = status.get("lastState", {}).get("terminated") or {}
                why = f", the last time {ended['reason']}" if ended.get("reason") else ""
                when = f" at {ended['finishedAt']}" if ended.get("finishedAt") else ""
                times = "once" if number == 1 else f"{number} times"
                found.append(f"{pod['metadata']['name']} was restarted {times}{why}{when}")
    return f"{'; '.join(found)}: all replicas are ready now" if found else ""


NOTES: tuple[Callable[[Seen], str], ...] = (
    many_denials,
    single_timeouts,
    started_early,
    empty_import,
    restarted_before,
)


def notes_of(seen: Seen) -> list[str]:
    """All that applies, in the order of NOTES."""
    return [text for note in NOTES if (text := note(seen))]
