"""Plugins that answer, deny or refuse by themselves, anywhere in the Corefile."""

from random import Random

from trials.faults.drawn.corefile_fault import (
    ZONES,
    any_place,
    block_place,
    corefile_fault,
    place_or_block,
    slug_of,
)
from trials.faults.drawn.corefile_text import own_block, put_after
from trials.faults.drawn.grammar import Drawn, either, family

API = "kubernetes.default.svc.cluster.local"
SVC = "svc.cluster.local"
NOBODY = "192.0.2.1"
FORGED = {"A": "203.0.113.9", "AAAA": "2001:db8::9"}


@family("template")
def template(dice: Random) -> Drawn:
    """Answers made up for a zone and a type, or an rcode for all of it."""
    slug, where, put = place_or_block(dice)
    zone = dice.choice(ZONES)
    qtype = dice.choice(("ANY", "A", "AAAA", "SRV", "PTR", "TXT"))
    lines = [f"template IN {qtype} {zone} {{"]
    if qtype in FORGED and dice.random() < 0.5:
        said = "forged"
        lines.append(f'    answer "{{{{ .Name }}}} 60 IN {qtype} {FORGED[qtype]}"')
    else:
        said = dice.choice(("NXDOMAIN", "SERVFAIL", "REFUSED", "NOERROR"))
        lines.append(f"    rcode {said}")
    if dice.random() < 0.3:
        lines.insert(1, f"    match {dice.choice(('^kubernetes', 'default', '^_', '[.]local'))}")
        lines.append("    fallthrough")
    lines.append("}")
    return corefile_fault(
        f"{said.lower()}-{qtype.lower()}-{slug}",
        f"The plugin template answers {qtype} of {zone} with {said}, {where}.",
        put(lines),
        ["template"],
    )


@family("rewrite")
def rewrite(dice: Random) -> Drawn:
    """Questions or answers that become others."""
    slug, where, put = any_place(dice)
    rule = dice.choice(
        (
            f"name exact {API} kube-dns.kube-system.{SVC}",
            f"name suffix .{SVC} .other.{SVC}",
            "name prefix _https. _http.",
            f"name regex (.*)[.]default[.]svc[.]cluster[.]local {{1}}.kube-system.{SVC}",
            "stop name suffix .cluster.local .cluster.example answer auto",
            "name substring in-addr ip6",
            "type AAAA A",
            "type SRV A",
            "class IN CH",
            "ttl suffix .cluster.local 3600",
            f"ttl exact {API} 0-5",
            "edns0 local set 0xffee 0x61",
            "edns0 nsid set",
            f"continue name exact nobody.example.org {API}",
        )
    )
    return corefile_fault(
        f"{slug_of(rule)[:24].rstrip('-')}-{slug}",
        f"The plugin rewrite has the rule `{rule}`, {where}.",
        put([f"rewrite {rule}"]),
        ["rewrite"],
    )


@family("hosts")
def hosts(dice: Random) -> Drawn:
    """Addresses that a Corefile has of its own."""
    slug, where, put = place_or_block(dice)
    name = dice.choice((API, f"kube-dns.kube-system.{SVC}", "host.example.org", f"none.{SVC}"))
    zone = dice.choice(("", "cluster.local ", f"{SVC} ", "."))
    lines = [
        f"hosts {zone}{{".replace(".{", ". {"),
        f"    {dice.choice((NOBODY, '10.96.0.10'))} {name}",
    ]
    through = dice.random() < 0.5
    lines += ["    fallthrough"] if through else []
    if dice.random() < 0.3:
        lines.append("    no_reverse")
    return corefile_fault(
        f"{slug_of(name.split('.')[0])}{'' if through else '-alone'}-{slug}",
        f"The plugin hosts has an address for {name}{'' if through else ' and denies all else'}, "
        f"{where}.",
        put([*lines, "}"]),
        ["hosts"],
    )


@family("acl")
def acl(dice: Random) -> Drawn:
    """An access list that keeps somebody, or some types, away."""
    slug, where, put = place_or_block(dice)
    action = dice.choice(("block", "filter", "drop", "allow"))
    types = dice.choice(("", "", " type A", " type AAAA SRV", " type PTR", " type ANY"))
    net = dice.choice(("", " net 10.244.0.0/16", " net 10.244.1.0/24", " net 192.0.2.0/24"))
    zone = dice.choice(("", " cluster.local", " example.org"))
    lines = [f"acl{zone} {{", f"    {action}{types}{net}"]
    if action == "allow":
        lines.append("    block")
    return corefile_fault(
        f"{slug_of(action + types + net)}-{slug}",
        f"The plugin acl says `{action}{types}{net}`{zone and f' for{zone}'}, {where}.",
        put([*lines, "}"]),
        ["acl"],
    )


