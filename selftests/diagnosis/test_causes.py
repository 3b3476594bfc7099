"""Each cause is named first for its own facts, and by nobody else's."""

import time
from pathlib import Path

import pytest

from clusterdns.diagnosis import Facts, diagnose
from clusterdns.diagnosis.finding import all_causes
from clusterdns.diagnosis.ranking import candidates
from clusterdns.report.model import Diagnosis
from selftests.diagnosis.edit_facts import failing
from selftests.diagnosis.faulty_facts import FAULTY as CATALOGUED
from selftests.diagnosis.healthy_facts import healthy
from selftests.diagnosis.uncatalogued_faults import UNCATALOGUED, UNKNOWN

FAULTY = CATALOGUED | UNCATALOGUED
RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.json"))


def told(diagnoses: tuple[Diagnosis, ...]) -> str:
    """The diagnoses, for a message."""
    return "\n".join(
        f"{d.cause} ({d.confidence}) explains {len(d.checks)}: {d.summary}" for d in diagnoses
    )


@pytest.mark.parametrize("case", FAULTY)
def test_right_cause_is_first(case: str) -> None:
    """The cause of these facts comes first."""
    cause, change = FAULTY[case]
    found = diagnose(change(healthy()))
    assert found.diagnoses[0].cause == cause, told(found.diagnoses)
    assert found.complaints == ()


@pytest.mark.parametrize("case", FAULTY)
def test_no_wrong_cause_is_sure(case: str) -> None:
    """Nothing else is claimed with high confidence."""
    cause, change = FAULTY[case]
    found = diagnose(change(healthy())).diagnoses
    assert {d.cause for d in found if d.confidence == "high"} <= {cause}, told(found)


@pytest.mark.parametrize("case", FAULTY)
def test_all_failures_are_explained(case: str) -> None:
    """A cause explains all that follows from it."""
    _, change = FAULTY[case]
    facts = change(healthy())
    found = diagnose(facts)
    explained = {name for d in found.diagnoses if d.cause != "unknown" for name in d.checks}
    assert {t.name for t in facts.troubles} - explained == set(), told(found.diagnoses)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_recorded_facts(path: Path) -> None:
    """Facts of real clusters, named after the cause that was put in; no other is sure."""
    found, right = diagnose(Facts.read(path)).diagnoses, path.stem.partition("+")[0]
    assert found[0].cause == right, told(found)
    assert {d.cause for d in found if d.confidence == "high"} <= {right}, told(found)


def test_health_has_no_diagnosis() -> None:
    """Without a failure there is nothing to say."""
    assert diagnose(healthy()).diagnoses == ()


def test_a_strange_failure_is_unknown() -> None:
    """A failure that nothing explains is not explained by anything that happens to be there."""
    facts = failing(healthy(), "tests/dns/test_apex.py::test_zone_has_one_soa_record[udp]")
    found = diagnose(facts)
    assert [d.cause for d in found.diagnoses] == ["unknown"], told(found.diagnoses)


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_no_cause_is_about_is_unknown(case: str) -> None:
    """A fault that no cause is about is not claimed by one that is near."""
    found = diagnose(UNKNOWN[case](healthy()))
    assert [d.cause for d in found.diagnoses] == ["unknown"], told(found.diagnoses)


def test_no_cause_speaks_of_health() -> None:
    """No cause finds anything in the facts of a healthy cluster, whatever failed."""
    facts = failing(healthy(), *(f"tests/{name}" for name in EVERY_FILE))
    found = candidates(facts, all_causes().values())
    assert [one.cause.name for one in found] == []


EVERY_FILE = (
    "network/test_dns_service.py::test_service_has_port[53-udp]",
    "network/test_search_path.py::test_api_server_is_found[getent-ahosts-service.namespace-cluster-first]",
    "network/test_paths.py::test_path_answers[udp]",
    "network/test_forwarding.py::test_outside_name_resolves_as_on_the_node[udp]",
    "network/test_loops.py::test_no_replica_asks_itself",
    "network/test_corefile.py::test_nothing_in_it_is_likely_to_hurt",
    "network/test_dns_workload.py::test_wanted_replicas_are_ready",
    "network/test_replica_endpoints.py::test_replica_answers_ok[/ready]",
)


def test_all_causes_are_judged_in_time() -> None:
    """The whole diagnosis of the worst facts takes far less than a second."""
    facts = FAULTY["no forwarding"][1](healthy())
    begun = time.perf_counter()
    for _ in range(5):
        diagnose(facts)
    assert (time.perf_counter() - begun) / 5 < 0.5


def test_every_cause_has_a_case() -> None:
    """A cause that no case proves is a guess."""
    proved = {cause for cause, _ in FAULTY.values()}
    assert set(all_causes()) - proved == set()


@pytest.mark.parametrize("case", FAULTY)
def test_facts_survive_json(case: str) -> None:
    """Facts can be written down and read again."""
    facts = FAULTY[case][1](healthy())
    assert Facts.from_json(facts.to_json()).to_json() == facts.to_json()
