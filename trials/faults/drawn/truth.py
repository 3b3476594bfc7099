"""Where a drawn fault is, known because it was put there; and what diagnoses call that place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Hop = Literal[
    "client",  # what pods hold, and the kubelet that gives it to them
    "service",  # the Service and its EndpointSlices
    "node-network",  # kube-proxy, firewall, routes, the pod network
    "network-policy",
    "replica",  # the process and its pod: limits, probes, arguments, volumes
    "corefile",
    "api",  # the API server as replicas see it: reach and rights
    "upstream",
    "node-local",  # no drawn fault is there; a diagnosis that says so is elsewhere
]

# By the layers of clusterdns/diagnosis/finding.py; "" is no place at all.
HOP_OF_LAYER: Mapping[str, Hop | Literal[""]] = {
    "client": "client",
    "kubelet": "client",
    "service": "service",
    "network-policy": "network-policy",
    "node-network": "node-network",
    "coredns-pod": "replica",
    "corefile": "corefile",
    "cache": "corefile",  # what is kept, and for how long, is written in the Corefile
    "records": "corefile",  # so is which records an object gets; no drawn fault is in an object
    "api": "api",
    "upstream": "upstream",
    "node-local": "node-local",
    "unknown": "",
}


# Names of plugins and options that any sentence may have.
ENGLISH = frozenset(
    (
        *("any", "args", "cache", "debug", "errors", "forward", "health", "hosts", "ignore"),
        *("image", "labels", "limit", "local", "log", "metadata", "port", "probe", "ready"),
        *("replicas", "root", "scale", "ttl", "view"),
    )
)


@dataclass(frozen=True)
class Truth:
    """Where a fault was put, and by which words it is named.

    ``hops``: the first is where it was put. Others are as right, because the same fault can be
    told from either side, such as a wrong address behind ``forward``.
    ``objects``: any one of them names the object or the line: a line of the Corefile, its number,
    an object's name, a setting. What is known only in a cluster is added when it is put in.
    ``refused``: CoreDNS does not start with this Corefile.
    """

    hops: tuple[Hop, ...]
    objects: tuple[str, ...]
    refused: bool = False

    def names_object(self, text: str, more: tuple[str, ...] = ()) -> bool:
        """Whether a text names the object or line; case and the width of spaces do not count."""
        plain = squeezed(text)
        words = (squeezed(each) for each in (*self.objects, *more))
        return any(re.search(_pattern(word), plain) for word in words if word)


def _pattern(word: str) -> str:
    """Where a word stands by itself; and, if it is one of plain English, where it is meant."""
    alone = rf"(?<![\w.-]){re.escape(word)}(?![\w-])"
    if word not in ENGLISH:
        return alone
    before = "(?:plugin|plug-in|option|directive|statement|no|without|[`'\"]) ?"
    after = "[`'\"]|,? \\(?(?:on |in )?line|,? plugin"
    return f"{before}{alone}|{alone}(?:{after})"


def squeezed(text: str) -> str:
    """A text in lower case with single spaces."""
    return " ".join(text.lower().split())
