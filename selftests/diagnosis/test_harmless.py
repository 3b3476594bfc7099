"""Notes about what looks like a fault: told where it is seen, and not where it is not."""

import pytest

from clusterdns.diagnosis.harmless import NOTES, Seen, notes_of
from clusterdns.inventory.metrics import Metrics

RESTARTED = {
    "metadata": {"name": "coredns-1"},
    "status": {
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [
            {
                "restartCount": 2,
                "lastState": {
                    "terminated": {"reason": "OOMKilled", "finishedAt": "2026-11-23T07:00:00Z"}
                },
            }
        ],
    },
}
NOT_READY = RESTARTED | {"status": {}}
FRESH = {
    "metadata": {"name": "coredns-2"},
    "status": {
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"restartCount": 0, "lastState": {}}],
    },
}


def answers(found: int, denied: int) -> Metrics:
    """What a replica counts."""
    name = "coredns_dns_responses_total"
    return Metrics.parse(
        f"# TYPE {name} counter\n"
        f'{name}{{rcode="NOERROR",server="dns://:53"}} {found}\n'
        f'{name}{{rcode="NXDOMAIN",server="dns://:53"}} {denied}\n'
    )


def log(line: str) -> Seen:
    """One replica that printed one line of interest."""
    return Seen(logs={"coredns-1": f".:53\n{line}\nlinux/amd64, go1.24\n"})


TIMED_OUT = (
    "[ERROR] plugin/errors: 2 4609081455828696090.6577006795196387110. HINFO: "
    "read udp 10.244.0.4:40931->192.0.2.1:53: i/o timeout"
)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (
            Seen(metrics={"coredns-1": answers(40, 160)}),
            "most answers are NXDOMAIN (coredns-1 80 %)",
        ),
        (log(TIMED_OUT), "the logs have 1 time-out of 192.0.2.1:53, for 4609081455828696090."),
        (
            log("[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API"),
            "coredns-1 waited for the API server after the start",
        ),
        (
            log('[INFO] plugin/ready: Still waiting on: "kubernetes"'),
            "coredns-1 waited for the API server after the start",
        ),
        (
            log("[WARNING] No files matching import glob pattern: /etc/coredns/custom/*.server"),
            "the Corefile imports /etc/coredns/custom/*.server, and there is no such file",
        ),
        (
            Seen(pods=(RESTARTED, FRESH)),
            "coredns-1 was restarted 2 times, the last time OOMKilled at 2026-11-23T07:00:00Z: all",
        ),
    ],
    ids=["nxdomain", "timeout", "unsynced", "waiting", "import", "restarted"],
)
def test_what_is_seen_is_explained(seen: Seen, words: str) -> None:
    """One note, which begins with what was seen."""
    (note,) = notes_of(seen)
    assert note.startswith(words)


@pytest.mark.parametrize(
    "seen",
    [
        Seen(),
        Seen(metrics={"coredns-1": answers(160, 40)}),
        Seen(metrics={"coredns-1": answers(1, 9)}),
        log("[ERROR] plugin/errors: 2 a.test. A: read udp 10.0.0.1:1->10.0.0.2:53: refused"),
        Seen(pods=(FRESH, NOT_READY)),
    ],
    ids=["nothing", "few-denials", "few-answers", "another-error", "not-ready"],
)
def test_there_is_no_note_without_a_reason(seen: Seen) -> None:
    """Silence on a cluster where nothing looks odd."""
    assert notes_of(seen) == []


def test_every_note_is_tried() -> None:
    """A new note needs a case above."""
    assert len(NOTES) == 5
