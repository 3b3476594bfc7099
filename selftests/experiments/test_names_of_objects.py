"""No two makers of objects use the same name: the API server would refuse the second one.

All that a run of the full profile makes, with the manifests of the makers themselves.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import cast

import pytest

from clusterdns.clients.counting import QuestionCounter
from clusterdns.clients.lookups import make_targets
from clusterdns.clients.planned import plan_pods
from clusterdns.cluster import Cluster, Manifest
from clusterdns.experiments import EXPERIMENTS
from clusterdns.experiments.api_loss.api_lost import DURING, ApiLossExperiment
from clusterdns.experiments.context import ExperimentSetup
from clusterdns.experiments.forward_options.experiment import ChoosingExperiment
from clusterdns.objects.records import make_canary, make_digit_first, make_records, manifest
from clusterdns.objects.updates import Changes
from clusterdns.own_coredns.permissions import account
from clusterdns.probe import Probe
from clusterdns.resolvconf import ResolvConf
from clusterdns.run.plan import HOST_PLACE, PLACES, PlannedObject, planned
from clusterdns.testbed.probes import probe_manifests, probe_name
from clusterdns.testbed.testbed import Testbed, Workspace
from clusterdns.upgrade.target import Target
from fixtures.clients import CANARY
from selftests.diagnosis.healthy_facts import COREFILE

from .places import Recorder, inventory, node, replica, workspace

DOMAIN = "cluster.local"
NODES = ("a", "b")
# The runner makes once what these have in common: pods on the nodes of the replicas.
SHARE = {"outside_names", "upstreams"}
Made = dict[str, list[Manifest]]  # by maker


class Api(Recorder):
    """Gives each Service a cluster IP, as the API server does."""

    def create_all(self, manifests: Sequence[Manifest]) -> list[Manifest]:
        """Make many objects."""
        return super().create_all([self._given(each) for each in manifests])

    def get(self, kind: str, name: str, namespace: str | None = None) -> Manifest:
        """The API server's own Service."""
        found: Manifest = {"kind": kind, "metadata": {"name": name, "namespace": namespace}}
        return self._given(found | {"spec": {}})

    @staticmethod
    def _given(made: Manifest) -> Manifest:
        if made["kind"] != "Service":
            return made
        return made | {"spec": {"clusterIPs": ["10.96.0.9"], **made["spec"]}}


@pytest.fixture
def setup(tmp_path: Path) -> ExperimentSetup:
    """Where everything is made: two namespaces of ours, two nodes with a replica each."""
    pods = tuple(replica(f"coredns-{name}", name) for name in NODES)
    found = inventory(tuple(map(node, NODES)), pods)
    made = workspace(tmp_path, replace(found, corefile_text=COREFILE), Api())
    images = replace(made.images, musl="registry.example/musl:1")
    whole = replace(made, second_namespace=f"{made.namespace}-b", images=images)
    return ExperimentSetup(whole, NODES[0], None, "coredns", "", target=Target("1.14.7"))


def made_by(make: Callable[[Workspace, str], object], setup: ExperimentSetup) -> list[Manifest]:
    """What a function asks the API for."""
    api = Api()
    cluster = cast(Cluster, api)
    make(replace(setup.workspace, cluster=cluster), DOMAIN)
    return api.made


def everything(setup: ExperimentSetup) -> Made:
    """All objects by who makes them; experiments conduct some of theirs later."""
    here: Workspace = setup.workspace
    probes = {name: cast(Probe, None) for name in NODES}
    confs = dict.fromkeys(NODES, ResolvConf(("10.96.0.10",), (), frozenset()))
    clients = plan_pods(Testbed(here, probes, confs, {}), f"{here.namespace}-host", "10.96.0.9")
    newborn = [change.service for change in Changes(here, DOMAIN).all() if not change.exists]
    during = ApiLossExperiment(setup, "coredns", f"{DOMAIN}.").service(DURING)
    made = {name: each.make(setup).manifests() for name, each in EXPERIMENTS.items()}
    made["updates"] += [manifest(here, service) for service in newborn]
    made["api_lost"] += [manifest(here, during)]
    return made | {
        "records": made_by(make_records, setup),
        "digit first": made_by(make_digit_first, setup),
        "lookups": made_by(make_targets, setup),
        "canary of lookups": made_by(lambda here, domain: make_canary(here, CANARY, domain), setup),
        "probes": probe_manifests(here, {probe_name(i): n for i, n in enumerate(NODES)}),
        "clients": [each.manifest for each in clients],
        "question counter": QuestionCounter(here, DOMAIN).coredns.manifests(),
        "account": [account(here)],
    }


def named_twice(made: Made) -> dict[str, list[str]]:
    """The names that several objects have, and their makers."""
    found: dict[str, list[tuple[str, Manifest]]] = defaultdict(list)
    for maker, each in pairs(made):
        meta = each["metadata"]
        found[f"{each['kind']} {meta['namespace']}/{meta['name']}"].append((maker, each))
    return {
        name: [maker for maker, _ in makers]
        for name, makers in found.items()
        if len(makers) > 1 and not is_shared(makers)
    }


