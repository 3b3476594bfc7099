"""What the loss of the API leads to is judged rightly, and the way to it is sound."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from clusterdns.corefile import findings, parse
from clusterdns.experiments.api_loss.api_late import ApiLate
from clusterdns.experiments.api_loss.api_lost import ApiLost
from clusterdns.experiments.api_loss.cut import (
    OUTSIDE,
    OUTSIDE_ADDRESS,
    corefile,
    last_word,
    recovery,
)
from clusterdns.experiments.gather import Gather
from clusterdns.inventory.web import Page
from clusterdns.matrix import expect
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.expect import Expected
from clusterdns.matrix.question import Question
from clusterdns.matrix.tally import Tally
from clusterdns.own_coredns.cuttable_api import CUT, OPEN, files
from selftests.experiments import answers
from tests.network import test_api_loss as checks

ZONE = "cluster.local."
KNOWN, NEW, GONE = (Question(f"{name}.ns.svc.{ZONE}", "A") for name in ("known", "new", "gone"))
PROCESS = ("containerd://1", 0)


def said(question: Question, address: str = "", rcode: str = "NOERROR") -> Answer:
    """An answer: an address, or a denial with the zone's SOA, or another code."""
    what = expect.addresses(question.name, [address]) if address else Expected(rcode)
    return answers.said(question, what, ZONE)


def page(status: int, body: str = "OK") -> Page:
    """What /ready said."""
    return Page("http://192.0.2.1:8181/ready", status, body)


LOST = ApiLost(
    known=(said(KNOWN, "10.96.0.2"),),
    new=(said(NEW, rcode="NXDOMAIN"),),
    gone=(said(GONE, "10.96.0.3"),),
    ready=(page(200), page(200), page(200)),
    outside=(said(OUTSIDE, OUTSIDE_ADDRESS),),
    new_after=said(NEW, "10.96.0.4"),
    gone_after=said(GONE, rcode="NXDOMAIN"),
    seconds=3.0,
    allowed=16.0,
    expected={KNOWN: expect.addresses(KNOWN.name, ["10.96.0.2"])},
    stale=expect.addresses(GONE.name, ["10.96.0.3"]),
    process_before=PROCESS,
    process_after=PROCESS,
    notes=(),
)
LATE = ApiLate(
    ready=page(503, "kubernetes"),
    cluster=(said(KNOWN, rcode="SERVFAIL"),),
    outside=(said(OUTSIDE, OUTSIDE_ADDRESS),),
    known=said(KNOWN, "10.96.0.2"),
    ready_after=page(200),
    seconds=2.0,
    allowed=20.0,
    expected=expect.addresses(KNOWN.name, ["10.96.0.2"]),
    notes=(),
)


def judge(lost: ApiLost, late: ApiLate) -> set[str]:
    """The names of the checks that fail."""
    gather = Gather(Tally(), lambda _: "dig")
    calls: dict[str, Callable[[], None]] = {
        "known": lambda: checks.test_known_names_stay(lost, gather),
        "deleted": lambda: checks.test_deleted_service_stays_meanwhile(lost, gather),
        "new": lambda: checks.test_new_service_is_unknown_meanwhile(lost, gather, ZONE),
        "outside": lambda: checks.test_outside_names_go_on(lost, gather),
        "ready": lambda: checks.test_replica_stays_ready(lost),
        "process": lambda: checks.test_process_stays(lost),
        "visible": lambda: checks.test_missed_changes_become_visible(lost),
        "late-unready": lambda: checks.test_start_without_the_api_is_not_ready(late),
        "late-denies": lambda: checks.test_start_without_the_api_denies_nothing(late, gather),
        "late-outside": lambda: checks.test_start_without_the_api_serves_the_outside(late, gather),
        "late-enough": lambda: checks.test_late_api_is_enough(late),
    }
    failed = set()
    for name, call in calls.items():
        try:
            call()
        except AssertionError:
            failed.add(name)
    return failed


def test_what_coredns_does_is_right() -> None:
    """As 1.12.1 does it."""
    assert judge(LOST, LATE) == set()


@pytest.mark.parametrize(
    ("lost", "caught"),
    [
        (replace(LOST, known=(*LOST.known, said(KNOWN, rcode="SERVFAIL"))), "known"),
        (replace(LOST, known=(said(KNOWN, rcode="NXDOMAIN"),)), "known"),
        (replace(LOST, known=(said(KNOWN, "10.96.0.9"),)), "known"),
        (replace(LOST, gone=(said(GONE, rcode="NXDOMAIN"),)), "deleted"),
        (replace(LOST, new=(said(NEW, "10.96.0.4"),)), "new"),
        (replace(LOST, new=(said(NEW, rcode="SERVFAIL"),)), "new"),
        (replace(LOST, outside=(said(OUTSIDE, rcode="SERVFAIL"),)), "outside"),
        (replace(LOST, ready=(page(200), page(503, "kubernetes"), page(200))), "ready"),
        (replace(LOST, process_after=("containerd://2", 1)), "process"),
        (replace(LOST, seconds=None), "visible"),
    ],
)
def test_fault_of_a_loss_is_caught(lost: ApiLost, caught: str) -> None:
    """By the check that is there for it, and no other."""
    assert judge(lost, LATE) == {caught}


@pytest.mark.parametrize(
    ("late", "caught"),
    [
        (replace(LATE, ready=page(200)), "late-unready"),
        (replace(LATE, ready=page(503, "forward")), "late-unready"),
        (replace(LATE, cluster=(said(KNOWN, rcode="NXDOMAIN"),)), "late-denies"),
        (replace(LATE, cluster=(said(KNOWN),)), "late-denies"),
        (replace(LATE, outside=(said(OUTSIDE, rcode="SERVFAIL"),)), "late-outside"),
        (replace(LATE, seconds=None), "late-enough"),
    ],
)
def test_fault_of_a_start_is_caught(late: ApiLate, caught: str) -> None:
    """By the check that is there for it, and no other."""
    assert judge(LOST, late) == {caught}


@pytest.mark.parametrize("version", ["1.11.3", "1.12.1", "1.13.1", "1.14.7", "1.15.0"])
def test_corefile_suits_every_version(version: str) -> None:
    """No line of it is refused."""
    found = findings(parse(corefile(ZONE)), version)
    assert [str(one) for one in found if one.level == "error"] == []


def test_kubeconfig_checks_the_name_of_the_api() -> None:
    """The forwarder's address is in no certificate."""
    made = files(is_open=False)
    cluster = json.loads(made["kubeconfig"])["clusters"][0]["cluster"]
    assert cluster["tls-server-name"] == "kubernetes.default.svc"
    assert "insecure-skip-tls-verify" not in cluster
    assert (made["gate"], files(is_open=True)["gate"]) == (CUT, OPEN)


def test_forwarder_is_believed_when_it_has_obeyed() -> None:
    """Its last word counts."""
    assert last_word("gate open\nnoise\ngate cut\n") == CUT
    assert last_word("") == ""


def test_recovery_follows_from_the_outage() -> None:
    """The pauses of client-go grow with it, to a minute at most."""
    assert recovery(5.0, 4.0) == pytest.approx(14.6)
    assert recovery(5.0, 600.0) == pytest.approx(65.0)
