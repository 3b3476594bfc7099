"""What a run would make and need, told without making it (--plan)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clusterdns.run.namespaces import Namespaces

# The namespaces as a plan names them: the run's own name is drawn only when it starts.
PLACES = Namespaces("dns-conf-XXXXXXXX", "dns-conf-XXXXXXXX-b")
HOST_PLACE = "dns-conf-XXXXXXXX-host"


@dataclass(frozen=True, order=True)
class PlannedObject:
    """One kind of object that a run makes, reads or changes, and the verbs that it needs."""

    api_group: str  # "" for the core group
    kind: str
    namespace: str | None
    name: str
    verbs: tuple[str, ...]
    why: str


_OWN = ("create", "get", "list", "delete")
_ASKED: list[PlannedObject] = []


def declare(*objects: PlannedObject) -> None:
    """Add to every plan; a module that makes objects declares them where it makes them."""
    _ASKED.extend(each for each in objects if each not in _ASKED)


def planned(shared: str | None = None) -> list[PlannedObject]:
    """All that a run makes and reads, in the order of namespaces; ``shared`` as --namespace."""
    main = shared or PLACES.main
    made: list[PlannedObject] = []
    if shared is None:
        restricted = "PodSecurity restricted is enforced"
        made += [
            PlannedObject("", "Namespace", None, PLACES.main, _OWN, f"our objects; {restricted}"),
            PlannedObject("", "Namespace", None, f"{PLACES.main}-b", _OWN, restricted),
            PlannedObject("", "Namespace", None, HOST_PLACE, _OWN, "pods with hostNetwork only"),
        ]
    made += [
        PlannedObject("", "Namespace", None, "kube-system", ("get",), "its uid names the cluster"),
        PlannedObject(
            "authorization.k8s.io",
            "SelfSubjectAccessReview",
            None,
            "-",
            ("create",),
            "what we may do",
        ),
        *(
            PlannedObject(
                "rbac.authorization.k8s.io", kind, None, "*", ("list",), "what dead runs left"
            )
            for kind in ("ClusterRole", "ClusterRoleBinding")
        ),
        *(
            PlannedObject("", kind, None, "*", ("list",), "what dead runs changed, by its label")
            for kind in ("ConfigMap", "Pod")
        ),
        PlannedObject(
            "coordination.k8s.io", "Lease", None, "*", ("get",), "whether their runs are alive"
        ),
    ]
    made.append(
        PlannedObject(
            "coordination.k8s.io",
            "Lease",
            main,
            PLACES.main,
            ("create", "get", "patch"),
            "sign of life, renewed every 10 s",
        )
    )
    made.append(
        PlannedObject(
            "", "Pod", main, "*", ("deletecollection",), "they are gone before their namespace"
        )
        if shared is None
        else PlannedObject(
            "", "all kinds below", main, "*", ("list", "delete"), "clean-up by label"
        )
    )
    swap = {PLACES.main: main} if shared else {}
    others = [
        PlannedObject(o.api_group, o.kind, swap.get(o.namespace or "", o.namespace), *rest_of(o))
        for o in _ASKED
        if shared is None or o.namespace not in (PLACES.second, HOST_PLACE)
    ]
    return made + sorted(others, key=lambda o: (o.namespace or "", o.kind, o.name))


def rest_of(planned_object: PlannedObject) -> tuple[str, tuple[str, ...], str]:
    """Name, verbs and reason of a planned object."""
    return planned_object.name, planned_object.verbs, planned_object.why


def render(
    objects: Sequence[PlannedObject], images: Iterable[str], checks: Sequence[str]
) -> list[str]:
    """The plan as lines for a person."""
    lines = ["Objects (kind, namespace/name, verbs, why):"]
    for each in objects:
        group = f".{each.api_group}" if each.api_group else ""
        place = f"{each.namespace}/{each.name}" if each.namespace else each.name
        lines.append(f"  {each.kind}{group} {place} [{' '.join(each.verbs)}] {each.why}")
    lines += ["", "Images:", *(f"  {image}" for image in images)]
    lines += ["", f"Checks ({len(checks)}):", *(f"  {check}" for check in checks)]
    return [*lines, "", "Nothing was written to any cluster."]
