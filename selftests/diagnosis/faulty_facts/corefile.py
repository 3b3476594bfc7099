"""Facts of a cluster whose Corefile is wrong."""

from dataclasses import replace

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts
from selftests.diagnosis.edit_facts import (
    Change,
    corefile,
    crashing,
    deviating,
    edited,
    failing,
    inventory,
    saying,
    touching,
)
from selftests.diagnosis.faulty_facts.places import COREFILE, LOOPS, READY, WORKLOAD
from selftests.diagnosis.faulty_facts.service import not_ready
from selftests.diagnosis.faulty_facts.upstream import outside
from selftests.diagnosis.healthy_facts import DNS_IP

LOOP = '[FATAL] plugin/loop: Loop (127.0.0.1:51022 -> :53) detected for zone ".", see ...'


def loop(facts: Facts) -> Facts:
    """CoreDNS forwards to itself and stops."""
    faulty = corefile(facts, "forward . /etc/resolv.conf", "forward . 127.0.0.1")
    return failing(crashing(faulty, LOOP), READY, f"{LOOPS}::test_no_replica_has_died_of_a_loop")


def loop_by_policy(facts: Facts) -> Facts:
    """The replicas are told the cluster's own DNS, as every other pod is."""
    pods = tuple(
        {**pod, "spec": {**pod["spec"], "dnsPolicy": "ClusterFirst"}}
        for pod in facts.inventory.pods
    )
    sick = replace(facts, inventory=replace(facts.inventory, pods=pods))
    return failing(crashing(sick, LOOP), READY, f"{LOOPS}::test_no_replica_has_died_of_a_loop")


def hidden_loop(facts: Facts) -> Facts:
    """CoreDNS forwards to itself, without the plugin loop, which would notice."""
    text = facts.inventory.corefile_text or ""
    text = text.replace("forward . /etc/resolv.conf", "forward . 127.0.0.1").replace("loop\n", "\n")
    faulty = outside("REFUSED")(inventory(facts, corefile_text=text))
    return failing(faulty, f"{LOOPS}::test_no_replica_asks_itself")


def loop_through_service(facts: Facts) -> Facts:
    """CoreDNS forwards to its own Service."""
    faulty = corefile(facts, "forward . /etc/resolv.conf", f"forward . {DNS_IP}")
    faulty = outside("SERVFAIL")(faulty)
    return failing(faulty, f"{LOOPS}::test_no_replica_asks_the_cluster_dns")


def bad_syntax(facts: Facts) -> Facts:
    """A brace is missing, and the replicas were restarted."""
    text = (facts.inventory.corefile_text or "").rstrip().removesuffix("}")
    log = "/etc/coredns/Corefile:20 - Error during parsing: Unexpected EOF"
    faulty = inventory(crashing(facts, log), corefile_text=text)
    return failing(faulty, READY, f"{COREFILE}::test_corefile_can_be_read")


def latent(facts: Facts) -> Facts:
    """A brace is missing, and nobody has restarted anything yet."""
    text = (facts.inventory.corefile_text or "").rstrip().removesuffix("}")
    log = "[ERROR] plugin/reload: Corefile changed but reload failed: starting with listener"
    faulty = replace(inventory(facts, corefile_text=text), logs={"coredns-a": log})
    return failing(faulty, f"{COREFILE}::test_corefile_can_be_read")


def removed(facts: Facts) -> Facts:
    """The Corefile has a plugin of long ago."""
    faulty = corefile(facts, "forward . /etc/resolv.conf", "proxy . /etc/resolv.conf")
    faulty = crashing(
        faulty, "/etc/coredns/Corefile:13 - Error during parsing: Unknown directive 'proxy'"
    )
    return failing(faulty, READY, f"{COREFILE}::test_running_version_would_start_with_it")


def other_zone(facts: Facts) -> Facts:
    """CoreDNS serves another zone."""
    faulty = corefile(facts, "kubernetes cluster.local", "kubernetes other.local")
    faulty = saying(faulty, lambda t: "SERVFAIL" if t.kind in ("known", "absent") else None)
    return failing(faulty, f"{COREFILE}::test_it_serves_the_cluster_domain")


def no_reload(facts: Facts) -> Facts:
    """Nothing notices a change."""
    return deviating(corefile(facts, "    reload\n", ""), f"{COREFILE}::test_it_has_plugin[reload]")


def edited_in_vain(facts: Facts) -> Facts:
    """The TTL was changed, and nobody noticed."""
    faulty = deviating(no_reload(facts), f"{COREFILE}::test_what_runs_is_the_configmap")
    return failing(faulty, "tests/dns/test_apex.py::test_records_expire_in_time[udp]")


def no_forward(facts: Facts) -> Facts:
    """Nothing is forwarded."""
    block = "    forward . /etc/resolv.conf {\n        max_concurrent 1000\n    }\n"
    faulty = outside("SERVFAIL")(corefile(facts, block, ""))
    return failing(faulty, f"{COREFILE}::test_it_forwards_what_is_not_its_own")


def no_ready_plugin(facts: Facts) -> Facts:
    """The page of the readiness probe is not there."""
    faulty = not_ready(corefile(facts, "    ready\n", ""))
    return touching(faulty, lambda c: "refused" if c.what == "/ready" else None)


def wrong_probe(facts: Facts) -> Facts:
    """Readiness is judged by /health."""

    def edit(workload: Manifest) -> None:
        container = workload["spec"]["template"]["spec"]["containers"][0]
        container["readinessProbe"]["httpGet"] = {"path": "/health", "port": 8080}

    name = f"{WORKLOAD}::test_container_is_probed[readinessProbe-/ready]"
    return deviating(edited(facts, "workload", edit), name)


FAULTY: dict[str, tuple[str, Change]] = {
    "loop": ("loop-detected", loop),
    "loop by the policy of the pods": ("loop-detected", loop_by_policy),
    "hidden loop": ("loop-hidden", hidden_loop),
    "loop through the service": ("loop-via-service", loop_through_service),
    "syntax": ("corefile-invalid", bad_syntax),
    "latent": ("corefile-invalid-latent", latent),
    "removed": ("corefile-removed-directive", removed),
    "zone": ("corefile-zone-wrong", other_zone),
    "edited in vain": ("no-reload", edited_in_vain),
    "no reload": ("no-reload", no_reload),
    "no forward": ("no-forward", no_forward),
    "no ready": ("ready-plugin-missing", no_ready_plugin),
    "wrong probe": ("readiness-not-ready-plugin", wrong_probe),
}
