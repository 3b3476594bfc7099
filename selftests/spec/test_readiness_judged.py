"""A pod's readiness: what the API refuses or never shows is told, and is no fault of DNS."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from kubernetes.client import ApiException

from clusterdns.experiments.updates.delays import Awaited, Seen, Watch
from clusterdns.experiments.updates.unready_pod import (
    PUBLISHED,
    READINESS,
    READY,
    WITHHELD,
    UnreadyPod,
)
from clusterdns.testbed.testbed import Workspace
from clusterdns.timeouts import Timeouts

ADDRESS = "10.244.0.9"


class FakeCluster:
    """An API whose slices follow what is done to the Service and the pod, as far as it wants."""

    def __init__(self, stuck_at: str = "", refusing: str = "") -> None:
        self.ready = True
        self._stuck_at = stuck_at
        self._refusing = refusing

    def list(self, *_: object) -> list[dict[str, Any]]:
        """One slice with the pod."""
        return [{"endpoints": [{"addresses": [ADDRESS], "conditions": {"ready": self.ready}}]}]

    def find(self, *_: object) -> dict[str, Any]:
        """The pod."""
        return {"status": {"phase": "Running"}}

    def patch(self, *_: object) -> None:
        """The Service no longer publishes what is not ready."""
        self._follow(WITHHELD, False)

    def request(self, *_: object, **__: object) -> None:
        """The pod is ready."""
        self._follow(READY, True)

    def _follow(self, step: str, ready: bool) -> None:
        if step == self._refusing:
            raise ApiException(status=403, reason="Forbidden")
        self.ready = self.ready if step == self._stuck_at else ready


class FakeWatch:
    """Sees everything at once."""

    def until(self, awaited: dict[str, Awaited]) -> dict[str, Seen]:
        """What was awaited."""
        return {name: Seen(each) for name, each in awaited.items()}


def conduct(cluster: FakeCluster) -> tuple[dict[str, tuple[Seen, Seen]], dict[str, str]]:
    """All three steps."""
    workspace: Any = SimpleNamespace(
        cluster=cluster, namespace="a", timeouts=Timeouts(watch=0.05, pod=0.05)
    )
    pod = UnreadyPod(cast(Workspace, workspace), "node", "cluster.local")
    return pod.conduct(cast(Watch, FakeWatch()), lambda _: 5.0)


def test_each_step_demands_its_answer() -> None:
    """Listed, denied, listed again; each begins with what the one before demanded."""
    seen, missing = conduct(FakeCluster())
    assert missing == {}
    demanded = {
        n: [str(w) for w in after.awaited.wanted.values()] for n, (_, after) in seen.items()
    }
    listed = [f"NOERROR [patient.unready.a.svc.cluster.local. A {ADDRESS}]"]
    denied = ["NXDOMAIN [] with the SOA of cluster.local."]
    assert demanded == {PUBLISHED: listed, WITHHELD: denied, READY: listed}
    assert seen[READY][0] is seen[WITHHELD][1]


@pytest.mark.parametrize("step", [WITHHELD, READY])
def test_a_slice_that_does_not_follow_is_told(step: str) -> None:
    """DNS cannot show what the API does not: these checks are not run, with the reason."""
    seen, missing = conduct(FakeCluster(stuck_at=step))
    assert list(missing) == [name for name in READINESS if name not in seen]
    assert step in missing
    assert "no EndpointSlice of unready listed its pod as ready" in missing[step]
    assert "(Running)" in missing[step]


def test_a_refusal_is_told() -> None:
    """Without the right to patch pods/status the last step is not run; the others are judged."""
    seen, missing = conduct(FakeCluster(refusing=READY))
    assert list(seen) == [PUBLISHED, WITHHELD]
    assert list(missing) == [READY]
    assert "403" in missing[READY]
