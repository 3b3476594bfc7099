"""What the nodes' own resolv.conf brings into the cluster: upstreams, search domains, limits."""

from collections.abc import Sequence

import pytest

from clusterdns.matrix import expect
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.everyone import Everyone

pytestmark = pytest.mark.about("node-resolv-conf")


@pytest.mark.about("upstreams")
@pytest.mark.level("should")
@pytest.mark.parametrize(
    "rdtype", ["A", pytest.param("AAAA", marks=pytest.mark.about("upstream-aaaa"))]
)
def test_every_upstream_answers(upstream_asker: Everyone, outside_name: str, rdtype: str) -> None:
    """Each upstream should answer: a dead one costs seconds whenever it is chosen."""
    answers = upstream_asker.ask(outside_name, rdtype)
    assert answers.match(expect.answered_or_denied), answers


@pytest.mark.about("node-search-domains")
@pytest.mark.level("advice")
def test_host_suffix_has_no_wildcard(suffix_answers: Sequence[Answer]) -> None:
    """Not every name should exist below a node's search domain: it would be found first."""
    found = [repr(answer) for answer in suffix_answers if answer.records]
    assert found == [], "\n".join(found)


@pytest.mark.about("empty-search-domains")
@pytest.mark.level("advice")
def test_host_suffix_denies_what_is_not_there(suffix_answers: Sequence[Answer]) -> None:
    """Below a node's search domain what nobody has should not exist: musl ends its search."""
    found = [repr(a) for a in suffix_answers if a.rcode == "NOERROR" and not a.records]
    assert found == [], "\n".join(found)


@pytest.mark.about("resolv-conf-limits")
@pytest.mark.level("advice")
def test_node_resolv_conf_is_within_the_limits(cut: list[str]) -> None:
    """What a node's resolv.conf says should fit into a pod's: the rest is left out."""
    assert cut == [], "\n".join(cut)
