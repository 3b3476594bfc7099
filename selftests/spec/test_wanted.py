"""What is demanded of Services follows from them, and nothing that differs would be accepted."""

import dns.message
import dns.rrset
import pytest

from clusterdns.matrix.answer import Answer
from clusterdns.matrix.expect import Wanted
from clusterdns.matrix.question import Question, Server
from clusterdns.objects.edge_cases import LONGEST_TARGET, EdgeCases, plan_edge_cases
from clusterdns.objects.pod_records import PodRecords
from clusterdns.objects.service import Endpoint, Port, Service
from clusterdns.objects.wanted import (
    addresses_of,
    as_first_told,
    followed,
    hosts_of,
    ports_of,
    unnamed_ports_of,
    unready_hosts_of,
)
from clusterdns.probe import Reply
from clusterdns.run.identity import RunId

ZONE = "cluster.local"


@pytest.fixture
def edge_cases() -> EdgeCases:
    """All Services of a run that were given cluster IPs."""
    found = plan_edge_cases(RunId("dns-conf-00000000"), "a", "b", ZONE)
    with_ips = {(s.namespace, s.name): () for s in found.all}
    ips = {(s.namespace, s.name): (f"10.96.0.{n}",) for n, s in enumerate(found.with_cluster_ip)}
    return found.given({**with_ips, **ips})


def words(wanted: Wanted) -> dict[str, str]:
    """Questions and answers as text."""
    return {str(question): str(expected) for question, expected in wanted.items()}


def test_headless_service() -> None:
    """Each ready endpoint once, per family; the hostname's own; the port of the slice."""
    service = Service(
        "db",
        "a",
        ZONE,
        ports=(Port("sql", 5432, "TCP", 15432),),
        endpoints=(
            Endpoint("192.0.2.1", "one"),
            Endpoint("192.0.2.1", "one", part=1),
            Endpoint("192.0.2.2", "two", ready=False),
            Endpoint("2001:db8::1", "one"),
        ),
    )
    db = "db.a.svc.cluster.local."
    assert words(addresses_of([service])) == {
        f"{db} A": f"NOERROR [{db} A 192.0.2.1]",
        f"{db} AAAA": f"NOERROR [{db} AAAA 2001:db8::1]",
    }
    assert words(hosts_of([service])) == {
        f"one.{db} A": f"NOERROR [one.{db} A 192.0.2.1]",
        f"one.{db} AAAA": f"NOERROR [one.{db} AAAA 2001:db8::1]",
    }
    assert words(ports_of([service])) == {
        f"_sql._tcp.{db} SRV": f"NOERROR [_sql._tcp.{db} SRV 15432 one.{db}]"
    }
    denied = "NXDOMAIN [] with the SOA of cluster.local."
    assert words(unready_hosts_of([service])) == dict.fromkeys(
        (f"two.{db} A", f"two.{db} AAAA"), denied
    )


def test_chain_of_aliases(edge_cases: EdgeCases) -> None:
    """Every CNAME on the way, and the address at the end."""
    chained, inside, many = (f"{n}.a.svc.cluster.local." for n in ("chained", "inside", "many"))
    (ip,) = edge_cases.many.cluster_ips
    assert words(followed(edge_cases.chained, edge_cases.many, edge_cases.inside)) == {
        f"{chained} A": f"NOERROR [{chained} CNAME {inside}, {inside} CNAME {many}, {many} A {ip}]"
    }


def test_unnamed_ports(edge_cases: EdgeCases) -> None:
    """Whatever they are guessed to be called."""
    assert words(unnamed_ports_of([edge_cases.unnamed], ["sql"])) == {
        "_sql._tcp.unnamed.a.svc.cluster.local. SRV": "NXDOMAIN [] with the SOA of cluster.local."
    }


def test_edge_cases_are_at_the_limits(edge_cases: EdgeCases) -> None:
    """Names as long as they may be, and no two Services of one name in a namespace."""
    assert len(LONGEST_TARGET) == 253
    assert len(edge_cases.longest.name) == len(edge_cases.deepest.name) == 63
    assert {len(port.name) for port in edge_cases.longest.ports} == {15, 1}
    places = [(s.namespace, s.name) for s in edge_cases.all]
    assert len(set(places)) == len(places)


def test_runs_do_not_share_addresses() -> None:
    """PTR leads back to all Services that have an address: two runs at once must not meet."""
    runs = (plan_edge_cases(RunId(f"dns-conf-{n:08x}"), "a", "b", ZONE) for n in (1, 2))
    one, two = ({e.address for s in each.all_headless for e in s.endpoints} for each in runs)
    assert one.isdisjoint(two)


def test_no_address_is_ready_under_two_hostnames(edge_cases: EdgeCases) -> None:
    """PTR is compared whole, so each address has one name only."""
    named = [
        (e.address, s.below(e.hostname))
        for s in edge_cases.all_headless
        for e in s.endpoints
        if e.is_ready and e.hostname
    ]
    assert len({address for address, _ in named}) == len(set(named))


@pytest.mark.parametrize(
    ("mode", "running", "nobody"),
    [
        ("insecure", "NOERROR", "NOERROR"),
        ("verified", "NOERROR", "NXDOMAIN"),
        ("disabled", "NXDOMAIN", "NXDOMAIN"),
    ],
)
def test_pod_records_follow_the_mode(mode: str, running: str, nobody: str) -> None:
    """plugin/kubernetes/kubernetes.go, findPods."""
    pods = PodRecords(mode, "a", f"{ZONE}.", ("10.244.0.5",), ("2001:db8::5",))
    own = Question(f"10-244-0-5.a.pod.{ZONE}.", "A")
    other = Question(f"2001-db8--5.a.pod.{ZONE}.", "AAAA")
    assert pods.of_running_pods[own].rcode == running
    assert pods.of_no_pod[other].rcode == nobody
    assert {expected.rcode for expected in pods.of_nothing.values()} == {"NXDOMAIN"}


def answer(question: Question, address: str) -> Answer:
    """What a server says, or nothing at all without an address."""
    query = question.message()
    response = dns.message.make_response(query)
    if address:
        response.answer.append(dns.rrset.from_text(question.name, 5, "IN", "A", address))
    wire = response.to_wire() if address else None
    reply = Reply(wire, None if wire else "timeout", 1.0, None)
    return Answer.from_reply(question, "n1", Server("pod/a", "10.0.0.1"), "udp", query, reply)


def test_silence_is_not_what_everybody_must_say() -> None:
    """The first answer counts, also when a question before it got none."""
    question = Question("web.a.svc.cluster.local.")
    told = as_first_told([answer(question, ""), answer(question, "10.96.0.7")])
    assert told[question].accepts(answer(question, "10.96.0.7"))


def test_no_answer_has_no_order() -> None:
    """An answer that did not come is evidence for a check, and no crash."""
    assert answer(Question("web.a.svc.cluster.local."), "").order == ()


@pytest.mark.parametrize(
    ("ips", "rdtype"),
    [
        (("10.96.0.9",), "A"),
        (("fd00::9",), "AAAA"),
        (("fd00::9", "10.96.0.9"), "A"),
        ((), "A"),
    ],
    ids=["IPv4", "IPv6", "both", "nothing"],
)
def test_a_type_is_asked_that_has_records(ips: tuple[str, ...], rdtype: str) -> None:
    """In a cluster of IPv6 alone a question of type A is answered with nothing."""
    assert Service("web", "a", ZONE, cluster_ips=ips).rdtype == rdtype
