"""The table of shapes: a shape that was not tried now keeps its row."""

from trials.healthy.rounds import Round
from trials.healthy.shapes.__main__ import Row, reasons_in, table
from trials.healthy.shapes.distributions import SHAPES

GREEN = Round(0, 530, (), 0, 1, 12000, 60.0, 90.0, 0)


def row(name: str, *rounds: Round) -> Row:
    """A shape that was tried."""
    (shape,) = (each for each in SHAPES if each.name == name)
    return Row(shape, "pods are told 10.96.0.10", rounds or (GREEN,), ("no 'loop'",))


def test_rows_of_before_are_kept_in_order() -> None:
    """What is tried anew replaces its own row alone."""
    first = table([row("openshift"), row("k3s")])
    again = table([row("k3s", GREEN, GREEN)], first)
    names = [line.split(" | ")[0] for line in again.splitlines() if line.startswith("| ")]
    assert names == ["| shape", "| openshift", "| k3s"]
    assert "| 0 0 |" in again
    assert table([], again) == again


def test_a_diagnosis_is_not_green() -> None:
    """Nor is a failure, nor a shape in which nothing was run."""
    odd = Round(0, 530, (), 0, 1, 12000, 60.0, 90.0, 1)
    (shape, *_) = SHAPES
    assert row("k3s").is_green
    assert not row("k3s", GREEN, odd).is_green
    assert not Row(shape, "", (), ()).is_green


def test_reasons_stand_once_and_in_one_cell() -> None:
    """A reason is one line without what would end its cell."""
    checks = [
        {"outcome": "not-applicable", "message": "no | here\nand more"},
        {"outcome": "not-applicable", "message": "no | here\nand less"},
        {"outcome": "not-run", "message": "lost"},
    ]
    assert reasons_in({"checks": checks}) == ("no / here",)
