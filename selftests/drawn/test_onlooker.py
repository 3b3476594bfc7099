"""The onlooker's own code: what is right by the API, what dig printed, and what it calls wrong."""

from typing import Any, cast

import pytest

from clusterdns.cluster import Manifest
from trials.faults.drawn import onlooker as module
from trials.faults.drawn.dig import Asked, Reply, replies_in, reply_of, script_for
from trials.faults.drawn.onlooker import Look, Onlooker, steadily
from trials.faults.drawn.questions import (
    NO_NAME,
    Question,
    Right,
    answers_by_api,
    canary,
    objects,
)
from trials.faults.scene import Scene

NAMED = "the server of resolv.conf"
WEB = "web.onlookers.svc.cluster.local"


class Api:
    """Objects in memory, as the API server would hand them out."""

    def __init__(self) -> None:
        self.things = [*objects(), canary("4")]
        ports = [{"name": "https", "port": 443, "protocol": "TCP"}]
        for number, each in enumerate(t for t in self.things if t["kind"] == "Service"):
            each["spec"].setdefault("clusterIP", f"10.96.0.{number + 20}")
        self.things += [
            {
                "kind": "Service",
                "metadata": {"name": "kubernetes", "namespace": "default"},
                "spec": {"clusterIP": "10.96.0.1", "ports": ports},
            },
            {
                "kind": "Node",
                "metadata": {"name": "one-worker"},
                "status": {"addresses": [{"type": "InternalIP", "address": "172.20.0.2"}]},
            },
        ]

    def get(self, kind: str, name: str, namespace: str) -> Manifest:
        """One object."""
        return next(t for t in self.list(kind, namespace) if t["metadata"]["name"] == name)

    def list(self, kind: str, namespace: str | None = None, label: str = "") -> list[Manifest]:
        """All of a kind, with a label as ``name=value``."""
        return [
            t
            for t in self.things
            if t["kind"] == kind
            and t["metadata"].get("namespace") == namespace
            and (not label or label in [f"{k}={v}" for k, v in t["metadata"]["labels"].items()])
        ]


@pytest.fixture(scope="module")
def right() -> dict[Question, Right]:
    """What is right for the objects in memory."""
    scene = cast("Scene", type("InMemory", (), {"api": Api()})())
    return dict(answers_by_api(scene, gone=["canary-3"]))


@pytest.mark.parametrize(
    ("name", "qtype", "records"),
    [
        (WEB, "A", {("A", "10.96.0.20")}),
        (WEB, "AAAA", set()),
        (f"_http._tcp.{WEB}", "SRV", {("SRV", f"80 {WEB}")}),
        ("20.0.96.10.in-addr.arpa", "PTR", {("PTR", WEB)}),
        ("kubernetes.default.svc.cluster.local", "A", {("A", "10.96.0.1")}),
        ("heads.onlookers.svc.cluster.local", "A", {("A", "203.0.113.11"), ("A", "203.0.113.12")}),
        ("one.heads.onlookers.svc.cluster.local", "A", {("A", "203.0.113.11")}),
        ("11.113.0.203.in-addr.arpa", "PTR", {("PTR", "one.heads.onlookers.svc.cluster.local")}),
        ("alias.onlookers.svc.cluster.local", "A", {("A", "10.96.0.20"), ("CNAME", WEB)}),
        ("canary-4.onlookers.svc.cluster.local", "A", {("A", "10.96.0.24")}),
    ],
)
def test_right_answer_is_read_from_objects(
    right: dict[Question, Right], name: str, qtype: str, records: set[tuple[str, str]]
) -> None:
    """A, AAAA, SRV and PTR of Services, headless ones and aliases."""
    assert right[Question(f"{name}.", qtype)] == Right("NOERROR", frozenset(records))


def test_what_is_gone_has_no_name(right: dict[Question, Right]) -> None:
    """Neither has what never was."""
    assert right[Question("canary-3.onlookers.svc.cluster.local.", "A")] == NO_NAME
    assert right[Question("nobody.onlookers.svc.cluster.local.", "A")] == NO_NAME


def test_crowd_does_not_fit_in_a_packet(right: dict[Question, Right]) -> None:
    """Large answers are asked for too."""
    records = right[Question("crowd.onlookers.svc.cluster.local.", "A")].records
    assert records is not None
    assert 16 * len(records) > 1500


def test_node_is_known_outside(right: dict[Question, Right]) -> None:
    """Its own name goes by the upstream."""
    question = Question("one-worker.", "A", True)
    assert right[question] == Right("NOERROR", frozenset({("A", "172.20.0.2")}))


