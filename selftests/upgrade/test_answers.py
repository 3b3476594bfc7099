"""Two versions compared: what both run, what they are asked, which differences count and why."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import dns.flags
import dns.message
import dns.rrset
import pytest

from clusterdns.corefile import Corefile, Reading, findings, parse
from clusterdns.corefile.movable import NotMovableError
from clusterdns.experiments.context import ExperimentContext, ExperimentSetup
from clusterdns.experiments.upgraded.corefiles import FAILING, PORT, PORTS, side, upstream_corefile
from clusterdns.experiments.upgraded.experiment import Trial, Upgraded, UpgradedExperiment
from clusterdns.experiments.upgraded.questions import names_of, own_names, questions_for
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.question import Question, Server
from clusterdns.own_coredns import NotPossibleError
from clusterdns.upgrade.changes import Seen
from clusterdns.upgrade.explained import explained
from clusterdns.upgrade.target import Target
from selftests.diagnosis.healthy_facts import COREFILE
from selftests.experiments.places import Recorder, inventory, node, replica, workspace
from selftests.upgrade.corefiles import COREFILES
from selftests.upgrade.test_changes import EXTERNAL, USUAL, met, piece
from selftests.upgrade.test_starts import message
from tests.upgrade import test_answers as checks

ZONE = "cluster.local."
SIDES = (Server("pod/upgrade-running", "10.244.0.5"), Server("pod/upgrade-target", "10.244.0.6"))
HOSTS = COREFILE.replace(
    "    loop\n",
    "    hosts {\n        192.0.2.7 here.test there.test\n        fallthrough\n    }\n    loop\n",
)
STUB = COREFILE + "corp.test:53 {\n    cache 5\n    forward . tls://192.0.2.1 {\n"
STUB += "        tls_servername a.test\n    }\n}\n"
API = {"clusterIPs": ["10.96.0.1"], "ports": [{"name": "https", "port": 443, "protocol": "TCP"}]}


def read(text: str) -> Reading:
    """The text of a side, read back."""
    return Reading(parse(text))


def test_a_side_is_the_corefile_with_other_upstreams() -> None:
    """On a port of its own; cache, rewrite and options of forward as they were, and metrics."""
    text, files = side(parse(STUB), {}, "/etc/coredns")
    found = read(text)
    assert files == {}
    assert found.upstreams(".", PORT) == ("127.0.0.1:5701",)
    assert found.upstreams("corp.test.", PORT) == ("127.0.0.1:5701",)
    assert found.kubernetes("x.cluster.local.", PORT) is not None
    assert "max_concurrent 1000" in text
    assert "tls" not in text
    assert "prometheus :9153" in text
    assert {"loop", "reload", "health", "ready"} & {p.name for _, p in found.plugins()} == set()


def test_each_way_of_failing_has_its_port() -> None:
    """The default block again, without what reads the cluster: five ways."""
    found = read(side(parse(HOSTS), {}, "/etc/coredns")[0])
    assert len(FAILING) == 5
    for way, port in PORTS.items():
        block = found.block_for("x.test.", port)
        assert block is not None, way
        assert block.has("cache")
        assert not {"kubernetes", "hosts"} & {plugin.name for plugin in block.plugins}


@pytest.mark.parametrize("name", sorted({*COREFILES} - {"empty", "only a comment"}))
def test_no_version_refuses_a_side(name: str) -> None:
    """What CoreDNS takes as the cluster's Corefile it takes as that of a side."""
    for version in ("1.12.1", "1.15.0"):
        corefile = parse(COREFILES[name])
        if not errors(corefile, version):
            text, _ = side(corefile, {}, "/etc/coredns")
            assert errors(parse(text), version) == [], text
    assert errors(parse(upstream_corefile()), "1.12.1") == []


def errors(corefile: Corefile, version: str) -> list[str]:
    """What a version refuses."""
    return [str(one) for one in findings(corefile, version) if one.level == "error"]


def test_files_go_with_it() -> None:
    """Those of ConfigMaps, by their names in our folder."""
    zone = "/etc/coredns/zones/db.test"
    corefile = parse(COREFILE + "db.test:53 {\n    file zones/db.test\n}\n")
    text, files = side(corefile, {zone: "a zone"}, "/etc/coredns")
    assert files == {"etc.coredns.zones.db.test": "a zone"}
    assert "file /etc/coredns/etc.coredns.zones.db.test" in text


