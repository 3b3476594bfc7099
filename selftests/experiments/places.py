"""A workspace without a cluster: an inventory as the API would give it, and a list of requests."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Self, cast

from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest, NotFoundError
from clusterdns.inventory.inventory import Inventory
from clusterdns.patience import Patience
from clusterdns.run.active import Run
from clusterdns.testbed.testbed import Images, Workspace
from clusterdns.timeouts import Timeouts

IMAGE = "registry.example/coredns/coredns:v1.12.1"


class Recorder:
    """Takes what a cluster is asked to do, and answers from a table."""

    def __init__(
        self,
        answers: Mapping[str, list[Manifest]] | None = None,
        refuses: Callable[[Manifest], bool] = lambda _: False,
    ) -> None:
        self.refuses = refuses
        self.patience = Patience()
        self.made: list[Manifest] = []
        self.patched: list[tuple[str, str, object]] = []
        self._answers = answers or {}

    def hurried(self, _: float = 0.0) -> Self:
        """Nothing is ever tried again here."""
        return self

    def create_all(self, manifests: list[Manifest]) -> list[Manifest]:
        """Make many objects."""
        self.made += manifests
        return manifests

    def try_all(self, manifests: Iterable[Manifest]) -> list[Manifest | ApiException]:
        """Make many objects; what is refused comes back as the refusal."""
        planned = list(manifests)
        made = iter(self.create_all([each for each in planned if not self.refuses(each)]))
        return [refusal(each) if self.refuses(each) else next(made) for each in planned]

    def create(self, manifest: Manifest) -> Manifest:
        """Make one object."""
        self.made.append(manifest)
        return manifest

    def patch(self, kind: str, name: str, namespace: str | None, change: object) -> Manifest:
        """Change one."""
        self.patched.append((kind, name, change))
        return {}

    def list(self, kind: str, *_: object, **__: object) -> list[Manifest]:
        """All of a kind that the table has."""
        return self._answers.get(kind, [])

    def get(self, kind: str, name: str, namespace: str | None = None) -> Manifest:
        """One of them. Raises NotFoundError."""
        for each in self.list(kind):
            if each["metadata"]["name"] == name:
                return each
        raise NotFoundError(name)

    def find(self, kind: str, name: str, namespace: str | None = None) -> Manifest | None:
        """One of them, or None."""
        return next((e for e in self.list(kind) if e["metadata"]["name"] == name), None)


def refusal(manifest: Manifest) -> ApiException:
    """What an API server answers when an admission webhook says no."""
    error = ApiException(status=403, reason="Forbidden")
    what = f"{manifest['kind']} {manifest['metadata']['name']}"
    error.body = json.dumps({"kind": "Status", "message": f"policy p denied {what}"})
    return error


def node(name: str, ready: bool = True) -> Manifest:
    """A Linux node."""
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/os": "linux"}},
        "spec": {"providerID": f"kind://docker/kind/{name}"},
        "status": {
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "addresses": [
                {"type": "InternalIP", "address": "172.18.0.2"},
                {"type": "InternalIP", "address": "fc00::2"},
                {"type": "Hostname", "address": name},
            ],
        },
    }


def replica(name: str, on: str) -> Manifest:
    """A DNS pod that is ready."""
    return {
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {"nodeName": on},
        "status": {
            "phase": "Running",
            "podIPs": [{"ip": "10.244.0.2"}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def inventory(
    nodes: tuple[Manifest, ...], pods: tuple[Manifest, ...], image: str = IMAGE
) -> Inventory:
    """What serves DNS: one container of this image, by the ServiceAccount "coredns"."""
    name = "coredns" if "coredns" in image else "kubedns"
    template = {"serviceAccountName": "coredns", "containers": [{"name": name, "image": image}]}
    workload = {
        "metadata": {"name": "coredns", "namespace": "kube-system"},
        "spec": {"template": {"spec": template}},
    }
    return Inventory("v1.34.4", nodes, None, (), workload, pods, None, None)


def workspace(
    folder: Path, found: Inventory, recorder: Recorder, timeouts: Timeouts | None = None
) -> Workspace:
    """A workspace whose cluster is the recorder."""
    run = Run.start(folder)
    cluster = cast(Cluster, recorder)
    run._cluster = cluster
    images = Images("registry.example/dnsutils:1", None)
    return Workspace(cluster, run, str(run.id), None, images, timeouts or Timeouts(), found)
