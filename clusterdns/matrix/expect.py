"""What an answer must be: the response code and the whole answer section, or a named rule.

``Expected`` and the functions that make one compare the whole answer. The rules below them look
at something about it; what they have to do with the section of a record does not matter to them.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from clusterdns.matrix.answer import Answer
from clusterdns.matrix.criterion import Rule
from clusterdns.matrix.question import Question
from clusterdns.names import address_type


@dataclass(frozen=True)
class Expected:
    """A response code, all records of the answer section, and for a denial its SOA."""

    rcode: str = "NOERROR"
    records: frozenset[str] = frozenset()
    soa_zone: str = ""  # owner of the SOA that a denial must carry; empty: not looked at
    flags: frozenset[str] = frozenset()  # flags that must be set
    no_flags: frozenset[str] = frozenset()  # flags that must not be set

    @property
    def whole(self) -> bool:
        """Whether the whole answer is compared: always."""
        return True

    def __str__(self) -> str:
        denial = f" with the SOA of {self.soa_zone}" if self.soa_zone else ""
        flags = [*sorted(self.flags), *(f"no {flag}" for flag in sorted(self.no_flags))]
        flagged = f" flags {' '.join(flags)}" if flags else ""
        return f"{self.rcode} [{', '.join(sorted(self.records))}]{denial}{flagged}"

    def flagged(self, *flags: str, but_not: Iterable[str] = ()) -> "Expected":
        """A copy that demands flags of the header: these set, and those in ``but_not`` not set."""
        return replace(self, flags=frozenset(flags), no_flags=frozenset(but_not))

    def accepts(self, answer: Answer, /) -> bool:
        """Whether an answer has this code, these records, flags and, for a denial, this SOA."""
        return (
            answer.rcode == self.rcode
            and answer.records == self.records
            and (not self.soa_zone or answer.soa_zone == self.soa_zone)
            and self.flags <= answer.flags
            and not self.no_flags & answer.flags
        )


Wanted = Mapping[Question, Expected]  # what each question must be answered with


def addresses(owner: str, ips: Iterable[str]) -> Expected:
    """One A or AAAA record for each address."""
    return Expected(records=frozenset(address_record(owner, ip) for ip in ips))


def address_record(owner: str, ip: str) -> str:
    """One A or AAAA record in words, for an answer that holds other records too."""
    return f"{owner.lower()} {address_type(ip)} {ip}"


def srv(owner: str, targets: Iterable[tuple[int, str]]) -> Expected:
    """One SRV record for each port and target; priority and weight are left open (2.3.2)."""
    return Expected(
        records=frozenset(f"{owner.lower()} SRV {port} {target}" for port, target in targets)
    )


def pointer(owner: str, *names: str) -> Expected:
    """One PTR record for each name."""
    return Expected(records=frozenset(f"{owner.lower()} PTR {name}" for name in names))


def alias(owner: str, target: str, *further: str) -> Expected:
    """A CNAME record, and what further records follow it."""
    return Expected(records=frozenset({f"{owner.lower()} CNAME {target}", *further}))


def text(owner: str, value: str) -> Expected:
    """One TXT record of one string."""
    return Expected(records=frozenset({f'{owner.lower()} TXT "{value}"'}))


def nxdomain(zone: str = "") -> Expected:
    """The name does not exist; the denial carries the SOA of the zone (RFC 2308 2.1)."""
    return Expected("NXDOMAIN", soa_zone=zone)


def nodata(zone: str = "") -> Expected:
    """The name exists without this type; the denial carries the SOA of the zone (RFC 2308 2.2)."""
    return Expected("NOERROR", soa_zone=zone)


def rule(words: str, holds: Callable[[Answer], bool]) -> Rule[Answer]:
    """A named rule: what is expected in words, and whether an answer is so."""
    return Rule(words, holds)


answered = rule("an answer", lambda a: a.answered)
# An upstream that says what it knows, or that there is no such name, does its work.
answered_or_denied = rule("an answer or a denial", lambda a: a.rcode in ("NOERROR", "NXDOMAIN"))
truncated = rule("the TC flag", lambda a: "TC" in a.flags)
no_opt = rule("no OPT", lambda a: a.edns_version == -1)
no_address = rule(
    "NOERROR or NXDOMAIN, and no address",
    lambda a: answered_or_denied.holds(a) and not a.types & {"A", "AAAA"},
)
ns_with_addresses = rule(
    "NS records, and the address of each",
    lambda a: bool(a.name_servers) and a.name_servers <= a.owners_of_additional,
)


def opt_of_version(version: int) -> Rule[Answer]:
    """An OPT record of a version of EDNS (RFC 6891 6.1.3)."""
    return rule(f"OPT of version {version}", lambda a: a.edns_version == version)


def at_most_octets(most: int) -> Rule[Answer]:
    """A message of at most so many octets."""
    return rule(f"at most {most} octets", lambda a: a.size <= most)


def truncated_to(most: int) -> Rule[Answer]:
    """A message that was cut to a size, and says so (RFC 2181 9)."""
    return rule(
        f"at most {most} octets and the TC flag", lambda a: "TC" in a.flags and a.size <= most
    )


def truncated_or(whole: Expected) -> Rule[Answer]:
    """All records, or the TC flag."""
    words = f"the TC flag, or {len(whole.records)} records"
    return rule(words, lambda a: "TC" in a.flags or a.records == whole.records)


def either(words: str, *right: Expected) -> Rule[Answer]:
    """One of several whole answers, where the specification leaves the choice."""
    return rule(words, lambda a: any(one.accepts(a) for one in right))


def echo_of(name: str) -> Rule[Answer]:
    """The question as it was asked, letter by letter."""
    return rule(f"the question {name}", lambda a: a.echoed == name)


def one_soa(zone: str) -> Rule[Answer]:
    """One SOA record, and nothing else."""
    return rule(
        f"one SOA record of {zone}",
        lambda a: [record.split()[:2] for record in a.records] == [[zone, "SOA"]],
    )


def ttl_of(seconds: int) -> Rule[Answer]:
    """Records with exactly this TTL, in seconds."""
    return rule(
        f"records with a TTL of {seconds} s",
        lambda a: bool(a.records) and a.longest_ttl == seconds,
    )


def ttl_of_at_most(seconds: int) -> Rule[Answer]:
    """Records with at most this TTL, in seconds."""
    return rule(
        f"records with a TTL of at most {seconds} s",
        lambda a: bool(a.records) and a.longest_ttl <= seconds,
    )


def denial_ttl_of_at_most(seconds: int, zone: str) -> Rule[Answer]:
    """A denial that may be kept for at most so many seconds (RFC 2308 5)."""
    return rule(
        f"SOA of {zone} with TTL and minimum of at most {seconds} s",
        lambda a: not a.records and a.soa_zone == zone and a.denial_ttl <= seconds,
    )


def no_records_but(known: Expected) -> Rule[Answer]:
    """Some, all or none of these records, of a name that exists."""
    return rule(
        f"NOERROR, and no records but {sorted(known.records)}",
        lambda a: a.rcode == "NOERROR" and a.records <= known.records,
    )


def nothing_beside_but(known: Collection[str]) -> Rule[Answer]:
    """Records, and in the additional section some, all or none of these."""
    return rule(
        f"records, and additional records among {sorted(known)}",
        lambda a: bool(a.records) and a.additional_records <= frozenset(known),
    )


def several_orders(answers: Iterable[Answer]) -> Rule[Answer]:
    """Not always the same order of the records on the way from one node to one server."""
    orders = defaultdict(set)
    for a in answers:
        orders[a.node, a.server].add(a.order)
    return rule("several orders of the records", lambda a: len(orders[a.node, a.server]) > 1)
