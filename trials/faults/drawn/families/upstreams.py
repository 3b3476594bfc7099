"""Upstreams that lie, each in its own way: a stand-in to which CoreDNS forwards alone."""

from random import Random

from trials.faults.catalogue.corefile import drop_first
from trials.faults.catalogue.upstream import HONEST, server
from trials.faults.drawn.corefile_text import with_arguments
from trials.faults.drawn.grammar import Drawn, family
from trials.faults.drawn.lying_server import LIES, lying_upstream
from trials.faults.drawn.truth import Truth
from trials.faults.fake_upstream import fake_upstream
from trials.faults.scene import Scene

SOA = '    authority "{{ .Zone }} 60 IN SOA ns.example. admin.example. 1 60 60 60 60"\n'


def stand_in_fault(variant: str, title: str, corefile: str) -> Drawn:
    """A fault that is an upstream with that Corefile; its address names it."""

    def inject(scene: Scene) -> tuple[str, ...]:
        address = fake_upstream(scene, corefile)
        scene.corefile(with_arguments("forward", f". {address}"))
        return (address,)

    return Drawn(variant, title, "C", Truth(("upstream",), ("fake-upstream",)), inject)


def _template(qtype: str, *lines: str) -> str:
    inside = "".join(f"        {line.strip()}\n" for line in lines)
    return f"    template IN {qtype} . {{\n{inside}    }}\n"


@family("upstream-denies")
def denies(dice: Random) -> Drawn:
    """NXDOMAIN, no data, SERVFAIL, REFUSED for what is there; for all types or for one."""
    rcode = dice.choice(("NXDOMAIN", "NODATA", "SERVFAIL", "REFUSED"))
    qtype = dice.choice(("ANY", "ANY", "A", "AAAA"))
    said = "NOERROR" if rcode == "NODATA" else rcode
    lines = [f"rcode {said}"] + ([SOA] if rcode in ("NXDOMAIN", "NODATA") else [])
    return stand_in_fault(
        f"{rcode.lower()}-{qtype.lower()}",
        f"The upstream says {rcode} to {qtype}.",
        server(_template(qtype, *lines), HONEST),
    )


@family("upstream-forges")
def forges(dice: Random) -> Drawn:
    """Wrong records, records of another zone, AAAA only."""
    kind = dice.choice(("wrong-records", "wrong-zone", "aaaa-only"))
    plugins = {
        "wrong-records": (_template("A", 'answer "{{ .Name }} 60 IN A 203.0.113.66"'), HONEST),
        "wrong-zone": (_template("A", 'answer "other.example. 60 IN A 203.0.113.66"'), HONEST),
        "aaaa-only": (
            _template("A", "rcode NOERROR", SOA),
            _template("AAAA", 'answer "{{ .Name }} 60 IN AAAA 2001:db8::66"'),
        ),
    }[kind]
    return stand_in_fault(kind, f"The upstream answers with {kind}.", server(*plugins))


@family("upstream-stalls")
def stalls(dice: Random) -> Drawn:
    """Silent, slow, cut: for all, for some, or over one transport."""
    kind, corefile = dice.choice(
        (
            ("silent", server("    acl {\n        drop\n    }\n")),
            ("silent-udp", drop_first("proto() == 'udp'", server(HONEST))),
            ("silent-tcp", drop_first("proto() == 'tcp'", server(HONEST))),
            ("slow", server("    erratic {\n        delay 1 3s\n        drop 0\n    }\n")),
            ("late", server("    erratic {\n        delay 1 900ms\n        drop 0\n    }\n")),
            ("loses-a-third", server("    erratic {\n        drop 3\n    }\n")),
            ("truncated", server("    erratic {\n        truncate 1\n        drop 0\n    }\n")),
        )
    )
    return stand_in_fault(kind, f"The upstream is {kind.replace('-', ' ')}.", corefile)


@family("upstream-garbles")
def garbles(dice: Random) -> Drawn:
    """Answers that belong to no question: another id, another name, another case, rubbish."""
    lie = dice.choice(sorted(LIES))

    def inject(scene: Scene) -> tuple[str, ...]:
        address = lying_upstream(scene, lie)
        scene.corefile(with_arguments("forward", f". {address}"))
        return (address,)

    return Drawn(
        lie,
        f"The upstream's answers have {LIES[lie]}.",
        "C",
        Truth(("upstream",), ("lying-upstream",)),
        inject,
    )
