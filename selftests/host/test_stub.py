"""The report of a run that ended before pytest began is a report like any other."""

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from clusterdns.report.results import claim_folder, hold, load_document
from host.bootstrap import stub
from host.bootstrap.cache import PROJECT

SCHEMA = json.loads((PROJECT / "clusterdns" / "report" / "schema.json").read_text())
REASON = 'No engine & no "root": run\n    apt-get install <it>\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a stub report."""
    arguments = ["-k", "srv", f"--report-dir={tmp_path / 'out'}", "--profile", "quick"]
    return stub.write_stub(arguments, REASON, 10, 1.25)


def test_all_four_files_are_there_and_no_other(folder: Path) -> None:
    """A run that could judge nothing writes the same files as any other."""
    assert {path.name for path in folder.iterdir()} == set(stub.FILES)


def test_results_keep_to_the_schema(folder: Path) -> None:
    """results.yaml is what the suite itself would have written."""
    document = load_document(folder)

    jsonschema.validate(document, SCHEMA)
    assert (document["result"], document["exitCode"], document["message"]) == ("error", 10, REASON)
    assert document["suite"]["profile"] == "quick"
    assert document["timing"]["host_s"] == pytest.approx(1.2)


def test_junit_has_one_case_in_error(folder: Path) -> None:
    """A CI system shows the reason."""
    root = ElementTree.parse(folder / "junit.xml").getroot()

    assert [error.text for error in root.iter("error")] == [REASON]


def test_the_page_escapes_the_reason(folder: Path) -> None:
    """The reason is text, not markup."""
    assert "install &lt;it&gt;" in (folder / "report.html").read_text()


def test_an_event_says_the_end(folder: Path) -> None:
    """events.jsonl is one line, of the end."""
    (event,) = map(json.loads, (folder / "events.jsonl").read_text().splitlines())

    assert (event["event"], event["exitCode"], event["message"]) == ("finished", 10, REASON)


def test_an_earlier_report_is_replaced(folder: Path) -> None:
    """A run that comes to nothing leaves no older verdict behind."""
    stub.write_stub([f"--report-dir={folder}"], "another reason", 2, 0.1)

    assert load_document(folder)["exitCode"] == 2


def test_a_foreign_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Somebody else's results.yaml is not overwritten."""
    foreign = tmp_path / "results.yaml"
    foreign.write_text("mine: true\n")

    with pytest.raises(FileExistsError):
        stub.write_stub(["--report-dir", str(tmp_path)], REASON, 10, 0.0)

    assert {path.name for path in tmp_path.iterdir()} == {"results.yaml"}
    assert foreign.read_text() == "mine: true\n"


@pytest.mark.parametrize("name", ["junit.xml", "report.html", "events.jsonl"])
def test_each_foreign_file_is_left_alone(folder: Path, name: str) -> None:
    """Also beside a report of ours."""
    (folder / name).write_text("theirs")

    with pytest.raises(FileExistsError):
        stub.write_stub([f"--report-dir={folder}"], REASON, 10, 0.0)

    assert (folder / name).read_text() == "theirs"


def test_a_live_runs_folder_is_left_alone(folder: Path) -> None:
    """The report of a run that is going on is not overwritten."""
    held = hold(folder)
    with pytest.raises(FileExistsError, match="another run"):
        stub.write_stub([f"--report-dir={folder}"], "another reason", 2, 0.1)
    os.close(held)


def test_the_suite_takes_a_stub_for_ours(folder: Path) -> None:
    """The next run may take its place."""
    claim_folder(folder)
