"""The runner makes all objects at once, and every way to fail comes out as a reason."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, cast

import pytest
from kubernetes.client import ApiException

from clusterdns.cluster import Manifest
from clusterdns.experiments import runner
from clusterdns.experiments.context import ExperimentContext
from clusterdns.experiments.experiment import Experiment
from clusterdns.experiments.runner import ExperimentRunner
from clusterdns.inventory.metrics import NoMetricsError
from clusterdns.own_coredns import NotPossibleError
from clusterdns.probe import ProbeLostError
from clusterdns.testbed.testbed import Testbed
from clusterdns.timeouts import Timeouts

from .places import Recorder, inventory, node, replica, workspace

SHARED: Manifest = {"kind": "Pod", "metadata": {"name": "shared"}}
SHORT = Timeouts(probe=0.1, pod=0.1, reload=0.1)


class Fake(Experiment[str]):
    """An experiment that makes a ConfigMap and a pod, and ends as it is told."""

    plan = ()
    end: ClassVar[Callable[[], str]]

    def manifests(self) -> list[Manifest]:
        """One pod of its own, one that another experiment makes too."""
        return [SHARED, {"kind": "ConfigMap", "metadata": {"name": self.name}}]

    def conduct(self, context: ExperimentContext) -> str:
        """End."""
        return type(self).end()


def fails(error: Exception) -> Callable[[], str]:
    """An experiment that ends with an error."""

    def end() -> str:
        raise error

    return end


ENDS: dict[str, Callable[[], str]] = {
    "good": lambda: "a result",
    "impossible": fails(NotPossibleError("it did not start")),
    "lost": fails(ProbeLostError("the probe pod is gone")),
    "blind": fails(NoMetricsError("no page")),
    "refused": fails(ApiException(status=403, reason="Forbidden")),
    "broken": fails(ZeroDivisionError("a mistake of ours")),
}


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fakes in place of all experiments; "looks" needs no CoreDNS."""

    def made(name: str, end: Callable[[], str]) -> type[Fake]:
        said = {"name": name, "end": staticmethod(end), "needs_coredns": name != "looks"}
        return type(name, (Fake,), said)

    fakes = {name: made(name, end) for name, end in {**ENDS, "looks": ENDS["good"]}.items()}
    monkeypatch.setattr(runner, "EXPERIMENTS", fakes)


@pytest.fixture
def recorder() -> Recorder:
    """What is made."""
    return Recorder()


def open_runner(
    folder: Path, recorder: Recorder, *wanted: str, image: str = "coredns:v1.12.1"
) -> ExperimentRunner:
    """A runner in a cluster with this DNS."""
    found = inventory((node("a"),), (replica("coredns-1", "a"),), image)
    return ExperimentRunner(workspace(folder, found, recorder, SHORT), wanted)


def begun(
    folder: Path, recorder: Recorder, *wanted: str, image: str = "coredns:1"
) -> ExperimentRunner:
    """A runner whose experiments have begun, as they do when there are probes."""
    made = open_runner(folder, recorder, *wanted, image=image)
    made.begin(cast(Testbed, None))
    return made


def test_only_what_is_wanted_is_made_and_each_object_once(
    tmp_path: Path, recorder: Recorder
) -> None:
    """Pods last, and an object that two experiments share only once."""
    made = begun(tmp_path, recorder, "good", "looks")
    assert made.result("good") == "a result"
    names = [(o["kind"], o["metadata"]["name"]) for o in recorder.made]
    assert sorted(names[:2]) == [("ConfigMap", "good"), ("ConfigMap", "looks")]
    assert names[2:] == [("Pod", "shared")]


def test_an_object_that_is_refused_costs_its_experiment(tmp_path: Path, recorder: Recorder) -> None:
    """In the words of the API server; the others are carried out."""
    recorder.refuses = lambda each: bool(each["metadata"]["name"] == "good")
    made = begun(tmp_path, recorder, "good", "looks")

    with pytest.raises(
        NotPossibleError, match=r"ConfigMap good could not be made: .* policy p denied"
    ):
        made.result("good")
    assert made.result("looks") == "a result"


def test_objects_that_differ_under_one_name_are_refused(
    tmp_path: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is made: one of them would be missing, and its experiment would use the other."""
    monkeypatch.setattr(Fake, "manifests", lambda self: [{**SHARED, "spec": {"for": self.name}}])
    with pytest.raises(ValueError, match="good and looks make a Pod shared each, that differ"):
        begun(tmp_path, recorder, "good", "looks").result("good")
    assert recorder.made == []


def test_one_name_in_two_namespaces_is_no_conflict() -> None:
    """They are two objects."""
    pods = [{"kind": "Pod", "metadata": {"name": "x", "namespace": n}} for n in ("a", "b")]
    assert runner.each_once({"one": pods[:1], "other": pods}) == pods


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("impossible", "it did not start"),
        ("lost", "the experiment lost broke off: the probe pod is gone"),
        ("blind", "the experiment blind broke off: no page"),
        ("refused", "the experiment refused broke off: the API server answered 403 Forbidden"),
    ],
)
def test_what_cannot_be_had_is_a_reason(
    tmp_path: Path, recorder: Recorder, name: str, reason: str
) -> None:
    """Checks are then not run, and the reason is told."""
    with pytest.raises(NotPossibleError) as told:
        begun(tmp_path, recorder, name).result(name)
    assert str(told.value) == reason


def test_mistake_of_ours_is_no_reason(tmp_path: Path, recorder: Recorder) -> None:
    """It must come out as what it is."""
    with pytest.raises(ZeroDivisionError):
        begun(tmp_path, recorder, "broken").result("broken")


def test_one_that_fails_stops_no_other(tmp_path: Path, recorder: Recorder) -> None:
    """Each has a result of its own."""
    made = begun(tmp_path, recorder, "broken", "good")
    assert made.result("good") == "a result"


def test_without_coredns_only_looking_is_possible(tmp_path: Path, recorder: Recorder) -> None:
    """A cluster whose DNS is another program still has upstreams to look at."""
    made = begun(tmp_path, recorder, "looks", "good", image="registry.example/kube-dns:1")
    assert made.result("looks") == "a result"
    with pytest.raises(NotPossibleError, match="a CoreDNS image is needed"):
        made.result("good")


def test_result_that_never_comes_is_awaited_for_so_long(tmp_path: Path, recorder: Recorder) -> None:
    """Without probes nothing begins."""
    made = open_runner(tmp_path, recorder, "good")
    with pytest.raises(NotPossibleError, match=r"did not end within 0\.6 s"):
        made.result("good")


def test_refused_objects_stop_all(tmp_path: Path) -> None:
    """When the API server does not let us make them."""

    class Refuses(Recorder):
        def create_all(self, manifests: list[Manifest]) -> list[Manifest]:
            raise ApiException(status=403, reason="Forbidden")

    with pytest.raises(NotPossibleError, match="403 Forbidden"):
        begun(tmp_path, Refuses(), "good").result("good")
