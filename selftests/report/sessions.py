"""The checks that the self-tests of the verdict run in sub-processes, and their outcomes."""

from typing import Any

from selftests.lifecycle.sessions import Suite
from selftests.report.examples import assert_complete

PLUGINS = ("options", "markers", "outcomes", "report", "terminal")
CONFTEST = f"pytest_plugins = {[f'fixtures.{name}' for name in PLUGINS]}\n"
HEAD = '''"""Specification 0.0: examples."""
import os, time, warnings
from pathlib import Path
import pytest
from clusterdns.report.cell import Cell
from fixtures.outcomes import cannot_judge, not_applicable, not_run
from fixtures.session import session_of
from fixtures.terminal import progress

def test_passes():
    """It must pass."""
'''
FAILS = """
def test_fails():
    assert 1 == 2, "the evidence"
"""
ALL_OUTCOMES = """
@pytest.fixture(scope="session")
def absent():
    not_run("no probe")

@pytest.mark.spec("2.3.1-A", "2.1")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_measures(request, transport):
    cell = Cell("a", "b", "b", "b", "b", "b", ms=1.0, command="b")
    noted = dict(asked=9, lost=1, ms=2.4, deviating=[cell] if transport == "tcp" else [])
    request.node.user_properties.extend(noted.items())
    assert transport == "udp", "more\\nlines"

@pytest.mark.level("should")
def test_should(): assert 1 == 2, "should evidence"
@pytest.mark.level("may")
def test_may(): pytest.fail("may evidence")
@pytest.mark.level("advice")
def test_advice(): assert [1] == [2]
def test_absent(absent): pass
def test_absent_too(absent): pass
def test_no_feature(): not_applicable("no IPv6")
class TestGroup:
    def test_in_a_class(self): pass
"""
SUITE_BUGS = """
@pytest.fixture(scope="session")
def broken():
    raise RuntimeError("boom")

@pytest.fixture
def bad_end():
    yield
    raise RuntimeError("bang")

@pytest.fixture
def asserts():
    assert 1 == 2, "a fixture judges nothing"

@pytest.mark.level("should")
def test_bug_in_a_check(): {}["missing"]
def test_broken(broken): pass
@pytest.mark.level("advice")
def test_broken_advice(broken): pass
def test_bad_end(bad_end): pass
def test_asserting_fixture(asserts): pass
"""
UNTRIED = """
from kubernetes.client import ApiException
from urllib3.exceptions import ProtocolError
from clusterdns.api_errors import NoAnswerError, NotFoundError
from clusterdns.objects.made import NotMadeError
from clusterdns.own_coredns import NotPossibleError
from clusterdns.run.reachable import CannotConnectError
from clusterdns.inventory.inventory import NotReadableError

def refused(status, message):
    error = ApiException(status=status, reason="Forbidden")
    error.body = '{"kind": "Status", "message": "%s"}' % message
    return error

RIGHT = "services is forbidden: User u cannot create resource services in the namespace n"
HOOK = "admission webhook w denied the request: no pods of strangers"
ERRORS = {
    "right": refused(403, RIGHT),
    "webhook": refused(400, HOOK),
    "gone": NotFoundError(""),
    "silent": NoAnswerError("the API server does not answer: reset"),
    "reset": ProtocolError("Connection aborted."),
    "refused": ConnectionRefusedError(111, "Connection refused"),
    "late": TimeoutError("timed out"),
    "not-made": NotMadeError("Service web could not be made"),
    "not-readable": NotReadableError("the Corefile cannot be read"),
    "not-possible": NotPossibleError("no private CoreDNS"),
    "not-connected": CannotConnectError("no way to the cluster"),
}

@pytest.fixture(scope="session", params=ERRORS)
def setup(request):
    raise ERRORS[request.param]

@pytest.fixture(params=ERRORS)
def words(request):
    try:
        raise ERRORS[request.param]
    except Exception as error:
        not_run(f"in the words of a fixture: {error}")

@pytest.mark.parametrize("name", ERRORS)
def test_body(name): raise ERRORS[name]
def test_setup(setup): pass
def test_words(words): pass
"""
PROBE_LOST = """
from clusterdns.probe import ProbeLostError

@pytest.fixture(scope="session")
def records():
    raise ProbeLostError("pod x on node y does not exist any more")

@pytest.mark.level("advice")
def test_first(records): pass
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_others(records, transport): pass
def test_asks(): raise ProbeLostError("the exec stream ended")
"""
WAIT = """
def test_waits():
    Path("ready").touch()
    time.sleep(30)

def test_after(): pass
"""


def judge(suite: Suite, text: str, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Run the checks to the end: exit code, complete report, output."""
    suite.write(HEAD + text)
    code, output, _ = suite.run("tests", *arguments)
    document = assert_complete(suite.folder / "report")
    assert document["exitCode"] == code, output
    return code, document, output


def outcomes(document: dict[str, Any]) -> dict[str, str]:
    """Outcome by the name of the check, with its parameter."""
    names = [(c["id"].rpartition("::")[2], c["param"], c["outcome"]) for c in document["checks"]]
    return {f"{name}[{param}]" if param else name: outcome for name, param, outcome in names}
