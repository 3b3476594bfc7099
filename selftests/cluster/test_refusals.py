"""On a real API server: rights that are missing and a policy cost what needs them, no more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest, path_of
from clusterdns.run.identity import RunId
from clusterdns.wait import eventually
from selftests.cluster.sessions import Sessions
from selftests.cluster.test_credentials import kubeconfig_for
from trials.cluster import Breakable

EVERYTHING = "create get list delete patch update deletecollection"
READ = "get list"
RIGHTS = {
    "": {
        "namespaces": EVERYTHING,
        "nodes": READ,
        "services": EVERYTHING,
        "pods": EVERYTHING,
        "pods/exec": "create get",
        "pods/log": "get",
        "pods/status": "patch",
        "configmaps": EVERYTHING,
        "events": READ,
        "serviceaccounts": EVERYTHING,
    },
    "apps": {"deployments": EVERYTHING, "daemonsets": READ, "replicasets": EVERYTHING},
    "discovery.k8s.io": {"endpointslices": EVERYTHING},
    "coordination.k8s.io": {"leases": EVERYTHING},
    "authorization.k8s.io": {"subjectaccessreviews": "create"},
    "networking.k8s.io": {"networkpolicies": EVERYTHING},
    "rbac.authorization.k8s.io": {
        "roles": EVERYTHING,
        "rolebindings": EVERYTHING,
        "clusterroles": f"{EVERYTHING} bind escalate",
        "clusterrolebindings": EVERYTHING,
    },
}
ADMISSION = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic"
REFUSED = "no aliases here"


def rules_without(*missing: str) -> list[Manifest]:
    """The rules of a ClusterRole with all that the suite uses but "verb resource", each."""
    rules = []
    for group, resources in RIGHTS.items():
        for resource, verbs in resources.items():
            kept = [verb for verb in verbs.split() if f"{verb} {resource}" not in missing]
            rules.append({"apiGroups": [group], "resources": [resource], "verbs": kept})
    return [rule for rule in rules if rule["verbs"]]


class Accounts:
    """Service accounts with some rights; they go at the end."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster, self.folder, self.name = cluster, folder, f"selftest-{RunId.new()}"

    def lacking(self, *missing: str) -> str:
        """The kubeconfig of an account that lacks these rights."""
        rbac = "rbac.authorization.k8s.io"
        cluster, name = self.cluster, self.name
        meta = {"name": name, "namespace": "default"}
        subject = {"kind": "ServiceAccount", **meta}
        role = {"apiGroup": rbac, "kind": "ClusterRole", "name": name}
        for made in (
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
            {"kind": "ClusterRole", "metadata": {"name": name}, "rules": rules_without(*missing)},
            {
                "kind": "ClusterRoleBinding",
                "metadata": {"name": name},
                "roleRef": role,
                "subjects": [subject],
            },
        ):
            cluster.create({"apiVersion": f"{rbac}/v1", **made})
        spec = {"spec": {"expirationSeconds": 3600}}
        path = f"{path_of('ServiceAccount', 'default', name)}/token"
        answer = cluster.request("POST", path, spec)
        return kubeconfig_for(cluster, self.folder, {"token": answer["status"]["token"]})

    def remove(self) -> None:
        """Take them away."""
        for kind in ("ClusterRoleBinding", "ClusterRole"):
            self.cluster.delete(kind, self.name)
        self.cluster.delete("ServiceAccount", self.name, "default")


@pytest.fixture
def accounts(cluster: Cluster, tmp_path: Path) -> Iterator[Accounts]:
    """Makes accounts that lack rights."""
    made = Accounts(cluster, tmp_path)
    yield made
    made.remove()


