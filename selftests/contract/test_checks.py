"""Every check has a stable id, a rule, a level; each profile holds what it may."""

import ast
import re
import sys
from collections import Counter
from collections.abc import Collection
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from clusterdns.experiments import EXPERIMENTS
from clusterdns.report.model import Check
from fixtures.profiles import AWAITED
from selftests.contract.conftest import Collect, Entries
from selftests.contract.suite import PROJECT

QUICK_AT_MOST = 15
# Fixtures that make more in the cluster than namespaces and probes.
MAKERS = {
    "records",
    "digit_first",
    "clients",
    "search_results",
    "lookups",
    "counted_lookups",
    *EXPERIMENTS,
}
ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+|[0-9a-f]*::[0-9a-f]+")
FILES = sorted((PROJECT / "tests").rglob("*.py"))


def key_of(entry: dict[str, Any]) -> tuple[str, str]:
    """By what a check is known."""
    return Check(entry["id"], entry["param"], "must", "passed").key


def test_a_check_is_known_by_id_and_parameter(everything: Entries) -> None:
    """No two checks share them."""
    keys = Counter(map(key_of, everything))
    assert [key for key, times in keys.items() if times > 1] == []


def test_ids_have_no_brackets(everything: Entries) -> None:
    """The id is a path and a name; what differs between items is the parameter."""
    form = re.compile(r"tests/(dns|network|upgrade)/test_\w+\.py::test_\w+")
    assert [entry["id"] for entry in everything if not form.fullmatch(entry["id"])] == []


def test_parameters_tell_no_address_and_no_run(everything: Entries) -> None:
    """They would not be stable; nor would an object that has no name of its own."""
    params = {entry["param"] for entry in everything}
    assert [p for p in params if ADDRESS.search(p) or "dns-conf-" in p or "0x" in p] == []
    assert [p for p in params if re.search(r"[a-z_]+\d+$", p) and p.startswith("param")] == []


def test_ids_are_the_same_every_time(everything: Entries, collect: Collect) -> None:
    """Another order of hashes changes neither ids nor their order."""
    again = collect(
        "--profile=full", "--allow-disruptive", "--target-coredns=1.15.0", PYTHONHASHSEED="7"
    )
    assert list(map(key_of, again)) == list(map(key_of, everything))


def test_every_check_states_its_rule(everything: Entries) -> None:
    """A docstring of one sentence, and its file says what its checks have in common."""
    assert [e["id"] for e in everything if not e["rule"].partition("\n\n")[0].endswith(".")] == []
    assert [e["id"] for e in everything if e["group"] == e["file"]] == []


def test_advice_says_should(everything: Entries) -> None:
    """What does not change the exit code does not say must."""
    loud = {e["id"] for e in everything if e["level"] != "must" and " must " in e["rule"]}
    assert loud == set()


def test_there_are_enough_checks(collect: Collect) -> None:
    """At least 120 in the default profile."""
    assert len(collect()) >= 120


def test_profile_quick_is_quick(collect: Collect) -> None:
    """At most 15 checks, and nothing is made for them but probes."""
    quick = collect("--profile=quick")
    assert 0 < len(quick) <= QUICK_AT_MOST
    assert [e["id"] for e in quick if MAKERS & set(e["fixtures"])] == []


def test_profiles_hold_each_other(everything: Entries, collect: Collect) -> None:
    """Quick is part of default, default of full, and permission adds to both."""
    quick, default = (set(map(key_of, collect(*w))) for w in (["--profile=quick"], []))
    full = set(map(key_of, collect("--profile=full")))
    assert quick < default <= full < set(map(key_of, everything))


def test_what_waits_runs_last(everything: Entries) -> None:
    """File by file: client pods, experiments, and the paths, which look back on the whole run."""
    waits = [
        (file, max(wait_for(entry["fixtures"]) for entry in entries))
        for file, entries in groupby(everything, lambda entry: entry["file"])
    ]
    assert len(waits) == len({file for file, _ in waits}), "a file is torn apart"
    assert waits == sorted(waits, key=lambda each: each[1])
    assert {wait for _, wait in waits} == set(range(len(AWAITED) + 1)), "nobody asks for these"
    assert waits[-1][0] == "test_paths"


def wait_for(fixtures: Collection[str]) -> int:
    """The last in AWAITED of which a check asks for something."""
    return max((n for n, each in enumerate(AWAITED, 1) if {*fixtures} & {*each}), default=0)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_checks_reach_the_cluster_through_clusterdns(path: Path) -> None:
    """tests/ import pytest, clusterdns and the standard library, and nothing else."""
    roots = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            roots |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add((node.module or ".").partition(".")[0])
    assert roots - set(sys.stdlib_module_names) - {"pytest", "clusterdns"} == set()
