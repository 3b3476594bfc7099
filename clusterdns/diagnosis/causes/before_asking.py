"""What happens to names before a server is asked: rewritten pods, hidden names, empty suffixes."""

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.scopes import Scope, about, both

BESIDE = (
    "containers",
    "initContainers",
)  # what runs beside ours


def _who(facts: Facts) -> tuple[str, ...]:
    if facts.mutators is None:
        return ("which webhooks there are is not known: they could not be read",)
    if not facts.mutators:
        return ("no webhook is asked about pods: look for a MutatingAdmissionPolicy",)
    return (f"asked about pods that are made: {', '.join(facts.mutators)}",)


def _look(facts: Facts) -> str:
    return (
        f"{facts.kubectl} get mutatingwebhookconfigurations  # which of them is meant to do that, "
        "and for which namespaces?"
    )


@cause(
    "pod-dns-rewritten",
    "client",
    leads_to=(
        "kubelet-clusterdns-wrong",
        "kubelet-clusterdns-missing",
        "kubelet-clusterdomain-wrong",
        "musl-parallel-nameservers",
    ),
)
def settings(facts: Facts) -> Finding | None:
    """Somebody changes whom pods ask, when they are made."""
    found = [one for one in facts.rewritten if not one.startswith(BESIDE)]
    if not found:
        return None
    return Finding(
        "Pods are not told what their authors wrote: somebody changes their DNS settings when they "
        f"are made ({found[0].partition(':')[0]}).",
        (*found, *_who(facts)),
        (
            _look(facts),
            "correct what it writes, or leave the namespace out of its namespaceSelector; pods "
            "keep what they were made with, so roll out their workloads anew afterwards",
        ),
        Scope(about("admission", "pod-resolv-conf", "short-names", "told-nameserver", "ndots")),
    )


@cause("pod-sidecar-added", "client")
def sidecars(facts: Facts) -> Finding | None:
    """Somebody adds containers to pods, which may catch their questions."""
    found = [one for one in facts.rewritten if one.startswith(BESIDE)]
    if not found:
        return None
    return Finding(
        "Somebody adds containers to pods when they are made; such a container may catch and "
        "answer the questions of its pod.",
        (*found, *_who(facts)),
        (_look(facts), "if it catches DNS: ask it, not CoreDNS, about names that differ in pods"),
        Scope(about("admission")),
        "medium",
        tell_apart="the same question from a pod in a namespace that it leaves alone",
    )


@cause("service-hides-name", "client")
def hidden(facts: Facts) -> Finding | None:
    """A Service has the name of something outside, by way of the search list."""
    if not facts.troubles_about("hidden-names"):
        return None
    if not facts.hidden_names:
        return None
    return Finding(
        "Names outside the cluster are hidden by Services of the same name: programs try the "
        "search list first, and it finds these.",
        facts.hidden_names[:4],
        (
            "programs that mean the name outside write it with a final dot, or get dnsConfig with "
            "ndots:1",
            "a namespace that is not called like a domain outside avoids it for good",
        ),
        Scope(about("hidden-names")),
    )


@cause("nodata-search-domain", "client")
def empty(facts: Facts) -> Finding | None:
    """Below a search suffix of the nodes every name exists, and none has records."""
    hits = [t for t in facts.said("suffix") if t.result == "NOERROR" and not t.records]
    if not hits:
        return None
    suffixes = sorted({hit.below for hit in hits})
    return Finding(
        f"Below {' or '.join(suffixes)} every name exists, without records: "
        "musl (Alpine) ends its search there and never asks for the name itself.",
        (
            f"a made-up name below it, from {hits[0].node}: NOERROR without records, not NXDOMAIN",
            f"pods search {' '.join(facts.host_suffixes)} (from the nodes)",
        ),
        (
            f"let the server of {' '.join(suffixes)} deny what it does not have "
            "(NXDOMAIN), or take the suffix out of the nodes' search list",
            "meanwhile: write names outside with a final dot, or dnsConfig ndots:1 in the pods",
        ),
        Scope(
            about("empty-search-domains", both("short-names", "musl")),
            lambda cell: cell.transport == "dig +search",  # dig ends its search there, too
        ),
    )
