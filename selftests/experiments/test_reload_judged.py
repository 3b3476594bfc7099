"""What a reload experiment holds is judged rightly, and the stream loses nothing unseen."""

from collections.abc import Sequence
from dataclasses import replace

import dns.message
import dns.rcode
import dns.rrset
import pytest

from clusterdns.corefile import CorefileError, parse
from clusterdns.experiments.reload.refused import BAD, SETUP, SYNTAX, Refused, invalid_corefile
from clusterdns.experiments.reload.valid import (
    NEW,
    OLD,
    VERSION,
    Delay,
    Reloaded,
    coredns_part,
    versioned_corefile,
)
from clusterdns.experiments.stream import Stream, Streamed, Streaming
from clusterdns.matrix.question import Question, Server
from clusterdns.probe import Conversation, Output, Packet, ProbeLostError, Reply, Transcript
from clusterdns.wait import eventually

SOUND = Reloaded(
    Stream((Streamed(1.0, OLD, ""), Streamed(2.0, NEW, ""))),
    frozenset({OLD}),
    frozenset({NEW}),
    Delay(2.0, 1.5),
    ("containerd://1", 0),
    ("containerd://1", 0),
    ("2026-01-01T00:00:00Z [INFO] Reloading", "2026-01-01T00:00:00Z [INFO] Reloading complete"),
    frozenset(),
    frozenset({"abc"}),
    20.0,
)


def test_sound_reload_is_found_sound() -> None:
    """Logged and counted."""
    assert (SOUND.logged, SOUND.counted) == (True, True)


def test_reload_that_is_not_complete_is_not_logged() -> None:
    """Beginning is not ending."""
    assert not replace(SOUND, log=SOUND.log[:1]).logged


