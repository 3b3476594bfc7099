"""The hop that changes an answer is found, and the line that does: real CoreDNS on loopback."""

from pathlib import Path
from typing import NamedTuple

import pytest

from clusterdns.diagnosis import diagnose
from clusterdns.diagnosis.hops.place import Place
from selftests.diagnosis.edit_facts import NO_RECORD, NXDOMAIN, Said, no_answer
from selftests.diagnosis.local_hops import (
    COREFILE,
    NOBODY,
    OUTSIDE,
    PLAIN,
    REPLICA_B,
    STUB,
    UPSTREAM,
    Stand,
)

API = "kubernetes.default.svc.cluster.local. A"
RIGHT_API = Said(records=("kubernetes.default.svc.cluster.local. A 10.96.0.1",))
WEB = "www.example.org. A"
RIGHT_WEB = Said(records=("www.example.org. A 192.0.2.1",))
CORP = "db.corp.test. A"
RIGHT_CORP = Said(records=("db.corp.test. A 192.0.2.9",))
OUTSIDE_CHECK = "tests/network/test_forwarding.py::test_outside_name_resolves_as_on_the_node[udp]"
FIRST = "    errors\n"


def with_lines(*lines: str) -> str:
    """The Corefile with these lines in its block: the first one is line 3."""
    return COREFILE.replace(FIRST, FIRST + "".join(f"    {line}\n" for line in lines))


class Fault(NamedTuple):
    """A Corefile with something wrong in it, and the statement that is."""

    corefile: str
    question: str
    wanted: Said
    got: Said
    line: str


FAULTS = {
    "template-takes-a-name": Fault(
        with_lines("template IN A svc.cluster.local {", "  rcode NXDOMAIN", "}"),
        API,
        RIGHT_API,
        NXDOMAIN,
        "line 3: template IN A svc.cluster.local { ... }",
    ),
    "rewrite-spoils-a-question": Fault(
        with_lines("rewrite name kubernetes.default.svc.cluster.local web.shop.svc.cluster.local"),
        API,
        RIGHT_API,
        Said(records=("kubernetes.default.svc.cluster.local. A 10.96.0.7",)),
        "line 3: rewrite name kubernetes.default.svc.cluster.local web.shop.svc.cluster.local",
    ),
    "hosts-has-an-old-address": Fault(
        with_lines("hosts {", "  192.0.2.66 kubernetes.default.svc.cluster.local",
                   "  fallthrough", "}"),
        API,
        RIGHT_API,
        Said(records=("kubernetes.default.svc.cluster.local. A 192.0.2.66",)),
        "line 4: 192.0.2.66 kubernetes.default.svc.cluster.local",
    ),
    "acl-refuses-a-type": Fault(
        with_lines("acl cluster.local {", "  block type A net *", "}"),
        API,
        RIGHT_API,
        Said("REFUSED", ()),
        "line 4: block type A net *",
    ),
    "block-of-a-parent-domain": Fault(
        COREFILE + f"local:53 {{\n    forward . {UPSTREAM}\n}}\n",
        API,
        RIGHT_API,
        Said("REFUSED", ()),
        "line 9: local:53 { ... }",
    ),
    "forward-leaves-a-name-out": Fault(
        COREFILE.replace("max_concurrent 1000", "except example.org"),
        WEB,
        RIGHT_WEB,
        Said("REFUSED", ()),
        "line 5: except example.org",
    ),
    "snippet-that-is-imported": Fault(
        "(odd) {\n    template IN ANY example.org {\n        rcode REFUSED\n    }\n}\n"
        + with_lines("import odd"),
        WEB,
        RIGHT_WEB,
        Said("REFUSED", ()),
        "line 2: template IN ANY example.org { ... }",
    ),
    "view-takes-a-type": Fault(
        ".:53 {\n    view some {\n        expr type() == 'A'\n    }\n    template ANY ANY . {\n"
        "        rcode NXDOMAIN\n    }\n}\n" + COREFILE,
        API,
        RIGHT_API,
        NXDOMAIN,
        "line 1: .:53 { ... }",
    ),
    "two-lines-together": Fault(
        with_lines(
            "template IN A cluster.local {", "  rcode NXDOMAIN", "}",
            "hosts {", "  192.0.2.5 kubernetes.default.svc.cluster.local", "}",
        ),
        API,
        RIGHT_API,
        NXDOMAIN,
        "line 3: template IN A cluster.local { ... }; line 6: hosts { ... }",
    ),
}  # fmt: skip


def only(places: tuple[Place, ...]) -> Place:
    """The one place."""
    (place,) = places
    return place


