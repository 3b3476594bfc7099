"""What a run would make and need, listed without making it (--plan).

Each part of a run declares what it makes where it makes it, and which fixtures ask for it: the
plan of a selection is what its fixtures ask for, and what every run does.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from clusterdns.api_requests import Right
from clusterdns.cluster import RESOURCES
from clusterdns.run.namespaces import IN_NAMESPACE, Namespaces

# The namespaces as a plan names them: the run's own name is drawn only when it starts.
PLACES = Namespaces("dns-conf-XXXXXXXX", "dns-conf-XXXXXXXX-b")
HOST_PLACE = "dns-conf-XXXXXXXX-host"


@dataclass(frozen=True, order=True)
class PlannedObject:
    """One kind of object that a run makes, reads or changes, and the verbs that it needs.

    ``kind`` may name a subresource (Pod/exec), or be a path of the API server (/version).
    """

    api_group: str  # "" for the core group
    kind: str
    namespace: str | None
    name: str
    verbs: tuple[str, ...]
    why: str

    @property
    def rights(self) -> tuple[Right, ...]:
        """What RBAC must allow for it. Raises KeyError for a kind that nobody knows."""
        kind, _, sub = self.kind.partition("/")
        if not kind:
            return tuple(Right("", self.kind, "", verb) for verb in self.verbs)
        resource = RESOURCES[kind][1] + (f"/{sub}" if sub else "")
        place = self.namespace or ""
        return tuple(Right(self.api_group, resource, place, verb) for verb in self.verbs)


@dataclass(frozen=True)
class _Declared:
    """An object, and the fixtures of which one must be asked for; none: it is in every plan."""

    planned: PlannedObject
    wanted_by: frozenset[str]


_DECLARED: list[_Declared] = []


def declare(*objects: PlannedObject, wanted_by: Iterable[str] = ()) -> None:
    """Add objects to every plan, or to the plans of selections that ask for one of the fixtures.

    A module that makes objects declares them where it makes them.
    """
    fixtures = frozenset(wanted_by)
    added = [_Declared(each, fixtures) for each in objects]
    _DECLARED.extend(each for each in added if each not in _DECLARED)


def planned(
    shared: str | None = None, wanted: Collection[str] | None = None
) -> list[PlannedObject]:
    """All that a run makes and reads, in the order of namespaces.

    ``shared`` is the namespace of --namespace. ``wanted`` names the fixtures that the selected
    checks ask for; None stands for all there are.
    """
    chosen = [
        each.planned
        for each in _DECLARED
        if not each.wanted_by or wanted is None or each.wanted_by & set(wanted)
    ]
    if shared is None:
        return _in_order([*_of_every_run(), *_of_our_namespaces(), *chosen])
    ours = (PLACES.second, HOST_PLACE)
    moved = [
        PlannedObject(
            o.api_group, o.kind, shared if o.namespace == PLACES.main else o.namespace, *rest_of(o)
        )
        for o in [*_of_every_run(), *_of_a_shared_namespace(), *chosen]
        if o.namespace not in ours and (o.kind, o.name) != ("Namespace", HOST_PLACE)
    ]
    return _in_order(moved)


def _of_every_run() -> list[PlannedObject]:
    """What the run itself does, whatever is selected."""
    rbac, leases = "rbac.authorization.k8s.io", "coordination.k8s.io"
    dead = "what dead runs left"
    return [
        PlannedObject(
            "", "/version", None, "-", verbs=("get",), why="is it there, and how late is it"
        ),
        PlannedObject(
            "", "Namespace", None, "kube-system", verbs=("get",), why="its uid names the cluster"
        ),
        PlannedObject("", "Namespace", None, "*", verbs=("list",), why=dead),
        PlannedObject(rbac, "ClusterRole", None, "*", verbs=("list",), why=dead),
        PlannedObject(rbac, "ClusterRoleBinding", None, "*", verbs=("list",), why=dead),
        PlannedObject(
            "authorization.k8s.io",
            "SelfSubjectAccessReview",
            None,
            "-",
            verbs=("create",),
            why="what we may do",
        ),
        PlannedObject(
            leases,
            "Lease",
            PLACES.main,
            PLACES.main,
            verbs=("create", "patch"),
            why="sign of life, renewed every 10 s",
        ),
        *(
            PlannedObject(
                "", kind, None, "*", verbs=("list",), why="what dead runs changed, by its label"
            )
            for kind in ("ConfigMap", "Pod")
        ),
        PlannedObject(leases, "Lease", None, "*", verbs=("get",), why="are dead runs really dead"),
    ]


def _of_our_namespaces() -> list[PlannedObject]:
    """The namespaces that are made, and how they go; that for host pods is the clients'."""
    verbs, restricted = ("create", "get", "delete"), "PodSecurity restricted is enforced"
    places = {PLACES.main: f"our objects; {restricted}", f"{PLACES.main}-b": restricted}
    gone = "they are gone before their namespace"
    return [
        each
        for place, why in places.items()
        for each in (
            PlannedObject("", "Namespace", None, place, verbs=verbs, why=why),
            PlannedObject("", "Pod", place, "*", verbs=("deletecollection",), why=gone),
        )
    ]


def _of_a_shared_namespace() -> list[PlannedObject]:
    """How our objects go from a namespace that stays."""
    return [
        PlannedObject(
            "", "Namespace", None, "(that of --namespace)", verbs=("get",), why="is it there"
        ),
        PlannedObject("", "Pod", PLACES.main, "*", verbs=("create",), why="we ask whether we may"),
        *(
            PlannedObject(
                group_of(kind),
                kind,
                PLACES.main,
                "*",
                verbs=("list", "delete"),
                why="clean-up by label",
            )
            for kind in IN_NAMESPACE
        ),
    ]


def _in_order(objects: Iterable[PlannedObject]) -> list[PlannedObject]:
    """Each once, by namespace; those outside namespaces first."""
    return sorted(set(objects), key=lambda o: (o.namespace or "", o.kind, o.name, o.verbs, o.why))


def group_of(kind: str) -> str:
    """The API group of a kind; "" for the core group. Raises KeyError for an unknown one."""
    path = RESOURCES[kind][0]
    return path.split("/")[2] if path.startswith("/apis/") else ""


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
