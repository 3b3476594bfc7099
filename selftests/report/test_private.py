"""What is private stays private, and what comes from a cluster obeys nobody's terminal."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from clusterdns.printable import coloured, plain, shown
from clusterdns.report.events import EventLog, read_events
from clusterdns.report.model import Suite as SuiteFacts
from clusterdns.report.rebuild import rebuild
from clusterdns.report.results import FILES, NotOursError, hold
from clusterdns.report.writer import ReportWriter
from selftests.lifecycle.sessions import Suite
from selftests.report.examples import CHECKS, REPORT, assert_complete
from selftests.report.sessions import HEAD, judge

ABOUT = SuiteFacts("0.1.0", ())
EVIL = "\x1b]0;title\x07 \x1b[2J \x9b31m one\x85two\u2028three \u202eback \r over \x7f"
SECRETS = "https://admin:pa:ss@10.0.0.1:6443/x?a=1&access_token=t0psecret&b=2"
EVILS = f"""
@pytest.fixture(scope="session")
def told():
    with progress({EVIL!r} + {SECRETS!r}) as tell:
        tell({EVIL!r})

def test_evil(told, request, pytestconfig):
    session_of(pytestconfig).notes.append({EVIL!r})
    session_of(pytestconfig).cluster_facts = dict(server={EVIL!r}, context={SECRETS!r})
    words = ["question", "node", "server", "transport", "expected", "received", "command"]
    cell = Cell(**dict.fromkeys(words, {EVIL!r} + {SECRETS!r}), ms=1.0)
    request.node.user_properties.append(("deviating", [cell]))
    assert 0, {EVIL!r} + {SECRETS!r}

def test_not(told): not_run({EVIL!r} + {SECRETS!r})
"""


def unsafe(text: str) -> list[str]:
    """The characters of a text that do something to a terminal or a reader of lines."""
    return [c for c in text if c != plain(c)]


def test_nothing_of_a_cluster_reaches_a_terminal_as_it_is(suite: Suite) -> None:
    """Escapes, separators and directions are shown, not obeyed, in print and in the files."""
    code, _, output = judge(suite, EVILS)

    assert code == 1
    assert unsafe(output) == []
    assert "\\x1b]0;title\\x07" in output
    for name in FILES:
        assert unsafe((suite.folder / "report" / name).read_bytes().decode()) == []


def test_no_password_is_printed_or_written(suite: Suite) -> None:
    """Neither user and password of a URL nor a token in its query; the rest of it is told."""
    _, _, output = judge(suite, EVILS, "-v")
    texts = [output, *((suite.folder / "report" / name).read_text() for name in FILES)]

    for text in texts:
        assert "pa:ss" not in text
        assert "t0psecret" not in text
    assert "https://***@10.0.0.1:6443/x?a=1&access_token=***&b=2" in output


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("https://u:p@ss@host:6443/p", "https://***@host:6443/p"),
        ("https://token@host", "https://***@host"),
        ("https://host/p?q=mail@host", "https://host/p?q=mail@host"),
        ("tls://1.1.1.1 and admin@host", "tls://1.1.1.1 and admin@host"),
        ("wss://h/?bearer_token=abc", "wss://h/?bearer_token=***"),
        ("web.ns.svc. A é ü", "web.ns.svc. A é ü"),
        ("a\tb\nc", "a\tb\nc"),
        ("a\x1b[31mb\x85c\ud800", "a\\x1b[31mb\\x85c\\ud800"),
    ],
)
def test_what_may_be_shown_of_a_text(text: str, wanted: str) -> None:
    """Secrets are hidden, controls written as escapes, all else stays."""
    assert shown(text) == wanted


def test_colours_of_pytest_stay() -> None:
    """Only they, and the return that overwrites a line of progress."""
    assert coloured("\r\x1b[1;31mred\x1b[0m\x1b[2J") == "\r\x1b[1;31mred\x1b[0m\\x1b[2J"


def test_an_event_is_one_line_to_every_reader(tmp_path: Path) -> None:
    """Some readers end lines at U+0085, U+2028 and U+2029 as well."""
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        log.write("one", text="a\u2028b\u2029c\x85d\ud800")
    assert len(path.read_text().splitlines()) == 1
    with path.open("a") as file:  # as an older version wrote it
        file.write(json.dumps({"event": "two", "text": "a\u2028b\x85c"}, ensure_ascii=False) + "\n")

    assert [e["text"][:5] for e in read_events(path)] == ["a\u2028b\u2029c", "a\u2028b\x85c"]


@pytest.mark.parametrize("name", ["report.html", "junit.xml", "events.jsonl"])
@pytest.mark.parametrize("beside_ours", [False, True], ids=["alone", "beside-ours"])
def test_each_foreign_file_is_refused(tmp_path: Path, name: str, beside_ours: bool) -> None:
    """Somebody else's page or results are not removed, whatever stands beside them."""
    if beside_ours:
        ReportWriter(tmp_path, ABOUT, CHECKS).finish(REPORT)
    (tmp_path / name).write_text("theirs")
    before = sorted(path.name for path in tmp_path.iterdir())

    with pytest.raises(NotOursError, match=name):
        ReportWriter(tmp_path, ABOUT, CHECKS)

    assert (tmp_path / name).read_text() == "theirs"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_our_own_files_are_taken_for_ours(suite: Suite) -> None:
    """Two runs after each other, and one after a run whose results.yaml was removed."""
    for _ in range(2):
        judge(suite, "")
    (suite.folder / "report" / "results.yaml").unlink()
    judge(suite, "")


HOLD = "import sys; from clusterdns.report.results import hold; from pathlib import Path; "
HOLD += "hold(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"


def test_a_folder_is_one_run_s(suite: Suite) -> None:
    """The second run is refused with a sentence; a killed run's folder is free again."""
    judge(suite, "")
    folder = suite.folder / "report"
    project = Path(__file__).parent.parent.parent
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        cwd=project,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"

    code, output, _ = suite.run("tests")
    with pytest.raises(NotOursError, match="another run"):
        rebuild(folder)
    still_there = assert_complete(folder)
    holder.kill()
    holder.communicate()

    assert code == 4, output
    assert "another run is writing its report into" in output
    assert still_there["exitCode"] == 0
    suite.write(HEAD)
    assert suite.run("tests")[0] == 0


def test_a_writer_lets_go_at_its_end(tmp_path: Path) -> None:
    """The folder is free as soon as the files are complete."""
    ReportWriter(tmp_path, ABOUT, CHECKS).finish(REPORT)
    hold(tmp_path)
