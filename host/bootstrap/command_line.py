"""The command line of ./run: prepare the host as far as needed, then run the tox environment."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from host.bootstrap import image, oracle
from host.bootstrap.cache import PROJECT, cache
from host.bootstrap.engine import ensure_engine
from host.bootstrap.environment import (
    SIGNALS,
    TEARDOWN_SECONDS,
    ensure_environment,
    run_environment,
)
from host.bootstrap.exit_codes import ExitCode
from host.bootstrap.output import SafeOutput, open_standard_streams
from host.bootstrap.recipe import recipe, wanted_tag
from host.bootstrap.steps import HostError, StoppedError, say, stop_all
from host.bootstrap.stub import is_fresh, option, write_stub
from host.bootstrap.tools import ensure_kind, ensure_kubectl
from host.bootstrap.venv import ensure_venv

# name: (needs a kind cluster, is pytest, its cluster must be sealed, what it does)
ENVIRONMENTS = {
    "conformance": (True, True, False, "judge a new kind cluster, or that of --kube-context NAME"),
    "preflight": (
        True,
        True,
        False,
        "before an upgrade, with --target-coredns VERSION or --target-kubernetes VERSION",
    ),
    "selftests": (True, True, True, "prove the suite itself: units, liars, faults, one whole run"),
    "near": (
        False,
        False,
        False,
        "lint, typing and the self-tests without cluster or build: a minute",
    ),
    "lint": (False, False, False, "formatting, lint rules, layering"),
    "typing": (False, False, False, "mypy, strict"),
    "mutants": (
        True,
        False,
        True,
        "break a kind cluster in every known way (-k NAME: only this), or in --random N others",
    ),
    "matrix": (True, False, True, "other CoreDNS versions and kinds of clusters"),
    "shapes": (True, False, True, "no false alarms in the shapes that distributions give DNS"),
    "soak": (True, False, True, "a healthy cluster gives no failure, ten runs in a row"),
    "oracle": (
        False,
        False,
        False,
        "start recorded Corefiles with the real CoreDNS of eight versions (--write: record)",
    ),
}
# With one of these nothing is judged, so no cluster is needed.
INFORMATION = {
    *("--help", "-h", "--version", "-V", "--collect-only", "--collectonly", "--co", "--markers"),
    *("--fixtures", "--funcargs", "--fixtures-per-test", "--list-images", "--plan"),
}
# These judge a cluster, and leave a report.
JUDGING = ("conformance", "preflight")
TARGETS = ("--target-coredns", "--target-kubernetes", "--target-image")
EXISTING = ("--kube-context", "--cleanup-only")
# Exit codes after which there must be a report: when pytest has left none, it never began.
SILENT = {
    ExitCode.INTERRUPTED: (
        "Stopped by a signal before pytest began; nothing was judged.",
        ExitCode.INTERRUPTED,
    ),
    ExitCode.FAILED: (
        "tox could not start pytest; what it says stands above.",
        ExitCode.CANNOT_JUDGE,
    ),
}


@dataclass(frozen=True)
class Local:
    """What a kind run needs of this host."""

    kind: Path
    kubectl: Path
    image: image.NodeImage
    coredns: Path | None = None  # a CoreDNS that runs on the host: self-tests compare with it


def main(words: Sequence[str]) -> int:
    """Do what the command line says; its exit code."""
    began = time.monotonic()
    open_standard_streams()
    if not words or words[0] in ("--help", "-h", "help"):
        print(_help())
        return ExitCode.OK if words else ExitCode.USAGE_ERROR
    name, arguments = words[0], list(words[1:])
    if name not in (*ENVIRONMENTS, "image"):
        print(f"./run: there is no {name!r}.\n\n{_help()}", file=sys.stderr)
        return ExitCode.USAGE_ERROR
    if name == "preflight" and not _has_target(arguments):
        print(f"./run preflight: name the upgrade with {' or '.join(TARGETS)}.", file=sys.stderr)
        return ExitCode.USAGE_ERROR
    os.chdir(PROJECT)  # where tox runs pytest: relative paths mean the same everywhere
    for number in SIGNALS:
        signal.signal(number, _on_signal)
    try:
        if name == "image":
            return _image(arguments)
        return _run(name, arguments, began)
    except HostError as error:
        seconds = time.monotonic() - began
        return _give_up(name, arguments, str(error), ExitCode.CANNOT_JUDGE, seconds)
    except StoppedError:
        reason = "Stopped by a signal while the host was being prepared; nothing was judged."
        seconds = time.monotonic() - began
        return _give_up(name, arguments, reason, ExitCode.INTERRUPTED, seconds)


def _run(name: str, arguments: Sequence[str], began: float) -> int:
    """Prepare the host, then run the environment; its exit code."""
    python, local = _prepare(name, arguments)
    extra = environment_for(name, local)
    if name == "oracle" and not INFORMATION.intersection(arguments):
        extra |= oracle.programs(oracle.wanted(arguments))
    extra["CLUSTERDNS_HOST_SECONDS"] = f"{time.monotonic() - began:.1f}"
    complete = [*arguments, *arguments_for(name, local, arguments)]
    started = time.time()
    code = run_environment(name, complete, python, extra, _teardown(arguments))
    silent = not is_fresh(arguments, started) and not INFORMATION.intersection(arguments)
    if name in JUDGING and code in SILENT and silent:
        reason, code = SILENT[ExitCode(code)]
        return _give_up(name, arguments, reason, code, time.monotonic() - began)
    return code


def _has_target(arguments: Sequence[str]) -> bool:
    """Whether the words name an upgrade, or nothing is to be judged anyway."""
    words = {word.partition("=")[0] for word in arguments}
    return bool(words & {*TARGETS, *INFORMATION, "--cleanup-only"})


def needs_cluster(name: str, arguments: Sequence[str]) -> bool:
    """Whether this command makes a kind cluster, so that the host must be ready for one."""
    if not ENVIRONMENTS[name][0] or INFORMATION.intersection(arguments):
        return False
    if name not in JUDGING:
        return True
    existing = [word for word in arguments if word.partition("=")[0] in EXISTING]
    return not existing


def arguments_for(name: str, local: Local | None, given: Sequence[str]) -> list[str]:
    """What is added to pytest's arguments for a kind run: only what the user has not said."""
    if local is None or not ENVIRONMENTS[name][1]:
        return []
    said = {word.partition("=")[0] for word in given}
    ours = {
        "--kind-bin": str(local.kind),
        "--kind-kubectl-bin": str(local.kubectl),
        "--kind-image": local.image.reference,
    }
    return [f"{key}={value}" for key, value in ours.items() if key not in said]


