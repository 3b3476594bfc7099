"""The checks of the cache pass for a real CoreDNS, and fail for each that is configured wrongly."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from clusterdns.experiments.cache.answers import DENIAL_CAP, STALE_CAP, SUCCESS_CAP
from clusterdns.experiments.cache.experiment import CachingExperiment
from clusterdns.experiments.forwarding.outside_zone import ZONE
from clusterdns.experiments.own_upstreams import UPSTREAM
from selftests.experiments.local_coredns import (
    Fault,
    Proof,
    conducted,
    failures_of,
    instead,
    without,
)
from tests.network import test_cache

SOA = f"{ZONE} 60 IN SOA ns.{ZONE} hostmaster.{ZONE} 1 60 60 60 60"
LIE = f'template IN A kept.{ZONE} {{\nanswer "{{{{ .Name }}}} 60 IN A 192.0.2.66"\n}}\n'
# What was done to the Corefile, the checks that must fail, and words of the first one's message.
FAULTS = {
    "sound": Fault(None, set(), ""),
    "success-cap-too-large": Fault(
        instead(f"success 1024 {SUCCESS_CAP}", "success 1024 30"),
        {
            "question_is_answered_from_the_cache-success",
            "ttl_is_capped_and_counts_down-success",
        },
        "1 of 8 questions reached the upstream, 2 must",
    ),
    "no-denial-cap": Fault(
        instead(f"denial 1024 {DENIAL_CAP}", "denial 1024"),
        {
            f"{check}-{kind}"
            for check in ("question_is_answered_from_the_cache", "ttl_is_capped_and_counts_down")
            for kind in ("NXDOMAIN", "NODATA")
        },
        "TTL 60 s, must be 3 s",
    ),
    "no-least-ttl": Fault(
        instead(f"success 1024 {SUCCESS_CAP}", f"success 1024 {SUCCESS_CAP} 1"),
        {
            "question_is_answered_from_the_cache-short-lived",
            "ttl_is_capped_and_counts_down-short-lived",
        },
        "TTL 1 s, must be 5 s",
    ),
    "ttl-stands-still": Fault(
        instead(f"denial 1024 {DENIAL_CAP}", f"denial 1024 {DENIAL_CAP}\nkeepttl"),
        {
            f"ttl_is_capped_and_counts_down-{kind}"
            for kind in ("success", "short-lived", "NXDOMAIN", "NODATA")
        },
        "from the cache: TTL 6 s, must be",
    ),
    "nothing-disabled": Fault(
        without(f"disable .*{ZONE}"),
        {
            "only_what_may_be_kept_is_kept-success where success is disabled",
            "only_what_may_be_kept_is_kept-denial where denial is disabled",
        },
        "asked 3 times, 1 reached the upstream",
    ),
    "all-disabled": Fault(
        instead("disable success fresh.*\n", "disable success\n"),
        {"only_what_may_be_kept_is_kept-success where denial is disabled"},
        "asked 3 times, 3 reached the upstream",
    ),
    "stale-not-served": Fault(
        without("serve_stale 60s"),
        {
            "without_an_upstream_stale_answers_are_served",
            "stale_answer_must_not_be_kept",
            "metrics_count_hits_and_misses",
        },
        "1 of 2 cells deviate",
    ),
    "stale-served-always": Fault(
        instead(f"denial 1024 {STALE_CAP}\n}}", f"denial 1024 {STALE_CAP}\nserve_stale 60s\n}}"),
        {"nothing_is_served_stale_unasked", "metrics_count_hits_and_misses"},
        "expected  SERVFAIL",
    ),
    "stale-served-too-long": Fault(
        instead("serve_stale 1s", "serve_stale 60s"),
        {"nothing_is_served_stale_unasked"},
        "expected  SERVFAIL",
    ),
    "another-answer": Fault(
        instead(f"success 1024 {SUCCESS_CAP}\n(?s:(.*?))}}", rf"success 1024 6\n\1}}\n{LIE}"),
        {
            "kept_answer_is_that_of_the_upstream-success",
            "question_is_answered_from_the_cache-success",
            "metrics_count_hits_and_misses",
        },
        "192.0.2.66",
    ),
}
PROOF = Proof(CachingExperiment, test_cache, "caching", FAULTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found(verdicts: Mapping[str, Mapping[str, str]], fault: str) -> None:
    """Exactly the checks that the fault concerns fail, and say what was seen."""
    assert FAULTS[fault].is_found_in(verdicts[fault]), verdicts[fault]


def test_what_never_is_kept_is_counted(tmp_path: Path) -> None:
    """Where the upstream's answer may be kept after all, both of these checks see that it is."""
    faults = {
        "cached": instead(r"(large.* TXT .*\n)(large.* TXT .*\n)+", r"\1"),
        UPSTREAM: instead("rcode NXDOMAIN\n", f'rcode NXDOMAIN\nauthority "{SOA}"\n'),
    }
    found = failures_of(test_cache, "caching", conducted(CachingExperiment, tmp_path, faults))
    check = "only_what_may_be_kept_is_kept-"
    assert set(found) == {f"{check}truncated", f"{check}denial without SOA"}, found
