"""Notes are read from logs; what cannot be read must not make an error of a green run."""

from types import SimpleNamespace
from typing import cast

import pytest
from kubernetes.client import ApiException

from clusterdns.api_errors import NoAnswerError
from clusterdns.cluster import Cluster, NotFoundError
from clusterdns.inventory.inventory import Inventory
from fixtures.notes import logs_of

POD = {"metadata": {"name": "coredns-1", "namespace": "kube-system"}}


class Server:
    """An API server that has no log to give."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def text(self, *_: object, **__: object) -> str:
        """What it says instead."""
        raise self.error

    logs = text


@pytest.mark.parametrize(
    "error",
    [
        NotFoundError("pods coredns-1 not found"),
        ApiException(403),
        NoAnswerError("the API server does not answer"),
    ],
    ids=["a-replica-that-was-replaced", "forbidden", "no-server"],
)
def test_logs_that_cannot_be_read_are_empty(error: Exception) -> None:
    """A replica may be gone at the end of the run, and so may the API server."""
    inventory = cast(Inventory, SimpleNamespace(pods=(POD,)))
    assert "".join(logs_of(cast(Cluster, Server(error)), inventory).values()) == ""