def environment_for(name: str, local: Local | None) -> dict[str, str]:
    """What the suite and everything that starts it is told by way of the environment."""
    if local is None:  # --plan and --list-images name what a local run would use
        held = image.of(wanted_tag())
        return _images(held) if ENVIRONMENTS[name][0] else {}
    told = {
        "CLUSTERDNS_KIND_BIN": str(local.kind),
        "CLUSTERDNS_KUBECTL_BIN": str(local.kubectl),
        "CLUSTERDNS_KIND_IMAGE": local.image.reference,
    }
    told |= _images(local.image)
    if local.coredns:
        told["CLUSTERDNS_COREDNS_BINARY"] = str(local.coredns)
    if ENVIRONMENTS[name][2]:
        told["CLUSTERDNS_SEAL"] = "1"
    return told


def _images(held: image.NodeImage) -> dict[str, str]:
    if held.dnsutils is None or held.musl is None:
        return {}
    return {"CLUSTERDNS_DNSUTILS_IMAGE": held.dnsutils, "CLUSTERDNS_MUSL_IMAGE": held.musl}


def _prepare(name: str, arguments: Sequence[str]) -> tuple[Path, Local | None]:
    local = None
    if needs_cluster(name, arguments):
        ensure_engine()
        chosen = image.ensure_image(option(arguments, "--kind-image", "") or None)
        coredns = image.coredns_program() if name == "selftests" else None
        local = Local(ensure_kind(), ensure_kubectl(), chosen, coredns)
    python = ensure_venv()
    ensure_environment(name, python)
    return python, local


def _image(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="./run image", description="Build the local node image, if it is not there yet."
    )
    parser.add_argument(
        "--coredns",
        metavar="VERSION",
        help="instead: build CoreDNS of this version and print the path of an image archive for "
        f"`kind load image-archive` (tried: {', '.join(recipe().further_coredns)})",
    )
    chosen = parser.parse_args(arguments)
    if chosen.coredns:
        print(image.coredns_archive(chosen.coredns))
    else:
        ensure_engine()
        print(image.ensure_image().reference)
    return ExitCode.OK


def _give_up(name: str, arguments: Sequence[str], reason: str, code: int, seconds: float) -> int:
    """Say why, and leave a report if one was asked for."""
    signal.signal(signal.SIGINT, _ignore)
    stop_all()
    reader = SafeOutput(sys.stderr)
    print(f"\n{reason}", file=reader)
    if name in JUDGING:
        try:
            folder = write_stub(arguments, reason, code, seconds)
            print(f"\nReport: {folder}/results.yaml (exit code {code})", file=reader)
        except OSError as error:
            print(f"\nNo report could be written: {error}", file=reader)
    return code


def _teardown(arguments: Sequence[str]) -> float:
    """Seconds that cleaning up may take: --timeout-scale multiplies every deadline."""
    scale = 1.0
    with suppress(ValueError):
        scale = float(option(arguments, "--timeout-scale", "1"))
    return TEARDOWN_SECONDS * max(scale, 1.0)


def _on_signal(number: int, frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, _ignore)
    say(f"{signal.Signals(number).name}: stopping")
    raise StoppedError


def _ignore(number: int, frame: FrameType | None) -> None:
    """Let the first signal's clean-up end; unlike SIG_IGN it is not inherited by children."""


def _help() -> str:
    try:
        place = str(cache())
    except HostError:
        place = "that of XDG_CACHE_HOME"
    lines = [
        "usage: ./run ENVIRONMENT [arguments]",
        "",
        "Sets up what is missing on this host, then runs `tox run -e ENVIRONMENT -- arguments`.",
        "",
        *(f"  {name:12} {about}" for name, (*_, about) in ENVIRONMENTS.items()),
        "  image        only build the local node image (--coredns VERSION: a CoreDNS image)",
        "",
        "./run conformance --help shows the options of the suite. Everything that is downloaded or",
        f"built stays in one folder: {place}.",
    ]
    return "\n".join(lines)
