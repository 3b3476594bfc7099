"""The stand-in of some perl: each lie is told over both transports, and is the only one."""

import socket
import subprocess
from collections.abc import Iterator

import dns.message
import dns.query
import dns.rcode
import pytest

from clusterdns.wait import eventually
from trials.faults.drawn.lying_server import LIES, SERVER

ASKED = "node.example."


@pytest.fixture(scope="module", params=sorted(LIES))
def liar(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    """A lie, and the port on loopback where it is told."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(["perl", "-e", SERVER, request.param, "127.0.0.1", str(port)])

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    assert eventually(listens, True, 5.0)
    yield request.param, port
    process.kill()
    process.wait()


def said_by(port: int, question: dns.message.Message, transport: str) -> bytes:
    """The octets that come back."""
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.settimeout(3)
        sock.connect(("127.0.0.1", port))
        wire = question.to_wire()
        if transport == "udp":
            sock.send(wire)
            return sock.recv(4096)
        sock.sendall(len(wire).to_bytes(2) + wire)
        return sock.recv(4096)[2:]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_lie_is_told(liar: tuple[str, int], transport: str) -> None:
    """Another id, another name, upper case, or no message at all."""
    lie, port = liar
    question = dns.message.make_query(ASKED, "A")
    wire = said_by(port, question, transport)
    if lie == "rubbish":
        assert len(wire) < 12
        return
    answer = dns.message.from_wire(wire)
    name = answer.question[0].name.to_text()
    wanted = {"other-name": "zode.example.", "other-case": ASKED.upper()}.get(lie, ASKED)
    assert (answer.id == question.id, name) == (lie != "other-id", wanted)
    assert answer.rcode() == dns.rcode.NOERROR
    assert "203.0.113.66" in answer.answer[0].to_text()
