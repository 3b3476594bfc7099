"""A small real DNS server on loopback, honest unless it is told to lie.

    with FakeNameserver({"web.a.svc.cluster.local. A": ["10.96.0.7"]}) as server:
        ask(server.address, server.port)

    lies = [when(wrong_id, rdtype="AAAA"), delayed(0.2)]
    with FakeNameserver(zone, lies=lies, address="::1") as server: ...

A lie is a function from the question and the response so far to another response, so lies can
be put in a row, and a new one is a lambda. Honest means: authoritative for ``origin``, NXDOMAIN
and NODATA with the SOA (RFC 2308), REFUSED outside, CNAME followed inside the zone, EDNS
mirrored (RFC 6891), truncation over UDP (RFC 2181 section 9), pipelining over TCP (RFC 7766).
"""

import contextlib
import dataclasses
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

Zone = Mapping[str, Sequence[str]]  # "NAME TYPE" -> rdata in presentation format
Transport = Literal["udp", "tcp"]
TTL = 5


@dataclass(frozen=True)
class Asked:
    """One question as it arrived."""

    wire: bytes
    query: dns.message.Message
    transport: Transport
    client: tuple[str, int]

    @property
    def name(self) -> str:
        """The question's name, in lower case, with the final dot."""
        return self.query.question[0].name.to_text().lower() if self.query.question else ""

    @property
    def rdtype(self) -> str:
        """The question's type, such as "AAAA"."""
        question = self.query.question
        return dns.rdatatype.to_text(question[0].rdtype) if question else ""


@dataclass(frozen=True)
class Response:
    """What will be sent; a lie gives another one."""

    wire: bytes
    delay: float = 0.0  # seconds
    drop: bool = False
    from_elsewhere: bool = False  # UDP: from another socket, so the source is wrong
    stop_after: int | None = None  # TCP: close after so many bytes of the framed message
    pieces: int = 1  # TCP: sent in so many parts

    def edited(self, edit: Callable[[dns.message.Message], object]) -> "Response":
        """A copy of the response, of which ``edit`` has changed the message in place."""
        message = dns.message.from_wire(self.wire)
        edit(message)
        return dataclasses.replace(self, wire=message.to_wire(max_size=65535))


Lie = Callable[[Asked, Response], Response]


def delayed(seconds: float) -> Lie:
    """Answer late."""
    return lambda _, response: dataclasses.replace(response, delay=seconds)


def dropped(_: Asked, response: Response) -> Response:
    """Answer nothing."""
    return dataclasses.replace(response, drop=True)


def truncated(_: Asked, response: Response) -> Response:
    """Set TC and leave the answer out."""

    def edit(message: dns.message.Message) -> None:
        message.flags |= dns.flags.TC
        message.answer = []

    return response.edited(edit)


def wrong_source(_: Asked, response: Response) -> Response:
    """Answer from another port."""
    return dataclasses.replace(response, from_elsewhere=True)


def wrong_id(_: Asked, response: Response) -> Response:
    """Answer with another message id."""
    first = response.wire[0] ^ 0xFF
    return dataclasses.replace(response, wire=bytes([first]) + response.wire[1:])


def garbage(_: Asked, response: Response) -> Response:
    """Keep the id and answer nonsense."""
    return dataclasses.replace(response, wire=response.wire[:2] + b"\xff" * 30)


