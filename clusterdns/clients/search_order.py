"""Which names a resolver asks for, in which order, when a program looks up one name.

Pure functions of the name and of what resolv.conf says. They hold for a name that does not exist;
``up_to_the_hit`` ends the walk where an existing one is found.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from clusterdns.objects.service import Service
from clusterdns.resolvconf import ResolvConf

Walk = tuple[str, ...]  # absolute names in the order in which they are asked for


class Spelling(Enum):
    """How much of a Service's name is written; the search list completes the rest."""

    SHORT = "service"
    NAMESPACE = "service.namespace"
    SVC = "service.namespace.svc"
    FULL = "service.namespace.svc.zone"
    ABSOLUTE = "service.namespace.svc.zone."

    def __str__(self) -> str:
        return self.value

    def of(self, service: Service) -> str:
        """The name of a Service, spelled so."""
        labels = [service.name, service.namespace, "svc", service.zone]
        wanted = len(self.value.rstrip(".").split("."))
        name = ".".join(labels[:wanted])
        return f"{name}." if self is Spelling.ABSOLUTE else name


def glibc_walk(name: str, conf: ResolvConf) -> Walk:
    """How getaddrinfo and gethostbyname of the GNU C library search (resolv/res_query.c).

    A name with ``ndots`` dots or more is tried as it is first, any other name last.
    """
    if name.endswith("."):
        return (name,)
    as_it_is = f"{name}."
    searched = completed(name, conf.search)
    if name.count(".") >= conf.ndots:
        return (as_it_is, *(each for each in searched if each != as_it_is))
    return searched if as_it_is in searched else (*searched, as_it_is)


def musl_walk(name: str, conf: ResolvConf) -> Walk:
    """How getaddrinfo of musl searches (src/network/lookup_name.c).

    A name with ``ndots`` dots or more is only tried as it is, any other name last as it is.
    """
    if name.endswith(".") or name.count(".") >= conf.ndots:
        return (f"{name.rstrip('.')}.",)
    return (*completed(name, conf.search), f"{name}.")


def dig_walk(name: str, conf: ResolvConf) -> Walk:
    """How ``dig +search`` searches (bin/dig/dighost.c of BIND 9.18).

    A name with ``ndots`` dots or more is only tried as it is.
    """
    return musl_walk(name, conf) if name.count(".") >= conf.ndots else glibc_walk(name, conf)


def completed(name: str, search: Sequence[str]) -> Walk:
    """The name with each suffix of a search list; the suffix "." is the root."""
    return tuple(f"{name}." if suffix == "." else f"{name}.{suffix}." for suffix in search)


def up_to_the_hit(walk: Walk, exists: Callable[[str], bool]) -> Walk:
    """The walk until the first name that exists, that one included."""
    for index, name in enumerate(walk):
        if exists(name):
            return walk[: index + 1]
    return walk


@dataclass(frozen=True)
class Expectation:
    """What a search list must be: the cluster's three suffixes, and those of the node behind."""

    namespace: str
    domain: str
    of_the_node: tuple[str, ...] = ()

    @property
    def search(self) -> tuple[str, ...]:
        """The whole search list, each suffix once (pkg/kubelet/network/dns, omitDuplicates)."""
        own = (f"{self.namespace}.svc.{self.domain}", f"svc.{self.domain}", self.domain)
        return tuple(dict.fromkeys((*own, *self.of_the_node)))
