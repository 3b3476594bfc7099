"""Everyday mistakes are named with file and line, and what is right is left alone."""

import pytest

from clusterdns.corefile import Finding, Reading, findings, parse
from selftests.corefile.everyday import CASES, CUSTOM, FORWARD, RIGHT, Case, usual


def remarks(case: Case) -> list[Finding]:
    """What is said of a case."""
    return findings(parse(case.text, case.files, [CUSTOM]), case.version)


@pytest.mark.parametrize("name", CASES)
def test_the_mistake_is_named(name: str) -> None:
    """Each right remark is made, with level, file, line and words; no other error or advice is."""
    case = CASES[name]
    found = remarks(case)
    for level, file, line, says in case.said:
        assert any(
            (one.level, one.file, one.line) == (level, file, line) and says in str(one)
            for one in found
        ), "\n".join(f"{one.level} {one}" for one in found)
    loud = [one for one in found if one.level != "info"]
    assert len(loud) == len([one for one in case.said if one[0] != "info"]), loud


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_left_alone(name: str) -> None:
    """No error and no advice: a false alarm is as bad as a mistake that is not seen."""
    assert [str(one) for one in remarks(RIGHT[name]) if one.level != "info"] == []


def test_both_places_are_known() -> None:
    """Of two places that collide, the other one is known with its file as well."""
    (found,) = [one for one in remarks(CASES["a root in an imported file"]) if one.level == "error"]
    assert found.also == (1,)
    assert str(found).startswith(f"{CUSTOM}/all.server, line 2: ")


def test_a_forward_that_is_never_asked_is_no_upstream() -> None:
    """Questions go to the first forward that takes them, and only that one is looked at."""
    reading = Reading(parse(CASES["two roots"].text))
    assert reading.upstreams(".") == ("192.0.2.53",)
    stub = Reading(parse(CASES["a stub domain behind the root"].text))
    assert stub.upstreams("a.lab.example") == ("192.0.2.53",)
    assert "stub-domains" not in stub.features


def test_a_forward_that_lets_go_on_is_followed() -> None:
    """With `next` the forward behind it is asked too; with `except` another one is."""
    both = Reading(parse(RIGHT["a second forward for a code"].text))
    assert both.upstreams(".") == ("192.0.2.53", "192.0.2.7")
    other = Reading(parse(RIGHT["a second forward for what the first leaves out"].text))
    assert other.upstreams("a.lab.example") == ("192.0.2.7",)


def test_upstreams_are_known_with_port_and_tls() -> None:
    """Whoever asks an upstream directly has to ask as CoreDNS does."""
    text = usual("    forward . 192.0.2.53:1053 tls://192.0.2.54 [2001:db8::1]:5353\n", FORWARD)
    assert Reading(parse(text)).written_upstreams == {
        "192.0.2.53": {(1053, False)},
        "192.0.2.54": {(853, True)},
        "2001:db8::1": {(5353, False)},
    }


def test_old_versions_refuse_the_second_forward() -> None:
    """Before 1.9.4 it is an error, and advice beside it would be noise."""
    text = usual("    forward . 192.0.2.7\n", FORWARD).replace(
        "    forward . 192.0.2.7\n", "    forward . 192.0.2.7\n    forward . 192.0.2.8\n"
    )
    found = [one for one in findings(parse(text), "1.9.3") if one.plugin == "forward"]
    assert [one.level for one in found if one.level != "info"] == ["error"]
