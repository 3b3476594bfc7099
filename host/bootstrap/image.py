"""Which node image a run uses, and the local one when no other is to be had."""

import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host.bootstrap import build, node
from host.bootstrap.archive import write_archive
from host.bootstrap.cache import cache, folder, lock
from host.bootstrap.recipe import REPOSITORY, recipe, wanted_tag
from host.bootstrap.steps import HostError, logged, quick, say, step, stop_all

REGISTRY_SECONDS = 5.0
REMEMBER_SECONDS = 86400.0
PULL_SECONDS = 600.0
HEARTBEAT_SECONDS = 30.0


@dataclass(frozen=True)
class NodeImage:
    """A node image, and the images that it holds for the suite (None: it holds none of ours)."""

    reference: str
    dnsutils: str | None = None
    musl: str | None = None


def of(reference: str) -> NodeImage:
    """The node image of this reference; ours are known by their name."""
    if reference.startswith(f"{REPOSITORY}:"):
        return NodeImage(reference, node.DNSUTILS, node.MUSL)
    return NodeImage(reference)


def choose(
    named: str | None,
    wanted: str,
    upstream: str,
    exists: Callable[[str], bool],
    pull: Callable[[str], bool],
    make: Callable[[str], None],
) -> NodeImage:
    """The first of: the one the user named, the local one, the registry's, one built here."""
    if named:
        return of(named)
    if exists(wanted):
        return of(wanted)
    if pull(upstream):
        return of(upstream)
    make(wanted)
    return of(wanted)


def ensure_image(named: str | None = None) -> NodeImage:
    """The node image for this run.

    Raises:
        HostError: it must be built, and cannot be.

    """
    wanted = wanted_tag()
    upstream = f"kindest/node:v{recipe().kubernetes}"
    with step("node image") as current:
        chosen = choose(
            named=named,
            wanted=wanted,
            upstream=upstream,
            exists=exists_locally,
            pull=pull,
            make=make,
        )
        current.text = f"node image: {chosen.reference}"
    return chosen


def exists_locally(reference: str) -> bool:
    """Whether the engine has it."""
    return quick("docker", "image", "inspect", "--format", "ok", reference).returncode == 0


def pull(reference: str) -> bool:
    """Get the image from its registry, if that answers within 5 s; a "no" holds for a day."""
    refused = cache("image", "no-registry")
    if os.environ.get("CI") == "true":
        return False
    if exists_locally(reference):
        return True
    if refused.exists() and 0 <= time.time() - refused.stat().st_mtime < REMEMBER_SECONDS:
        return False
    with step(f"no registry has {reference}; not asked again for a day") as current:
        asked = quick("docker", "manifest", "inspect", reference, timeout=REGISTRY_SECONDS)
        if asked.returncode == 0:
            log = folder("logs") / "pull.log"
            try:
                logged(["docker", "pull", reference], log, timeout=PULL_SECONDS)
            except HostError as error:
                say(f"{reference} cannot be pulled: {error}")
            else:
                current.text = f"pulled {reference}"
                return True
        folder("image")
        refused.touch()
    return False


def make(tag: str) -> None:
    """Build the node image under its tag, or not at all.

    Raises:
        HostError: a part cannot be built; its log's tail says why.

    """
    with lock("node-image"):
        if not exists_locally(tag):
            _build(tag)


def _build(tag: str) -> None:
    wanted = recipe()
    say("building the node image, once: about 10 minutes on 2 cores; it goes on if interrupted")
    build.ensure_host_packages()
    work = folder("image", "work")
    lanes = ThreadPoolExecutor(max_workers=2)
    program = lanes.submit(build.kubernetes, wanted)
    roots = lanes.submit(
        lambda: (
            build.root_filesystem("node-root", wanted.suite, wanted.node_packages),
            build.root_filesystem("pod-root", wanted.suite, wanted.pod_packages),
            build.small_programs(),
        )
    )
    dns = lanes.submit(build.coredns, wanted.coredns)
    try:
        _watch({"kubernetes": program, "root file systems": roots, "coredns": dns})
        node_root, pod_root, _ = roots.result()
        images = node.pod_images(wanted, pod_root, program.result(), dns.result(), work)
        node.assemble(wanted, node_root, program.result(), images, tag)
    except BaseException:
        stop_all()
        lanes.shutdown(wait=True, cancel_futures=True)
        raise
    lanes.shutdown()
    _remove_old(tag)


def _watch(jobs: dict[str, Future[Any]]) -> None:
    """Wait for all, say now and then what is still being built; the first failure ends it."""
    began = time.monotonic()
    open_jobs = set(jobs.values())
    while open_jobs:
        done, open_jobs = wait(open_jobs, HEARTBEAT_SECONDS, FIRST_EXCEPTION)
        for job in done:
            job.result()
        busy = [name for name, job in jobs.items() if job.running()]
        if busy and not done:
            say(f"... building {' and '.join(busy)}", time.monotonic() - began)


def _remove_old(tag: str) -> None:
    """Remove local images of earlier recipes that no cluster uses; they are 1 GB each."""
    listed = quick("docker", "images", "--format", "{{.Repository}}:{{.Tag}}", REPOSITORY)
    used = quick("docker", "ps", "--all", "--format", "{{.Image}}").stdout.split()
    for old in set(listed.stdout.split()) - {tag, *used}:
        quick("docker", "rmi", old)


def coredns_program() -> Path:
    """The CoreDNS of the node image as a program of the host.

    Raises:
        HostError: it cannot be built.

    """
    version = recipe().coredns
    with lock(f"coredns-{version}"):
        return build.coredns(version)


def coredns_archive(version: str) -> Path:
    """An image archive with CoreDNS of a version, for `kind load image-archive`.

    Its image is registry.k8s.io/coredns/coredns:v<version>, made as the node image's own is.

    Raises:
        HostError: the version cannot be built.

    """
    with lock(f"coredns-{version}"):
        program = build.coredns(version)
        target = program.with_name("image.tar")
        if not target.exists():
            work = folder("image", f"work-{version}")
            unfinished = work / "image.tar"
            write_archive(unfinished, [node.coredns_image(version, program, work)])
            unfinished.replace(target)
            shutil.rmtree(work)
    return target
