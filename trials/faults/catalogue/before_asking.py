"""What happens to names before a server is asked; and credentials that are not taken."""

from functools import partial

from clusterdns.cluster import Manifest
from clusterdns.wait import eventually
from trials.faults.catalogue.kubelet import resolv_conf
from trials.faults.mutant import Mutant
from trials.faults.nodes import read_file, write_file
from trials.faults.scene import KUBE_SYSTEM, SETTLE_S, Scene
from trials.faults.symptoms import dig, log_says

API_SERVER = "/etc/kubernetes/manifests/kube-apiserver.yaml"
FLAG = "    - --runtime-config="  # which kind writes
API_S = 150.0
POLICIES = "admissionregistration.k8s.io/v1beta1"
TOKENS = "/var/run/secrets/kubernetes.io/serviceaccount"


def hiding(scene: Scene) -> None:
    """A namespace com with a Service example."""
    scene.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "com"}})
    scene.api.create(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "example", "namespace": "com"},
            "spec": {"ports": [{"port": 80}]},
        }
    )


def old_token(scene: Scene) -> None:
    """Mount a token that no API server takes, in place of the account's own."""
    ca = scene.api.get("ConfigMap", "kube-root-ca.crt", KUBE_SYSTEM)["data"]["ca.crt"]
    files = {"token": "e30.e30.e30", "ca.crt": ca, "namespace": KUBE_SYSTEM}
    place = {"namespace": KUBE_SYSTEM, "name": "old-token"}
    scene.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": place, "data": files})

    def edit(deployment: Manifest) -> None:
        spec = deployment["spec"]["template"]["spec"]
        spec["automountServiceAccountToken"] = False
        spec["volumes"].append({"name": "old-token", "configMap": {"name": "old-token"}})
        mount = {"name": "old-token", "mountPath": TOKENS, "readOnly": True}
        spec["containers"][0]["volumeMounts"].append(mount)

    scene.change("Deployment", "coredns", edit)
    scene.restart_dns(within=SETTLE_S)


def with_policies(scene: Scene) -> None:
    """Let the API server take MutatingAdmissionPolicies, which 1.34 has behind a gate."""
    node = scene.control_plane
    before = read_file(node, API_SERVER)
    gate = f"    - --feature-gates=MutatingAdmissionPolicy=true\n{FLAG}"
    scene.undo.append(("kube-apiserver", lambda: _api_server(scene, before, there=False)))
    _api_server(scene, before.replace(FLAG, f"{gate}{POLICIES}=true", 1), there=True)


def _api_server(scene: Scene, manifest: str, there: bool) -> None:
    """Write its manifest; wait until it serves the policies, or is back and does not."""
    write_file(scene.control_plane, API_SERVER, manifest)

    def serves() -> bool | None:
        try:
            groups = scene.api.request("GET", "/apis/admissionregistration.k8s.io")["versions"]
        except Exception:  # whatever it says while it starts anew
            return None
        return any(one["groupVersion"] == POLICIES for one in groups)

    if eventually(serves, there, API_S, every=1.0) is not there:
        raise TimeoutError(f"the API server is not back within {API_S:.0f} s")


def other_ndots(scene: Scene) -> None:
    """Every pod outside kube-system gets ndots:1 when it is made."""
    with_policies(scene)
    options = "[Object.spec.dnsConfig.options{name: 'ndots', value: '1'}]"
    patch = f"Object{{spec: Object.spec{{dnsConfig: Object.spec.dnsConfig{{options: {options}}}}}}}"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"]}
    policy = {
        "matchConstraints": {"resourceRules": [{**rule, "resources": ["pods"]}]},
        "matchConditions": [
            {"name": "ours", "expression": f"request.namespace != '{KUBE_SYSTEM}'"}
        ],
        "failurePolicy": "Ignore",
        "reinvocationPolicy": "Never",
        "mutations": [
            {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": patch}}
        ],
    }
    kinds = {"MutatingAdmissionPolicy": policy}
    kinds |= {"MutatingAdmissionPolicyBinding": {"policyName": "few-dots"}}
    for kind, spec in kinds.items():
        path = f"/apis/{POLICIES}/{kind.lower().removesuffix('y')}"
        path = f"{path}ies" if kind.endswith("y") else f"{path}s"
        made = {"apiVersion": POLICIES, "kind": kind, "metadata": {"name": "few-dots"}}
        scene.undo.append((kind, partial(scene.api.request, "DELETE", f"{path}/few-dots")))
        scene.api.request("POST", path, {**made, "spec": spec})


MUTANTS = (
    Mutant(
        "pod-dns-rewritten",
        "A policy gives every pod ndots:1 when it is made.",
        "A",
        other_ndots,
        resolv_conf(r"ndots:1\b"),
        fails=("test_options_are_ndots_5[*",),
        deviates=("test_pods_are_stored_as_they_were_sent",),
        within=60.0,
    ),
    Mutant(
        "service-hides-name",
        "A Service example in a namespace com: example.com resolves inside.",
        "A",
        hiding,
        dig("example.com", "+search", says=r"example[.]com[.]svc[.]cluster[.]local[.].*\sA\s"),
        deviates=("test_no_service_hides_a_name_outside",),
    ),
    Mutant(
        "api-credentials",
        "The token of the replicas is one that the API server does not take.",
        "A",
        old_token,
        log_says("Unauthorized|asked for the client to provide credentials"),
        fails=("test_wanted_replicas_are_ready",),
    ),
)