@pytest.mark.parametrize("name", FAULTS)
def test_the_line_is_found_and_proved(name: str, tmp_path: Path) -> None:
    """Without it a private instance is right, with it wrong; reading the Corefile agrees."""
    fault = FAULTS[name]
    place = only(Stand(fault.corefile, tmp_path).places(fault.question, fault.wanted, fault.got))
    assert (place.hop, place.line, place.proved) == ("corefile", fault.line, True), place
    assert place.right is not None
    assert place.right.who.startswith("a private instance without line")
    assert place.about_us == ""
    assert "Tried in a private instance" in place.remedy[0]


def test_a_remedy_that_spoils_other_names_is_not_recommended(tmp_path: Path) -> None:
    """What makes one name wrong makes another one right: it is not just to be taken out."""
    corefile = with_lines(
        "template IN A svc.cluster.local {", '  answer "{{ .Name }} 5 IN A 10.96.0.1"', "}",
        "hosts {", "  10.96.0.7 web.shop.svc.cluster.local", "}",
    ).replace("    file /etc/coredns/cluster.db cluster.local\n", "")  # fmt: skip
    name = "web.shop.svc.cluster.local. A"
    right, wrong = (Said(records=(f"{name} 10.96.0.{n}",)) for n in (7, 1))
    place = only(Stand(corefile, tmp_path).places(name, right, wrong))
    assert place.line.startswith("line 3: template IN A svc.cluster.local")
    assert "Do not just take it out" in place.remedy[0]
    assert "kubernetes.default.svc.cluster.local. A then comes to " in place.remedy[0]


def test_a_variant_that_coredns_refuses_costs_no_other(tmp_path: Path) -> None:
    """The answer of a template cannot be taken out alone; all else is tried all the same."""
    corefile = with_lines("template IN A example.org {", '  answer "{{ .Name }} 5 IN A 192.0.2.44"',
                          "}")  # fmt: skip
    got = Said(records=("www.example.org. A 192.0.2.44",))
    place = only(Stand(corefile, tmp_path).places(WEB, RIGHT_WEB, got))
    assert (place.hop, place.line[:12]) == ("corefile", "line 3: temp"), place


@pytest.mark.parametrize(
    ("said", "got"),
    [
        ("template ANY ANY {\n rcode NXDOMAIN\n}", NXDOMAIN),
        ("acl {\n block\n}", Said("REFUSED", ())),
    ],
    ids=["nxdomain", "refused"],
)
def test_an_upstream_that_lies_is_the_place(said: str, got: Said, tmp_path: Path) -> None:
    """It says the same itself when it is asked directly."""
    upstreams = {UPSTREAM: f".:53 {{\n {said}\n}}\n"}
    place = only(Stand(COREFILE, tmp_path, upstreams=upstreams).places(WEB, RIGHT_WEB, got))
    assert (place.hop, place.proved) == ("upstream", True), place
    assert UPSTREAM in place.subject
    assert "line 4" in place.subject


def test_a_stub_domain_with_a_wrong_upstream(tmp_path: Path) -> None:
    """The upstream that the Corefile names for this zone is asked, and the line is told."""
    corefile = COREFILE + f"corp.test:53 {{\n    forward . {STUB}\n}}\n"
    wrong = ".:53 {\n template ANY ANY {\n rcode NXDOMAIN\n }\n}\n"
    stand = Stand(corefile, tmp_path, upstreams={UPSTREAM: OUTSIDE, STUB: wrong})
    place = only(stand.places(CORP, RIGHT_CORP, NXDOMAIN))
    assert (place.hop, place.subject) == ("upstream", f"{STUB} (forward . {STUB}, line 10)"), place


def test_a_silent_upstream_is_no_proof(tmp_path: Path) -> None:
    """That nobody answers may have several reasons."""
    corefile = COREFILE + f"corp.test:53 {{\n    forward . {NOBODY}\n}}\n"
    place = only(Stand(corefile, tmp_path).places(CORP, RIGHT_CORP, Said("SERVFAIL", ())))
    assert (place.hop, place.proved) == ("upstream", False), place


def test_one_replica_that_runs_something_else(tmp_path: Path) -> None:
    """The other one is right, so nothing is tried."""
    runs = {REPLICA_B: with_lines("template IN ANY svc.cluster.local {", " rcode NXDOMAIN", "}")}
    place = only(Stand(COREFILE, tmp_path, runs=runs).places(API, RIGHT_API, NXDOMAIN))
    assert (place.hop, place.subject, place.proved) == ("replica", "pod/coredns-b", True), place


def test_replicas_that_do_not_run_what_the_config_map_holds(tmp_path: Path) -> None:
    """A private instance with that Corefile is right: the difference is in the replicas."""
    odd = with_lines("template IN ANY svc.cluster.local {", " rcode NXDOMAIN", "}")
    runs = {"127.0.0.2": odd, REPLICA_B: odd}
    place = only(Stand(COREFILE, tmp_path, runs=runs).places(API, RIGHT_API, NXDOMAIN))
    assert (place.hop, place.proved) == ("replica", True), place
    assert place.right is not None
    assert place.right.who == "a private instance with the same Corefile"


