"""What an answer must be: the response code and the whole answer section."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from clusterdns.matrix.answer import Answer
from clusterdns.names import address_type


@dataclass(frozen=True)
class Expected:
    """A response code, all records of the answer section, and for a denial its SOA."""

    rcode: str = "NOERROR"
    records: frozenset[str] = frozenset()
    soa_zone: str = ""  # owner of the SOA that a denial must carry; empty: not looked at
    flags: frozenset[str] = frozenset()  # flags that must be set
    no_flags: frozenset[str] = frozenset()  # flags that must not be set

    def __str__(self) -> str:
        denial = f" with the SOA of {self.soa_zone}" if self.soa_zone else ""
        flags = [*sorted(self.flags), *(f"no {flag}" for flag in sorted(self.no_flags))]
        flagged = f" flags {' '.join(flags)}" if flags else ""
        return f"{self.rcode} [{', '.join(sorted(self.records))}]{denial}{flagged}"

    def flagged(self, *flags: str, but_not: Iterable[str] = ()) -> "Expected":
        """The same with flags of the header that must, or must not, be set."""
        return replace(self, flags=frozenset(flags), no_flags=frozenset(but_not))

    def accepts(self, answer: Answer) -> bool:
        """Whether the answer is this, wholly."""
        return (
            answer.rcode == self.rcode
            and answer.records == self.records
            and (not self.soa_zone or answer.soa_zone == self.soa_zone)
            and self.flags <= answer.flags
            and not self.no_flags & answer.flags
        )


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
