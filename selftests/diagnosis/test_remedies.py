"""No remedy takes DNS down, takes protection away, or names what was not seen.

Every cause is put to all facts that there are, recorded and made by hand, and to what becomes of
them where the replicas are run otherwise. Whatever a cause says to do is read as a careful
operator would read it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from clusterdns.cluster import Manifest
from clusterdns.diagnosis import Facts
from clusterdns.diagnosis.causes.pod_network import _new_bridge
from clusterdns.diagnosis.finding import all_causes
from clusterdns.diagnosis.restarting import BY_ITSELF, after_edit, restart
from clusterdns.diagnosis.unknown import unknown
from selftests.diagnosis.edit_facts import Change, corefile, edited, failing, inventory
from selftests.diagnosis.faulty_facts import FAULTY
from selftests.diagnosis.healthy_facts import healthy
from selftests.diagnosis.uncatalogued_faults import UNCATALOGUED, UNKNOWN

ROOT = Path(__file__).parents[2]
RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.json"))
ALL_RECORDED = {path.stem for path in RECORDED}
SLIGHT = ("one replica", "Recreate", "all daemons", "nobody", "no reload")
HARMFUL = {
    "deletes pods by label": r"delete (pods?|po)\b.*\s(-l\b|--selector|--field-)",
    "deletes all of a kind": r"(delete|drain|evict)\b.*--all\b",
    "forces": r"--force\b|replace .*--force|--grace-period[= ]0|--disable-eviction",
    "scales to none": r"--replicas[= ]0",
    "deletes what serves": r"delete (service|svc|endpointslices?|endpoints|configmap|cm|deploy\w*|"
    r"daemonset|ds|namespace|ns|node|pdb|clusterrole\w*)\b",
    "opens what was closed": r"delete (networkpolic\w+|netpol)\b|-P (FORWARD|INPUT|OUTPUT) ACCEPT|"
    r"ufw disable|setenforce 0|stop firewalld",
    "flushes": r"iptables.* (-F|--flush|-X)\b|nft flush|conntrack (-F|--flush)|ipvsadm -C",
    "grants everything": r"cluster-admin|--verb=['\"]?\*|\"verbs\": ?\[\"\*\"",
    "every kube-proxy at once": r"rollout restart (ds|daemonset)[/ ](kube-proxy|node-local-dns)",
    "kubelets at once": r"on \S+, \S[^:]*(?<!one node after the other): set .*restart kubelet",
    "ends with the next roll-out": r"pod-template-(hash|generation)|controller-revision-hash",
    "hides a loop": r"(?<!not )(take|remove) \"?loop",
}
SHAPES = ("deployments?", "daemonsets?", "configmap", "clusterrole", "endpointslice", "service")
IN_CODE = ("kubelets at once", "ends with the next roll-out")  # where code may have the words
NAMED = re.compile(
    rf"\b(?:{'|'.join(SHAPES)})[/ ]([a-z0-9][\w.:-]*)|\b(?:pod|describe pods) ([a-z]\S+)"
)
IN_WORDS = {"clusterip", "and", "for", "or", "anew"}


def one_replica(facts: Facts) -> Facts:
    """With one replica, of a Deployment as kubeadm makes it."""
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
    return workload(facts, {"replicas": 1, "strategy": rolling})


def recreated(facts: Facts) -> Facts:
    """With a Deployment that takes all replicas down before it makes new ones."""
    return workload(facts, {"strategy": {"type": "Recreate"}})


def daemons(facts: Facts) -> Facts:
    """With a DaemonSet that takes all replicas down at once."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}}
    return workload(facts, {"updateStrategy": strategy}, {"desiredNumberScheduled": 2})


def workload(facts: Facts, spec: Manifest, status: Manifest | None = None) -> Facts:
    """With a workload of another shape."""
    if facts.inventory.workload is None:
        return facts
    return edited(
        facts, "workload", lambda w: (w["spec"].update(spec), w.update(status=status or {}))
    )


def ownerless(facts: Facts) -> Facts:
    """With pods that no Deployment and no DaemonSet made, and a Corefile from nowhere."""
    return inventory(facts, workload=None, config_map=None)


