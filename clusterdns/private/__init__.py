"""A CoreDNS of the cluster's image in our namespace, for what must not be tried on the real one."""

from clusterdns.private.arrivals import LOG_FORMAT, Arrival, arrivals_in, log_directive
from clusterdns.private.coredns import NotPossible, PrivateCoreDns
from clusterdns.private.permissions import ACCOUNT, may_read_cluster

__all__ = [
    "ACCOUNT",
    "LOG_FORMAT",
    "Arrival",
    "NotPossible",
    "PrivateCoreDns",
    "arrivals_in",
    "log_directive",
    "may_read_cluster",
]
