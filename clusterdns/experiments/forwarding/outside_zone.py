"""What our upstreams serve: a small zone with one record of each kind, and the right answers.

It stands for everything outside the cluster, so that no check needs the internet.
"""

from dataclasses import dataclass

from clusterdns.matrix.expect import Expected, addresses, alias, nodata, nxdomain, text
from clusterdns.matrix.question import Question

ZONE = "dns-conformance.test."  # .test never exists (RFC 6761 6.2)
STUB_ZONE = f"stub.{ZONE}"
HOST = f"host.{ZONE}"
ALIAS = f"alias.{ZONE}"
TEXT = f"text.{ZONE}"
LARGE = f"large.{ZONE}"
STUB = f"host.{STUB_ZONE}"
CANARY = f"canary.{ZONE}"

IPV4 = ("192.0.2.10", "192.0.2.11")  # RFC 5737
IPV6 = ("2001:db8::10",)  # RFC 3849
STUB_IPV4 = "192.0.2.20"
WRONG_STUB_IPV4 = "192.0.2.99"  # what the wrong upstream says about the stub domain
SENTENCE = "from the outside"
CHUNKS = tuple(f"{number}-{'x' * 198}" for number in range(9))  # more than 1,232 octets


@dataclass(frozen=True)
class Row:
    """A question about the zone and the whole answer that it must get."""

    label: str
    question: Question
    expected: Expected

    def __str__(self) -> str:
        return self.label


ROWS = (
    Row("A", Question(HOST, "A"), addresses(HOST, IPV4)),
    Row("AAAA", Question(HOST, "AAAA"), addresses(HOST, IPV6)),
    Row(
        "CNAME",
        Question(ALIAS, "A"),
        alias(ALIAS, HOST, *addresses(HOST, IPV4).records),
    ),
    Row("TXT", Question(TEXT, "TXT"), text(TEXT, SENTENCE)),
    Row("NXDOMAIN", Question(f"nobody.{ZONE}", "A"), nxdomain(ZONE)),
    Row("NODATA", Question(TEXT, "A"), nodata(ZONE)),
)
LARGE_ROW = Row(
    "large",
    Question(LARGE, "TXT"),
    Expected(records=frozenset(f'{LARGE} TXT "{chunk}"' for chunk in CHUNKS)),
)
STUB_ROW = Row("stub", Question(STUB, "A"), addresses(STUB, [STUB_IPV4]))
CANARY_ROW = Row("canary", Question(CANARY, "A"), addresses(CANARY, [IPV4[0]]))


def zone_file() -> str:
    """The zone as a master file (RFC 1035 5)."""
    records = [
        f"{ZONE} 60 IN SOA ns.{ZONE} hostmaster.{ZONE} 1 60 60 60 60",
        f"{ZONE} 60 IN NS ns.{ZONE}",
        f"ns.{ZONE} 60 IN A 192.0.2.53",
        *(f"{HOST} 60 IN A {ip}" for ip in IPV4),
        *(f"{HOST} 60 IN AAAA {ip}" for ip in IPV6),
        f"{ALIAS} 60 IN CNAME {HOST}",
        f'{TEXT} 60 IN TXT "{SENTENCE}"',
        *(f'{LARGE} 60 IN TXT "{chunk}"' for chunk in CHUNKS),
        f"{CANARY} 60 IN A {IPV4[0]}",
        f"{STUB} 60 IN A {WRONG_STUB_IPV4}",
    ]
    return "\n".join(records) + "\n"


def stub_zone_file() -> str:
    """The zone file of the stub domain, as the server of that domain has it."""
    records = [
        f"{STUB_ZONE} 60 IN SOA ns.{STUB_ZONE} hostmaster.{STUB_ZONE} 1 60 60 60 60",
        f"{STUB_ZONE} 60 IN NS ns.{STUB_ZONE}",
        f"ns.{STUB_ZONE} 60 IN A 192.0.2.54",
        f"{STUB} 60 IN A {STUB_IPV4}",
    ]
    return "\n".join(records) + "\n"
