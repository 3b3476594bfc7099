"""The relay against a real server on loopback: what arrives, and what it says when nothing does."""

import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import dns.message
import pytest

from clusterdns.probe import HALF_CLOSE, OUTRUN, Conversation, Packet, Probe, Reply
from clusterdns.probe.relayed import relay_command, relay_source
from clusterdns.wait import eventually
from selftests.nameserver import (
    FakeNameserver,
    Lie,
    Transport,
    closed_early,
    delayed,
    dropped,
    in_pieces,
    when,
    wrong_id,
    wrong_source,
)
from selftests.probe.local_relay import LocalProbe

WEB = "web.a.svc.cluster.local."
ZONE = {f"{WEB} A": ["10.96.0.7"], f"big.{WEB} TXT": [" ".join(['"' + "x" * 250 + '"'] * 255)]}
TRANSPORTS: tuple[Transport, ...] = ("udp", "tcp")
ADDRESSES = ("127.0.0.1", "::1")
QUERY = dns.message.make_query(WEB, "A")


@pytest.fixture(scope="module")
def probe() -> Iterator[Probe]:
    """A relay on this host."""
    with LocalProbe() as local:
        yield local.probe


def packet(server: FakeNameserver, transport: Transport = "udp", timeout: float = 2.0) -> Packet:
    """The question for WEB's address."""
    return Packet(QUERY.to_wire(), server.address, server.port, transport, timeout)


def ask(probe: Probe, lie: Lie, transport: Transport, timeout: float = 2.0) -> Reply:
    """One question to a server that tells one lie."""
    with FakeNameserver(ZONE, [lie]) as server:
        return probe.exchange([packet(server, transport, timeout)])[0]


def closed_port(address: str) -> int:
    """A port where nothing listens, UDP or TCP."""
    with FakeNameserver(address=address) as server:
        return server.port


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_reply_is_the_servers(probe: Probe, address: str, transport: Transport) -> None:
    """A question must bring back the server's bytes, its address, and the time it took."""
    with FakeNameserver(ZONE, address=address) as server:
        (reply,) = probe.exchange([packet(server, transport)])
    source = f"[::1]:{server.port}" if ":" in address else f"{address}:{server.port}"
    assert (reply.error, reply.source) == (None, source), reply
    assert reply.wire == server.honest(QUERY).to_wire(), reply
    assert 0 < reply.ms < 2000, reply
    assert [asked.transport for asked in server.asked] == [transport]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_closed_port_is_refused_at_once(probe: Probe, address: str, transport: Transport) -> None:
    """An ICMP error or a reset must end the question long before its deadline."""
    there = closed_port(address)
    (reply,) = probe.exchange([Packet(QUERY.to_wire(), address, there, transport, 9.0)])
    assert (reply.wire, reply.error) == (None, "refused"), reply
    assert reply.ms < 5000, reply


def test_no_answer_is_a_timeout(probe: Probe) -> None:
    """Silence must be reported at the deadline, with the time waited."""
    reply = ask(probe, dropped, "udp", 0.2)
    assert (reply.wire, reply.error, reply.source) == (None, "timeout", None), reply
    assert 200 <= reply.ms < 2000, reply


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_first_reply_ends_its_race(probe: Probe, transport: Transport) -> None:
    """Copies of a question that is answered must not be waited for, nor those of no other."""
    race = TRANSPORTS.index(transport)
    with FakeNameserver(ZONE) as well, FakeNameserver(ZONE, [dropped]) as deaf:
        lost = replace(packet(deaf, transport, 9.0), race=race)
        racing = [lost, replace(packet(well, transport), race=race)] + [lost] * 200
        began = time.monotonic()
        replies = probe.exchange([*racing, packet(deaf, transport, 0.1)])
    assert time.monotonic() - began < 5
    assert [reply.error for reply in replies[:2]] == [OUTRUN, None]
    assert {reply.error for reply in replies[2:-1]} == {OUTRUN}
    assert replies[-1].error == "timeout"


def test_race_may_be_won_at_the_deadline() -> None:
    """A reply that is there when its time is over counts; the relay lives on."""
    with LocalProbe() as local, FakeNameserver(ZONE) as server:
        each = packet(server, timeout=0.001)  # over before all are sent
        for turn in range(10):
            local.probe.exchange([replace(each, race=20 * turn + n % 15) for n in range(90)])
        assert len(local.relays) == 1


def test_a_late_answer_is_a_timeout(probe: Probe) -> None:
    """An answer after the deadline must not count."""
    assert ask(probe, delayed(0.5), "udp", 0.2).error == "timeout"


