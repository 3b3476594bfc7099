"""An option that names a file elsewhere does not lead pytest away from the project."""

import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.anchor import PROJECT, joined


@pytest.mark.parametrize("option", ["--report-dir", "--kubeconfig"])
def test_pytest_stays_in_the_project(tmp_path: Path, option: str) -> None:
    """The folder exists already, as it does in every second run."""
    value = tmp_path
    if option == "--kubeconfig":
        value = tmp_path / "kubeconfig"
        value.touch()
    words = [
        "-p",
        "fixtures.anchor",
        "--collect-only",
        "--kube-context",
        "x",
        "-k",
        "no_such_check",
    ]

    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, option, str(value)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 5, done.stdout + done.stderr
    assert f"rootdir: {PROJECT}\n" in done.stdout
    assert "testpaths: tests" in done.stdout


def test_only_existing_paths_are_joined(tmp_path: Path) -> None:
    """All else is left as it was given, paths of tests too."""
    there, missing = str(tmp_path), str(tmp_path / "missing")
    given = ["tests", "--report-dir", there, "-k", "x", "--kubeconfig", missing, there]

    assert joined(given) == [
        "tests",
        f"--report-dir={there}",
        "-k",
        "x",
        "--kubeconfig",
        missing,
        there,
    ]
    assert joined([f"--report-dir={there}"]) == [f"--report-dir={there}"]
