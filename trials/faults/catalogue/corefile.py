"""Faults of the Corefile: CoreDNS serves something else, or nothing."""

import re
from collections.abc import Callable

from trials.faults.mutant import Mutant, Seen
from trials.faults.scene import KUBE_SYSTEM, Scene
from trials.faults.symptoms import NO_ANSWER, OUTSIDE, both, dig, log_says, replicas_say

UPSTREAM = "forward . /etc/resolv.conf"


def other_zone(text: str) -> str:
    """Serve another zone than kubelets use."""
    return text.replace("kubernetes cluster.local", "kubernetes other.local")


def without(plugin: str, text: str) -> str:
    """The Corefile without the lines of a plugin that has no block."""
    return re.sub(rf"(?m)^\s*{plugin}\b[^{{\n]*\n", "", text)


def without_block(plugin: str, text: str) -> str:
    """The Corefile without a plugin and its block."""
    return re.sub(rf"(?m)^\s*{plugin}\b[^{{\n]*\{{[^}}]*\}}\n", "", text)


def without_last_brace(text: str) -> str:
    """A block that never ends."""
    return text.rstrip().removesuffix("}")


def drop_first(expression: str, text: str) -> str:
    """A server block before all others that answers nothing to what matches."""
    block = f".:53 {{\n    view faulty {{\n        expr {expression}\n    }}\n"
    return f"{block}    acl {{\n        drop\n    }}\n}}\n{text}"


def no_reload_and_an_edit(scene: Scene) -> None:
    """Restart without `reload`, then edit: nobody notices the edit."""
    scene.corefile(lambda text: without("reload", text))
    scene.corefile(lambda text: text.replace("ttl 30", "ttl 29"), restart=False)


def reload_is_missing(scene: Scene) -> Seen:
    """Whether the Corefile has no reload any more."""
    text = scene.api.get("ConfigMap", "coredns", KUBE_SYSTEM)["data"]["Corefile"]
    return Seen("reload" not in text, "the Corefile has no reload")


def invalid_without_restart(scene: Scene) -> None:
    """Break the Corefile of replicas that run; an annotation makes the kubelets see it at once."""
    scene.corefile(without_last_brace, restart=False)
    scene.replicas_are_new = True
    for pod in scene.replicas():
        change = {"metadata": {"annotations": {"mutants": "look again"}}}
        scene.api.patch("Pod", pod["metadata"]["name"], scene.dns.namespace, change)


def forwards_to(upstreams: str, loop: bool = True) -> Callable[[str], str]:
    """An edit: forward somewhere else, with the plugin loop or without."""

    def edit(text: str) -> str:
        changed = text.replace(UPSTREAM, f"forward . {upstreams}")
        return changed if loop else without("loop", changed)

    return edit