def test_what_means_something_only_there_is_not_tried() -> None:
    """No plain DNS, or a variable in an address."""
    with pytest.raises(NotMovableError, match="no server block answers plain DNS"):
        side(parse("tls://.:853 {\n    whoami\n}\n"), {}, "/")
    with pytest.raises(NotMovableError, match="variable"):
        side(parse("{$ZONE}:53 {\n    whoami\n}\n"), {}, "/")


def test_a_small_cluster_is_asked_enough() -> None:
    """At least 700 questions to each side, each once, of every class and in every way."""
    api = {"metadata": {"name": "kubernetes", "namespace": "default"}, "spec": API}
    names = [*names_of(ZONE, [EXTERNAL, api], [piece("10.244.0.7")]), *own_names(read(HOSTS))]
    questions = questions_for(names, [f"kubernetes.default.svc.{ZONE}"])
    assert len(set(questions)) == len(questions)
    assert 2 * len(questions) >= 700
    assert {"here.test.", f"absent.db.shop.svc.{ZONE}", f"*.default.svc.{ZONE}"} <= set(names)
    assert {question.rdclass for question in questions} == {"IN", "CH"}
    assert {None, 512, 1232, 4096} == {question.payload for question in questions}


def answer(question: Question, server: Server, ttl: int, *data: str, aa: bool = True) -> Answer:
    """An answer with these A records."""
    query = dns.message.make_query(question.name, question.rdtype)
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.AA if aa else 0
    if data:
        reply.answer.append(dns.rrset.from_text(question.name, ttl, "IN", "A", *data))
    return Answer(question, "n", server, "udp", 1.0, reply, wire=reply.to_wire())


Says = Callable[[Question, Server, int], Answer]


class Asked:
    """A context whose servers say what a function says; it is told how often it was asked."""

    def __init__(self, says: Says) -> None:
        self.says = says
        self.rounds = dict.fromkeys(SIDES, 0)

    def ask(self, server: Server, questions: Sequence[Question], *_: Any) -> list[Answer]:  # noqa: ANN401
        """All questions to one server."""
        self.rounds[server] += 1
        return [self.says(question, server, self.rounds[server]) for question in questions]


def compared(says: Says) -> Trial:
    """A trial with three questions."""
    trial = Trial(cast(ExperimentContext, Asked(says)), SIDES)
    trial.compare([Question(f"{name}.test.") for name in "abc"], "first")
    return trial


def test_what_both_say_is_no_difference() -> None:
    """Also in another order, with a TTL that ran down a little, and with an address of its own."""

    def says(question: Question, server: Server, _: int) -> Answer:
        old = server is SIDES[0]
        own = [server.address, "192.0.2.1"]
        return answer(question, server, 30 if old else 28, *(own if old else own[::-1]))

    trial = compared(says)
    assert (trial.asked, trial.seen) == (3, [])


def test_a_difference_must_be_there_twice() -> None:
    """One that has gone when it is asked again was none."""

    def says(question: Question, server: Server, turn: int) -> Answer:
        new = server is SIDES[1]
        lasting, passing = new and question.name == "a.test.", new and turn == 1
        other = lasting or (passing and question.name == "b.test.")
        return answer(question, server, 30, "192.0.2.2" if other else "192.0.2.1")

    (seen,) = compared(says).seen
    assert (seen.name, seen.field, seen.which) == ("a.test.", "answer", "first")
    assert str(seen) == "a.test. A: answer was A 192.0.2.1, is A 192.0.2.2"


def test_a_lower_cap_is_a_difference() -> None:
    """TTLs that differ by more than a moment."""

    def says(question: Question, server: Server, _: int) -> Answer:
        return answer(question, server, 30 if server is SIDES[0] else 5, "192.0.2.1")

    assert {seen.field for seen in compared(says).seen} == {"ttl"}


AA = Seen("example.org.", "A", "size 1232", "again", "flags", "QR AA RD RA", "QR RD RA")
ODD = Seen("web.shop.svc.cluster.local.", "A", "size 1232", "first", "rcode", "NOERROR", "REFUSED")
NAMES = frozenset({"coredns_dns_requests_total", "coredns_forward_requests_total"})


def result(*seen: Seen, newer: frozenset[str] = NAMES) -> Upgraded:
    """What a trial has seen."""
    return Upgraded(("mine:1.14.7", "mine:1.15.0"), 800, seen, (NAMES, newer), "")


