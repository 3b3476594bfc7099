"""What the command line of the mutants refuses before any cluster is made."""

import pytest

from clusterdns.report.exit_codes import ExitCode
from trials.faults.__main__ import main


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--no-such-option"], "mutants: error: unrecognized arguments: --no-such-option"),
        (["-k", "no-such-fault"], "No mutant is named 'no-such-fault'; --list shows all."),
        (["--cluster", "x", "--shards", "2"], "--shards makes a cluster for each shard"),
        (["--cluster", "x", "-k", "dns-svc-family oom"], "they need three-nodes and dual-stack"),
        (["--random", "0"], "No fault of --random 0; --list shows all."),
        (["--random", "3", "-k", "oom"], "No fault of --random 3 is named 'oom'"),
        (["--random", "3", "--quick"], "leave it out with --random"),
        (["--random", "3", "--cluster", "x", "--shards", "2"], "leave --cluster out"),
    ],
    ids=[
        *("option", "unknown", "shards-of-one-cluster", "one-cluster-for-two-kinds"),
        *("none-drawn", "not-drawn", "quick-of-drawn", "shards-of-one-cluster-drawn"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the exit code of a wrong usage, and with what to do instead."""
    try:
        code: object = main(words)
    except SystemExit as end:
        code = end.code
    assert code == ExitCode.USAGE_ERROR
    assert said in capsys.readouterr().err


def test_drawn_faults_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """The same for the same seed, and one alone by its name."""
    assert main(["--random", "5", "--seed", "7", "--list"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert [name[:12] for name in names] == [f"random-7-0{n}-" for n in range(1, 6)]
    assert main(["--random", "5", "--seed", "7", "--list", "-k", names[2]]) == 0
    assert capsys.readouterr().out.split()[0] == names[2]
