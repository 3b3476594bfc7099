"""Our verdict on every recorded Corefile is that of the real CoreDNS, for eight versions.

The records are made by ``./run oracle --write``; nothing is started here.
"""

from collections.abc import Sequence

import pytest

from clusterdns.corefile import CorefileError, Finding, findings, parse
from clusterdns.corefile.parser import HOME
from selftests.corefile.oracle.collection import CUSTOM, Sample, collection
from selftests.corefile.oracle.jail import ENVIRONMENT
from selftests.corefile.oracle.verdicts import Said, recorded

# What the replica has, and one that is empty.
VARIABLES = {**ENVIRONMENT, "NOTHING": ""}
SAMPLES = collection()
RECORDS = recorded()


def refusals(sample: Sample, version: str) -> Sequence[tuple[str, int, str]]:
    """Every error that we see: its file, its line, and the sentence."""
    try:
        corefile = parse(sample.text, sample.files, [HOME, CUSTOM], environment=VARIABLES)
    except CorefileError as problem:
        return [(problem.file, problem.line, str(problem))]
    errors: list[Finding] = [one for one in findings(corefile, version) if one.level == "error"]
    return [(one.file, one.line, str(one)) for one in errors]


def is_named(sample: Sample, said: Said, places: Sequence[tuple[str, int]]) -> bool:
    """Whether one of our places is the one that CoreDNS names.

    What it finds out behind a plugin's block it names by the line of the closing brace: we name
    the plugin, or the option in it.
    """
    if (said.file, said.line) in places:
        return True
    lines = (sample.files[said.file] if said.file else sample.text).splitlines()
    if lines[said.line - 1].strip() != "}":
        return False
    opening = max(n for n, line in enumerate(lines[: said.line], 1) if line.endswith("{"))
    return any(file == said.file and opening <= line < said.line for file, line in places)


def test_every_corefile_is_recorded() -> None:
    """The collection and the records name the same Corefiles."""
    assert sorted(SAMPLES) == sorted(RECORDS)


@pytest.mark.parametrize("name", RECORDS)
def test_same_verdict(name: str) -> None:
    """We refuse a Corefile for the versions that refuse it, and for no other."""
    differing = {
        version: (said, ours)
        for version, said in RECORDS[name].items()
        if bool(ours := refusals(SAMPLES[name], version)) is Said(said).starts
    }
    assert differing == {}, SAMPLES[name].text


@pytest.mark.parametrize("name", RECORDS)
def test_same_line(name: str) -> None:
    """Where CoreDNS names a line, one of our errors names it, too."""
    differing = {}
    for version, text in RECORDS[name].items():
        said, ours = Said(text), refusals(SAMPLES[name], version)
        places = [one[:2] for one in ours]
        if said.line and ours and not is_named(SAMPLES[name], said, places):
            differing[version] = (text, ours)
    assert differing == {}, SAMPLES[name].text
