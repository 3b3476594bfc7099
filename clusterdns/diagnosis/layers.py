"""The layers of cluster DNS, from whoever asks to whoever knows."""

from typing import Literal

Layer = Literal[
    "client",
    "kubelet",
    "service",
    "network-policy",
    "node-network",
    "coredns-pod",
    "corefile",
    "api",
    "records",
    "upstream",
    "cache",
    "node-local",
    "unknown",
]
