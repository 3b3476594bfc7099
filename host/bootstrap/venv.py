"""The private virtual environment: tox at pinned versions, and pip for what the host lacks."""

import shutil
import sys
from pathlib import Path

from host.bootstrap.cache import PROJECT, cache, folder, lock
from host.bootstrap.debian import install, is_debian
from host.bootstrap.recipe import digest
from host.bootstrap.steps import HostError, logged, quick, step

LOCK = PROJECT / "host" / "bootstrap" / "tox.lock"
INSTALL_SECONDS = 600.0


def ensure_venv() -> Path:
    """The environment's Python, after making the environment if it is not there yet.

    It is known by the lock file and the Python that made it; nothing is looked up when it exists.

    Raises:
        HostError: Python cannot make virtual environments, or a package cannot be had.

    """
    name = f"tox-{digest(LOCK, sys.executable, sys.version)}"
    python = cache("venv", name, "bin", "python")
    stamp = cache("venv", name, "complete")
    if stamp.exists():
        return python
    with lock("venv"):
        if not stamp.exists():
            _make(python, stamp)
    return python


def _make(python: Path, stamp: Path) -> None:
    log = folder("logs") / "venv.log"
    with step("private virtual environment with tox"):
        shutil.rmtree(stamp.parent, ignore_errors=True)
        _ensure_ensurepip()
        logged([sys.executable, "-m", "venv", stamp.parent], log, timeout=INSTALL_SECONDS)
        options = ["--require-hashes", "--only-binary=:all:", "--disable-pip-version-check", "-q"]
        logged([python, "-m", "pip", "install", *options, "-r", LOCK], log, timeout=INSTALL_SECONDS)
        stamp.touch()


def _ensure_ensurepip() -> None:
    """Debian keeps what `python3 -m venv` needs in a package of its own."""
    if quick(sys.executable, "-c", "import ensurepip, venv").returncode == 0:
        return
    package = f"python3.{sys.version_info.minor}-venv"
    if is_debian() and Path(sys.executable).resolve().is_relative_to("/usr/bin"):
        install((package,), "virtual environments")
        return
    raise HostError(
        f"{sys.executable} cannot make virtual environments: its modules venv and ensurepip are "
        f"missing. Install them (on Debian: apt-get install -y {package}) and try again."
    )
