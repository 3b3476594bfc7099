"""What is kept of a run, read again; and what is no report that a run can be compared with."""

import gzip
import json
from pathlib import Path

import dns.message
import pytest

from clusterdns.compare.earlier import read_earlier
from clusterdns.compare.heard import Heard
from clusterdns.compare.memory import matched, matched_servers
from clusterdns.compare.recording import Place, read_recording, write_recording
from clusterdns.compare.roles import FRESH, RUN, ZONE, Roles
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.losses import Path as Way
from clusterdns.matrix.losses import Record
from clusterdns.matrix.question import Question, Server
from clusterdns.probe import Reply
from clusterdns.report.model import Report, Suite
from clusterdns.report.results import ANSWERS, NotOursError, claim_folder, write_results
from selftests.compare.world import World

SERVER = Server("pod/coredns-abc", "10.244.0.7", 53, "n1")


def answered(question: Question, *records: str, aa: bool = True) -> Answer:
    """An answer from the one server."""
    query, _ = question.query()
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.AA if aa else 0
    for record in records:
        owner, ttl, rdtype, data = record.split(" ", 3)
        reply.answer.append(dns.rrset.from_text(owner, int(ttl), "IN", rdtype, data))
    raw = Reply(reply.to_wire(), None, 1.5, None)
    return Answer.from_reply(question, "n1", SERVER, "udp", query, raw)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    """All of it; a recording of a thousand answers takes few octets."""
    run = World().run()
    write_recording(run, tmp_path)
    again = read_recording(tmp_path)
    assert again is not None
    assert (again.contents, again.questions, again.paths) == (
        run.contents,
        run.questions,
        run.paths,
    )
    assert [c._replace(ms=0) for c in again.cells] == [c._replace(ms=0) for c in run.cells]
    assert all(abs(a.ms - b.ms) <= 0.05 for a, b in zip(again.cells, run.cells, strict=True))
    assert (tmp_path / ANSWERS).stat().st_size < 2_000_000 / 12_000 * len(run.cells)


def test_a_next_run_removes_it(tmp_path: Path) -> None:
    """It goes with the report; a file of that name that is not ours stands in the way."""
    write_results(Report("2026-11-30T12:00:00Z", Suite("1")), tmp_path)
    write_recording(World().run(), tmp_path)
    claim_folder(tmp_path)
    assert not any(tmp_path.iterdir())
    (tmp_path / ANSWERS).write_bytes(gzip.compress(b"{}"))
    with pytest.raises(NotOursError):
        claim_folder(tmp_path)


def test_names_and_addresses_have_roles() -> None:
    """What differs from run to run is replaced wherever it stands, and nothing else is."""
    roles = Roles("cluster.local.", "dns-conf-0123abcd")
    roles.add_addresses(["10.96.0.7", "fd00::7"], "Service our/web")
    roles.add_name("worker-1", "node 0")
    for text, wanted in {
        "web.dns-conf-0123abcd.svc.cluster.local.": f"web.{RUN}.svc.{ZONE}",
        "WEB.DNS-CONF-0123ABCD-B.SVC.CLUSTER.LOCAL.": "WEB.<Run>-B.SVC.<ZONE>",
        "cluster.local.": ZONE,
        "notcluster.local.": "notcluster.local.",
        "10.96.0.7": "<Service our/web IPv4>",
        "10.96.0.70": "10.96.0.70",
        "7.0.96.10.in-addr.arpa.": "<reverse of Service our/web IPv4>",
        "7.0.96.101.in-addr.arpa.": "7.0.96.101.in-addr.arpa.",
        "10-96-0-7.a.svc.cluster.local. A": f"<dashed Service our/web IPv4>.a.svc.{ZONE} A",
        "0 50 80 worker-1.corp.test.": "0 50 80 <node 0>.corp.test.",
        "fd00::7": "<Service our/web IPv6>",
    }.items():
        assert roles(text) == wanted


def test_answers_of_checks_become_a_recording() -> None:
    """By check, question and server; own names of the Corefile also in forms for their TTL."""
    heard, check = Heard(), ("tests/dns/test_a.py::test_a", "udp")
    own, usual = Question("db.corp.test."), Question("web.cluster.local.")
    elsewhere = Question("example.test.")
    heard.note(check, [answered(own, "db.corp.test. 30 A 10.1.1.1"), answered(usual)])
    heard.note(check, [answered(elsewhere, "example.test. 30 A 10.1.1.2", aa=False)])
    assert heard.outside("cluster.local.") == {own: [SERVER]}
    heard.note(("", "x"), [answered(own, "db.corp.test. 60 A 10.1.1.1")], of=own)
    path = Way("n1", str(SERVER), "udp")
    roles = Roles("cluster.local.")
    run, asked = heard.recording(roles, "cluster.local.", {path: Record(ms=[1.0] * 25)})
    wanted = ["db.corp.test. A", f"web.{ZONE} A", "example.test. A", f"db.corp.test. A{FRESH}"]
    assert run.questions == wanted
    assert (len(run.cells), run.servers) == (4, [Place("pod/coredns-abc", "n1")])
    assert run.paths == {(0, 0, "udp"): (1.0, 1.0)}
    assert asked[0, 0, 0, "udp"].question == own


def test_nodes_and_replicas_are_matched() -> None:
    """By name, then by node, then in order: none of them lasts."""
    assert matched(["a", "b", "old"], ["new", "b", "a"]) == {"a": "a", "b": "b", "old": "new"}
    before = [Place("service/dns"), Place("pod/x", "a"), Place("pod/y", "b"), Place("pod/z", "c")]
    now = [Place("service/kube-dns"), Place("pod/1", "b"), Place("pod/2", "a")]
    assert matched_servers(before, now, {"a": "a", "b": "b", "c": "c"}) == {
        before[0]: "service/kube-dns",
        before[1]: "pod/2",
        before[2]: "pod/1",
        before[3]: "pod/z",
    }


def test_what_is_no_report_is_refused_in_one_sentence(tmp_path: Path) -> None:
    """A missing folder, another schema, a broken file of answers: each is named."""
    write_results(Report("2026-11-30T12:00:00Z", Suite("1")), tmp_path)
    assert read_earlier(tmp_path).recording is None
    assert read_earlier(tmp_path / "results.yaml").report.date == "2026-11-30T12:00:00Z"
    with pytest.raises(NotOursError, match="neither a report folder"):
        read_earlier(tmp_path / "nowhere")
    (tmp_path / ANSWERS).write_bytes(b"no gzip")
    with pytest.raises(NotOursError, match="cannot be read"):
        read_earlier(tmp_path)
    with gzip.open(tmp_path / ANSWERS, "wt") as file:
        json.dump({"apiVersion": "dns-conformance/v9", "kind": "ConformanceAnswers"}, file)
    with pytest.raises(NotOursError, match="is not a ConformanceAnswers of dns-conformance/v1"):
        read_earlier(tmp_path)
    text = (tmp_path / "results.yaml").read_text()
    (tmp_path / "results.yaml").write_text(text.replace("dns-conformance/v1", "dns-conformance/v0"))
    with pytest.raises(NotOursError, match="is not a ConformanceReport of dns-conformance/v1"):
        read_earlier(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotOursError, match=r"has no results\.yaml"):
        read_earlier(tmp_path / "empty")
