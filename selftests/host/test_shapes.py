"""The table of shapes: a shape that was not tried now keeps its row."""

from dataclasses import replace

from trials.faults.trial import Trial
from trials.healthy.rounds import Round
from trials.healthy.shapes.__main__ import reasons_in
from trials.healthy.shapes.page import FaultRow, Row, page
from trials.healthy.shapes.register import SHAPES

GREEN = Round(0, 530, (), 0, 1, 12000, 60.0, 90.0, 0)


def row(name: str, *rounds: Round) -> Row:
    """A shape that was tried."""
    (shape,) = (each for each in SHAPES if each.name == name)
    return Row(shape, "pods are told 10.96.0.10", rounds or (GREEN,), ("no 'loop'",))


def test_rows_of_before_are_kept_in_order() -> None:
    """What is tried anew replaces its own row alone."""
    first = page(SHAPES, [row("openshift"), row("k3s")], [])
    again = page(SHAPES, [row("k3s", GREEN, GREEN)], [], first)
    names = [line.split(" | ")[0] for line in again.splitlines() if line.startswith("| ")]
    assert names == ["| shape", "| openshift", "| k3s"]
    assert "| 0 0 | - |" in again
    assert page(SHAPES, [], [], again) == again


def test_a_diagnosis_is_not_green() -> None:
    """Nor is a failure, nor a shape in which nothing was run."""
    odd = replace(GREEN, diagnoses=1)
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


def fault(name: str, cause: str, *absent: str) -> FaultRow:
    """A fault in the shape of k3s that was found, and the cause that was named first."""
    (shape,) = (each for each in SHAPES if each.name == "k3s")
    trial = Trial(name, "", [name], causes=[cause], confidence="high")
    return FaultRow(shape, trial, absent)


def test_faults_have_a_table_of_their_own() -> None:
    """Its rows are kept as those of the shapes are, and neither takes the other's."""
    right = fault("dns-svc-no-tcp", "dns-svc-no-tcp")
    wrong = fault("one-replica-deaf", "packets-lost", "kube-system configmap/none")
    assert right.is_right
    assert not wrong.is_right
    first = page(SHAPES, [row("k3s")], [right])
    again = page(SHAPES, [], [wrong], first)
    lines = [line for line in again.splitlines() if line.startswith("| k3s | ")]
    starts = [" | ".join(line.split(" | ")[1:4]) for line in lines]
    said = [
        "NodeHosts, and imports that may be empty | pods are told 10.96.0.10 | 0",
        "one-replica-deaf | yes | packets-lost (high)",
        "dns-svc-no-tcp | yes | dns-svc-no-tcp (high)",
    ]
    assert starts == said
    assert "there is no kube-system configmap/none" in again
    assert page(SHAPES, [], [], again) == again


def test_each_shape_has_six_faults_but_two() -> None:
    """No objects, no fault of objects; and one replica is none of two."""
    numbers = {shape.name: len(shape.mutants) for shape in SHAPES}
    assert {name: n for name, n in numbers.items() if n != 6} == {"no-objects": 0, "microk8s": 5}
    assert all(len({m.name for m in s.mutants}) == len(s.mutants) for s in SHAPES)


def test_what_is_truly_so_is_no_false_alarm() -> None:
    """MicroK8s has one replica, which is named; anything else beside it would be false."""
    single = replace(GREEN, diagnoses=1, causes=("single-or-colocated",))
    assert row("microk8s", single).is_green
    assert "| 0 | single-or-colocated | 530 |" in str(row("microk8s", single))
    assert not row("k3s", single).is_green
    assert not row("microk8s", replace(single, causes=("oom",))).is_green
