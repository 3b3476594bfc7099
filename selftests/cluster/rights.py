"""An account that may do what --plan prints, and nothing else; and what of it was used."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clusterdns.api_requests import Right
from clusterdns.cluster import RESOURCES, Cluster, Manifest, path_of
from clusterdns.run.plan import HOST_PLACE, PLACES
from selftests.cluster.test_credentials import kubeconfig_for
from selftests.contract.suite import suite

ACCOUNT = "selftest-planned"
RBAC = "rbac.authorization.k8s.io"
EVERYWHERE = ""
OURS = (PLACES.main, str(PLACES.second), HOST_PLACE)  # their real names are drawn at the start
LINE = re.compile(
    r"  (?P<kind>[A-Z/][\w/]*)(\.(?P<group>[\w.]+))? ((?P<place>[\w-]+)/)?"
    r"(?P<name>\S.*?) \[(?P<verbs>[a-z ]+)\] (?P<why>.*)"
)


def planned_rights(*arguments: str) -> dict[Right, set[str]]:
    """Each right that --plan names, with the reasons that it gives."""
    found: dict[Right, set[str]] = {}
    for line in filter(None, map(LINE.match, suite("--plan", *arguments).output.splitlines())):
        kind, _, sub = line["kind"].partition("/")
        resource = RESOURCES[kind][1] + (f"/{sub}" if sub else "") if kind else line["kind"]
        for verb in line["verbs"].split():
            right = Right(line["group"] or "", resource, line["place"] or EVERYWHERE, verb)
            found.setdefault(right, set()).add(line["why"])
    return found


def used_rights(report: Path, run: str) -> set[Right]:
    """The rights that a run used by its events, with its namespaces called as in a plan."""
    events = map(json.loads, (report / "events.jsonl").read_text().splitlines())
    (told,) = [event["rights"] for event in events if event["event"] == "requests"]
    return {
        Right(r["group"], r["resource"], r["namespace"].replace(run, PLACES.main), r["verb"])
        for r in told
    }


def allowed(right: Right, rights: dict[Right, set[str]]) -> bool:
    """Whether a right is among these, for its own namespace or for all."""
    group, resource, _, verb = right.group, right.resource, right.namespace, right.verb
    return right in rights or Right(group, resource, EVERYWHERE, verb) in rights


@contextmanager
def account_with(cluster: Cluster, rights: dict[Right, set[str]], folder: Path) -> Iterator[Path]:
    """The kubeconfig of an account that has these rights while the block lasts.

    What is planned for namespaces of ours is given in all: their names are not known before.
    """
    cluster.create(
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": ACCOUNT, "namespace": "default"},
        }
    )
    made = [("ServiceAccount", "default")]
    try:
        by_place: dict[str, list[Right]] = {}
        for right in sorted(rights):
            place = EVERYWHERE if right.namespace in OURS else right.namespace
            by_place.setdefault(place, []).append(right)
        for place, some in by_place.items():
            for manifest in role(place, some):
                cluster.create(manifest)
                made.append((manifest["kind"], place))
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600},
        }
        path = f"{path_of('ServiceAccount', 'default', ACCOUNT)}/token"
        token = cluster.request("POST", path, request)["status"]["token"]
        yield Path(kubeconfig_for(cluster, folder, {"token": token}))
    finally:
        for kind, place in reversed(made):
            cluster.delete(kind, ACCOUNT, place or None)


def role(place: str, rights: list[Right]) -> list[Manifest]:
    """A role with these rights, in a namespace or in all, and its binding to the account."""
    kind = "Role" if place else "ClusterRole"
    meta = {"name": ACCOUNT, **({"namespace": place} if place else {})}
    rules = [
        {"nonResourceURLs": [right.resource], "verbs": [right.verb]}
        if right.resource.startswith("/")
        else {"apiGroups": [right.group], "resources": [right.resource], "verbs": [right.verb]}
        for right in rights
    ]
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": "default"}
    return [
        {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": meta, "rules": rules},
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": f"{kind}Binding",
            "metadata": meta,
            "roleRef": {"apiGroup": RBAC, "kind": kind, "name": ACCOUNT},
            "subjects": [subject],
        },
    ]
