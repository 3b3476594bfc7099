"""What happens to names before a server is asked; and credentials that are not taken."""

from clusterdns.cluster import Manifest
from trials.faults.mutant import Mutant
from trials.faults.scene import KUBE_SYSTEM, SETTLE_S, Scene
from trials.faults.symptoms import dig, log_says

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


MUTANTS = (
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
