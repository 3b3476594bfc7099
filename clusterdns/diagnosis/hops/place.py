"""Where an answer goes wrong: a hop, what of it, and the two answers that prove it. Values only."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from clusterdns.diagnosis.layers import Layer

Hop = Literal[
    "passed",  # asked again, the answers are right
    "service",  # the Service's translation
    "network",  # between a node and the replicas
    "replica",  # one replica, or all of them, unlike a private instance with the same Corefile
    "corefile",  # a private instance with the same Corefile gives the same wrong answer
    "data",  # so does one with a minimal Corefile
    "upstream",  # the upstream says so itself
    "coredns",  # CoreDNS as a whole, behind which nothing could be tried
    "unplaced",  # nothing that was asked tells
]

LAYERS: Mapping[Hop, Layer] = {
    "passed": "unknown",
    "service": "service",
    "network": "node-network",
    "replica": "coredns-pod",
    "corefile": "corefile",
    "data": "records",
    "upstream": "upstream",
    "coredns": "coredns-pod",
    "unplaced": "unknown",
}


@dataclass(frozen=True)
class Heard:
    """What one hop said to the question: whom it was put to, from where, and what came."""

    who: str  # "replica coredns-a (10.244.0.2)", "a private instance without line 7"
    node: str
    received: str  # "NXDOMAIN []", "no answer (timeout)"
    right: bool

    def __str__(self) -> str:
        return f"asked at {self.who}{f' from {self.node}' if self.node else ''}: {self.received}"


@dataclass(frozen=True)
class Place:
    """The first hop behind which the answer is right, for questions that deviate alike.

    ``right`` and ``wrong`` prove it: the answer behind the hop and the one before it. One of them
    is missing where a hop says the wrong thing itself, or where all is right by now.
    """

    hop: Hop
    subject: str  # "pod/coredns-a", "10.0.0.1 (forward . 10.0.0.1, line 9 of the Corefile)"
    question: str  # that was put to each hop: "web.a.svc.cluster.local. A over udp"
    wanted: str  # what it must be answered with
    questions: tuple[str, ...]  # of the group: "web.a.svc.cluster.local. A"
    checks: tuple[str, ...]  # in which the group deviates
    alike: str = ""  # what these questions have in common, in words
    unlike: str = ""  # what is different in questions beside them that are right
    right: Heard | None = None
    wrong: Heard | None = None
    proved: bool = False  # by an experiment, or by the fault itself
    named: tuple[str, ...] = ()  # plugins or zones of lines, upstreams; in lower case
    way: tuple[str, ...] = ()  # between two nodes: the asking node, the replica, the transports
    line: str = ""  # of the Corefile: "line 7: template IN A { ... }"
    remedy: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()  # what else was found out on the way
    about_us: str = ""  # where reading and experiment disagree: a mistake of this suite

    @property
    def layer(self) -> Layer:
        """The layer that the hop belongs to."""
        return LAYERS[self.hop]

    @property
    def silent(self) -> bool:
        """Whether what goes wrong there is that no answer comes."""
        return self.wrong is not None and self.wrong.received.startswith("no answer")

    @property
    def proof(self) -> str:
        """The pair of answers."""
        pair = [str(each) for each in (self.right, self.wrong) if each is not None]
        return "; ".join(pair)

    def to_document(self) -> dict[str, object]:
        """The place as JSON has it."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The place that to_document wrote. Raises TypeError for what is none."""
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in document.items()
        }
        for name in ("right", "wrong"):
            values[name] = None if values.get(name) is None else Heard(**values[name])
        return cls(**values)
