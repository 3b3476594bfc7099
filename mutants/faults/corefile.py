"""Faults of the Corefile: CoreDNS serves something else, or nothing."""

import re

from mutants.looks import dig, log_says
from mutants.mutant import Mutant, Seen
from mutants.scene import Scene


def other_zone(text: str) -> str:
    """Serve another zone than kubelets use."""
    return text.replace("kubernetes cluster.local", "kubernetes other.local")


def without(plugin: str, text: str) -> str:
    """The Corefile without the lines of a plug-in that has no block."""
    return re.sub(rf"(?m)^\s*{plugin}\b[^{{\n]*\n", "", text)


def without_last_brace(text: str) -> str:
    """A block that never ends."""
    return text.rstrip().removesuffix("}")


def no_reload_and_an_edit(scene: Scene) -> None:
    """Restart without `reload`, then edit: nobody notices the edit."""
    scene.corefile(lambda text: without("reload", text))
    scene.corefile(lambda text: text.replace("ttl 30", "ttl 29"), restart=False)


def reload_is_missing(scene: Scene) -> Seen:
    """Whether the Corefile has no reload any more."""
    text = scene.api.get("ConfigMap", "coredns", "kube-system")["data"]["Corefile"]
    return Seen("reload" not in text, "the Corefile has no reload")


MUTANTS = (
    Mutant(
        "corefile-zone-wrong",
        "The Corefile serves another domain than the kubelets give to pods.",
        "C",
        lambda scene: scene.corefile(other_zone),
        dig(says="status: NXDOMAIN|status: SERVFAIL"),
        fails=("test_it_serves_the_cluster_domain", "test_dns_version_is_the_schema_version[udp]"),
        select="test_corefile or test_schema_version",
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
    ),
    Mutant(
        "no-reload",
        "The Corefile has no reload, so that an edit takes no effect.",
        "C",
        no_reload_and_an_edit,
        reload_is_missing,
        deviates=("test_it_has_plugin[reload]",),
        select="test_corefile",
    ),
)
