"""Metrics of a CoreDNS as values: the text format of Prometheus, fetched through a probe."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clusterdns.probe import Conversation, Probe

PORT = 9153  # of the prometheus plug-in in every kubeadm Corefile, and in ours
_SAMPLE = re.compile(
    r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(?P<labels>.*)\})?\s+(?P<value>\S+)(?:\s+-?\d+)?\s*"
)
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


class NoMetrics(Exception):  # noqa: N818 (the name says what happened)
    """Nothing that reads as metrics came back; the text says what did."""


@dataclass(frozen=True)
class Sample:
    """One series and its value."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Metrics:
    """All series of one endpoint at one moment."""

    samples: tuple[Sample, ...]

    @classmethod
    def parse(cls, text: str) -> "Metrics":
        """Read the text format, version 0.0.4. Raises NoMetrics for a line that is none."""
        lines = (line.strip() for line in text.splitlines())
        return cls(tuple(_sample(line) for line in lines if line and not line.startswith("#")))

    def series(self, name: str, **labels: str) -> Iterator[Sample]:
        """The series of a name (or of every name that matches a pattern) with these labels."""
        pattern = re.compile(name)
        for sample in self.samples:
            if pattern.fullmatch(sample.name) and labels.items() <= sample.labels.items():
                yield sample

    def total(self, name: str, **labels: str) -> float:
        """The sum over the series of a name with these labels; 0 when there is none."""
        return sum(sample.value for sample in self.series(name, **labels))

    def label_values(self, name: str, label: str) -> frozenset[str]:
        """The values of one label over the series of a name (or pattern)."""
        found = (sample.labels.get(label) for sample in self.series(name))
        return frozenset(value for value in found if value)


def scrape(probe: Probe, address: str, port: int = PORT, timeout: float = 5.0) -> Metrics:
    """The metrics of one pod, asked from a probe over HTTP.

    Raises NoMetrics when nothing comes back that reads as metrics, and ProbeLost.
    """
    return Metrics.parse(http_get(probe, address, port, "/metrics", timeout))


def http_get(probe: Probe, address: str, port: int, path: str, timeout: float = 5.0) -> str:
    """The body of a page (HTTP/1.0, RFC 1945: it ends where the server closes the connection).

    Raises NoMetrics for anything but status 200, and ProbeLost.
    """
    host = f"[{address}]" if ":" in address else address
    request = f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\nAccept: text/plain\r\n\r\n"
    (said,) = probe.converse([Conversation(address, port, (request.encode(),), timeout)])
    head, _, body = said.data.decode(errors="replace").partition("\r\n\r\n")
    status = head.partition("\r\n")[0].split()
    if len(status) < 2 or status[1] != "200" or said.ending != "closed":
        words = " ".join(status) or "no reply"
        raise NoMetrics(f"http://{host}:{port}{path}: {words} ({said.ending})")
    return body


def _sample(line: str) -> Sample:
    found = _SAMPLE.fullmatch(line)
    try:
        if found is None:
            raise ValueError("not a sample")
        labels = dict(_labels(found["labels"] or ""))
        return Sample(found["name"], labels, float(found["value"]))
    except ValueError as error:
        raise NoMetrics(f"not a line of metrics: {line[:120]!r} ({error})") from None


def _labels(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text):
        found = _LABEL.match(text, position)
        if found is None:
            raise ValueError(f"labels {text!r}")
        yield found[1], re.sub(r'\\[\\"n]', lambda escape: _ESCAPES[escape[0]], found[2])
        position = found.end()
