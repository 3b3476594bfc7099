"""The experiment that CONTRIBUTING shows is whole, and makes what it plans."""

from pathlib import Path

import pytest

from clusterdns.experiments.context import ExperimentSetup
from clusterdns.experiments.registry import registered
from clusterdns.matrix import expect
from clusterdns.matrix.question import Question
from selftests.experiments.answers import said
from selftests.experiments.local_coredns import failures_of
from selftests.experiments.places import Recorder, inventory, node, replica, workspace
from selftests.experiments.test_names_of_objects import unplanned
from selftests.spec.recipes import examples, module_of


def test_the_example_of_an_experiment_is_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It would be registered, a check takes its result, and its plan is what it makes."""
    experiment, checks, _ = examples("Add an experiment")
    package = "clusterdns.experiments.hosts"
    module_of("", package, monkeypatch)
    made = module_of(experiment, f"{package}.experiment", monkeypatch)
    found = registered([made])
    assert [*found] == ["hosts"]

    cluster = inventory((node("a"),), (replica("coredns-1", "a"),))
    setup = ExperimentSetup(workspace(tmp_path, cluster, Recorder()), "a")
    objects = {"hosts": found["hosts"].make(setup).manifests()}
    assert unplanned(objects, found["hosts"].plan, setup.workspace.namespace) == []

    judged = module_of(checks, "tests.network.test_hosts", monkeypatch)
    name = Question("here.test.", "A")
    for address, failed in (("192.0.2.7", []), ("192.0.2.66", ["name_in_hosts_has_its_address"])):
        result = made.Hosts(said(name, expect.addresses(name.name, [address]), "test."))
        assert [*failures_of(judged, "hosts", result)] == failed
