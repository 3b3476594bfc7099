"""Metrics are read as Prometheus writes them, and nothing else passes for metrics."""

from collections.abc import Sequence

import pytest

from clusterdns.inventory.metrics import Metrics, NoMetricsError, Sample, http_get, scrape
from clusterdns.probe import Conversation, Output, Packet, Reply, Transcript

TEXT = """\
# HELP coredns_dns_requests_total Counter of DNS requests made per zone, protocol and family.
# TYPE coredns_dns_requests_total counter
coredns_dns_requests_total{family="1",proto="udp",server="dns://:53",type="A",view="",zone="."} 7
coredns_dns_requests_total{family="1",proto="tcp",server="dns://:53",type="A",view="",zone="."} 2
coredns_dns_requests_total{family="1",proto="udp",server="dns://:53",type="PTR",view="",zone="."} 1
coredns_proxy_conn_cache_misses_total{proto="udp",proxy_name="forward",to="10.0.0.2:53"} 3
coredns_forward_healthcheck_broken_total 0 1395066363000
go_gc_duration_seconds{quantile="0.5"} 2.5e-05
odd{text="a \\"quoted\\" \\\\ and\\nnew line, with } and ="} +Inf
"""


class Page:
    """A probe that gets the same bytes back whatever is said to whomever."""

    node, namespace, pod, wire_exact = "node", "ns", "probe", True

    def __init__(self, data: bytes, ending: str = "closed") -> None:
        self._said = Transcript(data, ending, 1.0)
        self.requests: list[bytes] = []

    def converse(self, conversations: Sequence[Conversation]) -> list[Transcript]:
        """Take the request down and answer."""
        for each in conversations:
            self.requests += [step for step in each.steps if isinstance(step, bytes)]
        return [self._said for _ in conversations]

    def exchange(self, packets: Sequence[Packet]) -> list[Reply]:
        """Nobody asks."""
        raise NotImplementedError

    def run(self, commands: Sequence[Sequence[str]], timeout: float) -> list[Output]:
        """Nobody runs anything."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to close."""


def test_values_add_up_over_the_series_that_match() -> None:
    """A total is the sum over the series with the labels that were given."""
    metrics = Metrics.parse(TEXT)
    assert metrics.total("coredns_dns_requests_total", type="A") == 9
    assert metrics.total("coredns_dns_requests_total") == 10
    assert metrics.total("coredns_dns_requests_total", type="MX") == 0


def test_labels_of_several_metrics_are_found_by_pattern() -> None:
    """Names may be a pattern: versions of CoreDNS call their metrics differently."""
    found = Metrics.parse(TEXT).label_values("coredns_(proxy|forward)_.*", "to")
    assert found == {"10.0.0.2:53"}


def test_escapes_and_special_values_are_read() -> None:
    """Quotes, backslashes, line ends and braces in a label's value are part of it."""
    (odd,) = Metrics.parse(TEXT).series("odd")
    assert odd == Sample("odd", {"text": 'a "quoted" \\ and\nnew line, with } and ='}, float("inf"))


@pytest.mark.parametrize(
    "text", ["<html>", "name{label=unquoted} 1", "name one", "name", 'name{a="1" 2'], ids=str
)
def test_what_is_no_metrics_is_refused(text: str) -> None:
    """A page that is not metrics never counts as "zero of everything"."""
    with pytest.raises(NoMetricsError, match="not metrics"):
        Metrics.parse(text)


def test_page_is_fetched_over_http() -> None:
    """The request is HTTP/1.0, so that the page ends where the connection does."""
    page = Page(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + TEXT.encode())
    assert scrape(page, "2001:db8::1") == Metrics.parse(TEXT)
    assert page.requests[0].startswith(b"GET /metrics HTTP/1.0\r\nHost: [2001:db8::1]\r\n")


@pytest.mark.parametrize(
    ("data", "ending"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\nno", "closed"),
        (b"HTTP/1.0 200 OK\r\n\r\nhalf a pa", "timeout"),
        (b"", "refused"),
        (b"\x00\x01", "closed"),
    ],
    ids=["503", "cut-short", "refused", "not-http"],
)
def test_page_that_is_not_whole_is_refused(data: bytes, ending: str) -> None:
    """Only a complete page with status 200 is taken."""
    with pytest.raises(NoMetricsError, match=r"http://192\.0\.2\.1:9153/metrics"):
        http_get(Page(data, ending), "192.0.2.1", 9153, "/metrics")
