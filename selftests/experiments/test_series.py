"""A replica that lacks a series, or a label of one, is found; so is a page that is none."""

import pytest

from clusterdns.inventory.replica_pages import Fetched, missing_series, values_of
from clusterdns.inventory.series import expected_series
from clusterdns.inventory.web import Page
from clusterdns.matrix.question import Server
from tests.network import test_metrics

SOUND = """\
coredns_health_request_failures_total 0
coredns_health_request_duration_seconds_bucket{le="+Inf"} 1
coredns_health_request_duration_seconds_sum 0.1
coredns_health_request_duration_seconds_count 1
coredns_reload_failed_total 0
coredns_cache_requests_total{server="dns://:53",zones=".",view=""} 3
"""
PLUGINS = {"health", "reload", "cache"}


def lacking(body: str, status: int = 200) -> list[str]:
    """What is found missing on a page."""
    page = Fetched("a", Server("pod/x", "192.0.2.1"), "/metrics", Page("http://x", status, body))
    found = missing_series([page], expected_series(PLUGINS, "question"))
    return found.get("pod/x (192.0.2.1)", [])


def test_page_with_all_series_is_sound() -> None:
    """Nothing is missing, and what nobody has used yet is not wanted."""
    assert lacking(SOUND) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("coredns_reload_failed_total 0\n", "", "coredns_reload_failed_total{} of reload: no "),
        ('zones=".",', "", "of cache: without zones"),
        (
            "coredns_health_request_duration_seconds_sum 0.1\n",
            "",
            "of health: no coredns_health_request_duration_seconds_sum",
        ),
    ],
    ids=["series", "label", "part-of-a-histogram"],
)
def test_missing_series_is_named(old: str, new: str, complaint: str) -> None:
    """By its name and plugin, and what of it is missing."""
    (found,) = lacking(SOUND.replace(old, new))
    assert complaint in found


@pytest.mark.parametrize(("body", "status"), [(SOUND, 404), ("<html>", 200)], ids=str)
def test_page_that_is_none_lacks_all(body: str, status: int) -> None:
    """An error, or anything but metrics, has no series."""
    assert len(lacking(body, status)) == len(expected_series(PLUGINS, "question"))


def test_service_that_does_not_answer_is_found() -> None:
    """Metrics that do not come through the Service fail the check, from the node that has none."""
    service = Server("service/kube-dns", "192.0.2.10")
    version = 'coredns_build_info{version="1.12.1"} 1\n'
    good = Fetched("a", service, "/metrics", Page("http://y", 200, version))
    bad = Fetched("b", service, "/metrics", Page("http://y", 0, "timeout"))
    test_metrics.test_metrics_come_through_the_service((good,))
    with pytest.raises(AssertionError, match="b > service/kube-dns: http://y -> no reply timeout"):
        test_metrics.test_metrics_come_through_the_service((good, bad))


def test_only_used_plugins_are_wanted() -> None:
    """Each step wants more than the one before it, and nothing of other plugins."""
    start, question, use = (
        {one.name for one in expected_series(PLUGINS, after)}
        for after in ("start", "question", "use")
    )
    assert start < question < use
    assert not any("forward" in one for one in use)


def test_replica_without_a_page_has_what_came_instead_of_a_value() -> None:
    """No reply is not zero, and no traceback."""
    service, there = Server("pod/x", "192.0.2.1"), Page("http://x", 200, "coredns_panics_total 0\n")
    gone = Page("http://y", 0, "(refused)")
    pages = [
        Fetched("a", service, "/metrics", there),
        Fetched("a", Server("pod/y", "192.0.2.2"), "/metrics", gone),
    ]
    assert values_of(pages, "coredns_panics_total") == {
        "pod/x (192.0.2.1)": 0.0,
        "pod/y (192.0.2.2)": "http://y -> no reply (refused)",
    }
