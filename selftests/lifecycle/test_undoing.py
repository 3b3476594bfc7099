"""A change of what is not ours says on the object itself how it is undone, by any machine."""

import copy
import json
import secrets
from pathlib import Path

import pytest

from clusterdns.cluster import Cluster, Manifest
from clusterdns.run.active import Run
from clusterdns.run.cleanup import clean_up
from clusterdns.run.restore import SYNC_NOW
from clusterdns.run.undoing import (
    CHANGED_BY,
    RECORD,
    CannotBeRecordedError,
    content,
    record_on,
)
from selftests.lifecycle.conftest import die, forgotten
from selftests.lifecycle.fake_api import FakeApi
from selftests.lifecycle.test_dead_runs import stamp
from selftests.lifecycle.test_run import CONFIGMAPS, COREDNS, NAMESPACES, with_log

PATH = f"{CONFIGMAPS}/coredns"
PODS = f"{NAMESPACES}/kube-system/pods"
POD = {
    "kind": "Pod",
    "metadata": {"name": "dns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
    "spec": {"nodeName": "n"},
}
THE_POD = f"annotation {SYNC_NOW} of Pod kube-system/dns"


@pytest.fixture
def before(api: FakeApi, cluster: Cluster, run: Run) -> Manifest:
    """The Corefile's ConfigMap as it was, with a run that has entered the cluster."""
    stored = copy.deepcopy(api.put(COREDNS, CONFIGMAPS))
    run.enter(cluster)
    return stored


def lose(run: Run, api: FakeApi, folder: Path, lease: bool = True) -> None:
    """The run is killed and its state file lost; perhaps its namespaces are gone as well."""
    die(run, api)
    forgotten(folder, run)
    if not lease:
        api.objects = {p: o for p, o in api.objects.items() if str(run.id) not in p}


def age(api: FakeApi, path: str) -> None:
    """Let a record be of long ago."""
    annotations = api.objects[path]["metadata"]["annotations"]
    record = {**json.loads(annotations[RECORD]), "at": "2020-01-01T00:00:00+00:00"}
    annotations[RECORD] = json.dumps(record)


def test_the_change_carries_its_undoing(api: FakeApi, run: Run, before: Manifest) -> None:
    """In one request: there is no moment with one and without the other."""
    start = len(api.requests)
    run.change("ConfigMap", "kube-system", "coredns", with_log)
    verbs = [verb for verb, path in api.requests[start:] if path == PATH]
    changed = api.objects[PATH]
    record = record_on(changed)

    assert verbs == ["GET", "PUT"]
    assert changed["metadata"]["labels"] == {"keep": "me", CHANGED_BY: str(run.id)}
    assert record is not None
    assert (record.run, record.lease_in) == (str(run.id), str(run.id))
    assert (record.was or {})["data"] == before["data"]
    assert run.id.secret not in json.dumps(changed)


@pytest.mark.parametrize("lease", [True, False], ids=["lease", "all-gone"])
def test_any_machine_gives_it_back(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path, before: Manifest, lease: bool
) -> None:
    """Without the state file, and even without the run's Lease: it is what it was."""
    run.change("ConfigMap", "kube-system", "coredns", lambda m: {**m, "data": {"a": "b"}})
    run.change("ConfigMap", "kube-system", "coredns", with_log_anew)
    lose(run, api, folder, lease)
    if not lease:
        age(api, PATH)
    said: list[str] = []

    result = clean_up(folder, cluster, None, 5, say=said.append)

    assert (result.state, result.restored) == ("clean", ["ConfigMap kube-system/coredns"])
    assert content(api.objects[PATH]) == content(before)
    assert api.objects[PATH]["metadata"]["labels"] == {"keep": "me"}
    assert "annotations" not in api.objects[PATH]["metadata"]
    assert any("restored, and read back: ConfigMap kube-system/coredns" in line for line in said)
    assert api.names(NAMESPACES) == ["kube-system"]


def with_log_anew(manifest: Manifest) -> Manifest:
    """A second change."""
    manifest["data"] = {"Corefile": "second"}
    return manifest


def test_a_record_of_just_now_without_a_lease_is_left(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path, before: Manifest
) -> None:
    """Its run may be alive; a while later it is not."""
    run.change("ConfigMap", "kube-system", "coredns", with_log)
    lose(run, api, folder, lease=False)
    said: list[str] = []

    clean_up(folder, cluster, None, 5, say=said.append)

    assert api.objects[PATH]["data"] != before["data"]
    assert "it may be alive" in said[0]


def test_a_live_run_of_another_machine_keeps_its_change(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path, before: Manifest
) -> None:
    """Its Lease is fresh."""
    run.change("ConfigMap", "kube-system", "coredns", with_log)
    die(run, api, stamp(5))
    forgotten(folder, run)

    clean_up(folder, cluster, None, 5)

    assert api.objects[PATH]["data"] != before["data"]


@pytest.mark.parametrize("ending", ["end", "here", "elsewhere"])
def test_the_note_to_the_kubelet_is_taken_away(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path, ending: str
) -> None:
    """At the end of the run, by the state file's machine, and by any other."""
    pod = copy.deepcopy(api.put(POD, PODS))
    run.enter(cluster)
    run.touch("kube-system", "dns")
    first = api.objects[f"{PODS}/dns"]["metadata"]["annotations"][SYNC_NOW]
    run.touch("kube-system", "dns")
    run.touch("kube-system", "gone")
    second = api.objects[f"{PODS}/dns"]["metadata"]["annotations"][SYNC_NOW]

    if ending == "end":
        result = run.finish(5)
    else:
        die(run, api)
        if ending == "elsewhere":
            forgotten(folder, run)
        result = clean_up(folder, cluster, None, 5)

    assert first != second
    assert result.state == "clean"
    assert [what.split()[-1] for what in result.restored] == ["kube-system/dns"]
    assert content(api.objects[f"{PODS}/dns"]) == content(pod)


def test_a_third_partys_change_stays_with_the_original_beside_it(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path, before: Manifest
) -> None:
    """Named, with where the original is and how to forget it; that works, too."""
    run.change("ConfigMap", "kube-system", "coredns", with_log)
    theirs = copy.deepcopy(api.objects[PATH])
    theirs["data"] = {"Corefile": "theirs"}
    api.put(theirs, CONFIGMAPS)
    lose(run, api, folder)

    result = clean_up(folder, cluster, None, 5)
    still = api.objects[PATH]
    record = record_on(still)

    assert (result.state, result.restored) == ("changed", [])
    assert "kubectl -n kube-system annotate configmap coredns" in result.leftovers[0]
    assert result.leftovers[0].endswith(f"{CHANGED_BY}-")
    assert still["data"] == {"Corefile": "theirs"}
    assert record is not None
    assert (record.was or {})["data"] == before["data"]


def test_what_was_given_back_by_hand_loses_our_marks(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path, before: Manifest
) -> None:
    """An apply of the old manifest leaves label and annotation that it does not know."""
    run.change("ConfigMap", "kube-system", "coredns", with_log)
    api.put({**api.objects[PATH], "data": before["data"]}, CONFIGMAPS)
    lose(run, api, folder)

    assert clean_up(folder, cluster, None, 5).state == "clean"
    assert content(api.objects[PATH]) == content(before)


def test_a_copy_of_a_changed_object_is_left(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path, before: Manifest
) -> None:
    """A controller mirrors ConfigMaps with all that they bear: only the original is restored."""
    run.change("ConfigMap", "kube-system", "coredns", with_log)
    mirrored = copy.deepcopy(api.objects[PATH])
    del mirrored["metadata"]["uid"]
    api.put(mirrored, f"{NAMESPACES}/mirror/configmaps")
    lose(run, api, folder)
    said: list[str] = []

    result = clean_up(folder, cluster, None, 5, say=said.append)

    assert result.restored == ["ConfigMap kube-system/coredns"]
    assert (
        RECORD in api.objects[f"{NAMESPACES}/mirror/configmaps/coredns"]["metadata"]["annotations"]
    )
    assert any("it may be a copy" in line for line in said)


@pytest.mark.parametrize("text", ["{}", "none", '{"run": "x"}', "[1]"])
def test_a_record_that_is_none_is_said(
    api: FakeApi, cluster: Cluster, folder: Path, text: str
) -> None:
    """Written by hand, or cut short: named and left."""
    marks = {"labels": {CHANGED_BY: "x"}, "annotations": {RECORD: text}}
    place = {"name": "coredns", "namespace": "kube-system"}
    api.put({**COREDNS, "metadata": {**place, **marks}}, CONFIGMAPS)
    said: list[str] = []

    assert clean_up(folder, cluster, None, 5, say=said.append).state == "clean"
    assert "left alone: ConfigMap kube-system/coredns" in said[0]


def test_a_large_original_is_packed_and_a_larger_one_refused(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path
) -> None:
    """All annotations of an object have 256 KiB; what cannot be recorded is not changed."""
    large = {**COREDNS, "data": {"Corefile": "x", "more": secrets.token_hex(100_000)}}
    before = copy.deepcopy(api.put(large, CONFIGMAPS))
    huge = {"name": "huge", "namespace": "kube-system"}
    api.put({**COREDNS, "metadata": huge, "data": {"a": secrets.token_hex(300_000)}}, CONFIGMAPS)
    run.enter(cluster)
    run.change("ConfigMap", "kube-system", "coredns", with_log)
    with pytest.raises(CannotBeRecordedError, match="does not fit"):
        run.change("ConfigMap", "kube-system", "huge", with_log)
    unchanged = api.objects[f"{CONFIGMAPS}/huge"]["data"]
    lose(run, api, folder)

    assert "Corefile" not in unchanged
    assert clean_up(folder, cluster, None, 5).restored == ["ConfigMap kube-system/coredns"]
    assert content(api.objects[PATH]) == content(before)


def test_what_another_run_has_changed_is_not_changed_again(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path, before: Manifest
) -> None:
    """Its original would be lost: first that run ends, or is cleaned up."""
    run.change("ConfigMap", "kube-system", "coredns", with_log)
    other = Run.start(folder)
    other.enter(cluster)

    with pytest.raises(CannotBeRecordedError, match=str(run.id)):
        other.change("ConfigMap", "kube-system", "coredns", with_log)

    assert other.finish(5).state == "clean"
    assert run.finish(5).restored == ["ConfigMap kube-system/coredns"]
    assert content(api.objects[PATH]) == content(before)


def test_restored_is_said_only_of_what_was_read_back(
    api: FakeApi,
    cluster: Cluster,
    run: Run,
    folder: Path,
    before: Manifest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that takes the original and does not keep it."""
    run.change("ConfigMap", "kube-system", "coredns", with_log)
    lose(run, api, folder)
    request = Cluster.request

    def lose_it(self: Cluster, verb: str, path: str, *more: object, **rest: object) -> Manifest:
        return {} if verb == "PUT" else request(self, verb, path, *more, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Cluster, "request", lose_it)
    said: list[str] = []

    result = clean_up(folder, cluster, None, 5, say=said.append)

    assert (result.state, result.restored) == ("changed", [])
    assert api.objects[PATH]["data"] != before["data"]
    assert "still differs" in result.leftovers[0]
    assert not any("restored" in line for line in said)


def test_without_the_right_to_look_everywhere_the_clusters_own_namespace_is_read(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path, before: Manifest
) -> None:
    """And where not even that is allowed, it is said."""
    run.change("ConfigMap", "kube-system", "coredns", with_log)
    lose(run, api, folder)
    api.refused.add(("GET", "configmaps"))
    said: list[str] = []

    clean_up(folder, cluster, None, 5, say=said.append)

    assert api.objects[PATH]["data"] != before["data"]
    assert "not allowed to list ConfigMap objects in kube-system, so none are looked for" in said
