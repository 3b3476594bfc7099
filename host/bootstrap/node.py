"""The node image itself: the parts put together, and every pod image imported into containerd."""

import os
import tarfile
import time
from pathlib import Path

from host.bootstrap import build
from host.bootstrap.archive import (
    NET_BIND_SERVICE,
    NOBODY,
    Entry,
    Image,
    Layer,
    layer_of,
    write_archive,
    write_layer,
)
from host.bootstrap.cache import folder
from host.bootstrap.recipe import REPOSITORY, Recipe
from host.bootstrap.steps import HostError, logged, quick, step

DNSUTILS = "localhost/dnsutils:1"
DNSUTILS_WITHOUT_PERL = "localhost/dnsutils-noperl:1"
MUSL = "localhost/musl:1"
PODNET = "localhost/podnet:1"
KUBERNETES_IMAGES = ("apiserver", "controller-manager", "scheduler", "proxy")
BUILD_CONTAINER = "cluster-dns-node-build-"  # and the process id
STEP_SECONDS = 600.0
SERVICES = "/etc/systemd/system"
# In the node: where each file of host/kind/node goes.
FILES = {
    "entrypoint": "usr/local/bin/entrypoint",
    "runc-shim": "usr/local/sbin/runc-shim",
    "kubelet-cgroups": "usr/local/sbin/kubelet-cgroups",
    "setup": "kind/setup",
    "kubelet.service": "etc/systemd/system/kubelet.service",
    "containerd.toml": "etc/containerd/config.toml",
    "default-cni.yaml": "kind/manifests/default-cni.yaml",
    "default-storage.yaml": "kind/manifests/default-storage.yaml",
}
PARTS_OF_KUBERNETES = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubectl",
    "podnet",
)


def coredns_image(version: str, program: Path, work: Path) -> Image:
    """CoreDNS as its own image has it: the binary alone, not root, allowed to bind port 53."""
    layer = write_layer(
        work / f"coredns-{version}.tar",
        [Entry("coredns", copy_of=program, capability=NET_BIND_SERVICE)],
    )
    name = f"registry.k8s.io/coredns/coredns:v{version}"
    return Image(name, (layer,), entrypoint=("/coredns",), user=NOBODY)


def pod_images(recipe: Recipe, pod_root: Path, program: Path, dns: Path, work: Path) -> list[Image]:
    """Every image that a cluster or the suite starts; layers are shared."""
    programs = build.small_programs()
    base, perl = _split_perl(pod_root, work)
    where = "usr/local/bin"
    kubernetes = write_layer(
        work / "kubernetes.tar",
        [Entry(f"{where}/kubernetes", copy_of=program)]
        + [Entry(f"{where}/{name}", link_to="kubernetes") for name in PARTS_OF_KUBERNETES],
    )
    pause = write_layer(work / "pause.tar", [Entry("pause", copy_of=programs / "pause")])
    resolve = write_layer(
        work / "resolve.tar",
        [Entry("resolve", copy_of=programs / "resolve")],
    )
    control_plane = {
        PODNET: f"{where}/podnet",
        f"registry.k8s.io/etcd:{recipe.etcd}": f"{where}/etcd",
        **{
            f"registry.k8s.io/kube-{name}:v{recipe.kubernetes}": f"{where}/kube-{name}"
            for name in KUBERNETES_IMAGES
        },
    }
    forever = ("sleep", "infinity")
    return [
        *(Image(name, (base, kubernetes), (f"/{path}",)) for name, path in control_plane.items()),
        coredns_image(recipe.coredns, dns, work),
        Image(f"registry.k8s.io/pause:{recipe.pause}", (pause,), ("/pause",), user=NOBODY),
        Image(DNSUTILS, (base, perl), command=forever, user=NOBODY),
        Image(DNSUTILS_WITHOUT_PERL, (base,), command=forever, user=NOBODY),
        Image(MUSL, (resolve,), ("/resolve",), ("--sleep",), user=NOBODY),
    ]


def _split_perl(pod_root: Path, work: Path) -> tuple[Layer, Layer]:
    """The root file system without the program perl, and perl alone, as two layers."""
    paths = (work / "pod.tar", work / "perl.tar")
    with (
        tarfile.open(pod_root) as whole,
        tarfile.open(paths[0], "w", format=tarfile.PAX_FORMAT) as base,
        tarfile.open(paths[1], "w", format=tarfile.PAX_FORMAT) as perl,
    ):
        for info in whole:
            layer = perl if info.name.removeprefix("./").startswith("usr/bin/perl") else base
            layer.addfile(info, whole.extractfile(info) if info.isreg() else None)
    return layer_of(paths[0]), layer_of(paths[1])


