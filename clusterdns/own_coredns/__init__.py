"""A CoreDNS of the cluster's image in our namespace, for what must not be tried on the real one."""

from clusterdns.own_coredns.arrivals import (
    LOG_FORMAT,
    Arrival,
    arrivals_in,
    arrivals_with,
    log_directive,
)
from clusterdns.own_coredns.environment import environment, variables_in
from clusterdns.own_coredns.instance import (
    NotPossibleError,
    OwnCoreDns,
    nodes_with_image,
    why_no_coredns,
)
from clusterdns.own_coredns.permissions import ACCOUNT, may_read_cluster

__all__ = [
    "ACCOUNT",
    "LOG_FORMAT",
    "Arrival",
    "NotPossibleError",
    "OwnCoreDns",
    "arrivals_in",
    "arrivals_with",
    "environment",
    "log_directive",
    "may_read_cluster",
    "nodes_with_image",
    "variables_in",
    "why_no_coredns",
]
