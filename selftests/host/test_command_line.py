"""./run: what it prepares for which command, and what it hands on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from host.bootstrap import command_line, image
from host.bootstrap.cache import PROJECT
from host.bootstrap.recipe import REPOSITORY

LOCAL = command_line.Local(Path("/c/kind"), Path("/c/kubectl"), image.of(f"{REPOSITORY}:v1-0"))
COMMANDS = {
    "conformance": True,
    "conformance -k srv": True,
    "conformance --kube-context x": False,
    "conformance --kube-context=x": False,
    "conformance --help": False,
    "conformance --collect-only": False,
    "conformance --plan": False,
    "conformance --cleanup-only": False,
    "preflight --target-coredns 1.14.7": True,
    "preflight --target-coredns 1.14.7 --kube-context x": False,
    "selftests": True,
    "selftests --collect-only": False,
    "near": False,
    "lint": False,
    "typing": False,
    "mutants -k dns-svc-missing": True,
    "matrix": True,
    "shapes": True,
    "soak": True,
    "oracle": False,
}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_host_is_prepared_only_as_far_as_needed(command: str) -> None:
    """An engine and a node image are for those who make a cluster."""
    name, *arguments = command.split()

    assert command_line.needs_cluster(name, arguments) is COMMANDS[command]


def test_a_kind_run_is_told_kind_kubectl_and_image() -> None:
    """pytest-kind's own defaults no longer work, so they are always given."""
    added = command_line.arguments_for("conformance", LOCAL, ["-k", "srv"])

    assert added == [
        "--kind-bin=/c/kind",
        "--kind-kubectl-bin=/c/kubectl",
        f"--kind-image={REPOSITORY}:v1-0",
    ]


def test_what_the_user_says_is_not_said_again() -> None:
    """The user's own kind and image are used."""
    given = ["--kind-bin", "/my/kind", "--kind-image=mine:1"]

    added = command_line.arguments_for("conformance", LOCAL, given)

    assert added == ["--kind-kubectl-bin=/c/kubectl"]


def test_nothing_is_added_without_a_kind_run() -> None:
    """With a cluster of the user's own, pytest gets the user's arguments."""
    assert command_line.arguments_for("conformance", None, ["--kube-context", "x"]) == []


@pytest.mark.parametrize("name", ["selftests", "mutants", "matrix", "shapes", "soak"])
def test_clusters_that_nobody_watches_are_sealed(name: str) -> None:
    """The suite is told to seal what it makes."""
    assert command_line.environment_for(name, LOCAL)["CLUSTERDNS_SEAL"] == "1"


def test_a_users_own_run_is_not_sealed() -> None:
    """An ordinary kind run may reach the user's upstreams."""
    assert "CLUSTERDNS_SEAL" not in command_line.environment_for("conformance", LOCAL)


def test_a_foreign_node_image_promises_no_pod_images() -> None:
    """Only our own node image holds dnsutils and musl."""
    foreign = command_line.Local(LOCAL.kind, LOCAL.kubectl, image.of("kindest/node:v1"))

    told = command_line.environment_for("conformance", foreign)

    assert not {"CLUSTERDNS_DNSUTILS_IMAGE", "CLUSTERDNS_MUSL_IMAGE"} & told.keys()


def test_an_unknown_command_is_a_usage_error() -> None:
    """The exit code is pytest's for wrong usage, and the commands are listed."""
    done = run("conformence")

    assert done.returncode == 4
    assert "conformance" in done.stderr


def test_help_needs_nothing() -> None:
    """--help names every environment."""
    done = run("--help")

    assert done.returncode == 0
    assert all(name in done.stdout for name in command_line.ENVIRONMENTS)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """./run as a user calls it."""
    argv = [sys.executable, str(PROJECT / "run"), *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)


def test_without_engine_and_root_there_is_a_report(tmp_path: Path) -> None:
    """Exit 10, one paragraph with the commands, four files; nothing is installed."""
    report = tmp_path / "report"
    code = (
        "import os, sys; os.geteuid = lambda: 1000; from host.bootstrap.command_line import main; "
        f"sys.exit(main(['conformance', '--report-dir', {str(report)!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env={"PATH": str(tmp_path), "HOME": str(tmp_path), "USER": "ada"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 10, done.stderr
    assert "apt-get install -y docker.io" in done.stderr
    assert "exitCode: 10" in (report / "results.yaml").read_text()


@pytest.mark.parametrize("home", ["", "/dev/null/home"], ids=["none", "unusable"])
def test_no_home_is_a_sentence(tmp_path: Path, home: str) -> None:
    """A container's user may have no account, and nowhere to write: exit 10, and a report."""
    lines = ["import pwd", "def none(uid): raise KeyError(uid)", "pwd.getpwuid = none"]
    (tmp_path / "sitecustomize.py").write_text("\n".join(lines))
    environment = {k: v for k, v in os.environ.items() if k != "XDG_CACHE_HOME"}
    environment |= {"PYTHONPATH": str(tmp_path), "HOME": home}
    words = [sys.executable, "run", "conformance", "--kube-context=x", f"--report-dir={tmp_path}/r"]

    done = subprocess.run(
        words, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    helped = subprocess.run(
        [*words[:2], "--help"], cwd=PROJECT, env=environment, capture_output=True, check=False
    )

    assert done.returncode == 10, done.stderr
    assert "XDG_CACHE_HOME" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "r" / "results.yaml").exists()
    assert helped.returncode == 0
