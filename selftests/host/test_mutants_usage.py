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
    ],
    ids=["option", "unknown", "shards-of-one-cluster", "one-cluster-for-two-kinds"],
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
