"""What a person sees: progress while it runs, and a summary that stands on its own."""

import pytest

from selftests.lifecycle.sessions import Suite
from selftests.report.examples import assert_complete
from selftests.report.sessions import ALL_OUTCOMES, FAILS, HEAD, judge

SLOW = """
@pytest.fixture(scope="session")
def slow(pytestconfig):
    print("noise of a library")
    with progress("pulling the image") as tell:
        tell("half of it")
    ours = session_of(pytestconfig)
    ours.cluster_facts = dict(
        server="v1.34.4", context="kind-x", domain="cluster.local", ipFamilies=["IPv4"], nodes=3,
        dns=dict(implementation="coredns", version="1.12.1", replicas=2))
    ours.seconds.cluster, ours.questions = 25.0, 6100
    ours.notes.append("an import matches no file: that is allowed")

def test_slow(slow):
    warnings.warn("this is old", DeprecationWarning)

def test_from_a_thread(slow):
    import threading
    thread = threading.Thread(target=lambda: progress("in a thread").__exit__(None, None, None))
    thread.start()
    thread.join()
"""
SAME = """
@pytest.mark.parametrize("n", range(30))
def test_same(n): pytest.fail("boom of many")
"""


def test_summary_says_what_was_judged(suite: Suite) -> None:
    """Cluster, versions, nodes, replicas, time, files and exit code are all told."""
    _, document, output = judge(suite, SLOW)
    summary = output[output.index("cluster DNS conformance =") :]
    for words in (
        "kind-x, Kubernetes v1.34.4",
        "3 nodes, domain cluster.local, IPv4",
        "coredns 1.12.1, 2 replicas",
        "All 3 checks that were judged are fine.",
        "3 passed",
        "cluster 25.0 s",
        "6100 questions asked",
        "note (no fault): an import matches no file: that is allowed",
        "report/report.html",
        "exit code 0: every selected check passed",
    ):
        assert words in summary, summary
    assert document["cluster"]["dns"]["version"] == "1.12.1"
    assert document["timing"]["cluster_s"] == 25.0
    assert document["timing"]["questions"] == 6100


def test_progress_is_seen_through_the_capture(suite: Suite) -> None:
    """What takes long is told as it happens, also from threads; other output stays captured."""
    _, _, output = judge(suite, SLOW)
    lines = [line.rstrip() for line in output.splitlines()]
    assert "  pulling the image ..." in lines
    assert "    half of it" in lines
    assert any(line.startswith("  in a thread ... 0.0 s") for line in lines)
    assert "noise of a library" not in output
    assert any(line.startswith("Specification 0.0: examples  ") for line in lines)
    assert "pulling the image" in (suite.folder / "report" / "events.jsonl").read_text()


def test_failures_come_with_all_their_evidence(suite: Suite) -> None:
    """The message of an assertion is printed whole, once, without frames of libraries."""
    _, _, output = judge(suite, FAILS + ALL_OUTCOMES)
    assert output.count("the evidence") == 1
    assert "tests/test_it.py::test_measures[tcp] (must)" in output
    assert "site-packages" not in output
    assert "  not run (2): no probe" in output
    assert "  not applicable (1): no IPv6" in output
    assert output.index("= failed: 2 checks =") < output.index("= deviations: 3, ")
    assert output.rstrip().endswith("exit code 1: at least one check failed")


def test_what_fails_alike_is_told_once(suite: Suite) -> None:
    """Thirty checks that fail one rule are one block, not thirty; with -v they are told all."""
    _, document, output = judge(suite, SAME)
    assert document["summary"]["failed"] == 30
    assert output.count("boom of many") == 1
    assert "and 29 alike: 1, 2, 3, 4, " in output
    _, _, output = judge(suite, SAME, "-v")
    assert output.count("\nboom of many\n") == 30
    assert output.rstrip().endswith("exit code 1: at least one check failed")


def test_nothing_judged_is_one_paragraph(suite: Suite) -> None:
    """With exit code 10 the paragraph is told once, and not again for every check."""
    paragraph = "There is no context named x. Known are: y and z."
    _, _, output = judge(suite, f"def test_c(): cannot_judge({paragraph!r})")
    assert output.count(paragraph) == 1
    assert "exit code 10: nothing could be judged" in output


def test_a_warning_of_a_dependency_fails_nothing(suite: Suite) -> None:
    """It is told in the summary, on the page and in the events."""
    code, _, output = judge(suite, SLOW)
    assert code == 0
    assert "DeprecationWarning: this is old" in output
    assert "this is old" in (suite.folder / "report" / "report.html").read_text()
    assert '"event": "warning"' in (suite.folder / "report" / "events.jsonl").read_text()


@pytest.mark.parametrize("flag", ["-v", "-q", "-s", "-p no:terminal", "--tb=no", "-rN"])
def test_other_ways_to_print_still_work(suite: Suite, flag: str) -> None:
    """Display options of pytest's own do not break the report."""
    suite.write(HEAD + SLOW + FAILS)
    code, output, _ = suite.run("tests", *flag.split())
    assert code == 1, output
    assert_complete(suite.folder / "report")
