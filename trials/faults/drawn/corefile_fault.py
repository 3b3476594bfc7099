"""A change of the Corefile as a fault."""

from collections.abc import Callable, Sequence
from random import Random

from trials.faults.drawn.corefile_text import (
    KUBEADM,
    NAMES,
    changed_lines,
    own_block,
    put_after,
)
from trials.faults.drawn.grammar import Drawn, Edit
from trials.faults.drawn.truth import Hop, Truth
from trials.faults.scene import Scene

REFUSED_S = 12.0  # a CoreDNS that refuses its Corefile says so at once
SETTLE_S = 30.0

# None of these is a namespace of the onlooker: what only it could see would prove nothing.
ZONES = (
    *(".", "cluster.local", "svc.cluster.local", "default.svc.cluster.local", "local"),
    *("10.in-addr.arpa", "in-addr.arpa", "example.org"),
)


def corefile_fault(
    variant: str,
    title: str,
    edit: Edit,
    names: Sequence[str] = (),
    refused: bool = False,
    hops: tuple[Hop, ...] = ("corefile",),
) -> Drawn:
    """A fault that is one edit of the Corefile.

    The new lines name it by themselves; ``names`` are further words that do, such as the name of
    a plugin that the Corefile has only once. Raises ValueError for an edit of nothing.
    """
    after = edit(KUBEADM)
    if after == KUBEADM:
        raise ValueError(f"{variant} changes nothing")
    objects = (*names, *changed_lines(KUBEADM, after))

    def inject(scene: Scene) -> None:
        scene.corefile(edit, within=REFUSED_S if refused else SETTLE_S)

    return Drawn(variant, title, "C", Truth(hops, objects, refused), inject, edit)


Place = tuple[str, str, Callable[[Sequence[str]], Edit]]


def any_place(dice: Random) -> Place:
    """A place for a plugin: its slug, words for people, and what puts lines there."""
    kind = dice.choice(("at-top", "inside", "at-end"))
    if kind == "at-top":
        return kind, "at the top of the block", lambda lines: put_after("", lines)
    after = NAMES[-1] if kind == "at-end" else dice.choice(NAMES[:-1])
    slug = kind if kind == "at-end" else f"after-{after}"
    return slug, f"behind {after}", lambda lines: put_after(after, lines)


def block_place(dice: Random, zones: Sequence[str] = ZONES[1:]) -> Place:
    """A block of its own for a zone; what else the zone has is lost."""
    zone = dice.choice(zones)
    first = dice.random() < 0.5
    slug = f"in-block-{slug_of(zone)}"
    return slug, f"in a block for {zone}", lambda lines: own_block(f"{zone}:53", lines, first)


def place_or_block(dice: Random) -> Place:
    """Either of both."""
    return block_place(dice) if dice.random() < 0.3 else any_place(dice)


def slug_of(text: str) -> str:
    """A text as a part of a name: letters, digits and hyphens."""
    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    return "-".join(words) or "root"
