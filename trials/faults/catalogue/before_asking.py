"""What happens to names before a server is asked; and credentials that are not taken."""

from clusterdns.cluster import Manifest, path_of
from trials.faults.mutant import Mutant, Seen
from trials.faults.scene import KUBE_SYSTEM, SETTLE_S, Scene
from trials.faults.symptoms import Look, dig, log_says, seen
from trials.faults.webhook import rewrite_pods

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


# What the Pod Security Standard "restricted" demands of a container.
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 65534,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def other_nameserver(scene: Scene) -> None:
    """A webhook gives every pod a nameserver that nobody has, beside that of the cluster."""
    patch = {"op": "add", "path": "/spec/dnsConfig", "value": {"nameservers": ["192.0.2.53"]}}
    rewrite_pods(scene, [patch])


def sidecar(scene: Scene) -> None:
    """A webhook puts a container beside those of every pod."""
    image = scene.breakable.tools.dnsutils
    proxy = {
        "name": "dns-proxy",
        "image": image,
        "command": ["sleep", "3600"],
        "securityContext": RESTRICTED,
    }
    rewrite_pods(scene, [{"op": "add", "path": "/spec/containers/-", "value": proxy}])


def pods_are_stored_with(pattern: str) -> Look:
    """A pod that would be made now (a dry run) is stored with what the pattern describes."""

    def look(scene: Scene) -> Seen:
        place = {"namespace": "kube-public", "name": "would-be"}
        container = {"name": "one", "image": scene.breakable.tools.dnsutils}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": place}
        pod["spec"] = {"containers": [container]}
        path = path_of("Pod", "kube-public")
        stored = scene.api.request("POST", path, pod, query={"dryRun": "All"})
        spec = stored["spec"]
        names = [one["name"] for one in spec["containers"]]
        return seen(pattern, f"{spec.get('dnsConfig')} {names}", "a pod of a dry run has")

    return look


MUTANTS = (
    Mutant(
        "pod-dns-rewritten",
        "A webhook gives pods a further nameserver, which nobody has.",
        "A",
        other_nameserver,
        pods_are_stored_with(r"192[.]0[.]2[.]53"),
        deviates=("test_pods_are_stored_as_they_were_sent",),
    ),
    Mutant(
        "pod-sidecar-added",
        "A webhook adds a container to pods.",
        "A",
        sidecar,
        pods_are_stored_with("dns-proxy"),
        deviates=("test_pods_are_stored_as_they_were_sent",),
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
