"""The parts of the node image, each built once: its folder's name is a hash of its inputs.

A part is made in a folder with another name, which is renamed at the end: an interrupted build goes
on where it was, and no half part is ever taken for a whole one.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from host.bootstrap import tools
from host.bootstrap.cache import PROJECT, cache, folder
from host.bootstrap.debian import install
from host.bootstrap.recipe import Recipe, digest
from host.bootstrap.steps import HostError, logged, quick, step

SOURCES = PROJECT / "host" / "kind"
GO_SECONDS = 3600.0
DEBOOTSTRAP_SECONDS = 1200.0
UNUSED = ("var/cache/apt", "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info")
HOST_PACKAGES = ("debootstrap", "debian-archive-keyring", "gcc", "libc6-dev", "musl-tools")


def part(name: str, key: str, make: Callable[[Path], None]) -> Path:
    """The folder of a part: the one that exists, else a new one filled by `make`."""
    final = cache("image", f"{name}-{key}")
    if final.exists():
        return final
    unfinished = cache("image", f"{name}-{key}.part")
    with step(f"node image: {name}"):
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        make(unfinished)
        unfinished.rename(final)
    for old in final.parent.glob(f"{name}-*"):
        if old != final:
            shutil.rmtree(old, ignore_errors=True)
    return final


def log_of(name: str) -> Path:
    """The log of a part."""
    return folder("logs") / f"{name}.log"


def ensure_host_packages() -> None:
    """What only a build needs: debootstrap and two C compilers.

    Raises:
        HostError: not root (debootstrap must be), or the packages cannot be installed.

    """
    if os.geteuid() != 0:
        raise HostError(
            "There is no local node image and no registry answers; building one needs root "
            "(debootstrap). Run `sudo ./run image` once (the same cache folder and engine), or "
            "name an image with --kind-image."
        )
    install(HOST_PACKAGES, "the node image")


def kubernetes(recipe: Recipe) -> Path:
    """All of Kubernetes and etcd as one program; it is `kubectl` for the host, too."""
    version = f"v{recipe.kubernetes}"
    major, minor, _ = recipe.kubernetes.split(".")
    values = {
        "gitVersion": version,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    names = [
        f"-X {package}.{name}={value}" for package in packages for name, value in values.items()
    ]

    def make(target: Path) -> None:
        module = target / "source"
        shutil.copytree(SOURCES / "kubernetes", module)
        options = ["-trimpath", "-ldflags", " ".join(["-s -w", *names])]
        logged(
            [tools.ensure_go(), "build", *options, "-o", target / "kubernetes", "."],
            log_of("kubernetes"),
            timeout=GO_SECONDS,
            env={**tools.go_environment(), "GOFLAGS": "-mod=readonly -modcacherw"},
            cwd=module,
        )
        shutil.rmtree(module)

    program = part("kubernetes", digest(SOURCES / "kubernetes", *names), make) / "kubernetes"
    kubectl = folder("bin") / "kubectl"
    if not (kubectl.exists() and kubectl.samefile(program)):
        fresh = kubectl.with_name("kubectl.new")
        fresh.unlink(missing_ok=True)
        fresh.hardlink_to(program)
        fresh.replace(kubectl)
    return program


def coredns(version: str) -> Path:
    """CoreDNS of one version, from its Go module."""

    def make(target: Path) -> None:
        tools.go_install(f"github.com/coredns/coredns@v{version}", target / "coredns")

    return part(f"coredns_{version}", digest(version), make) / "coredns"


def root_filesystem(name: str, suite: str, packages: tuple[str, ...]) -> Path:
    """A Debian root file system as a tar file, without documentation."""

    def make(target: Path) -> None:
        root = target / "root"
        log = log_of(name)
        options = ["--variant=minbase", f"--include={','.join(packages)}"]
        # A mount name space of its own: whatever happens, /proc does not stay mounted in it.
        logged(
            ["unshare", "--mount", "debootstrap", *options, suite, root],
            log,
            timeout=DEBOOTSTRAP_SECONDS,
        )
        for unused in UNUSED:
            shutil.rmtree(root / unused, ignore_errors=True)
        for listing in (root / "var/lib/apt/lists").glob("*_*"):
            listing.unlink()
        listed = quick("dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W")
        (target / "packages.txt").write_text(listed.stdout)
        pack: list[str | Path] = [
            "tar",
            "-C",
            root,
            "--sort=name",
            "--numeric-owner",
            "--xattrs",
            "-cf",
        ]
        logged([*pack, target / "root.tar", "."], log, timeout=DEBOOTSTRAP_SECONDS)
        shutil.rmtree(root)

    return part(name, digest(suite, *packages, *UNUSED), make) / "root.tar"


def small_programs() -> Path:
    """The folder with `pause` and `resolve`, static: one with glibc, one with musl."""
    sources = SOURCES / "pods"
    compilers = {"pause": "gcc", "resolve": "musl-gcc"}

    def make(target: Path) -> None:
        options: list[str | Path] = ["-static", "-O2", "-s", "-Wall", "-Wextra", "-Werror"]
        for program, compiler in compilers.items():
            logged(
                [compiler, *options, "-o", target / program, sources / f"{program}.c"],
                log_of("programs"),
                timeout=60.0,
            )

    return part("programs", digest(sources, *compilers.values()), make)
