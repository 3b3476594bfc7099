"""The sign of life that a run leaves in the cluster: a Lease, renewed while it runs.

Machines disagree about the time, so both writer and reader use the clock of the API server, taken
from the Date header of its answers (RFC 9110 section 6.6.1). The Lease also tells them the run's
secret, by which its objects can be distinguished from copies.
"""

import os
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from urllib3.exceptions import HTTPError

from clusterdns.api_errors import no_answer
from clusterdns.api_requests import CountingClient
from clusterdns.cluster import Cluster, Manifest, NotFoundError, path_of, time_of
from clusterdns.run.identity import SECRET, RunId
from clusterdns.run.ledger import one_line

RENEW_EVERY = 10.0  # seconds between two renewals
GROUP = "coordination.k8s.io"
DURATION = 40  # seconds after the last renewal until a run counts as dead


def clock_offset(cluster: Cluster) -> timedelta:
    """What to add to our clock to get that of the API server; good to about a second.

    Zero when the answer has no usable date. Raises NoAnswerError.
    """
    connection = cluster.connection
    prepared = connection.param_serialize("GET", "/version", query_params=[], header_params={})

    def ask(_: bool) -> Any:  # noqa: ANN401 - as the client library has it
        try:
            response = connection.call_api(*prepared, _request_timeout=cluster.deadline)
            response.read()
        except (HTTPError, OSError) as error:
            raise no_answer(error, cluster.server) from error
        return response

    response = cluster.patience.insist("clock", ask)
    try:
        return parsedate_to_datetime(response.getheader("Date") or "") - datetime.now(UTC)
    except (TypeError, ValueError):
        return timedelta()


def alive(lease: Manifest | None, born: datetime | None, now: datetime) -> bool:
    """Whether a run still gives signs of life, by the API server's clock.

    ``born`` is when its namespace was made: the lease comes a moment later, so a run without
    one is given the time of one lease.
    """
    spec = (lease or {}).get("spec") or {}
    seen = time_of(spec.get("renewTime")) or time_of(spec.get("acquireTime")) or born
    seconds = spec.get("leaseDurationSeconds") or DURATION
    return seen is not None and now < seen + timedelta(seconds=float(seconds))


class LeaseKeeper:
    """Holds the lease of this run: a daemon thread with a connection of its own renews it."""

    def __init__(self, cluster: Cluster, namespace: str, run: RunId) -> None:
        # exec streams swap a method of the ApiClient that they use: share only the settings
        own = CountingClient(cluster.connection.configuration)
        self._patient = cluster  # for the first one; what is renewed anyway need not be insisted on
        self._cluster = replace(cluster.hurried(), connection=own)
        self._namespace = namespace
        self._run = run
        self._offset = timedelta()
        self._stop = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self.failures: list[str] = []  # renewals that failed, for the record

    def start(self) -> None:
        """Create the lease and begin to renew it. Raises what the API server answers."""
        self._offset = clock_offset(self._patient)
        self._patient.create(
            {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {
                    "name": str(self._run),
                    "namespace": self._namespace,
                    "labels": self._run.labels,
                    "annotations": {
                        **self._run.annotations(str(self._run), self._namespace),
                        SECRET: self._run.secret,
                    },
                },
                "spec": {
                    "holderIdentity": f"{socket.gethostname()}/{os.getpid()}",
                    "leaseDurationSeconds": DURATION,
                    "acquireTime": self._now(),
                    "renewTime": self._now(),
                },
            }
        )
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._thread.start()

    def expect_end(self) -> None:
        """Namespace or cluster are about to go: that the lease is gone is no failure then."""
        self._ending.set()

    def stop(self) -> None:
        """Stop renewing; the lease goes with its namespace."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def _now(self) -> str:
        return (datetime.now(UTC) + self._offset).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def _renew(self) -> None:
        while not self._stop.wait(RENEW_EVERY):
            path = path_of("Lease", self._namespace, str(self._run))
            change = {"spec": {"renewTime": self._now()}}
            try:
                self._cluster.request(
                    "PATCH", path, change, content_type="application/merge-patch+json"
                )
            except NotFoundError:
                if not self._ending.is_set():
                    self.failures.append("the lease has been deleted by somebody else")
                return
            except Exception as error:  # any failure: it is reported, and the next renewal tried
                if self._ending.is_set():  # the cluster of our own goes with its API server
                    return
                self.failures.append(f"the lease could not be renewed: {one_line(error)}")
