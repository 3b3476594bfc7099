"""Reload: a changed Corefile takes effect without a restart, and an invalid one changes nothing.

Tried in private CoreDNS instances of the cluster's own image, each under a stream of questions.
"""

import pytest

from clusterdns.experiments.reload.cluster_own import OwnReload
from clusterdns.experiments.reload.refused import Refused
from clusterdns.experiments.reload.valid import NEW, OLD, Delay, Reloaded


def test_changed_corefile_takes_effect(reloaded: Reloaded) -> None:
    """A changed Corefile in a mounted ConfigMap must take effect, wholly."""
    values = (reloaded.values_before, reloaded.values_after)
    assert values == (frozenset({OLD}), frozenset({NEW})), reloaded


def test_reload_needs_no_restart(reloaded: Reloaded) -> None:
    """The process must be the same before and after."""
    assert reloaded.process_after == reloaded.process_before, reloaded


def test_reload_loses_no_question(reloaded: Reloaded) -> None:
    """In a steady stream of questions each one must be answered while CoreDNS reloads."""
    assert reloaded.stream.lost == (), reloaded


def test_reload_is_logged(reloaded: Reloaded) -> None:
    """CoreDNS must say in its log that the reload is complete."""
    assert reloaded.logged, reloaded


def test_reload_shows_in_the_metrics(reloaded: Reloaded) -> None:
    """The metrics must name the new configuration and no other."""
    assert reloaded.counted, reloaded


@pytest.mark.level("advice")
def test_reload_is_prompt(delay: Delay | None) -> None:
    """With "reload 2s 1s" CoreDNS should need no more than 3 s from the file to its effect."""
    assert delay is not None, "it never took effect"
    assert delay.prompt, delay


def test_invalid_corefile_changes_nothing(refused: Refused) -> None:
    """With a Corefile that cannot be, the one before must remain in effect."""
    assert refused.values == {refused.in_effect}, refused


def test_invalid_corefile_stops_nothing(refused: Refused) -> None:
    """With a Corefile that cannot be, the process must go on as it was."""
    assert refused.process_after == refused.process_before, refused


def test_invalid_corefile_loses_no_question(refused: Refused) -> None:
    """In a steady stream each question must be answered while CoreDNS refuses a Corefile."""
    assert refused.stream.lost == (), refused


def test_invalid_corefile_is_reported(refused: Refused) -> None:
    """The log must say that a Corefile was refused, and why."""
    assert refused.report != (), refused


def test_refused_setup_is_counted(refused_setup: Refused) -> None:
    """The metrics must count a reload that failed."""
    assert refused_setup.failures == 1, refused_setup


@pytest.mark.disruptive
@pytest.mark.needs("reload")
def test_own_corefile_takes_effect_on_every_replica(own_reload: OwnReload) -> None:
    """A change of the cluster's own Corefile must take effect on every replica, by itself."""
    assert own_reload.missing == frozenset(), own_reload


@pytest.mark.disruptive
@pytest.mark.needs("reload")
def test_own_reload_needs_no_restart(own_reload: OwnReload) -> None:
    """No replica must restart because of a changed Corefile."""
    assert own_reload.processes_after == own_reload.processes_before, own_reload


@pytest.mark.disruptive
@pytest.mark.needs("reload")
def test_own_reload_loses_no_question(own_reload: OwnReload) -> None:
    """In a steady stream to the DNS Service each question must be answered all the while."""
    assert own_reload.stream.lost == (), own_reload


@pytest.mark.disruptive
@pytest.mark.needs("reload")
def test_own_corefile_is_given_back(own_reload: OwnReload) -> None:
    """At the end the Corefile must be what it was, byte for byte, and in effect again."""
    state = (own_reload.byte_for_byte, own_reload.still)
    assert state == (True, frozenset()), own_reload
