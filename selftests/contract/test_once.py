"""What stands in one place only: whoever needs it finds it there, and mends it there."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PARTS = ("clusterdns", "fixtures", "host", "trials")


@pytest.mark.parametrize(
    ("words", "places"),
    [
        ("pytest_fixture_setup", []),
        ("pytest.StashKey[", ["fixtures/session.py"]),
        ("(IntEnum)", ["clusterdns/report/exit_codes.py", "host/bootstrap/exit_codes.py"]),
        ('Path("/proc").', ["host/bootstrap/processes.py"]),
        ('"--volumes", *found', ["host/bootstrap/cluster.py"]),
        ('"delete", "cluster"', []),
        (", is_known,", ["clusterdns/objects/canary.py"]),
    ],
    ids=[
        *("wiring-by-name", "session", "exit-codes", "processes", "delete-containers"),
        *("kind-delete", "canary"),
    ],
)
def test_it_stands_in_one_place(words: str, places: list[str]) -> None:
    """Session state, exit codes, /proc, the end of a kind cluster, waiting for a canary."""
    files = [file for part in PARTS for file in sorted((ROOT / part).rglob("*.py"))]
    found = [f for f in files if words in f.read_text()]

    assert [file.relative_to(ROOT).as_posix() for file in found] == places
