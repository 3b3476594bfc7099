"""Corefiles as operators write them by mistake, and as they are right: with what is to be said.

Each stands for a kind that was met in public reports; the inputs are our own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

CUSTOM = "/etc/coredns/custom"
USUAL = """\
.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
    }
    prometheus :9153
    forward . 192.0.2.53 {
        max_concurrent 1000
    }
    cache 30
    loop
    reload
}
"""
PODS = "        pods insecure\n"
FORWARD = "    forward . 192.0.2.53 {\n        max_concurrent 1000\n    }\n"


def usual(more: str = "", instead_of: str = "    cache 30\n", at_end: str = "") -> str:
    """The usual Corefile with other lines instead of, or before, some of its own."""
    assert instead_of in USUAL
    return USUAL.replace(instead_of, more + (instead_of if "cache" in instead_of else "")) + at_end


@dataclass(frozen=True)
class Case:
    """A Corefile, and the remarks that are right: level, file, line, and words of the message."""

    text: str
    said: tuple[tuple[str, str, int, str], ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    version: str = "1.12.1"


def custom(**texts: str) -> dict[str, str]:
    """Imported files, by the name of the file with an underscore for its dot."""
    return {f"{CUSTOM}/{name.replace('_', '.')}": text for name, text in texts.items()}


IMPORTING = usual("    import custom/*.override\n", at_end="import custom/*.server\n")
LAST = USUAL.count("\n")  # the line of the closing brace
CASES: dict[str, Case] = {
    # Rules that no question comes to
    "a stub domain behind the root": Case(
        usual("    forward lab.example 192.0.2.7\n"),
        (("advice", "", 15, "'forward lab.example 192.0.2.7' is never asked"),),
    ),
    "a stub domain behind the root, imported": Case(
        IMPORTING,
        (("advice", f"{CUSTOM}/lab.override", 2, "'forward .' in Corefile, line 12"),),
        custom(lab_override="# the lab\nforward lab.example 192.0.2.7\n"),
    ),
    "two roots": Case(
        usual("    forward . 192.0.2.7\n"),
        (("advice", "", 15, "'forward . 192.0.2.7' is never asked"),),
    ),
    "a forward for a zone of elsewhere": Case(
        usual(at_end="lab.example {\n    forward pub.example 192.0.2.7\n    cache\n}\n"),
        (("advice", "", 20, "all questions go to the block in line 1"),),
    ),
    "a forward whose zone has a block": Case(
        USUAL.replace(FORWARD, "    forward lab.example 192.0.2.7\n" + FORWARD)
        + "lab.example {\n    forward . 192.0.2.8\n    cache\n}\n",
        (("advice", "", 12, "all questions go to the block in line 20"),),
    ),
    "a forward inside the domain of kubernetes": Case(
        USUAL.replace(FORWARD, "    forward old.cluster.local 192.0.2.7\n" + FORWARD),
        (("advice", "", 7, "they do not come to 'forward old.cluster.local' (line 12)"),),
    ),
    "a rewrite behind one that takes its names": Case(
        usual(
            "    rewrite name suffix .lab.example .svc.cluster.local answer auto\n"
            "    rewrite name exact a.lab.example a.b.svc.cluster.local\n"
        ),
        (("advice", "", 16, "this rule never matches"),),
    ),
    "a view behind the plain block": Case(
        usual(at_end=".:53 {\n    view lab {\n        expr true\n    }\n    whoami\n}\n"),
        (("advice", "", 19, "this block with 'view' is never asked"),),
        version="1.14.5",
    ),
    "a zone in capitals": Case(
        usual(at_end="Lab.Example {\n    forward . 192.0.2.7\n    cache\n}\n"),
        (("advice", "", 19, "no question comes to 'Lab.Example'"),),
    ),
    # Rules that let nothing through
    "hosts that ends": Case(
        usual("    hosts {\n        192.0.2.9 a.lab.example\n    }\n"),
        (("advice", "", 15, "'kubernetes' (line 7), 'forward .' (line 12)"),),
    ),
    "hosts that goes on for one zone": Case(
        usual(
            "    hosts {\n        192.0.2.9 a.lab.example\n        fallthrough lab.example\n    }\n"
        ),
        (("advice", "", 15, "has no 'fallthrough' but for lab.example."),),
    ),
    "hosts that ends in a stub domain": Case(
        usual(
            at_end="lab.example {\n    hosts {\n        192.0.2.9 a.lab.example\n    }\n"
            "    forward . 192.0.2.7\n    cache\n}\n"
        ),
        (("advice", "", 20, "get SERVFAIL; they do not come to 'forward .' (line 23)"),),
    ),
    "a template that ends": Case(
        usual(
            "    template IN A {\n        match ^a[.]lab[.]example[.]$\n"
            '        answer "{{ .Name }} 60 IN A 192.0.2.9"\n    }\n'
        ),
        (("advice", "", 15, "A questions for names that it does not match get SERVFAIL"),),
    ),
    "a template that takes all": Case(
        usual('    template IN A {\n        answer "{{ .Name }} 60 IN A 192.0.2.9"\n    }\n'),
        (("advice", "", 15, "answers every A question for ."),),
    ),
    "a template that denies all": Case(
        usual("    template ANY AAAA {\n        rcode NXDOMAIN\n    }\n"),
        (("advice", "", 15, "answers every AAAA question for ."),),
    ),
    "a zone file for everything": Case(
        usual("    file /etc/coredns/lab.db\n"),
        (("advice", "", 15, "'file' has no 'fallthrough'"),),
    ),
    "kubernetes for everything": Case(
        USUAL.replace("kubernetes cluster.local in-addr.arpa ip6.arpa {", "kubernetes {"),
        (("advice", "", 7, "answers for all names of ., and denies"),),
    ),
    # What needs something else
    "autopath without pods": Case(
        usual("    autopath @kubernetes\n"),
        (("advice", "", 15, "does nothing without 'pods verified'"),),
    ),
    "autopath of nothing": Case(
        usual("    autopath @erratic\n"), (("advice", "", 15, "this block has no 'erratic'"),)
    ),
    "autopath of forward": Case(
        usual("    autopath @forward\n"), (("error", "", 15, "cannot ask 'forward'"),)
    ),
    "a log of metadata": Case(
        usual('    log . "{name} {/kubernetes/client-namespace}"\n'),
        (
            ("advice", "", 15, "which is empty without 'metadata'"),
            ("advice", "", 15, "which is empty without 'pods verified'"),
        ),
    ),
    "a view of metadata": Case(
        "lab.example {\n    view a {\n        expr metadata('geoip/country/code') == 'XX'\n    }\n"
        "    forward . 192.0.2.7\n    cache\n}\n" + USUAL,
        (("advice", "", 2, "which is empty without 'metadata'"),),
    ),
    "k8s_external alone": Case(
        usual(at_end="lab.example {\n    k8s_external lab.example\n}\n"),
        (("error", "", 20, "needs 'kubernetes' in its server block"),),
    ),
    "a rewrite by the asker's namespace": Case(
        usual(
            "    rewrite name regex (.+)[.]lab {1}.{kubernetes/client-namespace}.svc answer auto\n"
        ),
        (("advice", "", 15, "does not replace {kubernetes/client-namespace}"),),
    ),
    "a rewrite that changes answers": Case(
        usual("    rewrite name regex (.+)[.]lab[.]example {1}.ns.svc.cluster.local\n"),
        (("info", "", 15, "the answer has the other name"),),
    ),
    "a rewrite with options but no kind": Case(
        usual("    rewrite name a.lab.example b.lab.example answer auto\n"),
        (("error", "", 15, "needs one of exact, prefix"),),
    ),
    "a TLS name without TLS": Case(
        usual("    forward . 192.0.2.53 {\n        tls_servername a.example\n    }\n", FORWARD),
        (("advice", "", 13, "192.0.2.53 is asked without TLS"),),
    ),
    "TLS without a name": Case(
        usual("    forward . tls://192.0.2.53\n", FORWARD),
        (("info", "", 12, "must be one for this address itself"),),
    ),
    "an upstream that is a Service's name": Case(
        usual(at_end="lab.example {\n    forward . dns.lab.svc.cluster.local\n    cache\n}\n"),
        (("error", "", 20, "needs addresses or files"),),
    ),
    "an upstream that is a Service's name, later": Case(
        usual(at_end="lab.example {\n    forward . dns.lab.svc.cluster.local:5353\n    cache\n}\n"),
        (("advice", "", 20, "looks it up once, when it starts"),),
        version="1.14.5",
    ),
    # Blocks that collide
    "a root in an imported file": Case(
        IMPORTING,
        (("error", f"{CUSTOM}/all.server", 2, "served by the block of Corefile, line 1"),),
        custom(all_server="# all\n. {\n    whoami\n}\n"),
    ),
    "a plugin twice, once imported": Case(
        usual(
            "    hosts {\n        192.0.2.9 a.lab.example\n        fallthrough\n    }\n"
            "    import custom/*.override\n"
        ),
        (("error", f"{CUSTOM}/more.override", 3, "and stands in Corefile, line 15"),),
        custom(more_override="# names\n\nhosts {\n  192.0.2.8 b.example\n  fallthrough\n}\n"),
    ),
    "a bound block beside one that is not": Case(
        usual(at_end=".:53 {\n    bind 127.0.0.1\n    whoami\n}\n"),
        (("error", "", 19, "127.0.0.1 and all addresses overlap"),),
    ),
    "a view behind the plain block, refused": Case(
        usual(at_end=".:53 {\n    view lab {\n        expr true\n    }\n    whoami\n}\n"),
        (("error", "", 19, "already served by the block of line 1"),),
    ),
    "two networks that old versions round": Case(
        usual(at_end="10.64.0.0/12 {\n    whoami\n}\n10.80.0.0/12 {\n    whoami\n}\n"),
        (("error", "", 22, "10.in-addr.arpa. on port 53 is already served"),),
        version="1.8.4",
    ),
    "a network and its zone": Case(
        usual(at_end="10.0.0.0/8 {\n    whoami\n}\n10.in-addr.arpa {\n    whoami\n}\n"),
        (("error", "", 22, "10.in-addr.arpa. on port 53 is already served"),),
    ),
    # Braces
    "a brace glued to an argument": Case(
        usual("    hosts names lab.example{\n        ttl 60\n        fallthrough\n    }\n"),
        (("error", "", 16, "put a space before the '{' of 'lab.example{' in line 15"),),
    ),
    "a closing brace glued to a word": Case(
        usual(at_end="lab.example {\n    cache 30 {\n        keepttl}\n    whoami\n}\n"),
        (("error", "", 21, "'keepttl}' ends with a brace"),),
    ),
    "a brace glued to a zone": Case(
        usual(at_end="lab.example{\n    whoami\n}\n"),
        (("advice", "", 19, "belongs to the zone 'lab.example{'"),),
    ),
    # Upstreams
    "an address in brackets": Case(
        usual("    forward . [2001:db8::53]\n", FORWARD),
        (("error", "", 12, "'[2001:db8::53]' is neither"),),
    ),
    "an upstream by HTTPS": Case(
        usual("    forward . https://192.0.2.53\n", FORWARD),
        (("error", "", 12, "asks by DNS or TLS"),),
    ),
}

RIGHT: dict[str, Case] = {
    "the usual one": Case(USUAL),
    "a stub domain before the root": Case(
        USUAL.replace(FORWARD, "    forward lab.example 192.0.2.7\n" + FORWARD)
    ),
    "a second forward for what the first leaves out": Case(
        usual(
            "    forward . 192.0.2.53 {\n        except lab.example\n    }\n"
            "    forward lab.example 192.0.2.7\n",
            FORWARD,
        )
    ),
    "a second forward for a code": Case(
        usual(
            "    forward . 192.0.2.53 {\n        next NXDOMAIN\n    }\n    forward . 192.0.2.7\n",
            FORWARD,
        )
    ),
    "kubernetes and forward in a block of the cluster": Case(
        "cluster.local in-addr.arpa {\n    kubernetes cluster.local in-addr.arpa {\n"
        "        fallthrough in-addr.arpa\n    }\n    forward . 192.0.2.7\n    cache 30\n}\n"
        + USUAL.replace("kubernetes cluster.local in-addr", "kubernetes other.local in-addr")
    ),
    "a stub domain of its own": Case(
        usual(at_end="lab.example:53 {\n    errors\n    cache 30\n    forward . 192.0.2.7\n}\n")
    ),
    "hosts with a zone of its own": Case(
        usual("    hosts /etc/coredns/NodeHosts lab.example {\n    }\n")
    ),
    "hosts alone in a block": Case(
        usual(at_end="lab.example {\n    hosts {\n        192.0.2.9 a.lab.example\n    }\n}\n")
    ),
    "hosts that goes on": Case(
        usual("    hosts {\n        192.0.2.9 a.lab.example\n        fallthrough\n    }\n")
    ),
    "no IPv6 addresses, said rightly": Case(
        usual("    template ANY AAAA {\n        rcode NOERROR\n    }\n")
    ),
    "a template for a zone": Case(
        usual(
            "    template IN A lab.example {\n"
            '        answer "{{ .Name }} 60 IN A 192.0.2.9"\n    }\n'
        )
    ),
    "a template that goes on": Case(
        usual(
            "    template IN A {\n        match ^a[.]lab[.]example[.]$\n"
            '        answer "{{ .Name }} 60 IN A 192.0.2.9"\n        fallthrough\n    }\n'
        )
    ),
    "a rewrite with its answer": Case(
        usual("    rewrite name regex (.+)[.]lab[.]example {1}.ns.svc.cluster.local answer auto\n")
    ),
    "rewrites of several names": Case(
        usual(
            "    rewrite name exact a.lab.example a.ns.svc.cluster.local\n"
            "    rewrite continue name suffix .lab .lab.example answer auto\n"
            "    rewrite name suffix .lab.example .ns.svc.cluster.local answer auto\n"
            "    rewrite stop {\n        name regex (.*)[.]old[.]example {1}.new.example\n"
            "        answer name (.*)[.]new[.]example {1}.old.example\n    }\n"
        )
    ),
    "autopath with pods": Case(
        usual("    autopath @kubernetes\n").replace("pods insecure", "pods verified")
    ),
    "a log of metadata that is there": Case(
        usual('    metadata\n    log . "{name} {/kubernetes/client-namespace}"\n').replace(
            "pods insecure", "pods verified"
        )
    ),
    "all upstreams by TLS": Case(
        usual(
            "    forward . tls://192.0.2.53 tls://192.0.2.54 {\n        max_concurrent 1000\n"
            "        tls_servername dns.lab.example\n    }\n",
            FORWARD,
        )
    ),
    "IPv6 with a port": Case(usual("    forward . [2001:db8::53]:53 2001:db8::54\n", FORWARD)),
    "an address in brackets, later": Case(
        usual("    forward . [2001:db8::53] tls://[2001:db8::54]\n", FORWARD), version="1.14.2"
    ),
    "networks as keys": Case(
        usual(at_end="10.64.0.0/12 10.80.0.0/12 {\n    forward . 192.0.2.7\n    cache\n}\n")
    ),
    "a view before the plain block": Case(
        ".:53 {\n    view lab {\n        expr name() endsWith '.lab.example.'\n    }\n"
        "    forward . 192.0.2.7\n    cache\n    loop\n}\n" + USUAL
    ),
    "blocks bound to addresses": Case(
        USUAL.replace("    errors\n", "    errors\n    bind 127.0.0.1\n")
        + ".:53 {\n    bind ::1\n    forward . 192.0.2.7\n    cache\n    loop\n}\n"
    ),
    "the same zone on another port and by TLS": Case(
        usual(at_end=".:1053 tls://.:853 {\n    forward . 192.0.2.7\n    cache\n    loop\n}\n")
    ),
    "a snippet in several blocks": Case(
        "(shared) {\n    errors\n    cache 30\n}\n"
        + USUAL.replace("    errors\n", "").replace("    cache 30\n", "    import shared\n")
        + "lab.example {\n    import shared\n    forward . 192.0.2.7\n}\n"
    ),
    "imported names": Case(
        IMPORTING,
        files=custom(
            lab_server="lab.example:53 {\n    errors\n    cache 30\n    forward . 192.0.2.7\n}\n",
            log_override="log\n",
        ),
    ),
    "classes of a log": Case(usual("    log . {\n        class error\n    }\n")),
    "a ring of its own": Case(USUAL.replace(".:53", ".:1053")),
}
