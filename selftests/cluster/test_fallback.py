"""Probe images without perl: dig asks instead, and what needs exact bytes says so."""

from dataclasses import replace
from pathlib import Path

from selftests.cluster.sessions import ours_in
from trials.cluster import Breakable
from trials.suite import run_suite

WITHOUT_PERL = "localhost/dnsutils-noperl:1"
# dig takes its time: some of each kind, and all that needs exact bytes.
SELECT = "schema_version or kubernetes_service or edns or test_size or test_tcp or replica_endp"
ANSWERS = 120


def test_dig_asks_where_there_is_no_perl(selftest_cluster: Breakable, tmp_path: Path) -> None:
    """Nothing fails, answers are compared as ever, and the rest is not run for that reason."""
    without = replace(
        selftest_cluster, tools=replace(selftest_cluster.tools, dnsutils=WITHOUT_PERL)
    )

    verdict = run_suite(without, tmp_path / "report", SELECT)

    not_run = [c for c in verdict.document["checks"] if c["outcome"] == "not-run"]
    reasons = {str(check.get("message", "")) for check in not_run}
    print(f"{verdict.seconds:.1f} s", verdict.document["summary"], reasons)
    assert verdict.checks("failed") == [], verdict.output
    assert verdict.exit_code == 0
    assert verdict.document["result"] == ("partial" if not_run else "success")
    assert sum(check["asked"] for check in verdict.document["checks"]) >= ANSWERS
    assert not_run, "every check ran: then nothing looked at exact bytes"
    assert all("perl" in reason for reason in reasons), reasons
    assert ours_in(selftest_cluster.api) == []