@pytest.mark.parametrize(
    ("before", "after"),
    [((), ()), (("abc",), ("abc",)), (("abc",), ("abc", "def")), ((), ("abc", "def"))],
    ids=["never-named", "unchanged", "both-named", "two-named"],
)
def test_counting_means_one_new_configuration(
    before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    """The metrics name exactly the new configuration."""
    assert not replace(
        SOUND, hashes_before=frozenset(before), hashes_after=frozenset(after)
    ).counted


@pytest.mark.parametrize(
    ("coredns", "prompt"), [(None, True), (0.1, True), (2.6, True), (3.1, False), (30.0, False)]
)
def test_slow_reload_is_not_prompt(coredns: float | None, prompt: bool) -> None:
    """What was not measured is not held against it."""
    assert Delay(40.0, coredns).prompt is prompt


def test_delay_is_split_by_the_clock_of_the_node() -> None:
    """From the kubelet's link to the line in the log; zones of either are respected."""
    witness = (
        "brought 2026-11-23 02:51:21.100000000 +0100\nbrought 2026-11-23 02:51:24.069750123 +0100\n"
    )
    log = "2026-11-23T01:51:25.343627728Z [INFO] Reloading complete\n"
    assert coredns_part(witness, log) == pytest.approx(1.273877)
    assert str(Delay(1.5, 1.25)) == "1.5 s (kubelet 0.2 s, CoreDNS 1.2 s)"


@pytest.mark.parametrize(
    ("witness", "log"),
    [
        ("", "2026-11-23T01:51:25.3Z [INFO] Reloading complete"),
        ("brought 2026-11-23 01:51:24.0 +0000", "2026-11-23T01:51:25.3Z [INFO] Reloading complete"),
        ("brought 2026-11-23 01:51:24.0 +0000\nbrought 2026-11-23 01:51:25.0 +0000", ""),
        ("brought \nbrought ", "2026-11-23T01:51:25.3Z [INFO] Reloading complete"),
    ],
    ids=["no-witness", "one-file-only", "no-reload", "no-stat"],
)
def test_delay_that_was_not_measured_is_not_split(witness: str, log: str) -> None:
    """Nothing is made up."""
    assert coredns_part(witness, log) is None


def test_invalid_corefiles_are_invalid_as_they_should_be() -> None:
    """One cannot be parsed; the other can, but not set up. The valid one is both."""
    assert parse(versioned_corefile(OLD, "reload 2s 1s")).blocks
    assert parse(invalid_corefile(SETUP, "reload 2s 1s")).blocks
    with pytest.raises(CorefileError):
        parse(invalid_corefile(SYNTAX, "reload 2s 1s"))


class Echo:
    """A probe whose answers are what a list says, over and over."""

    node, namespace, pod, wire_exact = "node", "ns", "probe", True

    def __init__(self, *says: str) -> None:
        self._says = says
        self._asked = 0

    def exchange(self, packets: Sequence[Packet]) -> list[Reply]:
        """An address, a response code, nothing, or the end of the probe."""
        return [self._reply(packet) for packet in packets]

    def _reply(self, packet: Packet) -> Reply:
        say = self._says[self._asked % len(self._says)]
        self._asked += 1
        if say == "gone":
            raise ProbeLostError("the pod is gone")
        if say == "timeout":
            return Reply(None, "timeout", 1000.0, None)
        message = dns.message.make_response(dns.message.from_wire(packet.wire))
        if say in ("SERVFAIL", "REFUSED"):
            message.set_rcode(dns.rcode.from_text(say))
        else:
            message.answer.append(dns.rrset.from_text(VERSION, 0, "IN", "A", say))
        return Reply(message.to_wire(), None, 1.0, "192.0.2.1:53")

    def converse(self, conversations: Sequence[Conversation]) -> list[Transcript]:
        """Nobody does."""
        raise NotImplementedError

    def run(self, commands: Sequence[Sequence[str]], timeout: float) -> list[Output]:
        """Nobody does."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to close."""


def stream_of(*says: str) -> Stream:
    """A stream of at least forty questions to a probe that says this."""
    question, server = Question(VERSION, "A"), Server("pod/x", "192.0.2.1")
    with Streaming(Echo(*says), server, question, 400, 1.0) as stream:
        eventually(lambda: len(stream.result.questions), lambda n: n >= 40, 2.0, every=0.02)
    return stream.result


def test_stream_without_losses_has_none() -> None:
    """Everything was answered, and the values are known by time."""
    stream = stream_of(OLD)
    begin = stream.questions[0].at
    assert (stream.lost, stream.first(OLD)) == ((), min(q.known for q in stream.questions))
    assert stream.values(begin) == {OLD}


def test_late_answer_belongs_to_neither_side() -> None:
    """A question put before a change and answered after it tells nothing about what was before."""
    early, late = Streamed(1.0, OLD, "", 0.1), Streamed(1.5, NEW, "", 2.0)
    stream = Stream((early, late, Streamed(3.0, NEW, "", 0.1)))
    assert stream.values(0.0, 2.0) == frozenset({OLD})
    assert stream.values(2.0) == frozenset({NEW})
    assert stream.first(NEW) == 3.1


@pytest.mark.parametrize("fault", ["timeout", "SERVFAIL", "REFUSED"])
def test_stream_counts_each_question_without_its_answer(fault: str) -> None:
    """A question that is refused is as lost as one that is not answered."""
    stream = stream_of(OLD, fault)
    assert len(stream.lost) == len([q for q in stream.questions if not q.value]) >= 20
    assert fault in stream.lost[0]


def test_stream_whose_probe_is_gone_is_no_stream() -> None:
    """Questions that were never put are not counted as answered."""
    question, server = Question(VERSION, "A"), Server("pod/x", "192.0.2.1")
    with Streaming(Echo("gone"), server, question, 400, 1.0) as stream:
        pass
    with pytest.raises(ProbeLostError):
        _ = stream.result


def test_stream_is_short_in_a_message() -> None:
    """Hundreds of questions are one line, with a few of the losses."""
    lost = tuple(Streamed(float(n), "", "no answer (timeout)") for n in range(50))
    assert len(repr(Stream(lost))) < 250


def test_messages_name_what_matters() -> None:
    """A failure shows answers, stream, process, metrics and log, each in a line."""
    lost = replace(SOUND, stream=Stream((Streamed(1.0, "", "no answer (timeout)"),)))
    process = ("containerd://1", 0)
    stream = Stream(())
    values = frozenset({OLD, BAD})
    refused = Refused(SYNTAX, stream, OLD, values, process, process, (), None, 20.0)
    assert "<1 questions in 0.0 s, 1 without their answer: 0.00 s: no answer (timeout)>" in repr(
        lost
    )
    assert f"answers   from then on: {OLD}, {BAD}" in repr(refused)
    assert "log       says nothing of a refusal" in repr(refused)
