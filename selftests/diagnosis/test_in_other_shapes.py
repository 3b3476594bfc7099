"""What was wrong in shapes of distributions: other ports and labels, names sent to nowhere."""

from copy import deepcopy
from dataclasses import replace

import pytest

from clusterdns.cluster import Manifest
from clusterdns.diagnosis import Facts, diagnose
from clusterdns.diagnosis.causes.filters import filtered
from clusterdns.diagnosis.causes.network_policy import dns_ingress
from clusterdns.diagnosis.causes.service import selector
from clusterdns.diagnosis.finding import Finding
from selftests.diagnosis.edit_facts import crashing, inventory, saying
from selftests.diagnosis.faulty_facts import FAULTY
from selftests.diagnosis.healthy_facts import healthy
from selftests.diagnosis.uncatalogued_faults import UNCATALOGUED

OF_DAEMONS = {"controller-revision-hash": "84b5", "pod-template-generation": "1"}
OWN = {"dns.operator.openshift.io/daemonset-dns": "default"}


def on_5353(facts: Facts) -> Facts:
    """The same faults of a DaemonSet whose replicas listen on 5353, as OpenShift has it."""
    found = facts.inventory
    workload: Manifest = deepcopy(found.workload or {})
    pods, slices = deepcopy(found.pods), deepcopy(found.slices)
    workload["spec"]["selector"]["matchLabels"] = OWN
    container = workload["spec"]["template"]["spec"]["containers"][0]
    container["ports"] = [
        {**p, "containerPort": 5353} if p["containerPort"] == 53 else p for p in container["ports"]
    ]
    for pod in pods:
        pod["metadata"]["labels"] = {**OWN, **OF_DAEMONS}
    for piece in slices:
        piece["ports"] = [
            {**p, "port": 5353 if p["port"] == 53 else p["port"]} for p in piece["ports"]
        ]
    changed = replace(found, workload=workload, pods=pods, slices=slices)
    return replace(facts, inventory=changed)


def the(found: Finding | None) -> Finding:
    """A finding that is there."""
    assert found is not None
    return found


def faulty(name: str) -> Facts:
    """The facts of a fault, of replicas on 5353."""
    return on_5353({**FAULTY, **UNCATALOGUED}[name][1](healthy()))


def test_a_selector_is_told_that_lasts() -> None:
    """Not by labels that a controller gives to these pods, and other ones to the next."""
    said = " ".join(the(selector(faulty("selector"))).remedy)
    assert '{"dns.operator.openshift.io/daemonset-dns":"default"}' in said
    assert "hash" not in said


def test_the_port_is_that_of_the_replicas() -> None:
    """A filter in front of a replica is about its own port, not that of the Service."""
    found = the(filtered(faulty("deaf replica")))
    assert "port 5353 is filtered" in found.summary
    said = " ".join((*found.remedy, found.tell_apart))
    assert "grep -wE '53|5353'" in said
    assert "open 5353/UDP and 5353/TCP" in said
    assert "port 5353 on the replica's node" in said


def opening(port: int) -> Manifest:
    """A policy on the replicas that lets everybody in on one port."""
    ports = [{"port": port, "protocol": protocol} for protocol in ("UDP", "TCP")]
    spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"ports": ports}]}
    return {"metadata": {"name": "allow", "namespace": "kube-system"}, "spec": spec}


@pytest.mark.parametrize(("port", "blamed"), [(5353, False), (53, False), (5300, True)])
def test_a_policy_opens_the_port_of_the_replicas(port: int, blamed: bool) -> None:
    """Policies are applied to the pod's port; that of the Service alone is another cause's."""
    facts = replace(faulty("deaf replica"), policies=(opening(port),))
    assert (dns_ingress(facts) is not None) == blamed


def test_two_workloads_are_named_by_what_they_share() -> None:
    """Their common labels select all replicas; those of one alone would miss the other's."""
    facts = healthy()
    first = deepcopy(facts.inventory.workload or {})
    second = deepcopy(first)
    first["spec"]["selector"]["matchLabels"] = {"part": "a", "k8s-app": "kube-dns"}
    second["spec"]["selector"]["matchLabels"] = {"part": "b", "k8s-app": "kube-dns"}
    two = replace(facts, inventory=replace(facts.inventory, workload=first, further=(second,)))
    assert two.of_replicas == "-l k8s-app=kube-dns"


def test_names_that_are_sent_to_nowhere_are_not_filtered() -> None:
    """Where the zone is another, its names go to the upstream: its silence is no filter."""
    facts = saying(FAULTY["zone"][1](healthy()), lambda t: "timeout")
    assert filtered(facts) is not None
    assert [found.cause for found in diagnose(facts).diagnoses] == ["corefile-zone-wrong"]


def test_a_corefile_that_is_refused_forwards_nothing_by_that() -> None:
    """What an import without an end swallows is not missing: k3s has hosts already."""
    text = ".:53 {\n    kubernetes cluster.local\n    hosts {\n        fallthrough\n    }\n"
    text += (
        "    hosts {\n        192.0.2.20 ledger.corp.example\n    forward . /etc/resolv.conf\n}\n"
    )
    log = "plugin/hosts: this plugin can only be used once per Server Block"
    facts = FAULTY["no forward"][1](healthy())
    facts = inventory(crashing(facts, log), corefile_text=text)
    found = [one.cause for one in diagnose(facts).diagnoses]
    assert found[0] == "corefile-invalid"
    assert "no-forward" not in found