@family("view")
def view(dice: Random) -> Drawn:
    """A block that takes only some questions, and answers them in its own way."""
    expression = dice.choice(
        (
            *("proto() == 'udp'", "proto() == 'tcp'", "type() == 'AAAA'", "type() == 'SRV'"),
            *("bufsize() > 1232", "bufsize() > 512", "size() > 80", "do()", "class() == 'IN'"),
            *("incidr(client_ip(), '10.244.0.0/24')", "name() endsWith '.arpa.'"),
            *("name() startsWith 'kubernetes.'", "port() == '53'", "name() contains 'default'"),
        )
    )
    answer = dice.choice(
        (
            ["acl {", "    drop", "}"],
            ["acl {", "    block", "}"],
            ["erratic {", "    drop 0", "    delay 1 1500ms", "}"],
            ["template ANY ANY . {", "    rcode NXDOMAIN", "}"],
            ["forward . /etc/resolv.conf"],
            ["whoami"],
        )
    )
    lines = ["view some {", f"    expr {expression}", "}", *answer]
    plugin = answer[0].split()[0]
    return corefile_fault(
        f"{slug_of(expression)[:24].rstrip('-')}-{plugin}",
        f"A block with a view takes questions with {expression}, and answers by {plugin}.",
        own_block(".:53", lines, first=True),
        ["view"],
    )


def stub_zone(dice: Random) -> Drawn:
    """A block for a zone that asks somebody else."""
    to = dice.choice((NOBODY, "/etc/resolv.conf", "127.0.0.1:5353", "tls://192.0.2.1"))
    slug, where, put = block_place(dice)
    lines = ["errors", f"forward . {to}"]
    if dice.random() < 0.5:
        lines.append("cache 30")
    return corefile_fault(
        f"{slug_of(to)}-{slug}",
        f"Questions go to {to} {where}.",
        put(lines),
        hops=("corefile", "upstream") if to != "/etc/resolv.conf" else ("corefile",),
    )


def grpc(dice: Random) -> Drawn:
    """A zone asked over gRPC of a server that is not there."""
    slug, where, put = place_or_block(dice)
    zone = dice.choice((".", "cluster.local", "example.org"))
    return corefile_fault(
        slug,
        f"The plugin grpc asks {NOBODY} for {zone}, {where}.",
        put([f"grpc {zone} {NOBODY}:443"]),
        ["grpc"],
    )


@family("dns64")
def dns64(dice: Random) -> Drawn:
    """IPv6 addresses made of IPv4 ones."""
    slug, where, put = place_or_block(dice)
    lines = dice.choice(
        (
            ["dns64"],
            ["dns64 64:ff9b::/96"],
            ["dns64 {", "    translate_all", "    allow_ipv4", "}"],
            ["dns64 {", "    allow_ipv4", "    prefix 2001:db8::/96", "}"],
        )
    )
    options = slug_of(" ".join(line.strip(" {}") for line in lines[1:]))
    return corefile_fault(
        f"{options if lines[1:] else 'plain'}-{slug}",
        f"The plugin dns64 makes AAAA of A, {where}.",
        put(lines),
        ["dns64"],
    )


@family("erratic")
def erratic(dice: Random) -> Drawn:
    """A plugin for tests in a block that is asked: late, lost or cut answers."""
    option = dice.choice(("delay 1 1s", "delay 3 3s", "drop 2", "drop 5", "truncate 1"))
    slug, where, put = place_or_block(dice)
    lines = ["erratic {", f"    {option}"]
    if not option.startswith("drop"):
        lines.append("    drop 0")
    return corefile_fault(
        f"{slug_of(option)}-{slug}",
        f"The plugin erratic does `{option}`, {where}.",
        put([*lines, "}"]),
        ["erratic"],
    )


def fixed_answers(dice: Random) -> Drawn:
    """whoami, any, chaos, local: each answers something of its own."""
    line = dice.choice(("whoami", "any", "chaos v1 nobody", "local"))
    slug, where, put = place_or_block(dice)
    name = line.split()[0]
    return corefile_fault(
        f"{name}-{slug}", f"The plugin {name} stands {where}.", put([line]), [name]
    )


def other_sources(dice: Random) -> Drawn:
    """Zones from elsewhere: a primary that is not there, the names of external addresses."""
    lines = dice.choice(
        (
            ["secondary cluster.local {", f"    transfer from {NOBODY}", "}"],
            ["secondary example.org {", f"    transfer from {NOBODY}", "}"],
            ["k8s_external external.example"],
            ["k8s_external cluster.local {", "    headless", "}"],
            ["root /nowhere"],
        )
    )
    name = lines[0].split()[0]
    slug, where, put = (
        any_place(dice) if name != "secondary" or dice.random() < 0.5 else block_place(dice)
    )
    zone = slug_of(lines[0].split()[1])
    return corefile_fault(
        f"{name.replace('_', '-')}-{zone}-{slug}",
        f"The plugin {name} stands {where}.",
        put(lines),
        [name],
    )


def bind(dice: Random) -> Drawn:
    """Addresses on which nobody asks."""
    where = dice.choice(("127.0.0.1", "lo", "::1", "0.0.0.0"))
    return corefile_fault(
        slug_of(where),
        f"CoreDNS listens on {where} only.",
        put_after("", [f"bind {where}"]),
        ["bind"],
    )


@family("elsewhere")
def elsewhere(dice: Random) -> Drawn:
    """A zone whose answers come from another server."""
    return either(dice, stub_zone, stub_zone, grpc, other_sources)


@family("fixed-answers")
def fixed(dice: Random) -> Drawn:
    """An answer of its own, whoever asks; or nobody may ask."""
    return either(dice, fixed_answers, bind)
