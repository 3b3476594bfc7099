"""What each experiment makes, for --plan. The keys are the names of the experiments."""

from clusterdns.experiments.api_loss.cut import RUNNING, STARTING
from clusterdns.experiments.leaving.experiment import LEAVES, STAYS
from clusterdns.experiments.leaving.experiment import NAME as PAIR
from clusterdns.experiments.runner import EXPERIMENTS, KNOWING
from clusterdns.run.plan import PLACES, PlannedObject, declare

NAMESPACE = PLACES.main
RBAC = "rbac.authorization.k8s.io"
GLOBAL = ("create", "get", "list", "delete")
HAND_ON = "to hand it on: who has these, or the verbs below, may put them into that role"
SLICES = "discovery.k8s.io"
CHANGED = ("patch",)
WATCHED = ("get", "patch")  # changed too, and looked at whether it is still the same process
# The private CoreDNS of each experiment: its name, what it is, and what is done with its pod.
INSTANCES = {
    "forwarding": ("forwarder", "a private CoreDNS and its upstreams", CHANGED),
    "loop_detected": ("looping", "forwards to itself, with loop", ("delete",)),
    "loop_hidden": ("hidden-loop", "forwards to itself, without loop", ("delete",)),
    "reloads": ("reloading", "a private CoreDNS whose Corefile changes", WATCHED),
    "configured": ("configured", "several pod modes, TTLs and caches", ()),
    "caching": ("caching", "a private CoreDNS with caches, and its upstreams", CHANGED),
    "choosing": ("choosing", "a private CoreDNS with each option of forward", ()),
    "reporting": ("reporting", "a private CoreDNS with metrics, log and errors", ()),
    "api_lost": (RUNNING, "loses the API", WATCHED),
    "api_late": (STARTING, "starts without the API", CHANGED),
}


def declare_objects() -> None:
    """Add the objects of each experiment to the plans of selections that want it."""
    for experiment, (name, why, also) in INSTANCES.items():
        patched = CHANGED if "patch" in also else ()
        declare(
            PlannedObject("", "Pod", NAMESPACE, name, verbs=("create", "list", *also), why=why),
            PlannedObject(
                "", "ConfigMap", NAMESPACE, name, verbs=("create", *patched), why="its files"
            ),
            PlannedObject(
                "", "Pod/log", NAMESPACE, name, verbs=("get",), why="what arrived and why"
            ),
            wanted_by=[experiment],
        )
    _declare_updates()
    _declare_pair()
    declare(
        PlannedObject(
            "",
            "Service",
            NAMESPACE,
            "outage-*",
            verbs=("create", "get", "delete"),
            why="changes unseen",
        ),
        wanted_by=["api_lost"],
    )
    declare(
        PlannedObject(
            "", "Pod", NAMESPACE, "node-resolver-N", verbs=("create", "list"), why="see their logs"
        ),
        PlannedObject(
            "",
            "Pod/log",
            NAMESPACE,
            "node-resolver-N",
            verbs=("get",),
            why="resolv.conf of replicas' nodes",
        ),
        wanted_by=["outside_names", "upstreams"],
    )
    declare(
        PlannedObject(
            "", "Service", "default", "kubernetes", verbs=("get",), why="a name that is known"
        ),
        PlannedObject("", "Pod", NAMESPACE, "*", verbs=("list",), why="the addresses of probes"),
        wanted_by=["forwarding", "configured", "api_late"],
    )
    declare(
        PlannedObject("", "Event", NAMESPACE, "*", verbs=("list",), why="why a pod does not start"),
        wanted_by=EXPERIMENTS,
    )
    _declare_reader()
    _declare_changes_of_the_clusters_own()


def _declare_updates() -> None:
    """Objects that change."""
    verbs = ("create", "get", "patch", "delete")
    declare(
        PlannedObject(
            "", "Service", NAMESPACE, "update-*", verbs=verbs, why="changes to be seen in DNS"
        ),
        PlannedObject(
            SLICES,
            "EndpointSlice",
            NAMESPACE,
            "update-*",
            verbs=("create", "patch"),
            why="their endpoints",
        ),
        PlannedObject(
            SLICES, "EndpointSlice", NAMESPACE, "unready-*", verbs=("list",), why="is it listed"
        ),
        PlannedObject(
            "", "Service", NAMESPACE, "unready", verbs=("create", "patch"), why="its Service"
        ),
        PlannedObject(
            "", "Pod", NAMESPACE, "unready", verbs=("create", "get"), why="with a readiness gate"
        ),
        PlannedObject(
            "", "Pod/status", NAMESPACE, "unready", verbs=("patch",), why="to make it ready"
        ),
        wanted_by=["updates"],
    )


def _declare_pair() -> None:
    """Two replicas, of which one goes."""
    for name in (LEAVES, STAYS):
        verbs = ("create", "list", "delete") if name == LEAVES else ("create", "list")
        declare(
            PlannedObject(
                "", "Pod", NAMESPACE, name, verbs=verbs, why="one of two, of which one goes"
            ),
            PlannedObject("", "ConfigMap", NAMESPACE, name, verbs=("create",), why="its files"),
            wanted_by=["left"],
        )
    declare(
        PlannedObject(
            "", "Service", NAMESPACE, PAIR, verbs=("create", "get"), why="in front of both"
        ),
        PlannedObject(
            SLICES, "EndpointSlice", NAMESPACE, f"{PAIR}-*", verbs=("list",), why="who is listed"
        ),
        wanted_by=["left"],
    )


def _declare_reader() -> None:
    """The account that reads the cluster for a private CoreDNS, and what it is given."""
    declare(
        PlannedObject(
            "",
            "ServiceAccount",
            NAMESPACE,
            "coredns",
            verbs=("create",),
            why="of the private CoreDNS",
        ),
        PlannedObject(
            RBAC,
            "ClusterRole",
            None,
            f"{NAMESPACE}-coredns",
            verbs=GLOBAL,
            why="list and watch on what its Corefiles read: "
            "services, namespaces, endpointslices, pods",
        ),
        PlannedObject(
            RBAC, "ClusterRoleBinding", None, f"{NAMESPACE}-coredns", verbs=GLOBAL, why="to it"
        ),
        *(
            PlannedObject(group, names, None, "*", verbs=("list", "watch"), why=HAND_ON)
            for group, names in (
                ("", "Service, Namespace, Pod"),
                (SLICES, "EndpointSlice"),
            )
        ),
        PlannedObject(
            RBAC,
            "ClusterRole",
            None,
            f"{NAMESPACE}-coredns",
            verbs=("bind", "escalate"),
            why="to hand it on: only where you do not have these yourself",
        ),
        wanted_by=KNOWING,
    )


def _declare_changes_of_the_clusters_own() -> None:
    """What --allow-disruptive changes and gives back."""
    disruptive = "with --allow-disruptive only"
    declare(
        PlannedObject(
            "",
            "ConfigMap",
            "kube-system",
            "(the Corefile)",
            verbs=("get", "update"),
            why=f"{disruptive}: a block is added, and taken back",
        ),
        PlannedObject(
            "",
            "Pod",
            "kube-system",
            "(DNS pods)",
            verbs=("get", "patch"),
            why=f"{disruptive}: an annotation lets the kubelet sync at once",
        ),
        wanted_by=["own_reload"],
    )
