"""A replica that runs another Corefile than the ConfigMap holds is noticed, and no other."""

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from clusterdns.cluster import Cluster, Manifest, NotFoundError
from clusterdns.corefile import Corefile, fingerprints, parse
from clusterdns.inventory.in_effect import InEffect, look_at_what_runs
from clusterdns.inventory.inventory import Inventory

TEXT = ".:53 {\n    errors\n    reload\n    cache 30\n}\n"
OLDER = TEXT.replace("30", "60")
WITHOUT = TEXT.replace("    reload\n", "")
NOON = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


class OneReplica:
    """The API of a cluster with one replica: its log, and when the ConfigMap was changed."""

    def __init__(self, log: str, text: str, changed: datetime | None) -> None:
        self._log = log
        self._text = text
        self._changed = changed

    def text(self, verb: str, path: str, **_: object) -> str:
        """The log."""
        if not self._log:
            raise NotFoundError(path)
        return self._log

    def find(self, kind: str, name: str, namespace: str) -> Manifest:
        """The ConfigMap: its Corefile was changed once, its labels and another key later."""
        labels: Manifest = {"f:metadata": {"f:labels": {".": {}, "f:team": {}}}}
        fields = [
            managed("kubectl-label", "2027-01-01T00:00:00Z", labels),
            managed("k3s", "2027-01-01T00:00:00Z", {"f:data": {"f:NodeHosts": {}}}),
        ]
        if self._changed:
            whole: Manifest = {"f:data": {".": {}, "f:Corefile": {}}}
            edit: Manifest = {"f:data": {"f:Corefile": {}}}
            fields.append(managed("kubeadm", "2020-01-01T00:00:00Z", whole))
            fields.append(managed("kubectl-edit", self._changed.isoformat(), edit))
        data = {"Corefile": self._text, "NodeHosts": "172.18.0.2 a\n"}
        return {"metadata": {"managedFields": fields}, "data": data}


def managed(manager: str, time: str, fields: Manifest) -> Manifest:
    """An entry of managedFields, as the API has it."""
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": "v1",
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }


def started(*texts: str) -> str:
    """What CoreDNS logs when it starts with the first, and reloads the others."""
    sums = (next(iter(fingerprints(parse(text)))) for text in texts)
    return "".join(f"[INFO] plugin/reload: Running configuration SHA512 = {s}\n" for s in sums)


def what_runs(text: str, log: str, changed: datetime | None = NOON) -> InEffect:
    """What is found of a replica that started at noon."""
    state = {"running": {"startedAt": NOON.isoformat()}}
    pod: Manifest = {
        "metadata": {"name": "coredns-1", "namespace": "kube-system"},
        "status": {"containerStatuses": [{"name": "coredns", "state": state}]},
    }
    template = {"spec": {"containers": [{"name": "coredns", "image": "coredns:1"}]}}
    workload = {"metadata": {"namespace": "kube-system"}, "spec": {"template": template}}
    place = ("kube-system", "coredns")
    found = Inventory("v1", (), None, (), workload, (pod,), text, place)
    corefile = found.corefile
    assert isinstance(corefile, Corefile)
    return look_at_what_runs(cast(Cluster, OneReplica(log, text, changed)), found, corefile)


@pytest.mark.parametrize("log", [started(TEXT), started(OLDER, TEXT)], ids=["start", "reload"])
def test_what_the_configmap_holds_is_in_effect(log: str) -> None:
    """The sum that was logged last counts, however old the ConfigMap is."""
    found = what_runs(TEXT, log, NOON + timedelta(hours=1))
    assert (found.outdated(), found.unknown) == ({}, False)


@pytest.mark.parametrize("log", [started(OLDER), started(TEXT, OLDER)], ids=["start", "reload"])
def test_another_configuration_is_noticed(log: str) -> None:
    """An edit that never took effect, or was taken back without effect."""
    found = what_runs(TEXT, log)
    assert list(found.outdated()) == ["coredns-1"]
    assert "coredns-1 runs configuration" in repr(found)


def test_edit_without_reload_is_noticed() -> None:
    """Then nothing is logged, and the process is older than the edit."""
    found = what_runs(WITHOUT, "CoreDNS-1.12.1\n", NOON + timedelta(seconds=1))
    assert list(found.outdated()) == ["coredns-1"]
    assert "reload is not configured: restart the replicas" in repr(found)


def test_restart_after_an_edit_without_reload_is_enough() -> None:
    """The process is younger."""
    found = what_runs(WITHOUT, "CoreDNS-1.12.1\n", NOON - timedelta(hours=1))
    assert (found.outdated(), found.unknown) == ({}, False)


@pytest.mark.parametrize(
    ("text", "log", "changed"),
    [
        (TEXT, "", NOON),
        (TEXT, "CoreDNS-1.12.1\n", NOON),
        (WITHOUT, started(OLDER).replace("Running", "Other"), None),
        (TEXT.replace("errors", "import more/*"), started(OLDER), NOON),
    ],
    ids=["no-log", "log-rotated", "age-unknown", "import-unknown"],
)
def test_what_cannot_be_known_is_not_judged(text: str, log: str, changed: datetime | None) -> None:
    """No guess is made."""
    found = what_runs(text, log, changed)
    assert (found.outdated(), found.unknown) == ({}, True)


def test_age_is_that_of_the_corefile() -> None:
    """Labels and other keys that somebody changed later do not count."""
    assert what_runs(TEXT, "").age(NOON + timedelta(seconds=30)) == 30.0


def test_age_is_that_of_all_keys_where_they_are_imported() -> None:
    """Each of them may be a part of the configuration."""
    found = what_runs(TEXT + "import *.server\n", "")
    assert found.changed == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "log", "pending"),
    [(TEXT, started(OLDER), True), (TEXT, started(TEXT), False), (WITHOUT, "CoreDNS\n", False)],
    ids=["behind", "in-effect", "no-reload"],
)
def test_only_a_replica_that_is_behind_is_waited_for(text: str, log: str, pending: bool) -> None:
    """A new cluster is judged at once: its ConfigMap is young, and in effect."""
    found = what_runs(text, log, datetime.now(UTC) - timedelta(seconds=30))
    assert (found.pending(180.0), found.pending(10.0)) == (pending, False)
