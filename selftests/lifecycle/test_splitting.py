"""A run is one process, in one order, whatever plugins are installed beside ours."""

from pathlib import Path

import pytest

from selftests.lifecycle.sessions import PLUGINS, Suite

# The options of pytest-xdist and pytest-forked as they come to config.option, and a shuffler
# as early as pytest-randomly's.
OTHERS = """
pytest_plugins = {plugins}
import pytest

def number(word):
    return int(word) if word.isdecimal() else word

def pytest_addoption(parser):
    group = parser.getgroup("others")
    group._addoption("-n", "--numprocesses", dest="numprocesses", type=number)
    group.addoption("--dist", default="no")
    group.addoption("--tx", action="append", default=[])
    group.addoption("--forked", action="store_true")

@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    items.reverse()
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A suite of two files, one of which comes late; other plugins are imitated."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    made = Suite(tmp_path)
    plugins = ["pytest_kind.plugin", *(f"fixtures.{n}" for n in (*PLUGINS, "profiles"))]
    (made.folder / "conftest.py").write_text(OTHERS.format(plugins=plugins))
    made.write("def test_it(): pass\n")
    (made.folder / "tests" / "test_cache.py").write_text("def test_late(): pass\n")
    (made.folder / "test_other.py").write_text("def test_other(): pass\n")
    return made


@pytest.mark.parametrize(
    "words",
    [("-n", "2"), ("-n", "auto"), ("--dist", "load", "tests"), ("--tx=popen", "."), ("--forked",)],
    ids=" ".join,
)
def test_splitting_is_refused_in_one_sentence(suite: Suite, words: tuple[str, ...]) -> None:
    """Each process would have probes of its own, and a clean-up that it does not share."""
    code, output, _ = suite.run(*words)

    assert code == 4, output
    assert "a run is one process" in output
    assert "Traceback" not in output
    assert not (suite.folder / "report").exists()


def test_what_splits_nothing_is_let_through(suite: Suite) -> None:
    """``-n 0`` means one process; and what is no check may be split as its owner likes."""
    code, output, _ = suite.run("-n", "0", "--dist", "no")
    other, its_output, _ = suite.run("-n", "2", "test_other.py")

    assert (code, other) == (0, 0), output + its_output


def test_late_checks_stay_late(suite: Suite) -> None:
    """A plugin that shuffles the checks does not bring experiments forward."""
    _, output, _ = suite.run("--collect-only", "-q", "tests")

    assert output.index("test_it.py") < output.index("test_cache.py")
