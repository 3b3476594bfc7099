"""What the reporting experiment serves, and the questions of every kind that it puts."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from clusterdns.experiments.cache.answers import ADDRESS, ZONE_FILE
from clusterdns.experiments.forwarding.outside_zone import ZONE
from clusterdns.experiments.own_upstreams import block
from clusterdns.matrix.expect import Expected, addresses, nodata, nxdomain
from clusterdns.matrix.question import Question, Transport

METERED, LOGGED, UNLOGGED = 5441, 5442, 5443  # of the instance
CLASSES: Mapping[str, int] = {"success": 5444, "denial": 5445, "error": 5446}
FAILING, QUIET, TOGETHER = 5447, 5448, 5449
UPSTREAM_PORT, NOBODY = 5401, 5405
LIKE, SECONDS = "connection refused$", 2  # errors that are told together, and how long gathered
TEMPLATE = f"local.{ZONE}"  # answered by the instance itself


@dataclass(frozen=True)
class Asking:
    """A kind of question, and the answer and log line that it must get."""

    label: str
    below: str  # of the zone
    rdtype: str
    rcode: str
    kind: str  # the class by which log tells it
    transport: Transport = "udp"
    dnssec_ok: bool = False
    payload: int | None = 1232

    def question(self) -> Question:
        """A question of this kind that nobody has asked before."""
        name = f"{secrets.token_hex(4)}.{self.below}.{ZONE}"
        return Question(name, self.rdtype, payload=self.payload, dnssec_ok=self.dnssec_ok)

    def expected(self, name: str) -> Expected:
        """The whole answer that a question of this kind must get."""
        if self.kind == "success":
            return addresses(name, [ADDRESS])
        if self.kind == "denial":
            return nxdomain(ZONE) if self.rcode == "NXDOMAIN" else nodata(ZONE)
        return Expected(self.rcode)

    def __str__(self) -> str:
        return self.label


ASKINGS = (
    Asking("A", "kept", "A", "NOERROR", "success"),
    Asking("A-without-EDNS", "kept", "A", "NOERROR", "success", payload=None),
    Asking(
        label="A-over-TCP",
        below="kept",
        rdtype="A",
        rcode="NOERROR",
        kind="success",
        transport="tcp",
    ),
    Asking("template", "local", "A", "NOERROR", "success"),
    Asking("NODATA", "kept", "TXT", "NOERROR", "denial"),
    Asking("HTTPS", "kept", "HTTPS", "NOERROR", "denial"),
    Asking(
        label="rare-type",
        below="kept",
        rdtype="CAA",
        rcode="NOERROR",
        kind="denial",
        transport="tcp",
    ),
    Asking("NXDOMAIN", "gone", "A", "NXDOMAIN", "denial"),
    Asking("NXDOMAIN-with-DO", "gone", "AAAA", "NXDOMAIN", "denial", dnssec_ok=True),
    Asking("SERVFAIL", "failing", "A", "SERVFAIL", "error"),
    Asking("REFUSED", "refused", "A", "REFUSED", "error"),
)


def reporting_corefile() -> str:
    """The Corefile with metrics, log and errors; port 53 only tells that it serves."""
    template = (f"template IN A {TEMPLATE} {{", f'answer "{{{{ .Name }}}} 60 IN A {ADDRESS}"', "}")
    upstream = f"forward . 127.0.0.1:{UPSTREAM_PORT}"
    dead = f"forward . 127.0.0.1:{NOBODY}"
    serves = (*template, upstream)
    together = ("errors {", f'consolidate {SECONDS}s "{LIKE}" warning', "}")
    return "".join(
        [
            block(53, "whoami", "health", "reload"),
            block(METERED, "prometheus :9153", "cache 30", *serves),
            block(LOGGED, "log", *serves),
            block(UNLOGGED, *serves),
            *(
                block(port, "log . {", f"class {kind}", "}", *serves)
                for kind, port in CLASSES.items()
            ),
            block(FAILING, "errors", dead),
            block(QUIET, dead),
            block(TOGETHER, *together, dead),
        ]
    )


def upstream_corefile() -> str:
    """Our upstream: the zone, and names below it that it fails or refuses to answer."""
    odd = [
        line
        for below, rcode in (("failing", "SERVFAIL"), ("refused", "REFUSED"))
        for line in (f"template IN ANY {below}.{ZONE} {{", f"rcode {rcode}", "}")
    ]
    return block(UPSTREAM_PORT, *odd, f"file {ZONE_FILE} {ZONE}")
