"""The CoreDNS that an upgrade leads to: by its own version, by Kubernetes', or by an image."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from clusterdns.corefile.directives import Version, version_of, version_text

# The releases that are known here (notes/ of coredns/coredns at v1.15.0).
RELEASES = (
    *("1.8.0", "1.8.1", "1.8.3", "1.8.4", "1.8.5", "1.8.6", "1.8.7"),
    *("1.9.0", "1.9.1", "1.9.2", "1.9.3", "1.9.4", "1.10.0", "1.10.1"),
    *("1.11.0", "1.11.1", "1.11.2", "1.11.3", "1.11.4", "1.12.0", "1.12.1", "1.12.2"),
    *("1.12.3", "1.12.4", "1.13.0", "1.13.1", "1.13.2", "1.14.0", "1.14.1", "1.14.2"),
    *("1.14.3", "1.14.4", "1.14.5", "1.14.6", "1.14.7", "1.15.0"),
)
TAG = re.compile(r":(v?\d+\.\d+\.\d+[\w.-]*)(?:@|$)")
OPTIONS = ("--target-coredns", "--target-kubernetes", "--target-image")


@dataclass(frozen=True)
class Kubeadm:
    """What the kubeadm of one minor version of Kubernetes installs.

    ``migration``: the version of the library corefile-migration by which it decides about a
    Corefile; empty where that was not read. ``read``: the tag that was looked at.
    """

    kubernetes: str
    coredns: str
    read: str
    migration: str = ""


@dataclass(frozen=True)
class Target:
    """Where an upgrade leads to.

    ``image``: as --target-image has it; empty where only a version was named. ``kubeadm``: what
    installs it, where a version of Kubernetes was named.
    """

    version: str  # of CoreDNS, such as 1.14.7
    image: str = ""
    kubeadm: Kubeadm | None = None

    @property
    def number(self) -> Version:
        """The version, to be compared."""
        return version_of(self.version)

    def __str__(self) -> str:
        by = f", by kubeadm of Kubernetes {self.kubeadm.kubernetes}" if self.kubeadm else ""
        return f"CoreDNS {self.version}{by}"

    def image_beside(self, running: str) -> str:
        """The image to try the target with: that of --target-image, else the running one's twin.

        The twin has the repository of the running image and the target's tag, as long as the
        running tag is a plain release. Empty: no image is known.
        """
        if self.image:
            return self.image
        found = re.fullmatch(r"(.+:)(v?)\d+\.\d+\.\d+", running.partition("@")[0])
        return f"{found[1]}{found[2]}{self.version}" if found else ""


@cache
def kubeadms() -> Mapping[str, Kubeadm]:
    """What is known of kubeadm, by minor version of Kubernetes: ``kubeadm.toml``."""
    text = files(__package__).joinpath("kubeadm.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)["kubernetes"]
    return {minor: Kubeadm(minor, **entry) for minor, entry in table.items()}


def target_of(coredns: str | None, kubernetes: str | None, image: str | None) -> Target | None:
    """The target that options name; None: none does. Raises ValueError with a sentence.

    ``coredns`` beside ``image`` says which version an image is whose tag does not tell.
    """
    kubeadm = _kubeadm(kubernetes) if kubernetes else None
    named = _release("--target-coredns", coredns) if coredns else ""
    if kubeadm and named and named != kubeadm.coredns:
        raise ValueError(
            f"--target-kubernetes {kubernetes} installs CoreDNS {kubeadm.coredns}, and "
            f"--target-coredns says {coredns}: leave one of them out"
        )
    version = named or (kubeadm.coredns if kubeadm else "")
    if image:
        tag = TAG.search(image)
        if not tag and not version:
            raise ValueError(
                f"the tag of --target-image {image} does not tell its version of CoreDNS: say it "
                "with --target-coredns"
            )
        if tag and (of_tag := version_text(version_of(tag[1]))) != version:
            if version:
                raise ValueError(f"--target-image {image} is not CoreDNS {version}")
            version = _release(f"--target-image {image}", of_tag)
    return Target(version, image or "", kubeadm) if version else None


def _release(said_by: str, text: str) -> str:
    try:
        version = version_text(version_of(text))
    except ValueError as error:
        raise ValueError(f"{said_by}: {error}") from None
    if version not in RELEASES:
        minor = version.rpartition(".")[0]
        near = [one for one in RELEASES if one.rpartition(".")[0] == minor] or RELEASES[-3:]
        raise ValueError(
            f"{said_by}: no release {version} of CoreDNS is known here; known are {RELEASES[0]} "
            f"to {RELEASES[-1]}, the nearest: {', '.join(near)}"
        )
    return version


def _kubeadm(text: str) -> Kubeadm:
    try:
        major, minor, _ = version_of(text)
    except ValueError:
        raise ValueError(f"--target-kubernetes: {text!r} is not a version such as 1.35") from None
    known = kubeadms().get(f"{major}.{minor}")
    if known is None:
        raise ValueError(
            f"--target-kubernetes {text}: which CoreDNS its kubeadm installs is known here for "
            f"{', '.join(kubeadms())}; name the version of CoreDNS with --target-coredns"
        )
    return known