@pytest.fixture
def no_external_names(cluster: Cluster) -> Iterator[None]:
    """A ValidatingAdmissionPolicy that refuses Services of type ExternalName."""
    name = "selftest-no-external-names"
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["services"],
    }
    says = {"expression": "object.spec.type != 'ExternalName'", "message": REFUSED}
    spec = {"matchConstraints": {"resourceRules": [rule]}, "validations": [says]}
    bound = {"policyName": name, "validationActions": ["Deny"]}
    for plural, given in (("ies", spec), ("ybindings", bound)):
        made = {"metadata": {"name": name}, "spec": given}
        cluster.request("POST", f"{ADMISSION}{plural}", made)
    eventually(lambda: is_refused(cluster), True, within=30.0, every=0.5)
    yield
    for plural in ("ybindings", "ies"):
        cluster.request("DELETE", f"{ADMISSION}{plural}/{name}")


def is_refused(cluster: Cluster) -> bool:
    """Whether the policy is in force: it takes some seconds."""
    spec = {"type": "ExternalName", "externalName": "a.example.test"}
    alias = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "alias"}, "spec": spec}
    try:
        path = path_of("Service", "default")
        cluster.request("POST", path, alias, query={"dryRun": "All"})
    except ApiException:
        return True
    return False


def judged(
    sessions: Sessions, cluster: Breakable, kubeconfig: str, words: str
) -> tuple[int, dict[str, Any], str]:
    """Exit code, report and output of the selected checks with these credentials."""
    options = [each for each in sessions.against(cluster) if "--kubeconfig" not in each]
    session = sessions.pytest(*options, f"--kubeconfig={kubeconfig}", "-k", words)
    return session.end(), session.document(), session.output


def messages(document: dict[str, Any], *outcomes: str) -> dict[str, str]:
    """What is said of the checks that came to one of these outcomes, by name."""
    found = [check for check in document["checks"] if check["outcome"] in outcomes]
    return {f"{c['id'].rpartition('::')[2]}[{c['param']}]": c.get("message", "") for c in found}


def test_each_missing_right_is_named_by_what_needs_it(
    sessions: Sessions, selftest_cluster: Breakable, accounts: Accounts
) -> None:
    """No exec, no review, no ConfigMap, no Lease: what needs none of them is judged."""
    kubeconfig = accounts.lacking(
        "create pods/exec",
        "get pods/exec",
        "create subjectaccessreviews",
        "get configmaps",
        "create leases",
    )
    words = "permissions or test_corefile or test_dns_service or test_paths or test_cluster_ip"
    code, document, output = judged(sessions, selftest_cluster, kubeconfig, words)

    assert (code, document["result"]) == (0, "partial"), output
    assert messages(document, "failed") == {}, output
    assert document["diagnoses"] == [], output
    left = messages(document, "not-run")
    assert 'resource "pods/exec"' in left["test_every_node_starts_a_probe[]"]
    assert 'resource "pods/exec"' in left["test_address_is_the_cluster_ip[udp-A]"]
    assert 'get resource "configmaps"' in left["test_corefile_can_be_read[]"]
    assert 'create resource "subjectaccessreviews"' in left["test_replicas_may[list-services]"]
    assert "no Lease can be kept" in output
    assert messages(document, "passed").keys() >= {"test_service_has_a_cluster_ip[]"}
    assert document["cleanup"]["state"] == "clean"


@pytest.mark.usefixtures("no_external_names")
def test_objects_that_are_refused_cost_only_their_checks(
    sessions: Sessions, selftest_cluster: Breakable, accounts: Accounts
) -> None:
    """Neither EndpointSlices nor aliases: Services with a cluster IP are asked all the same."""
    kubeconfig = accounts.lacking("create endpointslices")
    words = "test_cluster_ip_service or test_headless_service or test_external_name"
    code, document, output = judged(sessions, selftest_cluster, kubeconfig, words)

    assert (code, document["result"]) == (0, "partial"), output
    assert messages(document, "failed") == {}, output
    left = messages(document, "not-run")
    assert REFUSED in left["test_external_name_is_a_cname[udp]"]
    headless = [why for name, why in left.items() if "create resource" in why]
    assert any('"endpointslices"' in why for why in headless), left
    assert "test_address_is_the_cluster_ip[udp-A]" in messages(document, "passed")
