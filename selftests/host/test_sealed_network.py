"""What is on a sealed network reaches nothing outside of it; a seal leaves nothing behind."""

import os
from collections.abc import Iterator

import pytest

from host.bootstrap import seal
from host.bootstrap.recipe import wanted_tag
from host.bootstrap.steps import quick

RUN = "dns-conf-5ea15ea1"
NAME = "dns-conf-5ea15ea1-sealed"
# A question for example.org, type A (RFC 1035, section 4), sent to an address of TEST-NET-1.
QUESTION = r"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03org\x00\x00\x01\x00\x01"
ASK = (
    "exec 3<>/dev/udp/192.0.2.1/53; "
    f"printf '{QUESTION}' >&3; read -r -t 1 -N 1 answer <&3 && echo answered"
)


@pytest.fixture
def network() -> Iterator[seal.SealedNetwork]:
    """A sealed network; removed afterwards, whatever happens."""
    seal.remove(NAME)
    yield seal.make_sealed_network(NAME, RUN)
    seal.remove(NAME)


def test_a_dns_question_does_not_leave(network: seal.SealedNetwork) -> None:
    """The packet reaches the bridge, is counted by the seal, and goes no further."""
    image = os.environ.get("CLUSTERDNS_KIND_IMAGE") or wanted_tag()
    before = seal.counters(network.name)

    asked = quick(
        *("docker", "run", "--rm", "--network", network.name, "--entrypoint", "/bin/bash"),
        *(image, "-c", ASK),
        timeout=60.0,
    )

    assert "answered" not in asked.stdout, asked
    assert seal.counters(network.name) > before, asked


def test_network_and_rules_are_found_by_their_run(network: seal.SealedNetwork) -> None:
    """What a dead run left can be named."""
    assert {left.what for left in seal.leftovers(RUN)} == {"network", "seal rule"}
    assert {left.name for left in seal.leftovers(RUN)} == {network.name}


def test_removing_leaves_nothing(network: seal.SealedNetwork) -> None:
    """Network and rules are gone; removing again is no error."""
    seal.remove(network.name)
    seal.remove(network.name)

    assert seal.leftovers(RUN) == []


def test_a_bridges_name_fits() -> None:
    """The kernel allows 15 characters for the name of an interface."""
    assert len(seal.bridge_of(NAME)) <= 15
