"""Scopes that several causes share."""

from clusterdns.diagnosis.finding import Scope


def from_nodes(nodes: set[str]) -> Scope:
    """Checks of which all deviating answers were asked from these nodes."""
    return Scope(
        (
            "network/test_path*::*",
            "network/test_updates.py::*",
            "network/test_search*::*",
            "network/test_replica_endpoints.py::*",
        ),
        lambda cell: cell.node in nodes,
    )
