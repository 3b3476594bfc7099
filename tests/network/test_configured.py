"""What follows from the configuration: pod modes, TTL, cache and autopath, each tried.

A private CoreDNS of the cluster's own image has a server block for each way, on a port of its own.
"""

import pytest

from clusterdns.experiments.configured.experiment import WAYS, Configured
from clusterdns.experiments.gather import Gather
from clusterdns.objects.wanted import each

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("way", WAYS)
def test_pod_records_follow_the_mode(configured: Configured, gather: Gather, way: str) -> None:
    """Names of pods' addresses must exist as the mode says: all, those of pods, or none."""
    said = configured.ways[way]
    answers = gather(*said.records.values())
    assert answers.deviating_from(each(said.wanted)) == {}, answers


@pytest.mark.parametrize("way", WAYS)
def test_every_block_knows_the_cluster(configured: Configured, gather: Gather, way: str) -> None:
    """A Service must have its address in every server block that serves the zone."""
    said = configured.ways[way]
    answers = gather(said.name)
    assert answers.deviating_from(said.named) == {}, answers


@pytest.mark.parametrize("way", WAYS)
def test_ttl_follows_the_corefile(configured: Configured, gather: Gather, way: str) -> None:
    """The TTL must be that of the kubernetes plugin, within what a cache allows."""
    said = configured.ways[way]
    answers = gather(said.fresh)
    rule = f"records with a TTL of {said.ttl} s"
    wrong = answers.judge(rule, lambda a: (bool(a.records), a.longest_ttl) == (True, said.ttl))
    assert wrong == {}, said.fresh.message


def test_autopath_ends_a_search_at_its_first_step(configured: Configured, gather: Gather) -> None:
    """With autopath the first step of a search must bring what the whole search would find."""
    answers = gather(configured.searched)
    assert answers.deviating_from(configured.found) == {}, answers
