"""Gathering ends in time and without an error, however bad the API server is."""

import pathlib
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from kubernetes import client

from clusterdns.cluster import Cluster, Manifest
from clusterdns.diagnosis import Sources, diagnose, gather
from clusterdns.diagnosis.api_facts import EVENTS_S, node_confs, says_something
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.gather import path_losses
from clusterdns.matrix.losses import Losses, Path
from clusterdns.run.state import write_private
from selftests.diagnosis.edit_facts import trouble
from selftests.diagnosis.healthy_facts import REPLICAS, healthy, pod, workload

FAILED = [trouble("tests/network/test_dns_service.py::test_service_has_port[53-udp]")]


@pytest.fixture
def silent_server() -> Iterator[str]:
    """A server that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def cluster_at(url: str) -> Cluster:
    """A connection to a server, without any credentials."""
    return Cluster(client.ApiClient(client.Configuration(host=url)), "kind-x")


def test_a_silent_server_costs_no_more_than_the_deadline(silent_server: str) -> None:
    """What is not there in time is left out, with the reason."""
    begun = time.monotonic()
    facts = gather(Sources(cluster_at(silent_server), healthy().inventory, FAILED), deadline_s=1.0)
    assert time.monotonic() - begun < 2.0
    assert facts.missing["services"] == "not there in time"
    assert facts.rights is None


def test_a_server_that_is_gone_is_a_reason() -> None:
    """Every fact that could not be had says why; the diagnosis is still made."""
    facts = gather(Sources(cluster_at("http://127.0.0.1:1"), healthy().inventory, FAILED), 3.0)
    assert "inventory" in facts.missing
    assert [d.cause for d in diagnose(facts).diagnoses] == ["unknown"]


@pytest.mark.parametrize(
    ("about", "age_s", "kept"),
    [
        ("coredns-gone", 20.0, True),
        ("coredns-gone", EVENTS_S + 20.0, False),
        ("coredns-there", EVENTS_S + 20.0, True),
    ],
)
@pytest.mark.parametrize("field", ["lastTimestamp", "eventTime"])
def test_old_events_say_nothing(about: str, age_s: float, kept: bool, field: str) -> None:
    """What happened to pods that are gone explains nothing, unless it was a moment ago."""
    then = (datetime.now(UTC) - timedelta(seconds=age_s)).isoformat()
    event = {
        "metadata": {"creationTimestamp": "2020-01-01T00:00:00Z"},
        "involvedObject": {"kind": "Pod", "name": about},
        "lastTimestamp": None,
        field: then,
    }
    assert says_something(event, ["coredns-there"]) is kept


@pytest.mark.parametrize(("late", "no_accident"), [(2, False), (9, True)])
def test_late_answers_of_a_path_are_told_with_their_chance(late: int, no_accident: bool) -> None:
    """Answers that were late in some rounds of 300: causes see whether that is an accident."""
    losses = Losses()
    for turn in range(300):
        losses.note(Path("w1", "pod/a", "tcp"), True, 1003.0 if turn < late else 2.0, turn)
    (found,) = path_losses(losses)
    assert (found.late, found.improbable, found.improbably_late) == (late, False, no_accident)


NAME = next(iter(REPLICAS))


def test_facts_hold_no_values_of_the_environment() -> None:
    """Variables of containers, and the annotation that repeats them, stay out of the file."""
    replica, deployment = pod(NAME), workload()
    variables = [{"name": "AWS_SECRET", "value": "s3cret"}, {"name": "REF", "valueFrom": {}}]
    applied = {"kubectl.kubernetes.io/last-applied-configuration": "...s3cret..."}
    for each in (replica["spec"], deployment["spec"].setdefault("template", {})):
        each["containers"] = [{"name": "coredns", "env": variables}]
        each["initContainers"] = [{"name": "first", "env": variables}]
    for each in (replica, deployment):
        each["metadata"]["annotations"] = applied
    facts = healthy()
    inventory = replace(facts.inventory, pods=(replica,), workload=deployment)

    text = replace(facts, inventory=inventory).to_json()

    assert "s3cret" not in text
    assert "AWS_SECRET" in text
    assert Facts.from_json(text).inventory.pods[0]["metadata"]["name"] == NAME


def test_a_private_file_is_nobody_else_s(tmp_path: pathlib.Path) -> None:
    """Also where it takes the place of one that all could read."""
    path = tmp_path / "facts.json"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")

    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600


@dataclass
class Printing:
    """A cluster whose pods have this spec and printed this resolv.conf."""

    spec: Manifest
    printed: str

    def list(self, kind: str, namespace: str) -> list[Manifest]:
        """One pod of ours beside a replica."""
        spec = {"nodeName": "w1", **self.spec}
        meta = {"name": "node-resolver-0", "namespace": namespace}
        return [{"metadata": meta, "spec": spec, "status": {"phase": "Running"}}]

    def logs(self, namespace: str, name: str, lines: int) -> str:
        """What it printed."""
        return self.printed


@pytest.mark.parametrize(
    ("spec", "known"),
    [
        ({"dnsPolicy": "Default"}, ("192.0.2.1", "192.0.2.2")),
        ({"dnsPolicy": "Default", "dnsConfig": {"options": []}}, ("192.0.2.1", "192.0.2.2")),
        ({"dnsPolicy": "Default", "dnsConfig": {"nameservers": ["192.0.2.2"]}}, ("192.0.2.1",)),
        ({"dnsPolicy": "None", "dnsConfig": {"nameservers": ["192.0.2.2"]}}, None),
    ],
)
def test_what_a_dns_config_adds_is_not_the_node_s(spec: Manifest, known: object) -> None:
    """Somebody may have rewritten the pod, or the replicas have it, too."""
    printed = "nameserver 192.0.2.1\nnameserver 192.0.2.2\n"
    found = node_confs(cast(Cluster, Printing(spec, printed)), ["ns"])
    assert (found["w1"].nameservers if found else None) == known
