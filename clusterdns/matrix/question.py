"""One DNS question, and the server it is put to."""

import copy
import ipaddress
import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import dns.edns
import dns.flags
import dns.message

Transport = Literal["udp", "tcp"]
TRANSPORTS: tuple[Transport, ...] = get_args(Transport)


@dataclass(frozen=True)
class Question:
    """What is asked: the name is absolute, with its final dot."""

    name: str
    rdtype: str = "A"
    rdclass: str = "IN"
    payload: int | None = 1232  # EDNS buffer size in octets; None: no OPT record at all
    recursion_desired: bool = True
    edns: int = 0  # EDNS version
    dnssec_ok: bool = False
    options: tuple[tuple[int, bytes], ...] = ()  # EDNS options: code and content
    checking_disabled: bool = False

    def __str__(self) -> str:
        rdclass = "" if self.rdclass == "IN" else f" {self.rdclass}"
        return f"{self.name}{rdclass} {self.rdtype}"

    def query(self) -> tuple[dns.message.Message, bytes]:
        """The query with a random ID, as a message and as octets.

        The same question is put to many servers: what follows the ID is made once. Nobody
        changes a query.
        """
        known, wire = _made(self)
        message = copy.copy(known)
        message.id = random.getrandbits(16)
        return message, message.id.to_bytes(2, "big") + wire[2:]

    def message(self) -> dns.message.Message:
        """The query as a message with a random ID (RFC 1035 4.1, RFC 6891 6.1)."""
        query = dns.message.make_query(
            self.name,
            self.rdtype,
            self.rdclass,
            use_edns=self.edns if self.payload else -1,
            want_dnssec=self.dnssec_ok,
            payload=self.payload or 512,
            options=[
                dns.edns.GenericOption(dns.edns.OptionType.make(code), content)
                for code, content in self.options
            ],
        )
        if not self.recursion_desired:
            query.flags &= ~dns.flags.RD
        if self.checking_disabled:
            query.flags |= dns.flags.CD
        return query

    def dig(self, server: "Server", transport: Transport) -> list[str]:
        """The argument list with which dig asks this question of a server."""
        words = ["dig", f"@{server.address}", "-p", str(server.port), "-c", self.rdclass]
        words += [
            "-t",
            self.rdtype,
            "-q",
            self.name,
            "+norec" if not self.recursion_desired else "",
        ]
        words += ["+tcp" if transport == "tcp" else "+notcp"]
        words += [f"+bufsize={self.payload}" if self.payload else "+noedns"]
        words += [f"+edns={self.edns}"] if self.edns else []
        words += ["+dnssec"] if self.dnssec_ok else []
        words += ["+cdflag"] if self.checking_disabled else []
        words += [f"+ednsopt={code}:{content.hex()}" for code, content in self.options]
        return [word for word in words if word]


@lru_cache(maxsize=2048)
def _made(question: Question) -> tuple[dns.message.Message, bytes]:
    message = question.message()
    return message, message.to_wire()


@dataclass(frozen=True)
class Server:
    """Who is asked: the DNS Service by its cluster IP, or one replica by its pod IP."""

    name: str  # "service/kube-dns" or "pod/coredns-6f9c-abcde"
    address: str
    port: int = 53
    node: str = ""  # where a replica runs; empty for the Service

    @property
    def family(self) -> int:
        """4 or 6."""
        return ipaddress.ip_address(self.address).version

    @property
    def is_service(self) -> bool:
        """Whether it is a Service, which leads each question to one of several replicas."""
        return self.name.startswith("service/")

    def __str__(self) -> str:
        return f"{self.name} ({self.address})"
