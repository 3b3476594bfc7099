"""The checks of forward's options pass for a real CoreDNS, and fail for each wrong Corefile."""

from collections.abc import Mapping

import pytest

from clusterdns.experiments.choosing import MOST, REJECTS, ChoosingExperiment
from selftests.experiments.stand import Corrupt, instead, tried, without
from tests.network import test_forward_options

CHOSEN, OVER = "policy_chooses_the_upstream-", "upstream_is_asked_over-"
LIMIT = {"no_more_questions_than_max_concurrent", "refusals_of_max_concurrent_are_counted"}


def policy(old: str, new: str) -> Corrupt:
    """The fault that a block has another policy; both are told by their first lines."""
    return instead(rf"policy {old}\n", f"policy {new}\n" if new else "")


# What was done to the Corefile, the checks that must fail, and words of a message.
FAULTS: Mapping[str, tuple[Corrupt | None, set[str], str]] = {
    "sound": (None, set(), ""),
    "round-robin-forgotten": (
        policy("round_robin", ""),
        {f"{CHOSEN}round_robin"},
        "each upstream in turn is expected: 9 questions, ",
    ),
    "sequential-in-turn": (
        policy("sequential", "round_robin"),
        {f"{CHOSEN}sequential", f"{CHOSEN}sequential-first-dead"},
        "always the first is expected: 9 questions, each upstream in turn",
    ),
    "random-in-turn": (
        policy("random", "round_robin"),
        {f"{CHOSEN}random"},
        "all three in no order is expected: 48 questions, each upstream in turn",
    ),
    "no-max-concurrent": (
        without("max_concurrent .*"),
        LIMIT,
        "12 arrived, 12 were answered, 0 were not",
    ),
    "larger-max-concurrent": (
        instead(f"max_concurrent {MOST}", f"max_concurrent {MOST + 1}"),
        LIMIT,
        f"6 arrived, 6 were answered, 6 were not; {REJECTS} says 6",
    ),
    "no-force-tcp": (without("force_tcp"), {f"{OVER}force_tcp-udp"}, "('udp',) arrived"),
    "no-prefer-udp": (
        without("prefer_udp"),
        {f"{OVER}prefer_udp-tcp", "truncated_answer_is_asked_for_over_tcp"},
        "('tcp',) arrived",
    ),
    "no-except": (
        without("except .*"),
        {"excepted_names_are_not_forwarded"},
        "'excepted': 1",
    ),
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, dict[str, str]]:
    """The failed checks and their messages for each fault."""
    faults = {name: {"Corefile": how} if how else {} for name, (how, _, _) in FAULTS.items()}
    folder = tmp_path_factory.mktemp("choices")
    return tried(ChoosingExperiment, test_forward_options, "choosing", faults, folder)


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found(verdicts: Mapping[str, dict[str, str]], fault: str) -> None:
    """Exactly the checks that the fault concerns fail, and say what was seen."""
    _, checks, words = FAULTS[fault]
    found = verdicts[fault]
    assert set(found) == checks, found
    assert words in "\n".join(found.values())
