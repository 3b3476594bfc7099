"""One run of the whole suite on a healthy cluster: all is well, all is said, nothing is left."""

import re
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from clusterdns.api_requests import Right
from clusterdns.cluster import Cluster
from clusterdns.run.plan import PLACES
from selftests.cluster.rights import account_with, allowed, planned_rights, used_rights
from selftests.cluster.sessions import PROJECT, ours_in
from selftests.contract.suite import suite
from selftests.report.examples import (
    assert_self_contained,
    assert_valid_junit,
    assert_valid_results,
)
from trials.cluster import Breakable
from trials.faults.snapshot import Snapshot, take_snapshot
from trials.suite import Verdict, run_suite

ITEMS, ANSWERS = 120, 2000
SETTLED_S = 30.0
LOOK_EVERY_S = 1.0
# In a default run of a healthy cluster of three nodes, on two cores.
MOST_REQUESTS = 700
# Why a right is planned that a healthy run of the default profile does not use.
SPARED = ("after a failure", "does not start", "dead runs", "to hand it on")
# What controllers make after our objects, with labels that they copy; nobody plans these.
COPIED = {"EndpointSlice"}
PLANNED = re.compile(
    r"  (?P<kinds>[A-Z]\w+(, [A-Z]\w+)*)(\.[\w.]+)? ((?P<place>[\w-]+)/)?"
    r"(?P<names>\S.*?) \[(?P<verbs>[a-z ]+)\]"
)


@dataclass
class Healthy:
    """The run, and what was there before and after."""

    verdict: Verdict
    report: Path
    before: Snapshot
    after: Snapshot
    planned: dict[Right, set[str]]
    seen: set[tuple[str, str, str]] = field(default_factory=set)  # of ours, during the run


@pytest.fixture(scope="module")
def healthy(selftest_cluster: Breakable, tmp_path_factory: pytest.TempPathFactory) -> Healthy:
    """One run of the default profile, watched, with the rights of its plan and no others."""
    report = tmp_path_factory.mktemp("healthy") / "report"
    api, nodes = selftest_cluster.api, selftest_cluster.nodes
    seen: set[tuple[str, str, str]] = set()
    over = threading.Event()
    watcher = threading.Thread(target=watch, args=(api, seen, over), daemon=True)
    planned = planned_rights()
    before = take_snapshot(api, nodes)
    watcher.start()
    try:
        with account_with(api, planned, tmp_path_factory.mktemp("account")) as kubeconfig:
            verdict = run_suite(replace(selftest_cluster, kubeconfig=kubeconfig), report)
    finally:
        over.set()
        watcher.join(30)
    return Healthy(verdict, report, before, take_snapshot(api, nodes), planned, seen)


def watch(cluster: Cluster, seen: set[tuple[str, str, str]], over: threading.Event) -> None:
    """Note every object of ours that is ever there."""
    while not over.wait(LOOK_EVERY_S):
        seen |= set(ours_in(cluster))


def test_nothing_fails(healthy: Healthy) -> None:
    """Exit 0; no check failed, none was not run."""
    summary = healthy.verdict.document["summary"]
    print(healthy.verdict.output)
    print(f"{healthy.verdict.seconds:.1f} s", healthy.verdict.document["timing"], summary)
    assert healthy.verdict.checks("failed") == []
    assert healthy.verdict.checks("not-run") == []
    assert healthy.verdict.exit_code == 0
    assert healthy.verdict.document["result"] == "success"


def test_enough_is_asked(healthy: Healthy) -> None:
    """At least 120 checks, and 2,000 answers compared as a whole."""
    checks = healthy.verdict.document["checks"]
    asked = sum(check["asked"] for check in checks)
    assert len(checks) >= ITEMS
    assert asked >= ANSWERS, f"{asked} of {len(checks)} checks"


def test_every_file_is_valid(healthy: Healthy) -> None:
    """As the contract has them: results.yaml, junit.xml, report.html, events.jsonl."""
    document = assert_valid_results(healthy.report)
    assert_valid_junit(healthy.report / "junit.xml")
    assert_self_contained(healthy.report / "report.html")
    assert document["state"] == "finished"
    assert (healthy.report / "events.jsonl").read_text().endswith("\n")


