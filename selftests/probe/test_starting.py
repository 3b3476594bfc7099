"""Probe pods that are refused, deleted, stuck or cannot be entered: told apart, node by node."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from clusterdns.cluster import Manifest
from clusterdns.probe import Output, Probe, ProbeLostError
from clusterdns.resolvconf import ResolvConf
from clusterdns.testbed import probes
from clusterdns.testbed.probes import lost_probes, start_probes
from clusterdns.testbed.testbed import Testbed
from clusterdns.timeouts import Timeouts
from selftests.experiments.places import Recorder, inventory, node, workspace

NODES = ("a", "b", "c", "d")
RUNNING = {"containerStatuses": [{"state": {"running": {}}, "ready": True}]}
STUCK = {"phase": "Failed", "reason": "NodeAffinity"}


class FakeProbe:
    """Runs commands, unless its pod is gone."""

    def __init__(self, gone: bool = False) -> None:
        self.gone = gone

    def run(self, commands: list[list[str]], timeout: float) -> list[Output]:
        """Nothing is printed. Raises ProbeLostError."""
        if self.gone:
            raise ProbeLostError("pod probe-0 does not exist any more")
        return [Output(0, "", "") for _ in commands]


def pod(index: int, status: Manifest) -> Manifest:
    """A probe pod as the API has it."""
    return {"metadata": {"name": f"probe-{index}", "namespace": "n"}, "status": status}


def started(folder: Path, pods: list[Manifest], refuses: Callable[[Manifest], bool]) -> Testbed:
    """The probes of a cluster of four nodes whose pods become these."""
    recorder = Recorder({"Pod": pods}, refuses)
    found = inventory(tuple(map(node, NODES)), ())
    short = Timeouts(probe=0.3)
    return start_probes(workspace(folder, found, recorder, short), lambda _: None)


@pytest.fixture(autouse=True)
def _enter(monkeypatch: pytest.MonkeyPatch) -> None:
    """On node d exec is forbidden."""

    def open_on(_: object, on: str, __: str) -> tuple[Probe | None, ResolvConf | None, str]:
        if on == "d":
            return None, None, "the probe pod runs, but: cannot create resource pods/exec"
        return cast(Probe, FakeProbe()), ResolvConf(("10.96.0.10",), ()), ""

    monkeypatch.setattr(probes, "open_on", open_on)


def test_every_node_without_a_probe_is_told_why(tmp_path: Path) -> None:
    """Only the node that could not start one is at fault; of the others nothing is known."""
    pods = [pod(1, STUCK), pod(3, RUNNING)]  # that of c was deleted meanwhile
    testbed = started(tmp_path, pods, lambda each: bool(each["metadata"]["name"] == "probe-0"))

    assert list(testbed.unprobed) == list(NODES)
    assert "policy p denied Pod probe-0" in testbed.unprobed["a"]
    assert list(testbed.unable) == ["b"]
    assert "NodeAffinity" in testbed.unable["b"]
    assert "somebody deleted it" in testbed.unprobed["c"]
    assert "pods/exec" in testbed.unprobed["d"]


def test_one_refusal_for_all_is_one_reason(tmp_path: Path) -> None:
    """Nodes that have no probe for the same reason are named together."""
    testbed = started(tmp_path, [], lambda _: True)

    assert not testbed.probes
    assert not testbed.unable
    assert "policy p denied Pod probe-0" in testbed.why_no_probe
    same = replace(testbed, unprobed=dict.fromkeys(NODES, "quota"))
    assert same.why_no_probe == "a, b, c, d: quota"


def test_a_probe_that_is_lost_later_is_noticed(tmp_path: Path) -> None:
    """Also when nothing was asked after it was gone."""
    pods = [pod(index, RUNNING) for index in range(3)]
    testbed = started(tmp_path, pods, lambda _: False)
    probes = {**testbed.probes, "a": cast(Probe, FakeProbe(gone=True))}

    assert list(lost_probes(replace(testbed, probes=probes))) == ["a"]


def test_node_that_is_not_ready_is_no_node_that_is_fine(tmp_path: Path) -> None:
    """Nothing is asked from it, and the report says so: the cluster is more than the others."""
    down = node("b")
    down["status"] = {
        "conditions": [{"type": "Ready", "status": "Unknown", "message": "Kubelet is silent."}]
    }
    found = inventory((node("a"), down), ())
    recorder = Recorder({"Pod": [pod(0, RUNNING)]}, lambda _: False)
    testbed = start_probes(
        workspace(tmp_path, found, recorder, Timeouts(probe=0.3)), lambda _: None
    )
    assert (list(testbed.probes), dict(testbed.unable)) == (["a"], {})
    assert dict(testbed.unprobed) == {"b": "the node is not ready: Kubelet is silent."}