def assemble(recipe: Recipe, node_root: Path, program: Path, images: list[Image], tag: str) -> None:
    """Make the node image and give it its tag, last of all.

    Raises:
        HostError: the engine refused, or containerd in it did not import the images.

    """
    work = folder("image", "work")
    log = build.log_of("node")
    archive = work / "images.tar"
    write_archive(archive, images)
    files = work / "node.tar"
    _write_node_files(files, recipe, program)
    base = f"{REPOSITORY}:base"
    unfinished = f"{REPOSITORY}:unfinished"
    name = f"{BUILD_CONTAINER}{os.getpid()}"
    remove_build_containers()
    options = ["--detach", "--privileged", "--network=none", "--stop-signal=SIGRTMIN+3"]
    with step("node image: put together"):
        logged(["docker", "import", node_root, base], log, timeout=STEP_SECONDS)
        try:
            logged(
                ["docker", "run", *options, "--name", name, base, "/bin/sleep", "infinity"],
                log,
                timeout=STEP_SECONDS,
            )
            inside = ["docker", "exec", "--interactive", name]
            logged([*inside, "tar", "-C", "/", "-xf", "-"], log, timeout=STEP_SECONDS, source=files)
            logged([*inside, "/kind/setup"], log, timeout=STEP_SECONDS)
            _import(name, archive, images, log)
            changes = [
                "ENV container=docker",
                'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]',
                "CMD []",
                f"LABEL dns-conformance/node={tag.rpartition(':')[2]}",
            ]
            flags = [word for change in changes for word in ("--change", change)]
            logged(["docker", "commit", *flags, name, unfinished], log, timeout=STEP_SECONDS)
            logged(["docker", "tag", unfinished, tag], log, timeout=STEP_SECONDS)
        finally:
            remove_build_containers()
            quick("docker", "rmi", unfinished, base)
    for left in work.iterdir():
        left.unlink()


def _write_node_files(path: Path, recipe: Recipe, program: Path) -> None:
    """What the root file system lacks, as a tar file."""
    values = path.parent / "values"
    values.mkdir(exist_ok=True)
    version = values / "version"
    version.write_text(f"v{recipe.kubernetes}\n")
    containerd = values / "containerd.toml"
    template = (build.SOURCES / "node" / "containerd.toml").read_text()
    containerd.write_text(template.replace("@PAUSE@", recipe.pause))
    sources = {name: build.SOURCES / "node" / name for name in FILES}
    sources["containerd.toml"] = containerd
    entries = [
        Entry(target, copy_of=sources[name], mode=sources[name].stat().st_mode & 0o777)
        for name, target in FILES.items()
    ]
    entries += [
        Entry("kind/version", copy_of=version, mode=0o644),
        Entry("usr/bin/kubernetes", copy_of=program),
    ]
    write_layer(path, entries)
    version.unlink()
    containerd.unlink()
    values.rmdir()


def _import(container: str, archive: Path, images: list[Image], log: Path) -> None:
    """Import the pod images into the container's containerd, as kubelet will look for them."""
    quick("docker", "exec", "--detach", container, "containerd")
    ctr = ["docker", "exec", "--interactive", container, "ctr", "--namespace=k8s.io"]
    deadline = time.monotonic() + 30.0
    while quick(*ctr, "version").returncode:
        if time.monotonic() > deadline:
            raise HostError(f"containerd does not answer in the node image's container; see {log}.")
        time.sleep(0.1)
    logged([*ctr, "images", "import", "-"], log, timeout=STEP_SECONDS, source=archive)
    listed = quick(*ctr, "images", "list", "--quiet").stdout.split()
    lost = sorted({image.name for image in images} - set(listed))
    if lost:
        raise HostError(f"containerd did not import {', '.join(lost)}; see {log}.")
    # Unpacked layers are not needed again, and every node would get a copy of them.
    for digest in sorted({layer.sha256 for image in images for layer in image.layers}):
        logged([*ctr, "content", "rm", f"sha256:{digest}"], log, timeout=STEP_SECONDS)
    stop = (
        "kill $(pidof containerd); while pidof containerd; do sleep 0.1; done; "
        "rm -rf /run/containerd; sync"
    )
    logged(["docker", "exec", container, "sh", "-c", stop], log, timeout=60.0)


def remove_build_containers() -> None:
    """Remove containers of builds that were interrupted; a lock keeps live ones out."""
    listed = quick("docker", "ps", "--all", "--quiet", "--filter", f"name=^/?{BUILD_CONTAINER}")
    if listed.stdout.split():
        quick("docker", "rm", "--force", "--volumes", *listed.stdout.split(), timeout=60.0)
