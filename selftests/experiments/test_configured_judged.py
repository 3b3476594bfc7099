"""What each configuration leads to is read from it rightly, and another answer is found."""

from dataclasses import replace
from pathlib import Path

import pytest

from clusterdns.corefile import findings, parse
from clusterdns.experiments.configured.experiment import (
    WAYS,
    Configured,
    ConfiguredExperiment,
    Way,
    corefile,
)
from clusterdns.experiments.context import ExperimentSetup
from clusterdns.matrix import expect
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.expect import Expected
from clusterdns.matrix.question import Question
from clusterdns.objects.edge_cases import Drawn
from selftests.experiments.answers import said
from selftests.experiments.local_coredns import failures_of
from tests.network import test_configured as checks

from .places import Recorder, inventory, node, replica, workspace

ZONE = "cluster.example."
VERIFIED, DISABLED, INSECURE = WAYS
API = Question(f"kubernetes.default.svc.{ZONE}", "A")
PORT = Question(f"_https._tcp.{API.name}", "SRV")
STEP = Question(f"kubernetes.default.ours.svc.{ZONE}", "A")
KNOWN = expect.addresses(API.name, ["10.96.0.1"])
FOUND = expect.alias(STEP.name, API.name, *KNOWN.records)
RUNNING = "10.244.0.9"
NOTHING = expect.nxdomain(ZONE)


@pytest.fixture
def experiment(tmp_path: Path) -> ConfiguredExperiment:
    """The experiment in a cluster with another domain."""
    found = inventory((node("a"),), (replica("coredns-1", "a"),))
    setup = ExperimentSetup(workspace(tmp_path, found, Recorder()), "a")
    return ConfiguredExperiment(setup, "coredns", ZONE)


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
    port, run = WAYS[way][0], experiment.setup.workspace.run
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


def port(ttl: int) -> Answer:
    """The answer with this TTL to a question that no cache knows."""
    target = Expected(records=frozenset({f"{PORT.name} SRV 0 100 443 {API.name}"}))
    return said(PORT, target, ZONE, ttl)


@pytest.fixture
def sound(experiment: ConfiguredExperiment) -> Configured:
    """What a CoreDNS says that does as it is configured."""
    ways = {}
    for way, (number, _) in WAYS.items():
        wanted, ttl = experiment.records_of(number, (RUNNING,)), experiment.ttl_of(number)
        records = {question: said(question, right, ZONE) for question, right in wanted.items()}
        ways[way] = Way(records, wanted, said(API, KNOWN, ZONE), KNOWN, port(ttl), ttl)
    return Configured(ways, said(STEP, FOUND, ZONE), FOUND)


def test_what_follows_from_the_configuration_passes(sound: Configured) -> None:
    """Of every server block."""
    assert failures_of(checks, "configured", sound) == {}


@pytest.mark.parametrize(
    ("way", "address", "what"),
    [
        (VERIFIED, RUNNING, NOTHING),
        (VERIFIED, RUNNING, Expected("SERVFAIL")),
        (VERIFIED, "", "echoed"),
        (DISABLED, RUNNING, "echoed"),
        (INSECURE, RUNNING, "another"),
        (INSECURE, "", NOTHING),
    ],
    ids=["unknown", "servfail", "nobody-known", "not-disabled", "another-address", "not-echoed"],
)
def test_wrong_pod_record_is_found(
    sound: Configured, experiment: ConfiguredExperiment, way: str, address: str, what: object
) -> None:
    """One name of a pod's address, or of an address that nobody has ("")."""
    run = experiment.setup.workspace.run
    real = address or Drawn(run).ipv4(101)
    question = Question(f"{real.replace('.', '-')}.{run}.pod.{ZONE}", "A")
    told = what if isinstance(what, Expected) else None
    given = told or expect.addresses(question.name, [real if what == "echoed" else "192.0.2.66"])
    known = sound.ways[way]
    assert question in known.records
    lying = replace(known, records={**known.records, question: said(question, given, ZONE)})
    found = failures_of(checks, "configured", replace(sound, ways={**sound.ways, way: lying}))
    assert set(found) == {f"pod_records_follow_the_mode-{way}"}, found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"name": said(API, Expected("SERVFAIL"), ZONE)}, "every_block_knows_the_cluster"),
        ({"name": said(API, NOTHING, ZONE)}, "every_block_knows_the_cluster"),
        ({"fresh": port(6)}, "ttl_follows_the_corefile"),
        ({"fresh": said(PORT, NOTHING, ZONE)}, "ttl_follows_the_corefile"),
    ],
    ids=["servfail", "denied", "another-ttl", "no-record"],
)
def test_wrong_answer_of_a_block_is_found(
    sound: Configured, way: str, change: dict[str, Answer], check: str
) -> None:
    """By the check that is there for it, and for this block only."""
    lying = replace(sound.ways[way], **change)  # type: ignore[arg-type]  # fields by name
    found = failures_of(checks, "configured", replace(sound, ways={**sound.ways, way: lying}))
    assert set(found) == {f"{check}-{way}"}, found


@pytest.mark.parametrize(
    "what",
    [NOTHING, KNOWN, expect.alias(STEP.name, API.name)],
    ids=["not-followed", "without-alias", "without-address"],
)
def test_search_that_goes_on_is_found(sound: Configured, what: Expected) -> None:
    """With autopath the first step must bring all that the search finds."""
    found = failures_of(checks, "configured", replace(sound, searched=said(STEP, what, ZONE)))
    assert set(found) == {"autopath_ends_a_search_at_its_first_step"}, found
