"""Each option does what the contract says; what does not work yet is not there."""

import dataclasses
import re
from pathlib import Path

import pytest

from clusterdns.timeouts import Timeouts
from fixtures.images import PUBLIC_DNSUTILS, rewritten
from selftests.contract.suite import PROJECT, Done, suite

CONTRACT = (
    *("--kube-context", "--report-dir", "--profile", "--allow-disruptive", "--dnsutils-image"),
    *("--musl-image", "--image-registry", "--list-images", "--external-name", "--namespace"),
    *("--timeout-scale", "--keep", "--plan", "--cleanup-only", "--require-complete"),
    *("--target-coredns", "--target-kubernetes", "--target-image"),
    *("--compare", "--waivers", "--subject", "--redact"),
)
PYTEST_KINDS = (
    *("--kubeconfig", "--cluster-name", "--keep-cluster", "--kind-image", "--kind-bin"),
    "--kind-kubectl-bin",
)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


@pytest.fixture(scope="module")
def known() -> set[str]:
    """Every option that pytest accepts here."""
    done = suite("--help")
    assert done.code == 0, done.output
    return set(OPTION.findall(done.output))


@pytest.fixture(scope="module")
def plan() -> Done:
    """What --plan prints where there is no cluster and no kubeconfig."""
    return suite("--plan")


@pytest.mark.parametrize("name", CONTRACT)
def test_an_option_works_or_is_not_there(known: set[str], name: str) -> None:
    """Accepted and ignored would be a defect; an option of a later issue is a usage error."""
    if name not in known:
        assert suite(f"{name}=x", "--collect-only").code == 4


def test_the_options_of_pytest_kind_are_its_own(known: set[str]) -> None:
    """They are there, and none of ours has such a name."""
    ours = (PROJECT / "fixtures" / "options.py").read_text()
    assert set(PYTEST_KINDS) <= known
    assert [name for name in PYTEST_KINDS if f'"{name}"' in ours] == []


@pytest.mark.parametrize(
    "words",
    [
        ["--no-such-option"],
        ["--profile=huge"],
        ["--timeout-scale=fast"],
        ["--kubeconfig=anything"],
        ["--kube-context"],
    ],
    ids=lambda words: words[0].strip("-"),
)
def test_wrong_usage_is_4(words: list[str]) -> None:
    """As pytest has it; no report is begun."""
    done = suite(*words)
    assert done.code == 4, done.output
    assert "Traceback" not in done.output


def test_a_kubeconfig_needs_a_context(tmp_path: Path) -> None:
    """It would choose a cluster that nobody named; the message says what to add."""
    done = suite("--kubeconfig", str(tmp_path / "config"))
    assert done.code == 4, done.output
    assert "--kube-context NAME" in done.output


def test_nothing_collected_is_5(tmp_path: Path) -> None:
    """And leaves no report of nothing."""
    done = suite("-k", "no_such_check", "--report-dir", str(tmp_path / "report"))
    assert done.code == 5, done.output
    assert not (tmp_path / "report").exists()


def test_collecting_needs_no_cluster() -> None:
    """Neither kubeconfig nor docker nor kind: all checks are listed."""
    done = suite("--collect-only", "-q", environment={"PATH": "/nonexistent"})
    assert done.code == 0, done.output
    assert len(done.ids) >= 120


def test_collecting_is_the_same_from_any_folder(tmp_path: Path) -> None:
    """The suite is found by its own project file."""
    here, there = (suite("--collect-only", "-q", cwd=cwd) for cwd in (PROJECT, tmp_path))
    assert there.code == 0, there.output
    assert len(there.output.splitlines()) == len(here.output.splitlines())


def test_images_are_listed() -> None:
    """One a line, so that a script can mirror them; musl only where its image is known."""
    done = suite("--list-images")
    assert (done.code, done.output.split()) == (0, [PUBLIC_DNSUTILS])


def test_images_are_listed_as_they_would_be_used() -> None:
    """--image-registry replaces the host, for both images."""
    words = ("--list-images", "--dnsutils-image=a.io/b/c:1", "--musl-image=musl:2")
    done = suite(*words, "--image-registry=mirror.example:5000/x/")
    assert done.output.split() == ["mirror.example:5000/x/b/c:1", "mirror.example:5000/x/musl:2"]


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (PUBLIC_DNSUTILS, "m/e2e-test-images/jessie-dnsutils:1.7"),
        ("localhost/dnsutils:1", "m/dnsutils:1"),
        ("host:5000/a/b@sha256:00", "m/a/b@sha256:00"),
        ("library/busybox", "m/library/busybox"),
        ("busybox:1.37", "m/busybox:1.37"),
    ],
)
def test_only_a_host_is_replaced(image: str, found: str) -> None:
    """The first part is a host when it has a dot, a port, or is localhost."""
    assert rewritten(image, "m") == found
    assert rewritten(image, None) == image


def test_the_scale_multiplies_every_deadline() -> None:
    """None is left out."""
    plain, scaled = Timeouts(), Timeouts().scaled(3)
    for field in dataclasses.fields(Timeouts):
        assert getattr(scaled, field.name) == 3 * getattr(plain, field.name)


def test_the_plan_needs_no_cluster(plan: Done) -> None:
    """It prints objects with verbs, images and checks, and that nothing was written."""
    assert plan.code == 0, plan.output
    assert "Namespace dns-conf-XXXXXXXX [create" in plan.output
    assert f"  {PUBLIC_DNSUTILS}" in plan.output
    assert "Nothing was written" in plan.output


def test_the_plan_follows_the_selection() -> None:
    """Only what the selected checks make and read is in it; a quick run makes probes alone.

    What is made only after a failure, to find its cause, says so.
    """
    quick = unless_it_fails(suite("--plan", "--profile=quick"))
    made = {line.split()[1] for line in quick if "create" in line}
    assert made == {
        *("dns-conf-XXXXXXXX", "dns-conf-XXXXXXXX-b", "-", "dns-conf-XXXXXXXX/probe-N"),
        "dns-conf-XXXXXXXX/dns-conf-XXXXXXXX",
    }
    loops = "\n".join(unless_it_fails(suite("--plan", "-k", "test_loops")))
    assert "/hidden-loop [create list delete]" in loops
    assert "/reloading " not in loops
    assert "/client-" not in loops
    assert "ServiceAccount" not in loops


def unless_it_fails(plan: Done) -> list[str]:
    """The lines of a plan that name objects of every run, whether anything fails or not."""
    return [line for line in objects_of(plan) if "] after a failure" not in line]


def objects_of(plan: Done) -> list[str]:
    """The lines of a plan that name objects."""
    lines = plan.output.splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("Objects"))
    return lines[begin + 1 : lines.index("", begin)]


def test_the_plan_lists_the_selected_checks() -> None:
    """Those of this selection only."""
    done = suite("--plan", "-k", "test_zone_has_one_soa_record or test_service_has_port")
    assert "Checks (4):" in done.output, done.output
    assert "test_service_has_port[53-udp]" in done.output


def test_the_plan_leaves_no_report(plan: Done, tmp_path: Path) -> None:
    """Nothing was judged, so there is nothing to report."""
    done = suite("--plan", "--profile=quick", "--report-dir", str(tmp_path / "report"))
    assert done.code == 0
    assert not (tmp_path / "report").exists()
