"""What each configuration leads to is read from it rightly, as CoreDNS documents it."""

from pathlib import Path

import pytest

from clusterdns.asking.question import Question
from clusterdns.corefile import findings, parse
from clusterdns.experiments.bench import Place
from clusterdns.experiments.configured import WAYS, ConfiguredExperiment, corefile
from clusterdns.objects.variety import Drawn

from .places import Recorder, inventory, node, replica, workspace

ZONE = "cluster.example."


@pytest.fixture
def experiment(tmp_path: Path) -> ConfiguredExperiment:
    """The experiment in a cluster with another domain."""
    found = inventory((node("a"),), (replica("coredns-1", "a"),))
    place = Place(workspace(tmp_path, found, Recorder()), "a")
    return ConfiguredExperiment(place, "coredns", ZONE)


@pytest.mark.parametrize(
    ("way", "of_pod", "of_nobody", "ttl"),
    [
        ("pods-verified-without-cache", "NOERROR", "NXDOMAIN", 7),
        ("pods-disabled-ttl-0-cached", "NXDOMAIN", "NXDOMAIN", 5),
        ("pods-insecure-ttl-60-capped", "NOERROR", "NOERROR", 30),
    ],
)
def test_expectations_follow_from_the_corefile(
    experiment: ConfiguredExperiment, way: str, of_pod: str, of_nobody: str, ttl: int
) -> None:
    """Modes of plugin/kubernetes; a cache gives 5 s at least and its cap at most."""
    port, run = WAYS[way][0], experiment.place.workspace.run
    wanted = experiment.records_of(port, ("10.244.0.9",))

    def code(address: str) -> str:
        name = f"{address.replace('.', '-')}.{run}.pod.{ZONE}"
        return wanted[Question(name, "A")].rcode

    found = (code("10.244.0.9"), code(Drawn(run).ipv4(101)), experiment.ttl_of(port))
    assert found == (of_pod, of_nobody, ttl)


@pytest.mark.parametrize("version", ["1.11.3", "1.12.1", "1.13.1", "1.14.7", "1.15.0"])
def test_corefile_suits_every_version(version: str) -> None:
    """No line of it is refused."""
    found = findings(parse(corefile(ZONE)), version)
    assert [str(one) for one in found if one.level == "error"] == []
