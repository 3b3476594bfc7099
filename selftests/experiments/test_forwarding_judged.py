"""What the forwarding experiment holds is judged rightly: a sound result passes, each lie shows."""

from dataclasses import replace

import dns.message
import dns.rdataclass
import dns.rdatatype
import dns.zone
import pytest

from clusterdns.corefile import parse
from clusterdns.experiments.forwarding.experiment import (
    Forwarding,
    cluster_questions,
    forwarder_corefile,
    upstream_corefile,
)
from clusterdns.experiments.forwarding.outside_names import OutsideName, OutsideNames
from clusterdns.experiments.forwarding.outside_zone import (
    CANARY,
    LARGE,
    LARGE_ROW,
    ROWS,
    STUB,
    STUB_ROW,
    STUB_ZONE,
    ZONE,
    stub_zone_file,
    zone_file,
)
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.expect import Expected, addresses, nodata, nxdomain
from clusterdns.matrix.question import Question, Server
from clusterdns.own_coredns import Arrival

CLUSTER = "cluster.local."
SERVER = Server("pod/forwarder", "192.0.2.1")
SOUND = Forwarding(
    rows={},
    half_dead=(),
    before=(),
    dead=(),
    cluster_meanwhile=(),
    back=(),
    back_after_s=1.0,
    cluster_names=(),
    arrived=(
        Arrival("sound", CANARY, "A", "udp", "NOERROR", "127.0.0.1"),
        Arrival("stub", STUB, "A", "udp", "NOERROR", "127.0.0.1"),
    ),
    canary=CANARY,
    cluster_zone=CLUSTER,
    api_addresses=("10.96.0.1", "2001:db8::1"),
    no_cluster_names="",
)


def arrival(place: str, name: str) -> Arrival:
    """A question for the address of a name at one of our upstreams."""
    return Arrival(place, name, "A", "udp", "NOERROR", "127.0.0.1")


def answer(question: Question, text: str = "", error: str = "") -> Answer:
    """An answer with one record, or with none."""
    message = dns.message.make_response(question.message())
    if text:
        message.answer.append(dns.rrset.from_text(question.name, 60, "IN", question.rdtype, text))
    return Answer(question, "node", SERVER, "udp", 1.0, None if error else message, error)


def test_sound_result_is_found_sound() -> None:
    """Nothing leaks, nothing goes astray, and the canary was counted."""
    judged = (SOUND.counted, SOUND.leaked, SOUND.stub_astray, SOUND.stub_arrivals)
    assert judged == (True, (), (), 1)


def test_silence_is_no_proof() -> None:
    """Without the canary nothing was counted, so that nothing is proved."""
    assert not replace(SOUND, arrived=()).counted


@pytest.mark.parametrize("name", [CLUSTER, f"x.default.svc.{CLUSTER}", f"X.{CLUSTER.upper()}"])
def test_leak_is_seen(name: str) -> None:
    """A question for the cluster's domain at any upstream is a leak, whatever its case."""
    leak = arrival("mortal", name)
    assert replace(SOUND, arrived=(*SOUND.arrived, leak)).leaked == (leak,)


@pytest.mark.parametrize(
    "astray",
    [arrival("sound", STUB), arrival("mortal", STUB_ZONE), arrival("stub", CANARY)],
    ids=str,
)
def test_question_at_the_wrong_server_is_seen(astray: Arrival) -> None:
    """The stub domain elsewhere, or other names at its server, is astray."""
    assert replace(SOUND, arrived=(*SOUND.arrived, astray)).stub_astray == (astray,)


def test_cluster_names_are_expected_by_kind() -> None:
    """Of the names that are asked, only the first exists, and only with addresses."""
    asked = [answer(question) for question in cluster_questions(CLUSTER)]
    api = asked[0].question.name
    expected = [SOUND.expected_in_cluster(each) for each in asked]
    denied = [nxdomain(CLUSTER)] * 4
    assert expected == [addresses(api, ["10.96.0.1"]), *denied, nodata(CLUSTER)]


def test_upstream_that_is_not_ours_is_compared_with_what_the_node_sees() -> None:
    """Upstreams that agree give the expectation; silence or dispute gives none."""
    question = Question("www.example.", "A")
    one, two = answer(question, "192.0.2.7"), answer(question, "192.0.2.8")
    silent = answer(question, error="timeout")
    expected = [
        OutsideName(question, None, answers).expected
        for answers in ((one, silent), (one, two), (silent,))
    ]
    assert expected == [Expected(records=one.records), None, None]


def test_node_that_nobody_answers_for_is_expected_as_the_api_knows_it() -> None:
    """Where the upstreams keep silent, the addresses of the node in the API are expected."""
    question, known = Question("kind-worker.", "A"), addresses("kind-worker.", ["172.18.0.2"])
    silent, other = answer(question, error="timeout"), answer(question, "192.0.2.7")
    names = [OutsideName(question, known, answers) for answers in ((silent,), (silent, other))]
    assert [name.expected for name in names] == [known, Expected(records=other.records)]
    assert OutsideNames(tuple(names[:1])).expected(other) == known


def test_zone_holds_what_the_rows_expect() -> None:
    """The zone file is valid, and each positive row is what it says."""
    zone = dns.zone.from_text(zone_file(), ZONE, relativize=False)
    held = {
        f"{name} {dns.rdatatype.to_text(rdata.rdtype)} {rdata}"
        for name, _, rdata in zone.iterate_rdatas()
    }
    wanted = set().union(*(row.expected.records for row in (*ROWS, LARGE_ROW)))
    assert wanted <= held


def test_stub_zone_differs_from_what_the_other_upstream_says() -> None:
    """Whoever asks the wrong upstream for the stub domain gets another address."""
    right = dns.zone.from_text(stub_zone_file(), STUB_ZONE, relativize=False)
    wrong = dns.zone.from_text(zone_file(), ZONE, relativize=False)
    values = [{rdata.to_text() for rdata in z.find_rdataset(STUB, "A")} for z in (right, wrong)]
    assert addresses(STUB, values[0]) == STUB_ROW.expected
    assert values[0].isdisjoint(values[1])


def test_large_answer_does_not_fit() -> None:
    """It is larger than the buffer that questions announce, so that TCP is needed."""
    message = dns.message.make_response(LARGE_ROW.question.message())
    zone = dns.zone.from_text(zone_file(), ZONE, relativize=False)
    message.answer.append(zone.find_rrset(LARGE, "TXT"))
    assert len(message.to_wire(max_size=65535)) > (LARGE_ROW.question.payload or 0)


@pytest.mark.parametrize(
    "text",
    [
        forwarder_corefile(CLUSTER),
        forwarder_corefile(None),
        upstream_corefile(mortal=True),
        upstream_corefile(mortal=False),
    ],
    ids=["forwarder", "forwarder-without-cluster", "upstreams", "upstreams-less-one"],
)
def test_corefiles_can_be_read(text: str) -> None:
    """What we give a CoreDNS is a Corefile."""
    assert parse(text).blocks


def test_only_the_mortal_upstream_goes_away() -> None:
    """The other server blocks stay as they are when it goes."""
    with_it, without = (parse(upstream_corefile(mortal)).blocks for mortal in (True, False))
    assert with_it[:-1] == without