def elsewhere(facts: Facts) -> Facts:
    """With other names for everything: no name may be taken for granted."""
    text = facts.to_json().replace("kube-system", "dns-place").replace("kube-dns", "names")
    text = re.sub(r"(?<![/\w-])coredns(?!-\d|:|/)\b", "resolver", text)
    return Facts.from_json(text)


def nobody(facts: Facts) -> Facts:
    """With nothing known of who serves DNS."""
    return inventory(facts, workload=None, service=None, pods=(), slices=(), config_map=None)


def without_reload(facts: Facts) -> Facts:
    """With a Corefile that nobody reloads."""
    text = (facts.inventory.corefile_text or "").replace("    reload\n", "")
    return replace(inventory(facts, corefile_text=text), logs={})


OTHERWISE: Mapping[str, Change] = {
    "as it is": lambda facts: facts,
    "one replica": one_replica,
    "Recreate": recreated,
    "all daemons": daemons,
    "no owner": ownerless,
    "other names": elsewhere,
    "nobody": nobody,
    "no reload": without_reload,
}


@cache
def all_facts() -> Mapping[str, Facts]:
    """Facts by name: of every faulty cluster that there is."""
    made = {name: change(healthy()) for name, (_, change) in {**FAULTY, **UNCATALOGUED}.items()}
    made |= {name: change(healthy()) for name, change in UNKNOWN.items()}
    return made | {path.stem: Facts.read(path) for path in RECORDED}


def remedies(facts: Facts) -> Iterator[tuple[str, str]]:
    """Every line that any cause says to do, with the cause; and what is said where none fits."""
    for cause in all_causes().values():
        if finding := cause.find(facts):
            yield from ((cause.name, line) for line in finding.remedy)
    yield from (("unknown", line) for line in unknown(facts, facts.failed).remedy)


@cache
def advised(shape: str) -> Mapping[str, tuple[Facts, list[tuple[str, str]]]]:
    """All facts as this shape of replicas makes them, with all that is said to do."""
    before = all_facts()
    if shape in SLIGHT:  # what differs is seen in those that were made by hand
        before = {name: facts for name, facts in before.items() if name not in ALL_RECORDED}
    made = {name: OTHERWISE[shape](facts) for name, facts in before.items()}
    return {name: (facts, list(remedies(facts))) for name, facts in made.items()}


def names_in(line: str) -> Iterator[str]:
    """The objects, namespaces and labels that the commands of a remedy are about, unless new."""
    command = line.partition("kubectl ")[2].partition("  #")[0]
    made = " create " in command
    for match in NAMED.finditer(command):
        name = match.group(1) or match.group(2)
        if not made and name not in IN_WORDS and name != name.upper():
            yield name.rstrip(".,;:)")
    yield from re.findall(r"-n ([a-z][\w-]*)", command)
    yield from (
        v for labels in re.findall(r" -l ([^\s;]+)", command) for v in re.split("[=,]", labels)
    )
    yield from (
        v for each in re.findall(r"--serviceaccount=(\S+)", command) for v in each.split(":")
    )
    yield from re.findall(r"--clusterrole=(\S+)", command)


# What every cluster has (API reference), or is a word of the API.
ALWAYS = {"default", "kube-system", "kubernetes", "kubernetes.io/service-name"}


DREADED = (
    "kubectl -n kube-system delete pods -l k8s-app=kube-dns",
    "kubectl delete po --field-selector spec.nodeName=w1",
    "kubectl delete pods --all",
    "kubectl replace --force -f x.yaml",
    "kubectl delete pod x --grace-period=0",
    "kubectl scale deployment/coredns --replicas=0",
    "kubectl delete service kube-dns",
    "kubectl delete endpointslice kube-dns-x",
    "kubectl delete networkpolicy shut",
    "iptables -P FORWARD ACCEPT",
    "iptables -F",
    "iptables -t nat -F",
    "nft flush ruleset",
    "conntrack -F",
    "kubectl create clusterrolebinding x --clusterrole=cluster-admin",
    "kubectl -n kube-system rollout restart daemonset/kube-proxy",
    "on a, b: set clusterDNS: [10.96.0.10], then: systemctl restart kubelet",
    "take loop out of the Corefile",
)


