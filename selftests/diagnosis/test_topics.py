"""Scopes, checks and recorded facts speak the same closed vocabulary; no scope names a test."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterdns import diagnosis
from clusterdns.diagnosis import Trouble
from clusterdns.diagnosis.scopes import EVERYTHING, Scope, about, both, other_than
from clusterdns.report.topics import TOPICS, TRANSPORTS, UnknownTopicError
from selftests.diagnosis.edit_facts import trouble
from selftests.spec.collected import topics
from trials.faults.register import MUTANTS
from trials.suite import unmet

SOURCES = sorted(Path(str(diagnosis.__file__)).parent.rglob("*.py"))
RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.json"))
# The functions of which every word is a topic.
TAKE_TOPICS = {"about", "both", "other_than", "troubles_about", "failed_about"}
NAME_OF_A_TEST = re.compile(r"\btest_\w|\btests/|^(dns|network)/|\.py::")


def words_of(source: str) -> Iterator[str]:
    """The topics that a source names, in code that runs and in code that seldom does."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            for word in node.args if called in TAKE_TOPICS else ():
                if isinstance(word, ast.Constant):
                    yield str(word.value)


def literals_of(source: str) -> Iterator[str]:
    """The strings of a source that are no docstrings."""
    tree = ast.parse(source)
    explained = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docs = {ast.get_docstring(n, clean=False) for n in ast.walk(tree) if isinstance(n, explained)}
    strings = (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant))
    yield from (text for text in strings if isinstance(text, str) and text not in docs)


def test_every_check_says_what_it_is_about() -> None:
    """A topic that is no mere transport: else no cause could explain the check by it."""
    silent = [name for name, declared in topics().items() if not declared - TRANSPORTS.keys()]
    assert silent == []


def test_every_topic_is_declared_by_a_check() -> None:
    """A scope that names a topic without a check explains nothing, and nobody would notice."""
    declared = frozenset[str]().union(*topics().values())
    assert TOPICS.keys() - declared == set()


def test_scopes_name_topics() -> None:
    """Every word in a scope is a topic, also where no facts of ours lead to."""
    words = {(path.name, word) for path in SOURCES for word in words_of(path.read_text())}
    assert len(words) > 100
    assert [(file, word) for file, word in words if word not in TOPICS] == []


def test_a_misspelt_topic_is_found() -> None:
    """By its source, and when the scope is made."""
    assert set(words_of("Scope(about('paths', both('udp', 'pahts')))")) - TOPICS.keys() == {"pahts"}
    for make in (about, both, other_than):
        with pytest.raises(UnknownTopicError, match="no topic is named 'pahts'"):
            make("paths", "pahts")


def test_diagnosis_names_no_test() -> None:
    """What a test is called is for people: to rename it must not move a diagnosis."""
    texts = [(path.name, text) for path in SOURCES for text in literals_of(path.read_text())]
    assert [(file, text) for file, text in texts if NAME_OF_A_TEST.search(text)] == []


def test_recorded_checks_declare_topics() -> None:
    """Facts of long ago are judged by today's vocabulary."""
    wrong = [
        (path.stem, one["name"], one["about"])
        for path in RECORDED
        for one in json.loads(path.read_text())["troubles"]
        if not one["about"] or set(one["about"]) - TOPICS.keys()
    ]
    assert wrong == []


def test_recorded_checks_exist() -> None:
    """Facts of long ago name today's checks, so that a person who reads them finds these."""
    names = {one["name"] for path in RECORDED for one in json.loads(path.read_text())["troubles"]}
    assert len(names) > 100
    assert names - topics().keys() == set()


def test_facts_by_hand_are_of_real_checks() -> None:
    """A check that does not exist cannot fail, and its topics are those that it declares."""
    made = trouble("tests/network/test_paths.py::test_path_answers[udp]")
    assert made.about == {"paths", "udp"}
    with pytest.raises(KeyError):
        trouble("tests/network/test_paths.py::test_path_answers[sctp]")


def test_mutants_expect_checks_that_exist() -> None:
    """A fault that must be noticed by a check of another name would never be proved."""
    names = [name.rpartition("::")[2] for name in topics()]
    missing = {m.name: unmet((*m.fails, *m.deviates), names) for m in MUTANTS}
    assert {name: patterns for name, patterns in missing.items() if patterns} == {}


@pytest.mark.parametrize(
    ("scope", "declared", "explained"),
    [
        (Scope(about("paths", "loops")), {"loops", "tcp"}, True),
        (Scope(about("paths")), {"loops"}, False),
        (Scope(about(both("paths", "udp"))), {"paths", "udp"}, True),
        (Scope(about(both("paths", "udp"))), {"paths", "tcp"}, False),
        (Scope(about(other_than("cluster-names"))), {"paths"}, True),
        (Scope(about(other_than("cluster-names"))), {"cluster-names", "edns"}, False),
        (Scope(EVERYTHING), set(), True),
        (Scope(), {"paths"}, False),
    ],
)
def test_scope_takes_checks_by_topic(scope: Scope, declared: set[str], explained: bool) -> None:
    """Any, all or none of some topics; a scope without topics takes no check by them."""
    assert scope.explains(Trouble("x", "failed", about=frozenset(declared))) is explained
