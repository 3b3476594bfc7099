"""Corefiles that say what they were not meant to: rules that end, or are never asked; blocks."""

from collections.abc import Callable

from clusterdns.cluster import Manifest
from trials.faults.catalogue.strange import with_plugin
from trials.faults.mutant import Mutant
from trials.faults.scene import Scene
from trials.faults.symptoms import NO_ANSWER, OUTSIDE, both, dig, log_says

FORWARD = "    forward . /etc/resolv.conf"
ADVICE = "test_nothing_in_it_is_likely_to_hurt"
STARTS = "test_running_version_would_start_with_it"
VIEW = (
    ".:53 {\n    view lab {\n        expr name() endsWith '.lab.example.'\n    }\n    whoami\n}\n"
)


def before_forward(*lines: str) -> Callable[[str], str]:
    """An edit: these lines stand before the forward of the root zone."""
    text = "".join(f"    {line}\n" for line in lines)
    return lambda before: before.replace(FORWARD, f"{text}{FORWARD}", 1)


def with_block(block: str) -> Callable[[Scene], None]:
    """An injection: one more server block at the end of the Corefile."""
    return lambda scene: scene.corefile(lambda before: f"{before.rstrip()}\n{block}")


def verified_without_pods(scene: Scene) -> None:
    """Pods are to be verified, and nobody may read them."""

    def edit(role: Manifest) -> None:
        for rule in role["rules"]:
            rule["resources"] = [one for one in rule["resources"] if one != "pods"]

    scene.change("ClusterRole", "system:coredns", edit, None)
    scene.corefile(lambda text: text.replace("pods insecure", "pods verified"))


MUTANTS = (
    Mutant(
        "fallthrough-missing",
        "The plugin hosts has one name and no fallthrough.",
        "C",
        with_plugin("hosts {", "    192.0.2.7 legacy.lab.example", "}"),
        both(dig(says="status: SERVFAIL"), dig(OUTSIDE, says="status: SERVFAIL")),
        fails=("test_dns_version_is_the_schema_version[*",),
        deviates=(ADVICE,),
    ),
    Mutant(
        "fallthrough-missing-template",
        "The plugin template matches one name, for every type, and has no fallthrough.",
        "C",
        with_plugin("template IN ANY {", "    match ^legacy[.]lab[.]$", "    rcode NXDOMAIN", "}"),
        both(dig(says="status: SERVFAIL"), dig(OUTSIDE, says="status: SERVFAIL")),
        fails=("test_dns_version_is_the_schema_version[*",),
        causes=("fallthrough-missing",),
        deviates=(ADVICE,),
    ),
    Mutant(
        "forward-never-asked",
        "The first forward leads to nobody; a second one behind it is sound, and never asked.",
        "C",
        lambda scene: scene.corefile(before_forward("forward . 192.0.2.1")),
        dig(OUTSIDE, says="SERVFAIL|timed out"),
        fails=("test_outside_name_resolves_as_on_the_node[*",),
        causes=("upstream-unreachable",),
        deviates=(ADVICE,),
    ),
    Mutant(
        "stub-never-asked",
        "A stub domain stands behind the forward of the root zone.",
        "C",
        lambda scene: scene.corefile(
            lambda text: text.replace(
                "    cache 30", "    forward lab.example 192.0.2.1\n    cache 30"
            )
        ),
        dig(says="status: NOERROR"),
        fails=("test_stub_zone_is_answered_as_its_servers_say",),
        causes=("stub-zone-unanswered",),
        deviates=(ADVICE,),
    ),
    Mutant(
        "corefile-second-root",
        "A second server block has the root zone, and the replicas were restarted.",
        "C",
        with_block(".:53 {\n    whoami\n}\n"),
        both(dig(says=NO_ANSWER), log_says("cannot serve .* already defined")),
        fails=(STARTS, "test_wanted_replicas_are_ready"),
        causes=("corefile-invalid",),
    ),
    Mutant(
        "corefile-late-view",
        "A block with view stands behind the plain one: CoreDNS before 1.14.4 does not start.",
        "C",
        with_block(VIEW),
        both(dig(says=NO_ANSWER), log_says("cannot serve .* already defined")),
        fails=(STARTS, "test_wanted_replicas_are_ready"),
        causes=("corefile-invalid",),
    ),
    Mutant(
        "rbac-option",
        "The Corefile has pods verified, and CoreDNS may not read pods.",
        "A",
        verified_without_pods,
        log_says("pods.* is forbidden"),
        fails=("test_replicas_may[list-pods]", "test_wanted_replicas_are_ready"),
    ),
)