@pytest.mark.parametrize("stopped_s", [0.0, 1.5])
def test_time_that_the_relay_stood_still_is_no_delay(stopped_s: float) -> None:
    """An answer 1.9 s after the question is too late for 1 s, but not if 1.5 s of it were ours."""
    with LocalProbe() as local, FakeNameserver(ZONE, [delayed(1.9)]) as server:
        local.probe.exchange([packet(server, timeout=0.1)])  # the relay runs
        relay = local.relays[0].process
        stop = threading.Timer(0.1, relay.send_signal, [signal.SIGSTOP])
        go_on = threading.Timer(0.1 + stopped_s, relay.send_signal, [signal.SIGCONT])
        timers = (stop, go_on) if stopped_s else ()
        for timer in timers:
            timer.start()
        (reply,) = local.probe.exchange([packet(server, timeout=1.0)])
        for timer in timers:
            timer.join()
    assert (reply.error, reply.ms < 1000.0) == ((None, True) if stopped_s else ("timeout", False))


def test_what_begins_while_the_relay_stands_still_takes_no_negative_time() -> None:
    """Only what was under way loses time: a question may come to a relay that is not there."""
    with LocalProbe() as local, FakeNameserver(ZONE, [when(dropped, f"big.{WEB}")]) as server:
        silent = dns.message.make_query(f"big.{WEB}", "TXT").to_wire()
        long = Packet(silent, server.address, server.port, "udp", 3.0)
        with ThreadPoolExecutor() as pool:
            under_way = pool.submit(local.probe.exchange, [long])
            local.probe.exchange([packet(server)])  # the relay runs, and the long one is with it
            relay = local.relays[0].process
            relay.send_signal(signal.SIGSTOP)
            go_on = threading.Timer(1.0, relay.send_signal, [signal.SIGCONT])
            go_on.start()
            (reply,) = local.probe.exchange([packet(server)])
            go_on.join()
            (lost,) = under_way.result()
    assert (reply.error, lost.error) == (None, "timeout")
    assert 0 <= reply.ms < 900.0, reply


def test_milliseconds_are_measured(probe: Probe) -> None:
    """The time must be that between question and answer."""
    reply = ask(probe, delayed(0.2), "udp")
    assert 195 <= reply.ms < 2000, reply


def test_a_wrong_source_is_not_accepted(probe: Probe) -> None:
    """A reply from another port must be reported with its source, not taken."""
    reply = ask(probe, wrong_source, "udp")
    assert reply.wire is None
    assert reply.error == f"wrong source {reply.source}", reply
    assert str(reply.source).startswith("127.0.0.1:"), reply


def test_a_wrong_id_is_for_the_caller_to_judge(probe: Probe) -> None:
    """The relay must hand over every byte, a wrong id included."""
    reply = ask(probe, wrong_id, "udp")
    assert (reply.wire or b"")[0] == QUERY.to_wire()[0] ^ 0xFF, reply


def test_tcp_closed_in_the_middle(probe: Probe) -> None:
    """A connection that ends too soon must be reported, with how much had come."""
    assert str(ask(probe, closed_early, "tcp").error).startswith("closed after "), "not reported"


def test_tcp_in_pieces(probe: Probe) -> None:
    """A message in parts must be put together."""
    assert ask(probe, in_pieces(20), "tcp").error is None


def test_64_kilobytes_over_tcp(probe: Probe) -> None:
    """The largest message must survive."""
    query = dns.message.make_query(f"big.{WEB}", "TXT").to_wire()
    with FakeNameserver(ZONE) as server:
        packets = [Packet(query, server.address, server.port, "tcp", 10.0)] * 8
        replies = probe.exchange(packets)
    assert [reply.error for reply in replies] == [None] * 8
    assert {len(reply.wire or b"") for reply in replies} == {len(replies[0].wire or b"")}
    assert len(replies[0].wire or b"") > 64_000


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_five_thousand_questions_none_lost(probe: Probe, transport: Transport) -> None:
    """A burst must be spread so that nothing is lost, and replies must come in order."""
    count = 5000 if transport == "udp" else 1000
    wires = [
        number.to_bytes(2, "big") + QUERY.to_wire()[2:] for number in range(count)
    ]  # the id tells them apart
    with FakeNameserver(ZONE) as server:
        packets = [Packet(wire, server.address, server.port, transport, 5.0) for wire in wires]
        replies = probe.exchange(packets)
    assert [reply.error for reply in replies if reply.error] == []
    assert [(reply.wire or b"")[:2] for reply in replies] == [wire[:2] for wire in wires]


def test_lost_answers_are_only_those_dropped(probe: Probe) -> None:
    """With every tenth answer dropped, exactly those must be missing."""
    with FakeNameserver(ZONE, [when(dropped, every=10)]) as server:
        replies = probe.exchange([packet(server, timeout=0.5)] * 200)
    assert [reply.error for reply in replies if reply.error] == ["timeout"] * 20


