"""CoreDNS of several versions as programs of this host: what the Corefile's judge is held against.

They are built once each, gently and one after the other, and stay in the cache folder.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from host.bootstrap import build, tools
from host.bootstrap.cache import lock
from host.bootstrap.recipe import digest
from host.bootstrap.steps import HostError, say
from host.bootstrap.stub import option

VERSIONS = ("1.9.4", "1.10.1", "1.11.3", "1.12.1", "1.13.2", "1.14.3", "1.14.7", "1.15.0")
VARIABLE = "CLUSTERDNS_COREDNS_PROGRAMS"  # VERSION=PATH, with colons between them
NICENESS = 15
# Their modules are older than Go 1.23, which links no more to what a package keeps to itself.
BEFORE_LINK_CHECKS = ("1.9.4", "1.10.1")


def wanted(arguments: Sequence[str]) -> tuple[str, ...]:
    """The versions that `--only 1.12.1,1.15.0` names; without it all of them.

    Raises:
        HostError: one is named that has no records.

    """
    named = tuple(word for word in option(arguments, "--only", "").split(",") if word)
    if strange := [word for word in named if word not in VERSIONS]:
        raise HostError(
            f"There are no records of CoreDNS {', '.join(strange)}, only of {', '.join(VERSIONS)}."
        )
    return named or VERSIONS


def programs(versions: Sequence[str]) -> dict[str, str]:
    """The environment variable that tells the oracle where the programs are.

    Raises:
        HostError: a version cannot be built; its log's tail says why.

    """
    os.nice(NICENESS)  # a build takes minutes of both cores, and nobody waits for it with a clock
    say(f"CoreDNS {', '.join(versions)}: each is built once, 3 to 6 minutes on 2 cores")
    built = []
    for version in versions:
        with lock(f"coredns-{version}"):
            built.append(f"{version}={_program(version)}")
    return {VARIABLE: os.pathsep.join(built)}


def _program(version: str) -> Path:
    if version not in BEFORE_LINK_CHECKS:
        return build.coredns(version)

    def make(target: Path) -> None:
        module = f"github.com/coredns/coredns@v{version}"
        tools.go_install(module, target / "coredns", "-checklinkname=0")

    return build.part(f"coredns_{version}", digest(version), make) / "coredns"
