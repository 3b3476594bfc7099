"""Debian packages: named before they are installed, and only ever installed as root."""

import os
from collections.abc import Sequence
from pathlib import Path

from host.bootstrap.cache import folder
from host.bootstrap.steps import HostError, logged, quick, say, step

APT_SECONDS = 900.0
_QUIET = {"DEBIAN_FRONTEND": "noninteractive"}
_LOCK = "DPkg::Lock::Timeout=120"


def is_debian() -> bool:
    """Whether this is Debian or one of its kin, so that apt-get is the way to install."""
    return Path("/etc/debian_version").exists()


def missing(packages: Sequence[str]) -> list[str]:
    """Those that are not installed."""
    status = quick("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages)
    installed = {
        line.split()[0] for line in status.stdout.splitlines() if line.endswith(" installed")
    }
    return [package for package in packages if package not in installed]


def install(packages: Sequence[str], purpose: str) -> None:
    """Install what is missing of these packages, naming it first.

    Raises:
        HostError: not root, not Debian, or apt-get failed.

    """
    wanted = missing(packages)
    if not wanted:
        return
    names = " ".join(wanted)
    if os.geteuid() != 0 or not is_debian():
        raise HostError(
            f"{purpose[0].upper()}{purpose[1:]} needs Debian packages that this user may not "
            f"install. As root run:\n    apt-get update && apt-get install -y {names}"
        )
    say(f"for {purpose} these Debian packages are installed now: {names}")
    log = folder("logs") / "apt.log"
    with step(f"installed {names}"):
        # An interrupted installation is finished first; with nothing to finish this does nothing.
        logged(["dpkg", "--configure", "-a"], log, timeout=APT_SECONDS, env=_QUIET)
        logged(["apt-get", "update", "-q"], log, timeout=APT_SECONDS, env=_QUIET)
        logged(
            ["apt-get", "install", "-y", "-q", "--no-install-recommends", "-o", _LOCK, *wanted],
            log,
            timeout=APT_SECONDS,
            env=_QUIET,
        )
