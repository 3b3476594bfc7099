"""What the caching experiment serves: its Corefiles, its zone, and the kinds of answers in it."""

import secrets
from dataclasses import dataclass

from clusterdns.experiments.forwarding.outside_zone import CANARY, CHUNKS, LARGE, ZONE
from clusterdns.experiments.own_upstreams import block
from clusterdns.matrix.expect import Expected, addresses, nodata, nxdomain
from clusterdns.matrix.question import Question
from clusterdns.own_coredns import log_directive

CAPPED, DISABLED, STALE, FORGETFUL, BRIEF = 5411, 5412, 5413, 5414, 5415  # of the instance
ALIVE, MORTAL = 5401, 5402  # of the upstreams
ZONE_FILE = "/etc/coredns/cached"
TTL = 60  # seconds, of all records but the short-lived ones
ADDRESS = "192.0.2.30"
SUCCESS_CAP, DENIAL_CAP, FLOOR = 6, 3, 5  # seconds; the last is the plugin's own least
STALE_CAP, BRIEFLY = 2, 1  # seconds until it expires; and how long it may be used then, at BRIEF


@dataclass(frozen=True)
class Kind:
    """A kind of answer, and how long the cache must keep it."""

    label: str
    below: str  # the label of the zone that gives such answers
    rdtype: str
    kept_for: int

    def question(self) -> Question:
        """A question of this kind that nobody has asked before."""
        return Question(f"{secrets.token_hex(4)}.{self.below}.{ZONE}", self.rdtype)

    def expected(self, question: Question) -> Expected:
        """The answer of the upstream to a question of this kind."""
        if self.below == "gone":
            return nxdomain(ZONE)
        return addresses(question.name, [ADDRESS]) if question.rdtype == "A" else nodata(ZONE)

    def __str__(self) -> str:
        return self.label


KINDS = (
    Kind("success", "kept", "A", SUCCESS_CAP),
    Kind("short-lived", "short", "A", FLOOR),
    Kind("NXDOMAIN", "gone", "A", DENIAL_CAP),
    Kind("NODATA", "kept", "TXT", DENIAL_CAP),
)


def caching_corefile() -> str:
    """The Corefile of the instance with caches; port 53 only tells that it serves."""

    def cached(port: int, upstream: int, *lines: str) -> str:
        return block(
            port,
            "prometheus :9153",
            "cache {",
            *lines,
            "}",
            f"forward . 127.0.0.1:{upstream}",
        )

    stale = (f"success 1024 {STALE_CAP}", f"denial 1024 {STALE_CAP}")
    return "".join(
        [
            block(53, "whoami"),
            cached(CAPPED, ALIVE, f"success 1024 {SUCCESS_CAP}", f"denial 1024 {DENIAL_CAP}"),
            cached(
                DISABLED, ALIVE, f"disable success fresh.{ZONE}", f"disable denial denied.{ZONE}"
            ),
            cached(STALE, MORTAL, *stale, "serve_stale 60s"),
            cached(FORGETFUL, MORTAL, *stale),
            cached(BRIEF, MORTAL, *stale, f"serve_stale {BRIEFLY}s"),
        ]
    )


def upstream_corefile(mortal: bool) -> str:
    """Our upstreams: one that stays, and one that can be taken away."""
    bare = (f"template IN ANY bare.{ZONE} {{", "rcode NXDOMAIN", "}")
    alive = block(ALIVE, log_directive("alive"), "reload 2s 1s", *bare, f"file {ZONE_FILE} {ZONE}")
    gone = block(MORTAL, log_directive("mortal"), f"file {ZONE_FILE} {ZONE}")
    return alive + (gone if mortal else "")


def zone_file() -> str:
    """What the upstreams serve, as a master file (RFC 1035 5)."""
    records = [
        f"{ZONE} {TTL} IN SOA ns.{ZONE} hostmaster.{ZONE} 1 60 60 60 {TTL}",
        f"{ZONE} {TTL} IN NS ns.{ZONE}",
        f"ns.{ZONE} {TTL} IN A 192.0.2.53",
        *(f"*.{below}.{ZONE} {TTL} IN A {ADDRESS}" for below in ("kept", "fresh", "denied")),
        f"*.short.{ZONE} 1 IN A {ADDRESS}",
        *(f'{LARGE} {TTL} IN TXT "{chunk}"' for chunk in CHUNKS),
        f"{CANARY} {TTL} IN A {ADDRESS}",
    ]
    return "\n".join(records) + "\n"
