"""All mutants, in the order in which they are tried."""

import fnmatch

from trials.faults.catalogue import (
    corefile,
    dead,
    everyday,
    kubelet,
    node,
    nodelocal,
    partial,
    policy,
    replicas,
    service,
    strange,
    upstream,
)
from trials.faults.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *service.MUTANTS,
    *kubelet.MUTANTS,
    *corefile.MUTANTS,
    *replicas.MUTANTS,
    *node.MUTANTS,
    *policy.MUTANTS,
    *nodelocal.MUTANTS,
    *upstream.MUTANTS,
    *dead.MUTANTS,
    *partial.MUTANTS,
    *strange.MUTANTS,
    *everyday.MUTANTS,
)

# The ones that every run of the self-tests proves.
FIRST_EIGHT = (
    "dns-svc-missing",
    "dns-svc-selector-wrong",
    "dns-svc-targetport-wrong",
    "dns-svc-no-tcp",
    "kubelet-clusterdns-wrong",
    "corefile-zone-wrong",
    "corefile-invalid",
    "no-reload",
)


def by_name(name: str) -> Mutant:
    """The mutant of that name. Raises KeyError."""
    return {mutant.name: mutant for mutant in MUTANTS}[name]


def chosen(expression: str) -> list[Mutant]:
    """Those whose name is or contains one of the words, which may have wildcards."""
    words = expression.replace(" or ", " ").replace(",", " ").split()
    names = {mutant.name for mutant in MUTANTS}
    return [m for m in MUTANTS if not words or any(_means(w, m.name, names) for w in words)]


def _means(word: str, name: str, names: set[str]) -> bool:
    if word in names:
        return word == name
    return fnmatch.fnmatchcase(name, f"*{word}*")
