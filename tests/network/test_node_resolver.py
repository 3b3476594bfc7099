"""What the nodes' own resolv.conf brings into the cluster: upstreams, search domains, limits."""

from collections.abc import Sequence

import pytest

from clusterdns.experiments.node_files import is_of_use
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.everyone import Everyone


@pytest.mark.level("should")
@pytest.mark.parametrize("rdtype", ["A", "AAAA"])
def test_every_upstream_answers(upstream_asker: Everyone, outside_name: str, rdtype: str) -> None:
    """Each upstream should answer: a dead one costs seconds whenever it is chosen."""
    answers = upstream_asker.ask(outside_name, rdtype)
    assert answers.judge("an answer or a denial", is_of_use) == {}, answers


@pytest.mark.level("advice")
def test_host_suffix_has_no_wildcard(suffix_answers: Sequence[Answer]) -> None:
    """Not every name should exist below a node's search domain: it would be found first."""
    found = [repr(answer) for answer in suffix_answers if answer.records]
    assert found == [], "\n".join(found)


@pytest.mark.level("advice")
def test_node_resolv_conf_is_within_the_limits(cut: list[str]) -> None:
    """What a node's resolv.conf says should fit into a pod's: the rest is left out."""
    assert cut == [], "\n".join(cut)
