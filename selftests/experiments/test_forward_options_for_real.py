"""The checks of forward's options pass for a real CoreDNS, and fail for each wrong Corefile."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import dns.rcode
import pytest

from clusterdns.experiments.cache.answers import ADDRESS
from clusterdns.experiments.forward_options.experiment import (
    MOST,
    POLICIES,
    REJECTS,
    Choosing,
    ChoosingExperiment,
)
from selftests.experiments.local_coredns import (
    Corrupt,
    Fault,
    Proof,
    conducted,
    failures_of,
    instead,
    without,
)
from tests.network import test_forward_options

CHOSEN, OVER = "policy_chooses_the_upstream-", "upstream_is_asked_over-"
LIMIT = {"no_more_questions_than_max_concurrent", "refusals_of_max_concurrent_are_counted"}


def policy(old: str, new: str) -> Corrupt:
    """The fault that a block has another policy; both are told by their first lines."""
    return instead(rf"policy {old}\n", f"policy {new}\n" if new else "")


# What was done to the Corefile, the checks that must fail, and words of a message.
FAULTS = {
    "sound": Fault(None, set(), ""),
    "round-robin-forgotten": Fault(
        policy("round_robin", ""),
        {f"{CHOSEN}round_robin"},
        "each upstream in turn is expected: 9 questions, ",
    ),
    "sequential-in-turn": Fault(
        policy("sequential", "round_robin"),
        {f"{CHOSEN}sequential", f"{CHOSEN}sequential-first-dead"},
        "always the first is expected: 9 questions, each upstream in turn",
    ),
    "random-in-turn": Fault(
        policy("random", "round_robin"),
        {f"{CHOSEN}random"},
        "all three in no order is expected: 48 questions, each upstream in turn",
    ),
    "no-max-concurrent": Fault(
        without("max_concurrent .*"),
        {*LIMIT, "question_above_max_concurrent_is_refused"},  # there is none to judge
        "12 arrived, 12 were answered, 0 were not",
    ),
    "larger-max-concurrent": Fault(
        instead(f"max_concurrent {MOST}", f"max_concurrent {MOST + 1}"),
        LIMIT,
        f"6 arrived, 6 were answered, 6 were not; {REJECTS} says 6",
    ),
    "no-force-tcp": Fault(without("force_tcp"), {f"{OVER}force_tcp-udp"}, "('udp',) arrived"),
    "no-prefer-udp": Fault(
        without("prefer_udp"),
        {f"{OVER}prefer_udp-tcp", "truncated_answer_is_asked_for_over_tcp"},
        "('tcp',) arrived",
    ),
    "no-except": Fault(
        without("except .*"),
        {"excepted_names_are_not_forwarded"},
        "'excepted': 1",
    ),
}
PROOF = Proof(ChoosingExperiment, test_forward_options, "choosing", FAULTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found(verdicts: Mapping[str, Mapping[str, str]], fault: str) -> None:
    """Exactly the checks that the fault concerns fail, and say what was seen."""
    assert FAULTS[fault].is_found_in(verdicts[fault]), verdicts[fault]


def test_lying_upstreams_are_found(tmp_path: Path) -> None:
    """Wrong addresses and a record too few fail the checks of what the client gets."""
    faults = {"cached": lambda zone: zone.replace(ADDRESS, "192.0.2.66").replace('"8-', '"9-')}
    found = failures_of(
        test_forward_options, "choosing", conducted(ChoosingExperiment, tmp_path, faults)
    )
    assert set(found) == {
        "answer_is_whole_after_truncation",
        *(f"every_upstream_is_as_good-{policy}" for policy in POLICIES),
    }


def test_other_answers_to_too_many_questions_are_found(tmp_path: Path) -> None:
    """A wrong address within the limit, and another rcode above it, fail a check each."""
    sound: Choosing = conducted(ChoosingExperiment, tmp_path)
    answers = list(sound.limited.answers)
    refused = next(a for a in answers if a.rcode == "REFUSED")
    served = sound.limited.served[0]
    assert refused.message is not None
    failed = copy.copy(refused.message)
    failed.set_rcode(dns.rcode.SERVFAIL)
    answers[answers.index(refused)] = replace(refused, message=failed)
    answers[answers.index(served)] = replace(served, question=refused.question)
    lying = replace(sound, limited=replace(sound.limited, answers=tuple(answers)))
    assert set(failures_of(test_forward_options, "choosing", lying)) == {
        "question_within_max_concurrent_is_answered",
        "question_above_max_concurrent_is_refused",
    }
