"""Only what is provably a run's goes; what merely bears its label is named, and left."""

import copy
from dataclasses import replace
from pathlib import Path

import pytest
from kubernetes.client import ApiException

from clusterdns.cluster import RUN_LABEL, Cluster, Manifest
from clusterdns.run.active import Run
from clusterdns.run.cleanup import clean_up
from clusterdns.run.dead_runs import what_dead_runs_left
from clusterdns.run.identity import PROOF, RunId
from clusterdns.run.state import StateFile
from selftests.lifecycle.conftest import die, forgotten, local_run
from selftests.lifecycle.fake_api import FakeApi
from selftests.lifecycle.test_dead_runs import Machine, stamp
from selftests.lifecycle.test_run import BINDINGS, NAMESPACES

SHARED_PODS = f"{NAMESPACES}/team-a/pods"


def copied(api: FakeApi, path: str, name: str) -> Manifest:
    """What a person makes of an object's manifest: all that it bears, under another name."""
    theirs = copy.deepcopy(api.objects[path])
    collection = path.rsplit("/", 1)[0]
    theirs["metadata"] = {
        key: value
        for key, value in theirs["metadata"].items()
        if key in ("namespace", "labels", "annotations")
    }
    theirs["metadata"]["name"] = name
    return api.put(theirs, collection)


def binding(run: Run) -> Manifest:
    """A ClusterRoleBinding of the run."""
    return {"kind": "ClusterRoleBinding", "metadata": {"name": f"{run.id}-coredns"}}


def team_a(api: FakeApi) -> None:
    """A namespace that was there before."""
    api.put({"kind": "Namespace", "metadata": {"name": "team-a"}}, NAMESPACES)


@pytest.mark.parametrize("here", [True, False], ids=["state-file", "lease-only"])
def test_a_copy_of_our_namespace_survives(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path, here: bool
) -> None:
    """Payments bears label and annotation of ours: the name says that no run made it."""
    run.enter(cluster)
    copied(api, f"{NAMESPACES}/{run.id}", "payments")
    die(run, api)
    if not here:
        forgotten(folder, run)
    said: list[str] = []

    result = clean_up(folder, cluster, None, 5, say=said.append)

    assert api.names(NAMESPACES) == ["kube-system", "payments"]
    assert (result.state, result.leftovers) == ("clean", [])
    assert [line for line in said if "left alone: Namespace payments bears our label" in line]
    assert not any("removed" in line and "payments" in line for line in said)


@pytest.mark.parametrize("marks", ["label", "copy"])
def test_a_name_that_a_run_could_give_proves_nothing(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path, marks: str
) -> None:
    """A ClusterRoleBinding that begins with the run's name, with our label or with all we bear."""
    run.enter(cluster)
    run.create_cluster_scoped(binding(run))
    theirs = copied(api, f"{BINDINGS}/{run.id}-coredns", f"{run.id}-theirs")
    if marks == "label":
        del theirs["metadata"]["annotations"]
    die(run, api)
    said: list[str] = []

    result = clean_up(folder, cluster, None, 5, say=said.append)

    assert api.names(BINDINGS) == [f"{run.id}-theirs"]
    assert result.state == "clean"
    assert any(PROOF in line and f"{run.id}-theirs" in line for line in said)


def test_without_state_file_and_lease_nothing_is_proved(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path
) -> None:
    """Everything is named and stays."""
    run.enter(cluster)
    run.create_cluster_scoped(binding(run))
    die(run, api)
    forgotten(folder, run)
    del api.objects[f"/apis/coordination.k8s.io/v1/namespaces/{run.id}/leases/{run.id}"]
    said: list[str] = []

    result = clean_up(folder, cluster, None, 5, say=said.append)

    assert what_dead_runs_left(folder, cluster) == []
    assert len(api.names(NAMESPACES)) == 3
    assert len(api.names(BINDINGS)) == 1
    assert (result.state, len(said)) == ("clean", 4)
    assert all("neither a state file" in line for line in said[:3])