def test_a_source_port_of_ones_own(probe: Probe) -> None:
    """Questions from one fixed port must come from it, one after the other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with FakeNameserver(ZONE) as server:
        question = Packet(QUERY.to_wire(), server.address, server.port, source_port=port)
        replies = probe.exchange([question] * 3)
    assert [reply.error for reply in replies] == [None] * 3
    assert [asked.client[1] for asked in server.asked] == [port] * 3


def test_an_address_must_be_one(probe: Probe) -> None:
    """A name in place of an address must be an error of that packet alone."""
    (reply,) = probe.exchange([Packet(QUERY.to_wire(), "dns.example")])
    assert reply.error == "not an address: dns.example"


def test_two_questions_in_one_connection(probe: Probe) -> None:
    """A conversation must bring back both answers, and stop at the second."""
    framed = len(QUERY.to_wire()).to_bytes(2, "big") + QUERY.to_wire()
    with FakeNameserver(ZONE) as server:
        steps = (framed[:1], 0.05, framed[1:] + framed)
        talk = Conversation(server.address, server.port, steps, 5.0, messages=2)
        (transcript,) = probe.converse([talk])
    assert transcript.ending == "enough", transcript
    assert transcript.messages == [server.honest(QUERY).to_wire()] * 2, transcript
    assert 50 <= transcript.ms < 4000, transcript


def test_half_close(probe: Probe) -> None:
    """After a half-close the server's end of the connection must be seen."""
    with FakeNameserver(ZONE) as server:
        talk = Conversation(server.address, server.port, (b"\0\x0cabc", HALF_CLOSE), 5.0)
        (transcript,) = probe.converse([talk])
    assert (transcript.data, transcript.ending) == (b"", "closed"), transcript


def test_conversations_end(probe: Probe) -> None:
    """Silence and a closed port must be told apart."""
    with FakeNameserver(ZONE) as server:
        silent = Conversation(server.address, server.port, (), 0.2)
        (waited,) = probe.converse([silent])
    (refused,) = probe.converse([silent])
    assert (waited.ending, refused.ending) == ("timeout", "refused"), (waited, refused)


def test_commands_run_side_by_side(probe: Probe) -> None:
    """Output, errors and exit codes must belong to their command; no shell comes between."""
    commands = [
        ["perl", "-e", "print qq{out $ARGV[0]}; print STDERR q{err}; exit 3", "a b;$HOME\n"],
        ["perl", "-e", "sleep 1"],
        ["perl", "-e", "sleep 1"],
        ["no-such-program"],
        ["perl", "-e", "kill 9, $$"],
    ]
    with_words, first, second, missing, killed = probe.run(commands, 5.0)
    assert with_words.stdout == "out a b;$HOME\n"
    assert (with_words.stderr, with_words.exit_code) == ("err", 3)
    assert [first.exit_code, second.exit_code] == [0, 0]
    assert (missing.exit_code, "No such file" in missing.stderr) == (127, True)
    assert killed.exit_code == 128 + 9


def test_a_command_past_its_deadline_is_killed(probe: Probe) -> None:
    """Its children too, and what it printed must be kept."""
    script = "$| = 1; print 'early'; system 'sleep', 30; print 'late'"
    (output,) = probe.run([["perl", "-e", script]], 0.5)
    assert (output.exit_code, output.stdout) == (None, "early"), output


def test_much_output_is_kept(probe: Probe) -> None:
    """A quarter of a mebibyte from each of many commands must arrive whole."""
    outputs = probe.run([["perl", "-e", "print 'y' x 262144"]] * 20, 20.0)
    assert {(output.exit_code, len(output.stdout)) for output in outputs} == {(0, 262144)}


def test_a_slow_reader_loses_nothing() -> None:
    """While nobody reads, memory must stay bounded; afterwards every answer must come."""
    query = dns.message.make_query(f"big.{WEB}", "TXT").to_wire().hex()
    count = 300
    with (
        FakeNameserver(ZONE) as server,
        subprocess.Popen(relay_command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as relay,
    ):
        assert relay.stdin is not None
        assert relay.stdout is not None
        relay.stdin.write(relay_source())
        for number in range(count):
            job = f"T {number} {server.address} {server.port} 0 60000 {query}\n"
            relay.stdin.write(job.encode())
        relay.stdin.flush()
        eventually(lambda: len(server.asked), want=count, within=20)
        status = Path(f"/proc/{relay.pid}/status").read_text()
        kinds = [relay.stdout.readline()[:1] for _ in range(1 + count)]
        relay.stdin.close()
    assert kinds == [b"H", *[b"A"] * count]
    resident = int(status.split("VmRSS:")[1].split()[0])  # KiB
    assert resident < 150_000, status


def test_lines_that_are_no_jobs_are_ignored() -> None:
    """The relay must survive whatever it is told."""
    done = subprocess.run(
        relay_command(),
        input=relay_source() + b"\n\nZ 1\nnonsense\nU 7 x 53 0 100 00\nQ\n",
        capture_output=True,
        timeout=10,
    )
    assert (done.returncode, done.stderr) == (0, b""), done


def test_the_relay_ends_with_its_input() -> None:
    """No process may stay in the pod when the stream is gone, nor its children."""
    sleeping = "R 1 60000 " + " ".join(word.encode().hex() for word in ("sleep", "60"))
    done = subprocess.run(
        relay_command(),
        input=relay_source() + f"{sleeping}\n".encode(),
        capture_output=True,
        timeout=10,
    )
    assert done.returncode == 0, done
    assert done.stdout.startswith(b"H relay=1 "), done
    assert b"clock=monotonic" in done.stdout, done
