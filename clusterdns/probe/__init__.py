"""Probes: places in the cluster from which questions are asked.

``open_probe`` starts one in a pod that runs. With perl in the image (any Debian image) it is a
relay that carries whole messages; without it, dig is asked (BIND 9.9 and later).
"""

from clusterdns.probe.opening import open_probe
from clusterdns.probe.packet import (
    HALF_CLOSE,
    OUTRUN,
    Conversation,
    HalfClose,
    Output,
    Packet,
    Probe,
    ProbeLostError,
    Reply,
    Transcript,
)
from clusterdns.probe.single_command import run_once

__all__ = [
    "HALF_CLOSE",
    "OUTRUN",
    "Conversation",
    "HalfClose",
    "Output",
    "Packet",
    "Probe",
    "ProbeLostError",
    "Reply",
    "Transcript",
    "open_probe",
    "run_once",
]
