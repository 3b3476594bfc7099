"""Streams die: what was outstanding is asked again, and a probe is lost only for a reason."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import dns.message
import pytest

from clusterdns.probe import Packet, Probe, ProbeLostError
from clusterdns.probe.exec_socket import StreamEndedError
from clusterdns.probe.jobs import Window
from clusterdns.probe.link import LineStream, Link
from clusterdns.probe.relayed import relay_command
from clusterdns.wait import eventually
from selftests.nameserver import FakeNameserver, delayed
from selftests.probe.local_relay import LocalProbe

WEB = "web.a.svc.cluster.local."
ZONE = {f"{WEB} A": ["10.96.0.7"]}
WIRE = dns.message.make_query(WEB, "A").to_wire()


def test_outstanding_questions_are_asked_again() -> None:
    """A stream that dies under questions must cost time, not answers."""
    with FakeNameserver(ZONE, [delayed(0.3)]) as server, LocalProbe() as local:
        local.link.wait_ready(5)
        killer = threading.Timer(0.15, local.relays[0].process.kill)
        killer.start()
        replies = local.probe.exchange([Packet(WIRE, server.address, server.port)] * 50)
    assert [reply.error for reply in replies] == [None] * 50
    assert (len(local.relays), local.link.reconnections) == (2, 1)


def test_a_hanging_stream_is_replaced(tmp_path: Path) -> None:
    """A relay that says no more must not turn into lost answers."""
    mute_once = """
        my $mark = shift;
        exec @ARGV if -e $mark;
        open my $file, '>', $mark;
        $| = 1;
        print "H relay=1 clock=monotonic\\n";
        1 while <STDIN>;
    """
    command = ["perl", "-e", mute_once, str(tmp_path / "mark"), *relay_command()]
    with (
        FakeNameserver(ZONE) as server,
        LocalProbe(Window(grace=0.5, reconnect=5.0), command) as local,
    ):
        (reply,) = local.probe.exchange([Packet(WIRE, server.address, server.port, timeout=0.5)])
    assert reply.error is None, reply
    assert len(local.relays) == 2


def test_a_relay_that_never_starts_is_a_lost_probe() -> None:
    """The evidence must say how the stream ended."""
    with LocalProbe(command=["perl", "-e", "exit 1"]) as local:
        with pytest.raises(ProbeLostError, match=r"the relay ended|reading failed"):
            local.probe.exchange([Packet(WIRE, "127.0.0.1")])
        with pytest.raises(ProbeLostError):
            local.probe.run([["true"]], 1.0)


def test_a_question_that_kills_relays_is_not_asked_for_ever() -> None:
    """Three streams in a row dead under the same job must lose the probe."""
    deadly = "$| = 1; print qq{H relay=1 clock=monotonic\n}; while (<STDIN>) { exit if /^U / }"
    with LocalProbe(command=["perl", "-e", deadly]) as local:
        with pytest.raises(ProbeLostError, match="3 streams in a row died"):
            local.probe.exchange([Packet(WIRE, "127.0.0.1")])
        assert len(local.relays) == 3


def test_relays_that_die_young_lose_the_probe() -> None:
    """A relay that says hello and dies, again and again, must not be started for ever."""
    with LocalProbe(command=["perl", "-e", "print qq{H relay=1 clock=monotonic\n}"]) as local:
        lost = eventually(lambda: is_lost(local.probe), want=True, within=20)
    assert lost
    assert len(local.relays) < 20


def is_lost(probe: Probe) -> bool:
    """Whether the probe says that it is."""
    try:
        return probe.run([], 1.0) != []
    except ProbeLostError:
        return True


def test_a_permanent_refusal_is_not_tried_again() -> None:
    """A pod that is gone must be reported at once."""
    calls: list[float] = []
    link = Link(refusing(calls), "gone", Window(reconnect=60))
    with pytest.raises(ProbeLostError, match='pods "gone" not found'):
        link.wait_ready(5)
    assert len(calls) == 1


def refusing(calls: list[float]) -> Callable[[], LineStream]:
    """An opener that is told that the pod is gone."""

    def open_stream() -> LineStream:
        calls.append(time.monotonic())
        raise StreamEndedError('HTTP 404: pods "gone" not found', permanent=True)

    return open_stream


def test_many_threads_ask_through_one_probe() -> None:
    """Each caller must get its own answers."""
    with FakeNameserver(ZONE) as server, LocalProbe() as local:
        heard: dict[int, list[bytes]] = {}

        def ask(thread: int) -> None:
            wire = thread.to_bytes(2, "big") + WIRE[2:]
            packets = [Packet(wire, server.address, server.port, timeout=5.0)] * 100
            replies = local.probe.exchange(packets)
            heard[thread] = [(reply.wire or b"")[:2] for reply in replies]

        threads = [threading.Thread(target=ask, args=[number]) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert heard == {number: [number.to_bytes(2, "big")] * 100 for number in range(8)}


def test_a_closed_probe_says_so() -> None:
    """Asking after close must be an error, not a wait."""
    with LocalProbe() as local:
        local.link.wait_ready(5)
        local.probe.close()
        with pytest.raises(ProbeLostError, match="closed"):
            local.probe.exchange([Packet(WIRE, "127.0.0.1")])