def test_what_nobody_knows_is_no_matter_of_the_corefile(tmp_path: Path) -> None:
    """No variant of the Corefile is right, a minimal one neither."""
    question, wanted = "new.shop.svc.cluster.local. A", Said(records=("x. A 10.96.0.8",))
    place = only(Stand(COREFILE, tmp_path).places(question, wanted, NXDOMAIN))
    assert place.hop in ("data", "coredns"), place
    assert place.line == ""


def test_what_is_right_by_now_is_said(tmp_path: Path) -> None:
    """Asked again, every hop is right: nothing is blamed."""
    place = only(Stand(COREFILE, tmp_path).places(API, RIGHT_API, no_answer("timeout")))
    assert (place.hop, place.proved) == ("passed", False), place


def test_an_address_that_leads_nowhere(tmp_path: Path) -> None:
    """Both replicas are right, the Service is not."""
    stand = Stand(COREFILE, tmp_path, dead_service=True)
    place = only(stand.places(API, RIGHT_API, no_answer("timeout")))
    assert (place.hop, place.proved) == ("service", True), place


def test_rules_without_a_value_prove_nothing(tmp_path: Path) -> None:
    """Where only the wrong answer is known, another one is a hint, no proof."""
    corefile = with_lines("template IN A svc.cluster.local {", "  rcode NXDOMAIN", "}")
    place = only(Stand(corefile, tmp_path).places(API, Said("", (), "some rule"), NXDOMAIN))
    assert (place.hop, place.proved) == ("corefile", False), place
    assert place.line.startswith("line 3: template")


def test_no_record_is_an_answer_too(tmp_path: Path) -> None:
    """An AAAA record that should not be there."""
    corefile = with_lines(
        "template IN AAAA cluster.local {", '  answer "{{ .Name }} 5 IN AAAA 2001:db8::1"', "}"
    )
    got = Said(records=("kubernetes.default.svc.cluster.local. AAAA 2001:db8::1",))
    question = "kubernetes.default.svc.cluster.local. AAAA"
    place = only(Stand(corefile, tmp_path).places(question, NO_RECORD, got))
    assert (place.hop, place.line[:16]) == ("corefile", "line 3: template"), place


def test_two_faults_at_once_have_two_places(tmp_path: Path) -> None:
    """Each group of questions is followed by itself; both are diagnosed, and both are sure."""
    corefile = with_lines("template IN A svc.cluster.local {", "  rcode NXDOMAIN", "}")
    corefile += f"corp.test:53 {{\n    forward . {STUB}\n}}\n"
    wrong = ".:53 {\n template ANY ANY {\n rcode NXDOMAIN\n }\n}\n"
    stand = Stand(corefile, tmp_path, upstreams={UPSTREAM: OUTSIDE, STUB: wrong})
    facts = stand.found_all(
        {PLAIN: (API, RIGHT_API, NXDOMAIN), OUTSIDE_CHECK: (CORP, RIGHT_CORP, NXDOMAIN)}
    )
    assert {(p.hop, p.proved) for p in facts.places} == {("corefile", True), ("upstream", True)}
    found = {d.layer: d.confidence for d in diagnose(facts).diagnoses}
    assert found == {"corefile": "high", "upstream": "high"}


def test_two_lines_for_two_names_are_two_places(tmp_path: Path) -> None:
    """They are looked for side by side, in the same private instances."""
    corefile = with_lines(
        "template IN A svc.cluster.local {", "  rcode NXDOMAIN", "}", "acl example.org {",
        "  block", "}",
    )  # fmt: skip
    facts = Stand(corefile, tmp_path).found_all(
        {PLAIN: (API, RIGHT_API, NXDOMAIN), OUTSIDE_CHECK: (WEB, RIGHT_WEB, Said("REFUSED", ()))}
    )
    assert {p.line for p in facts.places} == {
        "line 3: template IN A svc.cluster.local { ... }",
        "line 7: block",
    }


@pytest.mark.parametrize(
    ("patience", "line"), [(0, ""), (1, "line 4: 192.0.2.66 kubernetes.default.svc.cluster.local")]
)
def test_what_was_tried_counts_when_time_runs_out(patience: int, line: str, tmp_path: Path) -> None:
    """One round tries a suspected plugin and its entries; without any only the hop is known."""
    fault = FAULTS["hosts-has-an-old-address"]
    stand = Stand(fault.corefile, tmp_path, patience=patience)
    place = only(stand.places(fault.question, fault.wanted, fault.got))
    assert (place.hop, place.line) == ("corefile" if line else "coredns", line), place
    assert place.proved is bool(line)