def test_the_times_are_told(healthy: Healthy) -> None:
    """Each part of the budget has its number."""
    timing = healthy.verdict.document["timing"]
    for part in ("setup_s", "checks_s", "teardown_s", "questions"):
        assert timing[part] > 0, timing


def test_what_was_judged_is_told(healthy: Healthy) -> None:
    """Cluster, versions, nodes and replicas."""
    told = healthy.verdict.document["cluster"]
    assert (told["nodes"], told["domain"]) == (3, "cluster.local")
    assert (told["dns"]["implementation"], told["dns"]["replicas"]) == ("coredns", 2)


def test_checks_are_known_by_id_and_parameter(healthy: Healthy) -> None:
    """No two share them, and neither holds the name of this run or an address."""
    checks = healthy.verdict.document["checks"]
    keys = Counter((check["id"], check["param"]) for check in checks)
    assert [key for key, times in keys.items() if times > 1] == []
    assert [key for key in keys if "dns-conf-" in key[1] or "10." in key[1]] == []


def test_nothing_is_left(healthy: Healthy, cluster: Cluster) -> None:
    """No namespace, no object with our label, no folder of pytest-kind."""
    assert healthy.verdict.document["cleanup"] == {
        "state": "clean",
        "restored": [],
        "leftovers": [],
    }
    assert ours_in(cluster) == []
    assert not (PROJECT / ".pytest-kind").exists()


def test_the_cluster_is_as_before(healthy: Healthy) -> None:
    """Nothing of kube-system, of the cluster-wide objects, of the nodes has changed."""
    assert healthy.before.differences(healthy.after) == []


def test_what_was_made_was_planned(healthy: Healthy) -> None:
    """--plan names every object that was there during the run."""
    assert healthy.seen, "nothing was seen: the watch is broken"
    plan = plan_lines()
    run = name_of_run(healthy)
    unplanned = []
    for kind, place, name in sorted(healthy.seen):
        made = (kind, place.replace(run, PLACES.main), name.replace(run, PLACES.main))
        if not any(covers(line, made) for line in plan) and kind not in COPIED:
            unplanned.append(made)
    assert unplanned == [], plan


def name_of_run(healthy: Healthy) -> str:
    """The name of the run: that of its first namespace."""
    return min((name for kind, _, name in healthy.seen if kind == "Namespace"), key=len)


def test_the_rights_that_were_used_were_planned(healthy: Healthy) -> None:
    """Every request of the run is covered by what --plan says, in the right namespace."""
    used = used_rights(healthy.report, name_of_run(healthy))
    assert sorted(right for right in used if not allowed(right, healthy.planned)) == []


def test_the_rights_that_were_planned_were_used(healthy: Healthy) -> None:
    """--plan asks for no right without need, but for failures and for what dead runs left."""
    used = used_rights(healthy.report, name_of_run(healthy))
    anywhere = {(right.group, right.resource, right.verb) for right in used}
    idle = [
        (right, why)
        for right, why in sorted(healthy.planned.items())
        if right not in used
        and not (right.namespace == "" and (right.group, right.resource, right.verb) in anywhere)
        and not all(any(word in each for word in SPARED) for each in why)
        # Which of the two exec needs depends on the version of Kubernetes.
        and (right.resource, right.verb) != ("pods/exec", "create")
    ]
    assert idle == []


def test_the_api_is_asked_gently(healthy: Healthy) -> None:
    """The requests are told by verb, and there are not many of them."""
    requests = healthy.verdict.document["timing"]["apiRequests"]
    print(requests)
    assert sum(n for verb, n in requests.items() if verb != "total") == requests["total"]
    assert 0 < requests["total"] <= MOST_REQUESTS


def plan_lines() -> list[tuple[str, str, str]]:
    """Kind, namespace and name of each object that --plan says will be created."""
    return [
        (kind, found["place"] or "", name)
        for line in suite("--plan").output.splitlines()
        if (found := PLANNED.match(line)) and "create" in found["verbs"].split()
        for kind in found["kinds"].split(", ")
        for name in found["names"].split(", ")
    ]


def covers(line: tuple[str, str, str], made: tuple[str, str, str]) -> bool:
    """Whether a line of the plan means an object: N is a number, (words) are any of the kind."""
    kind, place, name = line
    pattern = "*" if name.startswith("(") else name.replace("-N", "-*")
    return (kind, place) == made[:2] and fnmatchcase(made[2], pattern)
