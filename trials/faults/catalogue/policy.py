"""Faults of NetworkPolicies. The local pod network enforces none: their effect is imitated.

Each policy is made as an object, and the firewall of the nodes does what it would do.
"""

from clusterdns.cluster import Manifest
from trials.faults.mutant import Mutant
from trials.faults.scene import KUBE_SYSTEM, Scene
from trials.faults.symptoms import NO_ANSWER, OUTSIDE, both, dig

TEAM = "team"


def policy(name: str, namespace: str, **spec: object) -> Manifest:
    """A NetworkPolicy. The local pod network enforces none, so its effect is imitated."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def policy_on_ingress(scene: Scene) -> None:
    """Only kube-system may ask the replicas; imitated in the firewall of their nodes."""
    scene.create(
        policy(
            "dns-ingress",
            KUBE_SYSTEM,
            podSelector={"matchLabels": {"k8s-app": "kube-dns"}},
            policyTypes=["Ingress"],
            ingress=[
                {
                    "from": [
                        {
                            "namespaceSelector": {
                                "matchLabels": {"kubernetes.io/metadata.name": KUBE_SYSTEM}
                            }
                        }
                    ]
                }
            ],
        )
    )
    for address, node in scene.addresses().items():
        for protocol in ("udp", "tcp"):
            scene.drop(node, f"-d {address} -p {protocol} --dport 53")


def policy_in_a_namespace(scene: Scene) -> None:
    """Pods of one namespace may send nothing; imitated: no pod's question is let through."""
    scene.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}})
    scene.create(policy("deny-all", TEAM, podSelector={}, policyTypes=["Egress"]))
    for address in scene.addresses():
        for protocol in ("udp", "tcp"):
            scene.drop_everywhere(f"-d {address} -p {protocol} --dport 53")


def policy_on_egress(scene: Scene) -> None:
    """The replicas may not ask anybody outside; imitated in the firewall of their nodes."""
    scene.create(
        policy(
            "dns-egress",
            KUBE_SYSTEM,
            podSelector={"matchLabels": {"k8s-app": "kube-dns"}},
            policyTypes=["Egress"],
            egress=[{"ports": [{"port": 6443, "protocol": "TCP"}]}],
        )
    )
    for address, node in scene.addresses().items():
        for protocol in ("udp", "tcp"):
            # Before any translation of addresses: the resolver of kind's nodes is one.
            match = f"-s {address} ! -d 10.244.0.0/16 -p {protocol} --dport 53"
            scene.drop(node, match, chain="PREROUTING", table="raw")


def policy_on_the_service_port(scene: Scene) -> None:
    """CoreDNS listens on 5353 behind the Service's 53; a policy lets only 53 through."""

    def listen(deployment: Manifest) -> None:
        for port in deployment["spec"]["template"]["spec"]["containers"][0]["ports"]:
            port["containerPort"] = 5353 if port["containerPort"] == 53 else port["containerPort"]

    def lead(service: Manifest) -> None:
        for port in service["spec"]["ports"]:
            port["targetPort"] = 5353 if port["port"] == 53 else port["targetPort"]

    scene.corefile(lambda text: text.replace(".:53 {", ".:5353 {"), restart=False)
    scene.change("Deployment", "coredns", listen)
    scene.change("Service", "kube-dns", lead)
    scene.restart_dns()
    ports = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    selected = {"matchLabels": {"k8s-app": "kube-dns"}}
    rules = [{"ports": ports}]
    scene.create(
        policy(
            "dns-port", KUBE_SYSTEM, podSelector=selected, policyTypes=["Ingress"], ingress=rules
        )
    )
    for address, node in scene.addresses().items():
        for protocol in ("udp", "tcp"):
            scene.drop(node, f"-d {address} -p {protocol} --dport 5353")


MUTANTS = (
    Mutant(
        "netpol-dns-ingress",
        "A NetworkPolicy lets only kube-system ask CoreDNS (imitated in the firewall).",
        "A",
        policy_on_ingress,
        dig(says=NO_ANSWER),
        fails=("test_path_answers[udp]", "test_path_answers[tcp]"),
    ),
    Mutant(
        "netpol-egress-deny",
        "A NetworkPolicy lets the pods of one namespace send nothing (imitated in the firewall).",
        "A",
        policy_in_a_namespace,
        both(dig(says=NO_ANSWER), dig(says=NO_ANSWER, server="replica")),
        fails=("test_path_answers[udp]", "test_path_answers[tcp]"),
        arguments=("--namespace", TEAM),
    ),
    Mutant(
        "netpol-postdnat-port",
        "CoreDNS listens on 5353, and a NetworkPolicy lets only 53 through (imitated).",
        "A",
        policy_on_the_service_port,
        dig(says=NO_ANSWER),
        fails=("test_path_answers[udp]", "test_path_answers[tcp]"),
        causes=("netpol-postdnat-port", "netpol-dns-ingress"),
    ),
    Mutant(
        "netpol-dns-egress",
        "A NetworkPolicy keeps CoreDNS from its upstream (imitated in the firewall).",
        "A",
        policy_on_egress,
        both(dig(says="status: NOERROR"), dig(OUTSIDE, says="SERVFAIL|timed out")),
        fails=("test_outside_name_resolves_as_on_the_node[*",),
        causes=("netpol-dns-egress", "upstream-unreachable"),
    ),
)