def closed_early(_: Asked, response: Response) -> Response:
    """Close the TCP connection in the middle of the message."""
    return dataclasses.replace(response, stop_after=len(response.wire) // 2)


def in_pieces(count: int) -> Lie:
    """Send the TCP message in parts (which is allowed: a client must cope)."""
    return lambda _, response: dataclasses.replace(response, pieces=count)


def with_rcode(rcode: str) -> Lie:
    """Answer with a code and no records."""

    def edit(message: dns.message.Message) -> None:
        message.set_rcode(dns.rcode.from_text(rcode))
        message.answer, message.authority = [], []

    return lambda _, response: response.edited(edit)


def with_answer(*records: str) -> Lie:
    """Answer these instead: "NAME TTL CLASS TYPE RDATA" each."""

    def edit(message: dns.message.Message) -> None:
        message.answer = [_rrset(record) for record in records]

    return lambda _, response: response.edited(edit)


def with_flags(on: str = "", off: str = "") -> Lie:
    """Set and clear header flags, such as "AA RA"."""

    def edit(message: dns.message.Message) -> None:
        message.flags |= dns.flags.from_text(on)
        message.flags &= ~dns.flags.from_text(off)

    return lambda _, response: response.edited(edit)


def when(
    lie: Lie,
    name: str | None = None,
    rdtype: str | None = None,
    transport: Transport | None = None,
    every: int = 1,
) -> Lie:
    """Lie only about this name, this type, over this transport, or every n-th such time."""
    seen = 0

    def choose(asked: Asked, response: Response) -> Response:
        nonlocal seen
        wanted = ((name, asked.name), (rdtype, asked.rdtype), (transport, asked.transport))
        if any(want not in (None, got) for want, got in wanted):
            return response
        seen += 1
        return response if seen % every else lie(asked, response)

    return choose


@dataclass(frozen=True)
class Parsed:
    """A zone, ready to be served by any number of servers."""

    records: Mapping[tuple[dns.name.Name, dns.rdatatype.RdataType], dns.rrset.RRset]
    names: frozenset[dns.name.Name]  # with those between them and the root

    @classmethod
    def of(cls, zone: Zone) -> Self:
        """Parse it."""
        records = {}
        for key, values in zone.items():
            name, rdtype = key.split()
            place = (dns.name.from_text(name), dns.rdatatype.from_text(rdtype))
            records[place] = dns.rrset.from_text(name, TTL, "IN", rdtype, *values)
        return cls(
            records, frozenset(parent for name, _ in records for parent in _with_parents(name))
        )


class FakeNameserver:
    """See the module. ``asked`` lists every question that arrived, in order."""

    def __init__(
        self,
        zone: Zone | None = None,
        lies: Sequence[Lie] = (),
        address: str = "127.0.0.1",
        origin: str = "cluster.local.",
        refuse_tcp: bool = False,
    ) -> None:
        self.address = address
        self.port = 0
        self.lies = list(lies)
        self.asked: list[Asked] = []
        self.origin = dns.name.from_text(origin)
        self.serve(zone or {})
        self._refuse_tcp = refuse_tcp
        self._closing = False
        self._connections: set[socket.socket] = set()

    def __enter__(self) -> Self:
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        self._udp, self._tcp = self._sockets(family)
        self.port = self._udp.getsockname()[1]
        self._elsewhere = socket.socket(family, socket.SOCK_DGRAM)
        self._elsewhere.bind((self.address, 0))
        self._threads = [threading.Thread(target=self._serve_udp, daemon=True)]
        if self._refuse_tcp:
            self._tcp.close()
        else:
            self._threads.append(threading.Thread(target=self._serve_tcp, daemon=True))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        for server in (self._udp, self._tcp, *self._connections):
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads; close does not
            server.close()
        for thread in self._threads:
            thread.join(5)
        self._elsewhere.close()

    def serve(self, zone: "Zone | Parsed") -> None:
        """Answer from another zone from now on."""
        parsed = zone if isinstance(zone, Parsed) else Parsed.of(zone)
        self._zone, self._names = parsed.records, parsed.names

    def records(
        self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> dns.rrset.RRset | None:
        """The records of a name, or None."""
        return self._zone.get((name, rdtype))

    def exists(self, name: dns.name.Name) -> bool:
        """Whether there are records of this name, or of one below it."""
        return name in self._names

    def honest(self, query: dns.message.Message) -> dns.message.Message:
        """The true answer to a question."""
        response = dns.message.make_response(query, our_payload=1232)
        name, rdtype = query.question[0].name, query.question[0].rdtype
        if not name.is_subdomain(self.origin):
            response.set_rcode(dns.rcode.REFUSED)
            return response
        response.flags |= dns.flags.AA
        while (name, rdtype) not in self._zone and (name, dns.rdatatype.CNAME) in self._zone:
            alias = self._zone[name, dns.rdatatype.CNAME]
            response.answer.append(alias)
            name = alias[0].target
        if (name, rdtype) in self._zone:
            response.answer.append(self._zone[name, rdtype])
        elif not response.answer:
            soa = f"{self.origin} {TTL} IN SOA ns.dns.{self.origin} host.{self.origin} 1 2 3 4 5"
            response.authority.append(_rrset(soa))
            if not self.exists(name):
                response.set_rcode(dns.rcode.NXDOMAIN)
        return response

    def _sockets(self, family: socket.AddressFamily) -> tuple[socket.socket, socket.socket]:
        """One port that is free for both transports."""
        for _ in range(20):
            udp = socket.socket(family, socket.SOCK_DGRAM)
            tcp = socket.socket(family, socket.SOCK_STREAM)
            udp.bind((self.address, 0))
            try:
                tcp.bind((self.address, udp.getsockname()[1]))
            except OSError:
                udp.close()
                tcp.close()
                continue
            tcp.listen(256)
            return udp, tcp
        raise RuntimeError("no port is free for both UDP and TCP")

    def _respond(self, wire: bytes, transport: Transport, client: tuple[str, int]) -> Response:
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            malformed = wire[:2] + b"\x80\x01" + bytes(8)  # FORMERR and no question
            self.asked.append(Asked(wire, dns.message.Message(), transport, client))
            return Response(malformed, drop=len(wire) < 2)
        asked = Asked(wire, query, transport, client)
        self.asked.append(asked)
        message = self.honest(query)
        response = Response(message.to_wire(max_size=65535))
        limit = max(512, query.payload if query.edns >= 0 else 512)
        if transport == "udp" and len(response.wire) > limit:
            response = truncated(asked, response)
        for lie in self.lies:
            response = lie(asked, response)
        return response

    def _serve_udp(self) -> None:
        while not self._closing:
            try:
                wire, client = self._udp.recvfrom(65535)
            except OSError:
                return
            if self._closing:
                return
            response = self._respond(wire, "udp", client[:2])
            if response.drop:
                continue
            sender = self._elsewhere if response.from_elsewhere else self._udp
            if response.delay:
                timer = threading.Timer(response.delay, _send, [sender, response.wire, client])
                timer.daemon = True
                timer.start()
            else:
                _send(sender, response.wire, client)

    def _serve_tcp(self) -> None:
        while not self._closing:
            try:
                connection, client = self._tcp.accept()
            except OSError:
                return
            self._connections.add(connection)
            arguments = (connection, client[:2])
            threading.Thread(target=self._converse, args=arguments, daemon=True).start()

    def _converse(self, connection: socket.socket, client: tuple[str, int]) -> None:
        waiting = threading.Event()  # never set: a delay that ends with the process
        with connection, contextlib.suppress(OSError):
            while (wire := _read_message(connection)) is not None:
                response = self._respond(wire, "tcp", client)
                waiting.wait(response.delay)
                if response.drop:
                    continue
                framed = len(response.wire).to_bytes(2, "big") + response.wire
                size = -(-len(framed) // response.pieces)
                kept = framed[: response.stop_after]
                for start in range(0, len(kept), size):
                    connection.sendall(kept[start : start + size])
                if response.stop_after is not None:
                    break
        self._connections.discard(connection)


def _with_parents(name: dns.name.Name) -> list[dns.name.Name]:
    return [name, *_with_parents(name.parent())] if name != dns.name.root else [name]


def _rrset(record: str) -> dns.rrset.RRset:
    name, ttl, rdclass, rdtype, rdata = record.split(None, 4)
    return dns.rrset.from_text(name, int(ttl), rdclass, rdtype, rdata)


def _send(sender: socket.socket, wire: bytes, client: tuple[str, int]) -> None:
    with contextlib.suppress(OSError):  # the server may be gone when a delayed answer is due
        sender.sendto(wire, client)


def _read_message(connection: socket.socket) -> bytes | None:
    """One length-prefixed message; None when the client has closed."""
    with connection.makefile("rb", buffering=0) as stream:
        header = _read(stream.read, 2)
        return _read(stream.read, int.from_bytes(header, "big")) if header is not None else None


def _read(read: Callable[[int], bytes | None], size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        piece = read(size - len(data))
        if not piece:
            return None
        data += piece
    return data