@pytest.mark.parametrize("line", DREADED)
def test_harm_is_recognised(line: str) -> None:
    """Else the checks below would prove nothing."""
    assert [what for what, pattern in HARMFUL.items() if re.search(pattern, line)]


@pytest.mark.parametrize("shape", OTHERWISE)
def test_no_remedy_is_harmful(shape: str) -> None:
    """Each could be pasted into production."""
    found = {
        f"{what}: {cause}: {line}"
        for _, lines in advised(shape).values()
        for cause, line in lines
        for what, pattern in HARMFUL.items()
        if re.search(pattern, line)
    }
    assert found == set()


@pytest.mark.parametrize("shape", OTHERWISE)
def test_remedies_name_what_was_seen(shape: str) -> None:
    """An object, a namespace or a label of a command stands in the facts of this run."""
    found = set()
    for facts, lines in advised(shape).values():
        seen = {word.strip(".:") for word in re.findall(r"[\w./:-]+", facts.to_json())} | ALWAYS
        seen |= {part for word in seen for part in word.split("/")}  # namespace/name
        seen |= {n for _, line in lines for n in re.findall(r"create clusterrole (\S+)", line)}
        for cause, line in lines:
            found |= {f"{cause} names {n}: {line}" for n in names_in(line) if n not in seen}
    assert found == set()


@pytest.mark.parametrize("shape", ["one replica", "Recreate", "all daemons"])
def test_outages_are_said_before_they_are_made(shape: str) -> None:
    """Where a roll-out takes all replicas down at once, the line before it says so."""
    for name, (facts, told) in advised(shape).items():
        for cause in {cause for cause, _ in told}:
            lines = [line for whose, line in told if whose == cause]
            mine = [
                n for n, line in enumerate(lines) if f"rollout restart {facts.workload}" in line
            ]
            if facts.workload and mine:
                before = lines[mine[0] - 1]
                two = f"scale {facts.workload} --replicas=2" in before
                assert two or "takes down all that it runs at once" in before, (name, lines)


def test_a_restart_that_is_not_needed_is_not_printed() -> None:
    """An edit is taken up where the Corefile in effect reloads, and only there."""
    well = healthy()
    assert after_edit(well) == (BY_ITSELF,)
    assert "rollout restart deployment/coredns" in after_edit(without_reload(well))[0]
    added_since = replace(well, logs={"coredns-a": ".:53\nCoreDNS-1.12.1\nlinux/amd64\n"})
    assert "rollout restart deployment/coredns" in after_edit(added_since)[0]
    restarted = ".:53\nCoreDNS-1.12.1\n.:53\n[INFO] plugin/reload: Running configuration SHA512 = 0"
    assert after_edit(replace(well, logs={"coredns-a": f"{restarted}\nCoreDNS-1.12.1\n"})) == (
        BY_ITSELF,
    )


def owned(kind: str) -> Change:
    """Replicas without a Deployment, that somebody of this kind owns."""

    def own(pods: tuple[Manifest, ...]) -> None:
        for pod in pods:
            pod["metadata"]["ownerReferences"] = [{"kind": kind, "name": "x"}] if kind else []

    return lambda facts: ownerless(edited(facts, "pods", own))


@pytest.mark.parametrize(
    ("kind", "word"),
    [("Node", "static pod: on cp"), ("StatefulSet", "belongs to StatefulSet x"), ("", "no owner")],
)
def test_pods_without_a_deployment_get_a_fitting_word(kind: str, word: str) -> None:
    """Nobody would make a bare pod anew, and a static one is the kubelet's."""
    lines = restart(owned(kind)(healthy()))
    assert len(lines) == 2
    assert word in lines[0]


def test_nothing_is_restarted_with_a_broken_corefile() -> None:
    """New replicas would not start."""
    faulty = corefile(healthy(), "    ready\n", "    ready {{\n")
    assert "first correct the Corefile" in restart(faulty)[0]


