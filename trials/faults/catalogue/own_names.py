"""Rules for names of the user's own that do not come true: hidden, outdated, lost, unanswered."""

from trials.faults.catalogue.written import ADVICE, before_forward, with_block
from trials.faults.fake_upstream import fake_upstream
from trials.faults.mutant import Mutant
from trials.faults.scene import Scene
from trials.faults.symptoms import both, dig

OWN = "test_own_name_is_answered_as_its_rule_says[*"
STUB = "test_stub_zone_is_answered_as_its_servers_say"
LEGACY = "legacy.lab.example"
HOSTS = ("hosts {", f"    192.0.2.7 {LEGACY}", "    fallthrough", "}")
LAB = (
    ".:53 {\n    template IN SOA lab.example {\n        answer "
    '"lab.example. 60 IN SOA ns.lab.example. me.lab.example. 1 2 3 4 5"\n    }\n'
    "    template ANY ANY . {\n        rcode NXDOMAIN\n    }\n}\n"
)


def outdated(scene: Scene) -> None:
    """The replicas do not reload, and the address of a name in hosts was changed since."""
    edit = before_forward(*HOSTS)
    scene.corefile(lambda text: edit(text).replace("    reload\n", ""))
    scene.corefile(lambda text: text.replace("192.0.2.7", "192.0.2.8"), restart=False)


def behind_the_root(scene: Scene) -> None:
    """A zone is sent to a sound server of its own, behind the forward that takes everything."""
    address = fake_upstream(scene, LAB)
    line = f"    forward lab.example {address}\n    cache 30"
    scene.corefile(lambda text: text.replace("    cache 30", line, 1))


MUTANTS = (
    Mutant(
        "own-hosts-hidden",
        "A template for the whole zone is asked before the hosts entry of one of its names.",
        "C",
        lambda scene: scene.corefile(
            before_forward("template IN A lab.example {", "    rcode NXDOMAIN", "}", *HOSTS)
        ),
        both(dig(f"{LEGACY}.", says="status: NXDOMAIN"), dig(says="status: NOERROR")),
        fails=(OWN,),
        causes=("own-rule-broken",),
    ),
    Mutant(
        "own-hosts-outdated",
        "A hosts entry was changed, and the replicas do not reload.",
        "C",
        outdated,
        dig(f"{LEGACY}.", says="192[.]0[.]2[.]7"),
        fails=(OWN,),
        causes=("own-rule-broken", "no-reload"),
    ),
    Mutant(
        "own-template-hidden",
        "A template for one name stands behind one that answers for its whole zone.",
        "C",
        lambda scene: scene.corefile(
            before_forward(
                *("template IN A lab.example {", '    answer "{{ .Name }} 5 IN A 192.0.2.1"', "}"),
                *("template IN A lab.example {", r"    match ^legacy\.lab\.example\.$"),
                *('    answer "{{ .Name }} 5 IN A 192.0.2.7"', "}"),
            )
        ),
        dig(f"{LEGACY}.", says="192[.]0[.]2[.]1"),
        fails=(OWN,),
        causes=("own-rule-broken",),
        deviates=(ADVICE,),
    ),
    Mutant(
        "own-rewrite-lost",
        "A rewrite leads to a Service, in a server block that has forward and no kubernetes.",
        "C",
        with_block(
            "lab.example:53 {\n    rewrite name alias.lab.example "
            "kubernetes.default.svc.cluster.local\n    forward . /etc/resolv.conf\n}\n"
        ),
        both(dig("alias.lab.example.", says="NXDOMAIN|SERVFAIL"), dig(says="status: NOERROR")),
        fails=(OWN,),
        causes=("own-rule-broken",),
    ),
    Mutant(
        "stub-zone-dead",
        "Nobody answers where a stub zone is forwarded to.",
        "C",
        with_block("lab.example:53 {\n    errors\n    forward . 192.0.2.53\n}\n"),
        both(dig("lab.example.", "SOA", says="SERVFAIL|timed out"), dig(says="status: NOERROR")),
        fails=(STUB,),
        causes=("stub-zone-unanswered",),
    ),
    Mutant(
        "stub-zone-never-asked",
        "A zone has a sound server of its own, behind the forward that takes every question.",
        "C",
        behind_the_root,
        both(dig("lab.example.", "SOA", says="NXDOMAIN|SERVFAIL|ANSWER: 0"), dig(says="NOERROR")),
        fails=(STUB,),
        causes=("stub-zone-unanswered",),
        deviates=(ADVICE,),
    ),
)