MUTANTS = (
    Mutant(
        "corefile-zone-wrong",
        "The Corefile serves another domain than the kubelets give to pods.",
        "C",
        lambda scene: scene.corefile(other_zone),
        dig(says="status: NXDOMAIN|status: SERVFAIL"),
        fails=("test_it_serves_the_cluster_domain",),
        select="test_corefile or test_schema_version",
        always=True,
    ),
    Mutant(
        "corefile-invalid",
        "The Corefile has a syntax error, and the replicas were restarted.",
        "C",
        lambda scene: scene.corefile(without_last_brace),
        log_says("Syntax error|Error during parsing"),
        fails=(
            "test_corefile_can_be_read",
            "test_wanted_replicas_are_ready",
            "test_no_replica_keeps_restarting",
        ),
        select="test_corefile or test_dns_workload or test_schema_version",
        dead=True,
        always=True,
    ),
    Mutant(
        "no-reload",
        "The Corefile has no reload, so that an edit takes no effect.",
        "C",
        no_reload_and_an_edit,
        reload_is_missing,
        fails=("test_records_expire_in_time[*",),
        deviates=("test_it_has_plugin[reload]",),
        select="test_corefile or test_records_expire_in_time",
        always=True,
    ),
    Mutant(
        "corefile-invalid-latent",
        "The Corefile has a syntax error; the replicas go on with the old one until they restart.",
        "C",
        invalid_without_restart,
        both(log_says("reload failed|Corefile parse failed"), dig(says="status: NOERROR")),
        fails=("test_corefile_can_be_read",),
        within=60,
    ),
    Mutant(
        "corefile-removed-directive",
        "The Corefile has a plugin that this version no longer knows.",
        "C",
        lambda scene: scene.corefile(
            lambda text: re.sub(
                r"forward \. /etc/resolv.conf \{[^}]*\}", "proxy . /etc/resolv.conf", text
            )
        ),
        log_says("Unknown directive 'proxy'"),
        fails=("test_running_version_would_start_with_it", "test_wanted_replicas_are_ready"),
    ),
    Mutant(
        "loop-detected",
        "CoreDNS forwards to itself; the plugin loop stops it.",
        "C",
        lambda scene: scene.corefile(forwards_to("127.0.0.1")),
        log_says("Loop .* detected for zone"),
        fails=("test_no_replica_has_died_of_a_loop", "test_wanted_replicas_are_ready"),
        within=40,
        dead=True,
    ),
    Mutant(
        "loop-hidden",
        "CoreDNS forwards to itself, and the plugin loop was removed.",
        "C",
        lambda scene: scene.corefile(forwards_to("127.0.0.1", loop=False)),
        dig(OUTSIDE, says="REFUSED|SERVFAIL|timed out", server="service"),
        fails=("test_no_replica_asks_itself", "test_outside_name_resolves_as_on_the_node[*"),
        deviates=("test_it_has_plugin[loop]",),
    ),
    Mutant(
        "loop-via-service",
        "CoreDNS forwards to its own Service, so that questions go round.",
        "C",
        lambda scene: scene.corefile(forwards_to(scene.dns_ip)),
        both(
            replicas_say("."), log_says("Loop .* detected|i/o timeout|Still waiting|HINFO|maximum")
        ),
        fails=("test_no_replica_asks_the_cluster_dns",),
        causes=("loop-via-service", "loop-detected"),
        within=40,
    ),
    Mutant(
        "no-forward",
        "The Corefile forwards nothing: names outside the cluster are not resolved.",
        "C",
        lambda scene: scene.corefile(lambda text: without_block("forward", text)),
        dig(OUTSIDE, says="status: SERVFAIL|status: REFUSED"),
        fails=(
            "test_it_forwards_what_is_not_its_own",
            "test_outside_name_resolves_as_on_the_node[*",
        ),
    ),
    Mutant(
        "ready-plugin-missing",
        "The Corefile has no ready, which the readiness probe asks: no replica becomes ready.",
        "C",
        lambda scene: scene.corefile(lambda text: without("ready", text), within=10),
        both(replicas_say("ready=False"), dig(says="status: NOERROR", server="replica")),
        fails=("test_replica_answers_ok[/ready]", "test_wanted_replicas_are_ready"),
    ),
    Mutant(
        "dns-udp-dead-tcp-alive",
        "Questions over UDP are dropped, those over TCP are answered.",
        "C",
        lambda scene: scene.corefile(lambda text: drop_first("proto() == 'udp'", text)),
        both(
            dig(says=NO_ANSWER), dig("kubernetes.default.svc.cluster.local", "+tcp", says="NOERROR")
        ),
        fails=("test_path_answers[udp]",),
    ),
    Mutant(
        "edns-large-dropped",
        "Questions that allow answers of more than 1232 octets are dropped.",
        "C",
        lambda scene: scene.corefile(lambda text: drop_first("bufsize() > 1232", text)),
        both(
            dig("kubernetes.default.svc.cluster.local", "+bufsize=4096", says=NO_ANSWER),
            dig("kubernetes.default.svc.cluster.local", "+bufsize=1232", says="NOERROR"),
        ),
        fails=("test_question_is_answered_with[*",),
    ),
    Mutant(
        "reverse-no-fallthrough",
        "The reverse zones belong to the cluster alone: no address outside has a name.",
        "C",
        lambda scene: scene.corefile(lambda text: without("fallthrough", text)),
        dig("-x", "192.0.2.1", says="status: NXDOMAIN.*|flags: qr aa"),
        deviates=("test_nothing_in_it_is_likely_to_hurt",),
    ),
    Mutant(
        "ignore-empty-service",
        "A Service without a ready pod has no name.",
        "C",
        lambda scene: scene.corefile(
            lambda text: text.replace("pods insecure", "pods insecure\n       ignore empty_service")
        ),
        log_says("CoreDNS-"),
        fails=("test_address_is_the_cluster_ip[*",),
    ),
    Mutant(
        "denial-too-long",
        "Denials are cached for a quarter of an hour.",
        "C",
        lambda scene: scene.corefile(lambda text: re.sub(r"cache 30 \{[^}]*\}", "cache 900", text)),
        log_says("CoreDNS-"),
        deviates=("test_nothing_in_it_is_likely_to_hurt",),
    ),
)
