"""A run makes what it says, restores what it changed, and leaves nothing."""

import threading
from pathlib import Path

import pytest

from clusterdns.cluster import RUN_LABEL, Cluster, Manifest
from clusterdns.run.active import Run
from clusterdns.run.reachable import CannotConnectError
from clusterdns.run.state import RunState
from selftests.lifecycle.fake_api import FakeApi

NAMESPACES = "/api/v1/namespaces"
CONFIGMAPS = "/api/v1/namespaces/kube-system/configmaps"
BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
COREDNS = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "coredns", "namespace": "kube-system", "labels": {"keep": "me"}},
    "data": {"Corefile": ".:53 {\n    errors\n}\n", "other": "é\t"},
}


def with_log(manifest: Manifest) -> Manifest:
    """A disruptive change."""
    manifest["data"]["Corefile"] = ".:53 {\n    log\n}\n"
    return manifest


def test_namespaces_are_made_and_verified_gone(api: FakeApi, cluster: Cluster, run: Run) -> None:
    """Two restricted namespaces with our labels, and no trace of them at the end."""
    places = run.enter(cluster)
    made = [api.objects[f"{NAMESPACES}/{name}"] for name in (places.main, places.second)]
    labels = [each["metadata"]["labels"] for each in made]

    result = run.finish(5)

    assert (places.main, places.second) == (str(run.id), f"{run.id}-b")
    assert all(each[RUN_LABEL] == str(run.id) for each in labels)
    assert all(each["pod-security.kubernetes.io/enforce"] == "restricted" for each in labels)
    assert (result.state, api.names(NAMESPACES)) == ("clean", ["kube-system"])
    assert not run.state.path.exists()


def test_the_privileged_namespace_is_made_on_request_only(
    api: FakeApi, cluster: Cluster, run: Run
) -> None:
    """Once, and it goes with the others."""
    run.enter(cluster)
    before = api.names(NAMESPACES)

    assert run.host_namespace() == (f"{run.id}-host", "")
    assert run.host_namespace() == (f"{run.id}-host", "")
    assert f"{run.id}-host" not in before
    assert run.finish(5).state == "clean"
    assert api.names(NAMESPACES) == ["kube-system"]


def test_a_refused_privileged_namespace_is_a_reason(
    api: FakeApi, cluster: Cluster, run: Run
) -> None:
    """The caller gets no namespace and the words of the API server; the run stays clean."""
    run.enter(cluster)
    api.refused.add(("POST", "namespaces"))

    name, reason = run.host_namespace()

    assert name is None
    assert "403" in reason
    assert run.finish(5).state == "clean"


def test_a_namespace_that_is_stuck_is_named_with_its_reason(
    api: FakeApi, cluster: Cluster, run: Run
) -> None:
    """Clean-up ends at its deadline, and says what holds the namespace; the state file stays."""
    api.stuck[str(run.id)] = "Some content in the namespace has finalizers remaining: x.io/hold"
    run.enter(cluster)

    result = run.finish(1)

    assert result.state == "changed"
    assert len(result.leftovers) == 1
    assert "x.io/hold" in result.leftovers[0]
    assert run.state.path.exists()


def test_an_existing_namespace_stays_and_our_objects_go(
    api: FakeApi, cluster: Cluster, run: Run
) -> None:
    """With --namespace only what carries our label is deleted, never the namespace."""
    api.put({"kind": "Namespace", "metadata": {"name": "shared"}}, NAMESPACES)
    pods = f"{NAMESPACES}/shared/pods"
    api.put({"kind": "Pod", "metadata": {"name": "theirs"}}, pods)
    places = run.enter(cluster, "shared")
    ours = {"kind": "Pod", "metadata": {"name": "ours", "namespace": "shared"}}
    cluster.create(run.labelled(ours))

    result = run.finish(5)

    assert (places.main, places.second, places.shared) == ("shared", None, True)
    assert result.state == "clean"
    assert api.names(pods) == ["theirs"]
    assert api.names(f"{NAMESPACES}/shared/leases") == []
    assert "shared" in api.names(NAMESPACES)


def test_cluster_scoped_objects_go_too(api: FakeApi, cluster: Cluster, run: Run) -> None:
    """A ClusterRoleBinding carries our label, is in the state file, and is removed."""
    api.put({"kind": "ClusterRoleBinding", "metadata": {"name": "theirs"}}, BINDINGS)
    run.enter(cluster)
    name = f"{run.id}-coredns"
    run.create_cluster_scoped({"kind": "ClusterRoleBinding", "metadata": {"name": name}})

    assert run.state.state.cluster_scoped == (("ClusterRoleBinding", name),)
    assert run.finish(5).state == "clean"
    assert api.names(BINDINGS) == ["theirs"]