SAID = """\
== 000
;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1
;; flags: qr aa rd; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1

_http._tcp.web.onlookers.svc.cluster.local. 30 IN SRV 0 100 80 Web.onlookers.svc.cluster.local.

;; Query time: 3 msec
== 002
;; communications error to 10.96.0.10#53: timed out
;; no servers could be reached
"""


def test_replies_are_read_by_number() -> None:
    """What is missing is no answer; priority and weight of SRV are the server's choice."""
    asked = [Asked(Question(f"{WEB}.", "SRV"), "10.96.0.10", tcp) for tcp in (False, True, True)]
    first, second, third = replies_in(SAID, asked)
    assert first.records == {("SRV", f"80 {WEB}")}
    assert (first.rcode, first.authoritative, first.ttl, first.ms) == ("NOERROR", True, 30, 3)
    assert (second.rcode, third.rcode) == ("", "")


def test_script_names_server_and_transport() -> None:
    """One line of dig's words for each question."""
    script = script_for(
        [Asked(Question("a.", "A"), "10.96.0.10", True), Asked(Question("b.", "A"), "", False)]
    )
    assert "@10.96.0.10 +tcp a. A\n" in script
    assert "001 " in script


A = Right("NOERROR", frozenset({("A", "10.96.0.1")}))


@pytest.mark.parametrize(
    ("reply", "fields", "tcp", "wrong"),
    [
        (Reply("NOERROR", A.records or frozenset()), {}, False, ""),
        (Reply(""), {}, False, "no answer"),
        (Reply("NXDOMAIN"), {}, False, "NXDOMAIN instead of NOERROR"),
        (Reply("NOERROR"), {}, False, "none instead of A 10.96.0.1"),
        (Reply("NOERROR", cut=True), {}, False, ""),
        (Reply("NOERROR", cut=True), {}, True, "cut over TCP"),
        (Reply("NOERROR", A.records or frozenset(), ms=1500), {}, False, "late"),
        (Reply("NOERROR", A.records or frozenset(), ttl=3600), {}, False, "to be kept for 3600 s"),
        (Reply("NOERROR", A.records or frozenset(), ttl=3600), {"outside": True}, False, ""),
    ],
)
def test_reply_is_judged(reply: Reply, fields: dict[str, Any], tcp: bool, wrong: str) -> None:
    """By rcode, records, time and TTL; a cut answer over UDP is to be asked for over TCP."""
    assert reply.wrong(A, Question("k.", "A", **fields), tcp) == wrong


def test_nothing_printed_is_no_answer() -> None:
    """As where kubectl exec has failed."""
    assert reply_of([]) == Reply("")


@pytest.mark.parametrize(
    ("looks", "said"),
    [("w", None), ("ww", True), ("..", False), ("w.", None), ("w..", False), (".ww", True)],
)
def test_two_looks_must_agree(looks: str, said: bool | None) -> None:
    """What passes by itself is no change."""
    assert steadily([Look(("x",)) if each == "w" else Look() for each in looks]) is said


SLOW, QUICK = (
    f"== 000\n;; status: NOERROR, id: 1\n{WEB}. 30 IN A 10.96.0.1\n;; Query time: {ms} msec\n"
    for ms in (1700, 3)
)


@pytest.mark.parametrize(
    ("said", "wrong"),
    [([SLOW, QUICK], 0), ([SLOW, SLOW], 1), ([QUICK], 0)],
    ids=["passes", "stays", "never"],
)
def test_late_answer_is_asked_again(
    said: list[str], wrong: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that does other things is no fault; what is late again is."""
    left = list(said)

    def in_pod(scene: Scene, node: str, *words: str) -> str:
        return left.pop(0) if words[0] == "sh" else ""

    monkeypatch.setattr(module, "in_pod", in_pod)
    look = Onlooker(cast("Scene", None)).ask_from(
        "node", {Question(f"{WEB}.", "A"): A}, {NAMED: ""}
    )
    assert (len(look[0]), left) == (wrong, [])


def test_bit_aa_of_a_canary_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next look has another canary: one that is gone would be missed for ever."""
    head = ";; status: NOERROR, id: 1\n;; flags: qr aa rd; QUERY: 1\n"
    said = f"== 000\n{head}== 001\n{head}"
    monkeypatch.setattr(module, "in_pod", lambda scene, node, *words: said)
    right = {
        Question(f"{name}.onlookers.svc.cluster.local.", "A"): A for name in ("web", "canary-1")
    }
    servers = {"the Service": ""}  # of all that is asked of it only UDP is answered here
    _, _, bits = Onlooker(cast("Scene", None)).ask_from("node", right, servers)
    assert bits == {"web.onlookers.svc.cluster.local. A"}