@pytest.mark.parametrize(
    ("found", "known", "unknown"),
    [
        (result(), "", ""),
        (result(AA), "1 differences by aa-as-it-came (since 1.15.0, #8419", ""),
        (result(ODD), "", "web.shop.svc.cluster.local. A: rcode was NOERROR, is REFUSED"),
        (result(AA, ODD), "aa-as-it-came", "1 differences in rcode, asked first"),
        (result(newer=NAMES - {"coredns_dns_requests_total"}), "", "coredns_dns_requests_total"),
    ],
    ids=["nothing", "known", "unknown", "both", "series"],
)
def test_differences_are_known_or_unknown(found: Upgraded, known: str, unknown: str) -> None:
    """Known ones with their source, all others as what nobody knows."""
    changes = list(met(USUAL, "1.14.7", "1.15.0").values())
    said = message(checks.test_no_known_change_is_seen, found, changes, changes)
    assert known in said
    assert bool(said) == bool(known), said
    told = message(checks.test_no_unknown_difference_is_seen, found, changes)
    assert unknown in told
    assert bool(told) == bool(unknown), told


def test_a_series_that_is_known_to_go_has_its_source() -> None:
    """By the table of changes."""
    gone = replace(result(), metrics=(NAMES, NAMES - {"coredns_forward_requests_total"}))
    changes = list(met(USUAL, "1.10.1", "1.11.1").values())
    said = message(checks.test_no_known_change_is_seen, gone, changes, changes)
    assert (
        "coredns_forward_requests_total is there any more (forward-metrics-renamed, #6178" in said
    )
    assert message(checks.test_no_unknown_difference_is_seen, gone, changes) == ""


def test_the_change_that_fits_best_explains() -> None:
    """The one whose row names most of the difference, wherever it stands in the table."""
    ttl = Seen("a.test.", "A", "size 1232", "again", "ttl", "3600 s (A in answer)", "86400 s (A)")
    rich = replace(USUAL, reading=read(COREFILE.replace("cache 30 {", "cache 86400 {")))
    changes = list(met(rich, "1.14.3", "1.14.7").values())
    known, unknown = explained(changes, [ttl, replace(ttl, newer="30 s (CNAME in answer)"), ODD])
    assert list(known) == ["cache-beyond-an-hour", "alias-without-answer-uncached"]
    assert unknown == [ODD]


def test_what_only_our_objects_meet_says_so() -> None:
    """A cluster without such names need not care."""
    changes = list(met(USUAL, "1.14.7", "1.15.0").values())
    said = message(checks.test_no_known_change_is_seen, result(AA), changes, [])
    assert "Only objects of this run meet it here." in said


def setup_of(
    folder: Path, image: str, target: Target | None, corefile: str = COREFILE
) -> ExperimentSetup:
    """A workspace whose cluster runs this image with this Corefile."""
    found = inventory((node("a"),), (replica("coredns-1", "a"),), image)
    made = workspace(folder, replace(found, corefile_text=corefile), Recorder())
    return ExperimentSetup(made, "a", account="coredns", target=target)


def test_each_side_has_its_image(tmp_path: Path) -> None:
    """The cluster's own, and the target's; the upstreams of both are the cluster's."""
    setup = setup_of(tmp_path, "registry.example/coredns/coredns:v1.12.1", Target("1.15.0"))
    pods = [o for o in UpgradedExperiment.make(setup).manifests() if o["kind"] == "Pod"]
    images = [[c["image"].rpartition(":")[2] for c in pod["spec"]["containers"]] for pod in pods]
    assert images == [["v1.12.1", "v1.12.1"], ["v1.15.0", "v1.12.1"]]


@pytest.mark.parametrize(
    ("image", "target", "words"),
    [
        ("eks/coredns:v1.11.4-eksbuild.2", Target("1.15.0"), "name it with --target-image"),
        ("registry.example/coredns/coredns:v1.12.1", None, "no option names a version"),
    ],
)
def test_what_cannot_be_had_says_why(
    tmp_path: Path, image: str, target: Target | None, words: str
) -> None:
    """And what to do."""
    with pytest.raises(NotPossibleError, match=words):
        UpgradedExperiment.make(setup_of(tmp_path, image, target))


def test_what_is_refused_is_not_compared(tmp_path: Path) -> None:
    """The other side would not start: the first reason is told, and no time is lost."""
    corefile = COREFILE + "example.org:53 {\n    secondary\n}\n"
    setup = setup_of(tmp_path, "mine/coredns:v1.12.1", Target("1.15.0"), corefile)
    with pytest.raises(NotPossibleError, match=r"does not start with this Corefile.*secondary"):
        UpgradedExperiment.make(setup)
