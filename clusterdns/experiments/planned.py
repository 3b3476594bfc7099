"""What the experiments make, for --plan."""

from clusterdns.experiments.cutting import RUNNING, STARTING
from clusterdns.experiments.leaving import LEAVES, STAYS
from clusterdns.experiments.leaving import NAME as PAIR
from clusterdns.run.plan import PLACES, PlannedObject, declare

MADE = ("create", "get", "delete")
CHANGED = ("create", "patch")
NAMESPACE = PLACES.main
RBAC = "rbac.authorization.k8s.io"
GLOBAL = ("create", "get", "list", "delete")
HAND_ON = "only who has these, or the verbs below, may put them into that role"


def declare_objects() -> None:
    """Add all objects of the experiments to every plan."""
    for name, why in {
        "forwarder": "a private CoreDNS and its upstreams",
        "looping": "a private CoreDNS that forwards to itself, with loop",
        "hidden-loop": "a private CoreDNS that forwards to itself, without loop",
        "reloading": "a private CoreDNS whose Corefile changes",
        "configured": "a private CoreDNS with several pod modes, TTLs and caches",
        "caching": "a private CoreDNS with caches, and its upstreams (full profile)",
        "choosing": "a private CoreDNS with each option of forward (full profile)",
        "reporting": "a private CoreDNS with metrics, log and errors (full profile)",
    }.items():
        declare(
            PlannedObject("", "Pod", NAMESPACE, name, (*MADE, "patch"), why),
            PlannedObject("", "ConfigMap", NAMESPACE, name, CHANGED, "its files"),
        )
    declare(
        PlannedObject(
            "", "Service", NAMESPACE, "update-*", (*MADE, "patch"), "changes to be seen in DNS"
        ),
        PlannedObject(
            "discovery.k8s.io", "EndpointSlice", NAMESPACE, "update-*", CHANGED, "their endpoints"
        ),
        PlannedObject("", "Service", NAMESPACE, "unready", CHANGED, "publishes its pod"),
        PlannedObject("", "Pod", NAMESPACE, "unready", (*MADE, "patch"), "with a readiness gate"),
        PlannedObject("", "Pod/status", NAMESPACE, "unready", ("patch",), "to make it ready"),
    )
    for name in (LEAVES, STAYS):
        declare(
            PlannedObject("", "Pod", NAMESPACE, name, MADE, "one of two, of which one goes"),
            PlannedObject("", "ConfigMap", NAMESPACE, name, CHANGED, "its files"),
        )
    declare(PlannedObject("", "Service", NAMESPACE, PAIR, MADE, "in front of both"))
    for name in (RUNNING, STARTING):
        declare(
            PlannedObject("", "Pod", NAMESPACE, name, (*MADE, "patch"), "may lose the API"),
            PlannedObject("", "ConfigMap", NAMESPACE, name, CHANGED, "its files"),
        )
    declare(
        PlannedObject("", "Service", NAMESPACE, "outage-*", MADE, "changes that it misses"),
        PlannedObject(
            "", "Pod", NAMESPACE, "node-resolver-N", MADE, "resolv.conf of each replica's node"
        ),
        PlannedObject("", "Pod/log", NAMESPACE, "(all of ours)", ("get",), "what arrived and why"),
        PlannedObject(
            "", "ServiceAccount", NAMESPACE, "coredns", ("create",), "of the private CoreDNS"
        ),
        PlannedObject(
            RBAC,
            "ClusterRole",
            None,
            f"{NAMESPACE}-coredns",
            GLOBAL,
            "list and watch on what its Corefiles read: services, namespaces, endpointslices, pods",
        ),
        PlannedObject(RBAC, "ClusterRoleBinding", None, f"{NAMESPACE}-coredns", GLOBAL, "to it"),
        *(
            PlannedObject(group, names, None, "*", ("list", "watch"), HAND_ON)
            for group, names in (
                ("", "Service, Namespace, Pod"),
                ("discovery.k8s.io", "EndpointSlice"),
            )
        ),
        PlannedObject(
            RBAC,
            "ClusterRole",
            None,
            f"{NAMESPACE}-coredns",
            ("bind", "escalate"),
            "only where you do not have these yourself",
        ),
        PlannedObject(
            "", "Pod/log", "kube-system", "(DNS pods)", ("get",), "why a replica has ended"
        ),
        PlannedObject(
            "",
            "ConfigMap",
            "kube-system",
            "(the Corefile)",
            ("get", "update"),
            "with --allow-disruptive only: a block is added, and taken back",
        ),
        PlannedObject(
            "",
            "Pod",
            "kube-system",
            "(DNS pods)",
            ("get", "patch"),
            "with --allow-disruptive only: an annotation lets the kubelet sync at once",
        ),
    )
