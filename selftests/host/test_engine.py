"""The container engine: when the shim is needed, and what a user without root is told."""

from pathlib import Path

import pytest

from host.bootstrap import engine
from host.bootstrap.steps import HostError

STATUS = "Name:\tcat\nCapInh:\t0000000000000000\nCapBnd:\t{}\nSeccomp:\t0\n"
BOUNDING_SETS = {
    "all": ("000001ffffffffff", False),
    "all but sys_resource": ("000001fffeffffff", True),
    "only sys_resource": ("0000000001000000", False),
    "none": ("0000000000000000", True),
}


@pytest.mark.parametrize("case", BOUNDING_SETS.values(), ids=BOUNDING_SETS.keys())
def test_only_a_host_without_sys_resource_gets_the_shim(case: tuple[str, bool]) -> None:
    """Bit 24 of CapBnd decides, and nothing else."""
    bounding_set, expected = case

    assert engine.needs_shim(STATUS.format(bounding_set)) is expected


def test_the_users_engine_settings_stay() -> None:
    """The shim is added to daemon.json; what is there is kept."""
    before: dict[str, object] = {"data-root": "/big", "runtimes": {"other": {"path": "/other"}}}

    after = engine.with_shim(before, Path("/shim"))

    assert after == {
        "data-root": "/big",
        "runtimes": {"other": {"path": "/other"}, engine.SHIM_NAME: {"path": "/shim"}},
        "default-runtime": engine.SHIM_NAME,
    }


@pytest.fixture
def plain_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not root, and on a host without docker."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("USER", "ada")


@pytest.mark.usefixtures("plain_user")
@pytest.mark.parametrize(
    "command",
    ["apt-get install -y docker.io iptables", "systemctl start docker", "usermod -aG docker ada"],
)
def test_without_root_the_commands_are_printed(command: str) -> None:
    """Nothing is installed: the user is told what to run, word for word, and of the other way."""
    with pytest.raises(HostError) as refusal:
        engine.ensure_engine()

    assert command in str(refusal.value)
    assert "--kube-context" in str(refusal.value)


@pytest.fixture
def limits(tmp_path: Path) -> Path:
    """A host whose inotify limits are those of a fresh Debian."""
    (tmp_path / "max_user_instances").write_text("128\n")
    (tmp_path / "max_user_watches").write_text("2097152\n")
    return tmp_path


def test_root_raises_low_inotify_limits(limits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too low is raised; what is high enough stays."""
    monkeypatch.setattr("os.geteuid", lambda: 0)

    engine.ensure_inotify(limits)

    assert (limits / "max_user_instances").read_text() == "8192\n"
    assert (limits / "max_user_watches").read_text() == "2097152\n"


@pytest.mark.usefixtures("plain_user")
def test_low_inotify_limits_are_named_without_root(
    limits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The user is told the very command, for the limit that is too low only."""
    engine.ensure_inotify(limits)

    assert capsys.readouterr().err.endswith("sysctl -w fs.inotify.max_user_instances=8192\n")
    assert (limits / "max_user_instances").read_text() == "128\n"
