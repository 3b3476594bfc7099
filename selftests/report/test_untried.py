"""What could not be tried has not failed, and a mistake of the suite is no fault of the cluster."""

import pytest

from selftests.lifecycle.sessions import Suite
from selftests.report.sessions import FAILS, SUITE_BUGS, UNTRIED, judge, outcomes


def test_a_mistake_of_the_suite_is_told_as_one(suite: Suite) -> None:
    """Exit code 3, each once with the way to it, and no check has failed."""
    code, document, output = judge(suite, SUITE_BUGS)

    found = outcomes(document)
    assert found.pop("test_passes") == "passed"
    assert set(found.values()) == {"not-run"}
    assert (code, document["result"]) == (3, "error")
    assert document["message"].count("RuntimeError: boom (in the set-up") == 1
    assert "KeyError: 'missing' (in the body" in document["message"]
    assert "RuntimeError: bang (in the teardown" in document["message"]
    assert "a fixture judges nothing" in document["message"]
    assert "internal error of the suite: RuntimeError: boom" in output


def test_what_could_not_be_tried_has_not_failed(suite: Suite) -> None:
    """Wherever the API server refuses or is away, with its own words."""
    code, document, output = judge(suite, UNTRIED)

    found = outcomes(document)
    assert found.pop("test_passes") == "passed"
    assert set(found.values()) == {"not-run"}
    assert (code, document["result"]) == (0, "partial")
    messages = {c["param"]: c["message"] for c in document["checks"] if "setup" in c["id"]}
    assert "403 Forbidden: services is forbidden: User u cannot create" in messages["right"]
    assert "admission webhook w denied the request" in messages["webhook"]
    assert "Traceback" not in output


def test_where_nothing_could_be_tried_nothing_was_judged(suite: Suite) -> None:
    """Exit code 10, and one paragraph that names the right that is missing."""
    code, document, output = judge(suite, UNTRIED, "-k", "right")

    assert (code, document["result"]) == (10, "error")
    assert document["message"].startswith("None of the 3 selected checks could be tried: ")
    assert "cannot create resource services in the namespace n" in document["message"]
    assert "Ask for that right" in output


@pytest.mark.parametrize("words", ["right or passes", "right or fails"])
def test_one_check_that_was_judged_is_enough(suite: Suite, words: str) -> None:
    """What was found counts, whatever else could not be tried."""
    code, document, _ = judge(suite, UNTRIED + FAILS, "-k", words)

    assert (code, document["result"]) == ((1, "failure") if "fails" in words else (0, "partial"))


def test_a_node_without_a_probe_is_said(suite: Suite) -> None:
    """In the summary and the report, and the run is not a success, whatever was selected."""
    unprobed = """
def test_asks(pytestconfig):
    why = {"w1": "ErrImagePull: no such image", "w2": "ErrImagePull: no such image"}
    session_of(pytestconfig).cluster_facts = {"nodes": 3, "unprobed": why}
"""
    code, document, output = judge(suite, unprobed)

    assert (code, document["result"]) == (0, "partial")
    assert "exit code 0: no check failed, but not everything could be judged" in output
    assert document["cluster"]["unprobed"]["w2"] == "ErrImagePull: no such image"
    assert "no probe on w1, w2: ErrImagePull: no such image" in output
    assert "2 nodes could not be asked from" in output
    assert judge(suite, unprobed, "--require-complete")[0] == 12