def test_rights_go_to_nobody_who_does_not_serve_dns() -> None:
    """Where no pod and no workload is known, no cause speaks of rights."""
    faulty = replace(FAULTY["no rights"][1](healthy()), cluster_roles={"system:coredns": False})
    assert all_causes()["rbac-missing"].find(nobody(faulty)) is None
    told = all_causes()["rbac-missing"].find(faulty)
    assert told is not None
    assert "--serviceaccount=kube-system:coredns" in " ".join(told.remedy)


def test_rights_are_not_given_to_the_account_of_everybody() -> None:
    """Replicas that run as default get an account of their own first."""
    faulty = edited(
        FAULTY["no rights"][1](healthy()),
        "workload",
        lambda w: w["spec"]["template"]["spec"].pop("serviceAccountName"),
    )
    told = all_causes()["rbac-missing"].find(faulty)
    assert told is not None
    assert not any("kubectl" in line for line in told.remedy)


def test_memory_is_never_made_less() -> None:
    """The limit in the remedy is above the one that was too small."""

    def roomy(found: Manifest) -> None:
        container = found["spec"]["template"]["spec"]["containers"][0]
        container["resources"] = {"limits": {"memory": "512Mi"}}

    told = all_causes()["oom"].find(edited(FAULTY["killed"][1](healthy()), "workload", roomy))
    assert told is not None
    assert "--limits=memory=1024Mi" in told.remedy[0]


def test_a_slice_is_taken_from_the_service_and_not_deleted() -> None:
    """What leads astray goes, what leads to replicas stays, and the controller's is left alone."""

    def held(name: str, manager: str, *addresses: str) -> Manifest:
        labels = {"endpointslice.kubernetes.io/managed-by": manager}
        endpoints = [{"addresses": [a], "conditions": {"ready": True}} for a in addresses]
        return {"metadata": {"name": name, "labels": labels}, "endpoints": endpoints, "ports": []}

    well = healthy()
    mine, right = "endpointslice-controller.k8s.io", "10.244.0.2"
    slices = (
        held("a", "", "10.9.9.9"),
        held("b", "", "10.9.9.8", right),
        held("c", mine, "10.9.9.7"),
    )
    told = all_causes()["dns-svc-stale-endpoint"].find(inventory(well, slices=slices))
    assert told is not None
    lines = told.remedy[1:]
    assert "label endpointslice a kubernetes.io/service-name-" in lines[0]
    assert "edit endpointslice b  # take out 10.9.9.8 only" in lines[1]
    assert "c is written by kube-controller-manager" in lines[2]


def test_draining_the_only_node_of_all_replicas_moves_these_first() -> None:
    """An eviction takes both away together, where no disruption budget forbids it."""
    there = edited(healthy(), "pods", lambda pods: [p["spec"].update(nodeName="cp") for p in pods])
    told = _new_bridge(there, "cp")
    assert ["rollout restart deployment/coredns" in line for line in told].index(True) == 1
    alone = inventory(there, nodes=there.inventory.nodes[:1])
    assert _new_bridge(alone, "cp")[0].startswith("beware: no other node")


@pytest.mark.parametrize(
    "folder", ["docs", "tests", "fixtures", "clusterdns/diagnosis", "clusterdns/corefile"]
)
def test_no_text_advises_harm(folder: str) -> None:
    """Messages of checks and the documents are remedies too."""
    files = [p for p in (ROOT / folder).rglob("*") if p.suffix in (".py", ".md")]
    files += [ROOT / "README.md"] if folder == "docs" else []
    patterns = {what: p for what, p in HARMFUL.items() if what not in IN_CODE}
    found = [
        f"{path.name} {what}: {line.strip()}"
        for path in files
        for line in path.read_text(encoding="utf-8").splitlines()
        for what, pattern in patterns.items()
        if re.search(pattern, line)
    ]
    assert found == []


def test_facts_hold_who_owns_the_pods() -> None:
    """Else a static pod that was written down would be a bare one."""
    facts = owned("Node")(
        failing(healthy(), "tests/dns/test_apex.py::test_zone_has_one_soa_record[udp]")
    )
    kept = json.loads(facts.to_json())["inventory"]["pods"][0]["metadata"]["ownerReferences"]
    assert kept == [{"kind": "Node", "name": "x"}]