def pairs(made: Made) -> Iterator[tuple[str, Manifest]]:
    """Each object beside its maker."""
    return ((maker, each) for maker, objects in made.items() for each in objects)


def is_shared(makers: Sequence[tuple[str, Manifest]]) -> bool:
    """Whether those make it who share it, and all alike."""
    return {maker for maker, _ in makers} == SHARE and all(m == makers[0][1] for _, m in makers)


def test_no_name_is_used_twice(setup: ExperimentSetup) -> None:
    """Each kind, namespace and name has one maker."""
    made = everything(setup)
    assert all(made.values()), f"nobody knows what these make: {made.keys()}"
    assert named_twice(made) == {}


def test_name_that_is_used_twice_is_found(
    setup: ExperimentSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it once was: a Service of the experiment, and one of the records."""
    monkeypatch.setattr("clusterdns.experiments.leaving.experiment.NAME", "leaving")
    found = named_twice(everything(setup))
    assert found == {f"Service {setup.workspace.namespace}/leaving": ["left", "records"]}


@pytest.mark.parametrize(
    ("constant", "name", "maker", "kinds"),
    [
        ("clusterdns.objects.records.DIGIT_FIRST", "web", "digit first", ["Service"]),
        (f"{__name__}.CANARY", "canary", "canary of lookups", ["Service", "EndpointSlice"]),
    ],
    ids=["digit-first", "canary"],
)
def test_services_of_single_fixtures_are_among_them(
    setup: ExperimentSetup,
    monkeypatch: pytest.MonkeyPatch,
    constant: str,
    name: str,
    maker: str,
    kinds: list[str],
) -> None:
    """They are made when their first check asks, long after the others."""
    monkeypatch.setattr(constant, name)
    found = named_twice(everything(setup))
    assert {each.split()[0]: set(makers) for each, makers in found.items()} == {
        kind: {"records", maker} for kind in kinds
    }


def test_experiments_that_differ_under_one_name_are_found(
    setup: ExperimentSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runner would make only one of them."""
    monkeypatch.setattr(ChoosingExperiment, "instance_name", "caching")
    assert set(named_twice(everything(setup))) == {
        f"{kind} {setup.workspace.namespace}/caching" for kind in ("ConfigMap", "Pod")
    }


def unplanned(made: Made, plan: Sequence[PlannedObject], run: str) -> list[str]:
    """What is made and stands in no plan, and what is planned to be made and never is."""
    objects = [each for _, each in pairs(made)]
    planned = [each for each in plan if "create" in each.verbs]
    found = [
        f"{o['kind']} {o['metadata']['name']} is not planned"
        for o in objects
        if not any(is_meant(o, each, run) for each in planned)
    ]
    return found + [
        f"nobody makes {each.kind} {each.name}"
        for each in planned
        if not any(is_meant(o, each, run) for o in objects)
    ]


def is_meant(made: Manifest, planned: PlannedObject, run: str) -> bool:
    """Whether a planned object stands for one that is made.

    N in its name is a number; a name in brackets stands for many.
    """
    meta, pattern = made["metadata"], re.sub(r"\bN$", "[0-9]*", planned.name)
    pattern = "*" if pattern.startswith("(") else pattern
    places = {PLACES.main: run, PLACES.second: f"{run}-b", HOST_PLACE: f"{run}-host"}
    return (
        made["kind"] == planned.kind
        and made["apiVersion"].rpartition("/")[0] == planned.api_group
        and meta["namespace"] == places.get(planned.namespace or "")
        and fnmatchcase(meta["name"], pattern)
    )


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_what_an_experiment_makes_is_what_it_plans(setup: ExperimentSetup, name: str) -> None:
    """The plan of --plan stands beside the maker, and neither says more than the other."""
    made = {name: everything(setup)[name]}
    assert unplanned(made, EXPERIMENTS[name].plan, setup.workspace.namespace) == []


def test_everything_that_is_made_is_planned(setup: ExperimentSetup) -> None:
    """Records, clients, probes and what is looked up, too."""
    made, run = everything(setup), setup.workspace.namespace
    assert [e for e in unplanned(made, planned(), run) if e.endswith("is not planned")] == []


def test_object_that_is_not_planned_is_found(setup: ExperimentSetup) -> None:
    """And one that is planned, and that nobody makes."""
    made = {"left": everything(setup)["left"]}
    plan, run = EXPERIMENTS["left"].plan, setup.workspace.namespace
    gone = {"left": [each for each in made["left"] if each["kind"] != "Service"]}
    assert unplanned(made, plan[1:], run) == ["Pod leaving-a is not planned"]
    assert unplanned(gone, plan, run) == ["nobody makes Service departing"]
