"""The whole way of a probe through an exec endpoint: relay, dig fallback, single commands."""

import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import dns.message
import pytest

from clusterdns.probe import Packet, ProbeLostError, open_probe, run_once
from clusterdns.probe.exec_socket import ExecSocket, StreamEndedError
from clusterdns.probe.fallback import DigProbe
from clusterdns.probe.relayed import RelayProbe
from selftests.nameserver import FakeNameserver
from selftests.probe.fake_exec import FakeExec, server_frame

WEB = "web.a.svc.cluster.local."
ZONE = {f"{WEB} A": ["10.96.0.7"], f"big.{WEB} TXT": [" ".join(['"' + "x" * 250 + '"'] * 255)]}
QUERY = dns.message.make_query(WEB, "A")
DIG = """#!/bin/sh
case "$*" in -v) echo "DiG 9.11.5-test" >&2; exit 0;; esac
cat <<'END'
;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1
;; flags: qr aa rd; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 0

;; QUESTION SECTION:
;web.a.svc.cluster.local. IN A

;; ANSWER SECTION:
web.a.svc.cluster.local. 5 IN A 10.96.0.7

;; Query time: 3 msec
;; SERVER: 10.96.0.10#53(10.96.0.10)
END
"""


def image(folder: Path, *programs: str, dig: bool = False) -> str:
    """A folder with only these programs: what an image has."""
    for program in programs:
        (folder / program).symlink_to(shutil.which(program) or program)
    if dig:
        (folder / "dig").write_text(DIG)
        (folder / "dig").chmod(stat.S_IRWXU)
    return str(folder)


def test_with_perl_a_probe_is_a_relay() -> None:
    """Questions, a reply of 64 KB and a burst must pass through the exec stream."""
    query = dns.message.make_query(f"big.{WEB}", "TXT")
    with FakeExec() as api, FakeNameserver(ZONE) as server:
        probe = open_probe(api.configuration, "ns", "probe", "node-1")
        small = Packet(QUERY.to_wire(), server.address, server.port, timeout=5)
        large = Packet(query.to_wire(), server.address, server.port, "tcp", 10)
        replies = probe.exchange([large, *[small] * 500])
        (output,) = probe.run([["sh", "-c", "echo $0", "hello"]], 5)
        probe.close()
    assert isinstance(probe, RelayProbe)
    assert [reply.error for reply in replies if reply.error] == []
    assert len(replies[0].wire or b"") > 64_000
    assert output.stdout == "hello\n"
    assert max(len(" ".join(command)) for command in api.started) < 500, "a long URL"


def test_a_cut_stream_is_opened_again() -> None:
    """What was asked while the API server went away must be answered by the new stream."""
    with FakeExec() as api, FakeNameserver(ZONE) as server:
        probe = open_probe(api.configuration, "ns", "probe", "node-1")
        packet = Packet(QUERY.to_wire(), server.address, server.port, timeout=5)
        before = probe.exchange([packet])
        api.cut()
        after = probe.exchange([packet] * 10)
        probe.close()
    assert [reply.error for reply in before + after] == [None] * 11


def test_without_perl_a_probe_asks_with_dig(tmp_path: Path) -> None:
    """Answers must look the same; what dig cannot say must be an error that names the reason."""
    with FakeExec(image(tmp_path, "sh", "cat", dig=True)) as api:
        probe = open_probe(api.configuration, "ns", "probe", "node-1")
        wires = [QUERY.to_wire(), b"not a message"] * 30
        replies = probe.exchange([Packet(wire, "10.96.0.10") for wire in wires])
        (output,) = probe.run([["sh", "-c", "exit 3"]], 5)
        probe.close()
    assert isinstance(probe, DigProbe)
    assert not probe.wire_exact
    assert output.exit_code == 3
    errors = {str(reply.error) for reply in replies[1::2]}
    assert errors == {"not expressible without perl: not a well-formed message"}
    assert {reply.ms for reply in replies[0::2]} == {3.0}
    answers = [dns.message.from_wire(reply.wire or b"") for reply in replies[0::2]]
    assert {message.answer[0][0].to_text() for message in answers} == {"10.96.0.7"}


def test_without_perl_and_dig_the_probe_is_lost(tmp_path: Path) -> None:
    """The error must say what the image lacks."""
    with (
        FakeExec(image(tmp_path, "sh")) as api,
        pytest.raises(ProbeLostError, match=r"perl.*neither relay nor dig"),
    ):
        open_probe(api.configuration, "ns", "probe", "node-1")


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_is_told_at_once(status: int) -> None:
    """A pod that is gone, and a missing permission, must be told in the API server's words."""
    with FakeExec(refusals={"probe": status}) as api:
        with pytest.raises(ProbeLostError, match=f'HTTP {status}: pods "probe" says {status}'):
            run_once(api.configuration, "ns", "probe", ["true"], 5)
        with pytest.raises(ProbeLostError, match=str(status)):
            open_probe(api.configuration, "ns", "probe", "node-1")


def test_a_busy_server_is_asked_again() -> None:
    """An API server that is starting costs neither a probe nor a command."""
    with FakeExec() as api:
        api.busy = 2
        assert run_once(api.configuration, "ns", "probe", ["true"], 5).exit_code == 0
        api.busy = 2
        open_probe(api.configuration, "ns", "probe", "node-1").close()
        assert api.busy == 0


def test_a_dead_server_is_a_lost_probe() -> None:
    """No API server must be an error with its address, not a wait."""
    with FakeExec() as api:
        pass
    with pytest.raises(ProbeLostError, match="refused"):
        run_once(api.configuration, "ns", "probe", ["true"], 0.5)


def test_single_commands() -> None:
    """Output, errors, exit code, a missing program, and the deadline."""
    with FakeExec() as api:
        ran = run_once(api.configuration, "ns", "p", ["sh", "-c", "echo a; echo b >&2; exit 3"], 5)
        missing = run_once(api.configuration, "ns", "p", ["no-such-program"], 5)
        late = run_once(api.configuration, "ns", "p", ["sh", "-c", "echo a; exec sleep 5"], 0.5)
    assert (ran.exit_code, ran.stdout, ran.stderr) == (3, "a\n", "b\n")
    assert (missing.exit_code, "No such file" in missing.stderr) == (127, True)
    assert (late.exit_code, late.stdout) == (None, "a\n")


@pytest.fixture
def connected() -> Iterator[tuple[ExecSocket, socket.socket]]:
    """An exec whose handshake is done, and the API server's end of its connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ExecSocket(SimpleNamespace(sock=ours), "v5.channel.k8s.io", "ns/pod"), theirs


@pytest.mark.parametrize("step", [1, 7, 70_000])
def test_messages_in_any_pieces(connected: tuple[ExecSocket, socket.socket], step: int) -> None:
    """Messages must come out whole, however the bytes are cut."""
    opened, server = connected
    payloads = [bytes([size % 251]) * size for size in (1, 125, 126, 65535, 65536)]
    stream = b"".join(server_frame(b"\x01" + payload) for payload in payloads)
    came: list[tuple[int, bytes]] = []
    for start in range(0, len(stream), step):
        server.sendall(stream[start : start + step])
        came += opened.receive()
    assert came == [(1, payload) for payload in payloads]


def test_what_is_no_websocket_ends_the_stream(
    connected: tuple[ExecSocket, socket.socket],
) -> None:
    """A proxy that falls into the stream is named, and nobody waits for the rest."""
    opened, server = connected
    server.sendall(b"HTTP/1.1 502 Bad Gateway\r\n" + b"x" * 200)
    with pytest.raises(StreamEndedError, match="no WebSocket stream"):
        opened.receive()