def test_a_label_that_names_no_run_is_said(cluster: Cluster, api: FakeApi, folder: Path) -> None:
    """Somebody wrote it by hand."""
    labels = {RUN_LABEL: "mine"}
    api.put({"kind": "Namespace", "metadata": {"name": "a", "labels": labels}}, NAMESPACES)
    said: list[str] = []

    assert clean_up(folder, cluster, None, 5, say=said.append).state == "clean"
    assert "its value is not the name of a run" in said[0]
    assert "a" in api.names(NAMESPACES)


def test_what_lost_its_label_is_said(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path
) -> None:
    """The state file names it, but the label is gone: somebody has taken it over."""
    run.enter(cluster)
    del api.objects[f"{NAMESPACES}/{run.id}-b"]["metadata"]["labels"]
    die(run, api)
    said: list[str] = []

    assert clean_up(folder, cluster, None, 5, say=said.append).state == "clean"
    assert api.names(NAMESPACES) == [f"{run.id}-b", "kube-system"]
    assert any(f"Namespace {run.id}-b is in the state file" in line for line in said)


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "at-its-end"])
def test_what_was_made_anew_under_our_name_survives(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path, killed: bool
) -> None:
    """Same name, same marks, another uid: it was deleted and made again from a backup."""
    run.enter(cluster)
    run.create_cluster_scoped(binding(run))
    for path in (f"{NAMESPACES}/{run.id}-b", f"{BINDINGS}/{run.id}-coredns"):
        theirs = api.objects.pop(path)
        del theirs["metadata"]["uid"]
        api.put(theirs, path.rsplit("/", 1)[0])
    said: list[str] = []

    if killed:
        die(run, api)
        result = clean_up(folder, cluster, None, 5, say=said.append)
    else:
        result = run.finish(5)
        said = run.left_alone

    assert (result.state, result.leftovers) == ("clean", [])
    assert api.names(NAMESPACES) == [f"{run.id}-b", "kube-system"]
    assert api.names(BINDINGS) == [f"{run.id}-coredns"]
    assert sum("made it anew" in line for line in said) == 2


def test_a_deletion_names_the_uid(api: FakeApi, cluster: Cluster, run: Run) -> None:
    """What is made anew between looking and deleting is somebody else's: the server refuses."""
    run.enter(cluster)

    with pytest.raises(ApiException) as refused:
        cluster.delete("Namespace", str(run.id), uid="another")
    cluster.delete("Namespace", "gone", uid="another")

    assert refused.value.status == 409
    assert "deletionTimestamp" not in api.objects[f"{NAMESPACES}/{run.id}"]["metadata"]


def test_a_copy_in_a_shared_namespace_survives(api: FakeApi, cluster: Cluster, run: Run) -> None:
    """With --namespace: a pod cloned from ours bears our label, and stays at the end."""
    team_a(api)
    run.enter(cluster, "team-a")
    cluster.create(run.labelled({"kind": "Pod", "metadata": {"name": "o", "namespace": "team-a"}}))
    copied(api, f"{SHARED_PODS}/o", "theirs")

    assert run.finish(5).state == "clean"
    assert api.names(SHARED_PODS) == ["theirs"]
    assert any("left alone: Pod team-a/theirs bears our label" in line for line in run.left_alone)


def test_a_live_run_in_a_shared_namespace_is_not_harmed(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path
) -> None:
    """On another machine, and nobody names the namespace: the binding says where its Lease is."""
    team_a(api)
    run.enter(cluster, "team-a")
    run.create_cluster_scoped(binding(run))
    die(run, api, stamp(5))
    forgotten(folder, run)
    said: list[str] = []

    assert what_dead_runs_left(folder, cluster) == []
    assert clean_up(folder, cluster, None, 5, say=said.append).state == "clean"
    assert api.names(BINDINGS) == [f"{run.id}-coredns"]
    assert f"run {run.id} is alive: it is left alone" in said


def test_a_dead_run_in_a_shared_namespace_is_found_by_its_binding(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path
) -> None:
    """On another machine and without --namespace: binding, pods and Lease go, the rest stays."""
    team_a(api)
    run.enter(cluster, "team-a")
    run.create_cluster_scoped(binding(run))
    cluster.create(run.labelled({"kind": "Pod", "metadata": {"name": "o", "namespace": "team-a"}}))
    die(run, api)
    forgotten(folder, run)

    assert clean_up(folder, cluster, None, 5).state == "clean"
    assert api.names(BINDINGS) == api.names(SHARED_PODS) == []
    assert api.names(NAMESPACES) == ["kube-system", "team-a"]


