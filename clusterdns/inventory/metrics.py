"""Metrics of a CoreDNS as values: the text format of Prometheus, fetched through a probe."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from clusterdns.inventory.web import get_all
from clusterdns.probe import Probe

PORT = 9153  # of the prometheus plugin in every kubeadm Corefile, and in ours


class NoMetricsError(Exception):
    """An endpoint did not answer with metrics; the text says what came instead."""


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
        """Read the text format, version 0.0.4. Raises NoMetricsError for what is none."""
        try:
            families = list(text_string_to_metric_families(text))
        except (ValueError, KeyError, IndexError) as error:
            raise NoMetricsError(f"not metrics: {error}; it begins {text[:120]!r}") from None
        return cls(
            tuple(
                Sample(sample.name, sample.labels, sample.value)
                for family in families
                for sample in family.samples
            )
        )

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

    Raises NoMetricsError when nothing comes back that reads as metrics, and ProbeLostError.
    """
    return Metrics.parse(http_get(probe, address, port, "/metrics", timeout))


def http_get(probe: Probe, address: str, port: int, path: str, timeout: float = 5.0) -> str:
    """The body of a page. Raises NoMetricsError for anything but status 200, and ProbeLostError."""
    (page,) = get_all(probe, [(address, port, path)], timeout)
    if page.status != 200:
        raise NoMetricsError(str(page))
    return page.body
