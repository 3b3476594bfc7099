"""The pods of a run as the API has them, listed once for all who wait for theirs."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from clusterdns.cluster import Cluster, Manifest

FRESH_S = 0.25  # seconds for which a list does for whoever looks next


@dataclass
class PodList:
    """Lists pods by a label selector; safe to use from several threads.

    A dozen instances start side by side, each waited for in a thread of its own: one list answers
    all of them, where each asked for its own pod several times a second.
    """

    cluster: Cluster
    selector: str
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _lists: dict[str, tuple[float, Mapping[str, Manifest]]] = field(default_factory=dict)

    def pods(self, namespace: str) -> Mapping[str, Manifest]:
        """The pods of the run in a namespace, by name, at most FRESH_S old.

        Raises kubernetes.client.ApiException as the API server answers.
        """
        with self._lock:
            listed, pods = self._lists.get(namespace, (float("-inf"), {}))
            if time.monotonic() - listed > FRESH_S:
                found = self.cluster.list("Pod", namespace, self.selector)
                pods = {str(pod["metadata"]["name"]): pod for pod in found}
                self._lists[namespace] = time.monotonic(), pods
            return pods

    def pod(self, namespace: str, name: str) -> Manifest:
        """The pod of that name in a namespace; empty when it is gone. Raises as ``pods`` does."""
        return self.pods(namespace).get(name, {})