@pytest.mark.parametrize(("here", "state"), [(True, "changed"), (False, "clean")])
def test_a_lease_that_may_not_be_read_spares_its_run(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path, here: bool, state: str
) -> None:
    """It may be alive. For a run of this machine that is a clean-up that did not happen."""
    run.enter(cluster)
    die(run, api)
    if not here:
        forgotten(folder, run)
    api.refused.add(("GET", "leases"))
    said: list[str] = []

    result = clean_up(folder, cluster, None, 5, say=said.append)

    assert result.state == state
    assert len(api.names(NAMESPACES)) == 3
    assert any("not allowed to read its lease" in line for line in said)


def test_with_a_context_nothing_on_this_machine_goes(cluster: Cluster, folder: Path) -> None:
    """A dead kind cluster of another run is named, and stays; so does its state file."""
    run = local_run(folder)
    machine = Machine({str(run)}, {f"{run}-sealed"})
    said: list[str] = []

    result = clean_up(folder, cluster, machine, 5, say=said.append)

    assert (result.state, machine.log) == ("clean", [])
    assert f"kind cluster {run}" in said[0]
    assert said[0].endswith("pytest --cleanup-only")
    assert (folder / f"{run}.json").exists()


def test_a_kind_cluster_that_is_not_the_runs_stays(folder: Path) -> None:
    """The user deleted it and made another one under that name."""
    run = local_run(folder)
    machine = Machine({str(run)}, {f"{run}-sealed"}, foreign="it was made anew")
    said: list[str] = []

    result = clean_up(folder, None, machine, 5, say=said.append)

    assert (result.state, machine.log) == ("clean", [])
    assert sum("left alone" in line and "made anew" in line for line in said) == 2


def test_names_outside_namespaces_begin_with_the_runs(cluster: Cluster, run: Run) -> None:
    """What is called otherwise could not be removed later, so it is not made."""
    run.enter(cluster)

    with pytest.raises(ValueError, match="our names begin with"):
        run.create_cluster_scoped({"kind": "ClusterRole", "metadata": {"name": "dns"}})

    assert run.finish(5).state == "clean"


def test_the_proof_is_for_one_name_of_one_run() -> None:
    """And nobody can draw it without the secret."""
    run, other = RunId.new(), RunId.new()
    there = [run.proof("a", "x"), run.proof("a"), run.proof("b", "x"), other.proof("a", "x")]

    assert len(set(there)) == 4
    assert run.proof("a", "x") == RunId(str(run), run.secret).proof("a", "x")
    assert run.secret not in repr(run)
    with pytest.raises(ValueError, match="not known"):
        RunId(str(run)).proof("a")


def test_the_secret_is_for_the_user_alone(folder: Path, run: Run) -> None:
    """The state file that holds it can be read by nobody else."""
    held = run.state
    held.update(lambda s: replace(s, uids=(("Namespace", "n", "u"),)))
    read = StateFile.adopt(held.path)

    assert read is None
    assert held.path.stat().st_mode & 0o777 == 0o600
    assert held.state.id.secret == run.id.secret
    assert held.state.uid_of("Namespace", "n") == "u"


def test_what_was_kept_can_be_proved_anywhere(
    api: FakeApi, cluster: Cluster, run: Run, folder: Path
) -> None:
    """--keep restores what was changed; the rest goes later, from any machine, and no copy."""
    run.enter(cluster)
    run.create_cluster_scoped(binding(run))
    copied(api, f"{NAMESPACES}/{run.id}", "payments")
    assert run.finish(5, keep=True).state == "kept"
    die(run, api)
    forgotten(folder, run)

    notice = what_dead_runs_left(folder, cluster)
    result = clean_up(folder, cluster, None, 5)

    assert len(notice) == 1
    assert "payments" not in notice[0]
    assert result.state == "clean"
    assert api.names(NAMESPACES) == ["kube-system", "payments"]
    assert api.names(BINDINGS) == []
