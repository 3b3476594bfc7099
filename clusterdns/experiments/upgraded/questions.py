"""What both sides are asked: names of every class by types, flags, EDNS and transports."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import dns.reversename

from clusterdns.cluster import Manifest
from clusterdns.corefile import Reading
from clusterdns.experiments.forwarding.outside_zone import ALIAS, HOST, LARGE, ROWS, TEXT, ZONE
from clusterdns.matrix.question import Question

TYPES = ("A", "AAAA", "SRV", "TXT", "CNAME", "PTR", "MX", "NS", "SOA", "HTTPS")
MOST_SERVICES, MOST_ENDPOINTS = 24, 24  # of the cluster's own
# How a question may be put beside the usual way: EDNS with 1232 octets.
NSID, COOKIE, PADDING = 3, 10, 12
WAYS = (
    {"payload": None},
    {"payload": 512},
    {"payload": 4096},
    {"dnssec_ok": True},
    {"recursion_desired": False},
    {"edns": 1},
    {"options": ((NSID, b""),)},
    {"options": ((COOKIE, b"01234567"),)},
    {"options": ((PADDING, b"\0" * 8),)},
)
NAMES = {NSID: "NSID", COOKIE: "COOKIE", PADDING: "PADDING"}


def edns_of(question: Question) -> str:
    """The EDNS of a question in words; none without."""
    if question.payload is None:
        return "none"
    options = " ".join(NAMES.get(code, str(code)) for code, _ in question.options)
    do = " DO" * question.dnssec_ok
    version = f" version {question.edns}" * bool(question.edns)
    return f"size {question.payload}{do}{version}{f' {options}' * bool(options)}"


def names_of(zone: str, services: Sequence[Manifest], slices: Sequence[Manifest]) -> list[str]:
    """Names of the cluster, existing and not, of every class that a server tells apart."""
    found = [zone, f"svc.{zone}", f"pod.{zone}", f"dns-version.{zone}", f"absent.{zone}"]
    found += [f"absent.default.svc.{zone}", f"absent.absent.svc.{zone}", f"default.svc.{zone}"]
    found += [f"*.default.svc.{zone}", f"any.default.svc.{zone}", f"kubernetes.*.svc.{zone}"]
    found += [f"a.b.c.kubernetes.default.svc.{zone}", f"KuBeRnEtEs.DeFaUlT.SvC.{zone}"]
    found += [f"10-244-0-1.default.pod.{zone}", f"x.default.pod.{zone}", f"1-2-3-4.x.pod.{zone}"]
    for each in services[:MOST_SERVICES]:
        meta, spec = each["metadata"], each["spec"]
        name = f"{meta['name']}.{meta['namespace']}.svc.{zone}"
        found += [name, f"absent.{name}", f"_none._tcp.{name}"]
        for port in spec.get("ports") or []:
            found.append(f"_{port.get('name', 'x')}._{port.get('protocol', 'TCP').lower()}.{name}")
        found += map(_reverse, spec.get("clusterIPs") or [])
    for address, host, home in list(_endpoints(slices, zone))[:MOST_ENDPOINTS]:
        found += [_reverse(address), f"{host}.{home}"]
    return [name for name in dict.fromkeys(found) if len(name) < 240]


def _endpoints(slices: Iterable[Manifest], zone: str) -> Iterator[tuple[str, str, str]]:
    """Address, first label and the rest of the name of each endpoint."""
    for piece in slices:
        meta = piece["metadata"]
        service = (meta.get("labels") or {}).get("kubernetes.io/service-name")
        for endpoint in (piece.get("endpoints") or []) if service else []:
            for address in endpoint["addresses"]:
                label = endpoint.get("hostname") or address.replace(".", "-").replace(":", "-")
                yield address, label, f"{service}.{meta['namespace']}.svc.{zone}"


def _reverse(address: str) -> str:
    try:
        return dns.reversename.from_address(address).to_text()
    except (ValueError, dns.exception.SyntaxError):
        return f"{address}.invalid."  # None, which a headless Service has


def own_names(reading: Reading) -> list[str]:
    """The names in the plugin hosts of the Corefile."""
    words = [w for _, p in reading.plugins("hosts") for o in p.options for w in o.args]
    return [f"{word.rstrip('.')}." for word in dict.fromkeys(words) if "." in word.strip(".")][:12]


OUTSIDE = (HOST, ALIAS, TEXT, LARGE, f"nobody.{ZONE}", "outside.dns-conformance.example.")


def questions_for(names: Sequence[str], few: Sequence[str]) -> list[Question]:
    """Each name with every type; and a few of them in every other way."""
    plain = [Question(name, rdtype) for name in (*names, *OUTSIDE) for rdtype in TYPES]
    rows = [row.question for row in ROWS]
    ways = [
        replace(Question(name, rdtype), **way)
        for way in WAYS
        for name in (*few, HOST, LARGE, f"nobody.{ZONE}")
        for rdtype in ("A", "TXT")
    ]
    chaos = [Question(name, "TXT", "CH") for name in ("version.bind.", "id.server.")]
    return list(dict.fromkeys([*plain, *rows, *ways, *chaos]))