def test_a_change_is_given_back_byte_for_byte(api: FakeApi, cluster: Cluster, run: Run) -> None:
    """The original is on disk before the change, and in the cluster after the run."""
    api.put(COREDNS, CONFIGMAPS)
    run.enter(cluster)

    def edit(manifest: Manifest) -> Manifest:
        recorded = RunState.parse(run.state.path.read_text()).restores
        assert recorded == ()
        return with_log(manifest)

    changed = run.change("ConfigMap", "kube-system", "coredns", edit)
    recorded = RunState.parse(run.state.path.read_text()).restores
    run.change("ConfigMap", "kube-system", "coredns", lambda m: {**m, "data": {}})
    result = run.finish(5)
    after = api.objects[f"{CONFIGMAPS}/coredns"]

    assert "log" in changed["data"]["Corefile"]
    assert recorded[0].original["data"] == COREDNS["data"]
    assert (result.state, result.restored) == ("clean", ["ConfigMap kube-system/coredns"])
    assert after["data"] == COREDNS["data"]
    assert after["metadata"]["labels"] == {"keep": "me"}


def test_a_third_party_change_is_not_overwritten(api: FakeApi, cluster: Cluster, run: Run) -> None:
    """What somebody else has written after us stays; the run says so and is not clean."""
    api.put(COREDNS, CONFIGMAPS)
    run.enter(cluster)
    run.change("ConfigMap", "kube-system", "coredns", with_log)
    theirs = {**COREDNS, "data": {"Corefile": "theirs"}}
    api.put(theirs, CONFIGMAPS)

    result = run.finish(5)

    assert result.state == "changed"
    assert "somebody else has changed it" in result.leftovers[0]
    assert "data.Corefile" in result.leftovers[0]
    assert api.objects[f"{CONFIGMAPS}/coredns"]["data"] == {"Corefile": "theirs"}


def test_what_was_deleted_meanwhile_is_made_again(api: FakeApi, cluster: Cluster, run: Run) -> None:
    """An original that is gone is created anew."""
    api.put(COREDNS, CONFIGMAPS)
    run.enter(cluster)
    run.change("ConfigMap", "kube-system", "coredns", with_log)
    del api.objects[f"{CONFIGMAPS}/coredns"]

    assert run.finish(5).state == "clean"
    assert api.objects[f"{CONFIGMAPS}/coredns"]["data"] == COREDNS["data"]


def test_a_restore_that_the_server_refuses_leaves_the_cluster_changed(
    api: FakeApi, cluster: Cluster, run: Run
) -> None:
    """Exit code 11 has its reason in the leftovers."""
    api.put(COREDNS, CONFIGMAPS)
    run.enter(cluster)
    run.change("ConfigMap", "kube-system", "coredns", with_log)
    api.refused.add(("PUT", "configmaps"))

    result = run.finish(5)

    assert result.state == "changed"
    assert result.leftovers[0].startswith("ConfigMap kube-system/coredns: the API server answered")
    assert run.state.path.exists()


def test_keep_keeps_and_says_what(api: FakeApi, cluster: Cluster, run: Run) -> None:
    """The namespaces stay, are named, and the state file remembers that it was on purpose."""
    run.enter(cluster)

    result = run.finish(5, keep=True)

    assert result.state == "kept"
    assert result.leftovers == [f"namespace {run.id}-b", f"namespace {run.id}"]
    assert len(api.names(NAMESPACES)) == 3
    assert RunState.parse(run.state.path.read_text()).kept


@pytest.mark.parametrize("verb", ["POST", "DELETE"])
def test_no_permission_for_namespaces_stops_before_anything_is_made(
    api: FakeApi, cluster: Cluster, run: Run, verb: str
) -> None:
    """The paragraph says which right is missing and what else can be done."""
    api.refused.add((verb, "namespaces"))

    with pytest.raises(CannotConnectError) as refused:
        run.enter(cluster)

    assert "--namespace NAME" in str(refused.value)
    assert api.names(NAMESPACES) == ["kube-system"]
    assert run.finish(5).state == "clean"


def test_a_creation_that_a_signal_interrupts_is_undone(
    api: FakeApi, cluster: Cluster, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API server still makes what it was asked for: a moment later, after the signal."""

    def interrupted(self: Cluster, manifest: Manifest) -> Manifest:
        late = threading.Timer(0.3, api.put, (manifest, NAMESPACES))
        late.start()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Cluster, "create", interrupted)
        patched.setattr("clusterdns.run.active.require_namespaces", lambda cluster: None)
        with pytest.raises(KeyboardInterrupt):
            run.enter(cluster)

    assert api.names(NAMESPACES) == [str(run.id), "kube-system"]
    assert run.finish(5).state == "clean"
    assert api.names(NAMESPACES) == ["kube-system"]


@pytest.mark.parametrize("refused", [("DELETE", "pods"), ("GET", "clusterroles")], ids=str)
def test_an_account_with_few_rights_can_still_run(
    api: FakeApi, cluster: Cluster, run: Run, refused: tuple[str, str]
) -> None:
    """What it may not do is left out: hastening the pods' end, naming what others left."""
    told: list[str] = []
    run.announce = told.append
    api.refused.add(refused)
    run.enter(cluster)

    result = run.finish(5)

    assert (result.state, told) == ("clean", [])


def test_a_missing_shared_namespace_is_said(cluster: Cluster, run: Run, folder: Path) -> None:
    """--namespace with a name that does not exist."""
    with pytest.raises(CannotConnectError, match="There is no namespace 'nowhere'"):
        run.enter(cluster, "nowhere")
