"""The experiment that CONTRIBUTING shows, tried with a real CoreDNS as its own proof says."""

from pathlib import Path

import pytest

from selftests.spec.recipes import examples, module_of


def test_the_example_of_an_experiment_finds_its_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A sound Corefile passes, and each fault of the example fails as it says."""
    experiment, checks, proof = examples("Add an experiment")
    module_of("", "clusterdns.experiments.hosts", monkeypatch)
    module_of(experiment, "clusterdns.experiments.hosts.experiment", monkeypatch)
    module_of(checks, "tests.network.test_hosts", monkeypatch)
    proved = module_of(proof, "selftests.experiments.test_hosts_for_real", monkeypatch)
    verdicts = proved.PROOF.verdicts(tmp_path)
    for fault in proved.FAULTS:
        proved.test_each_fault_is_found(verdicts, fault)
    assert [*verdicts] == ["sound", "another address"]
