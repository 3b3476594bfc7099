"""Rights that options of the Corefile ask for, beside the usual ones."""

from clusterdns.diagnosis.causes.api import of_the_cluster
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.rights import accounts_in_words, more_rights
from clusterdns.inventory.permissions import PODS, SERVICEIMPORTS

OPTIONS = {
    SERVICEIMPORTS.resource: "multicluster",
    PODS.resource: "pods verified",
}


@cause(
    "rbac-option", "api", leads_to=("dns-svc-endpoints-notready", "watch-frozen", "api-unreachable")
)
def option_denied(facts: Facts) -> Finding | None:
    """The ServiceAccount of the replicas may not read what an option of the Corefile needs."""
    asked = asked_for(facts)
    rights = facts.rights or {}
    denied = {right for right, allowed in rights.items() if not allowed}
    resources = [one for one in asked if {f"list-{one}", f"watch-{one}"} & denied]
    others = [right for right in denied if right.partition("-")[2] not in asked]
    who = accounts_in_words(facts)
    if others or not who:
        return None
    logs = [line for one in asked for line in facts.log_lines(rf"{one}\S* is forbidden", most=1)]
    if not resources and rights.keys() & {f"list-{one}" for one in asked}:
        return None  # it may, whatever an old line says
    resources = resources or [one for one in asked if facts.log_lines(rf"{one}\S* is forbidden")]
    if not resources:
        return None
    options = ", ".join(OPTIONS[one] for one in resources)
    return Finding(
        f"The replicas ({who}) may not list or watch {', '.join(resources)}, which the option "
        f"{options} of kubernetes in the Corefile needs: CoreDNS is not ready after a restart.",
        (
            *([f"not allowed: {', '.join(sorted(denied))}"] if denied else []),
            *logs,
            *([f"not ready: {', '.join(facts.unready)}"] if facts.unready else []),
        ),
        more_rights(facts),
        of_the_cluster(facts),
        "high" if denied or facts.unready else "medium",
    )


@cause(
    "multicluster-crd-missing",
    "api",
    leads_to=("dns-svc-endpoints-notready", "watch-frozen", "api-unreachable"),
)
def no_crd(facts: Facts) -> Finding | None:
    """The API server does not know what the option multicluster makes CoreDNS read."""
    if SERVICEIMPORTS.resource not in asked_for(facts) or not facts.unready:
        return None
    lines = facts.log_lines(
        r"ServiceImport: the server could not find the requested resource|"
        r"no matches for kind .?ServiceImport"
    )
    if not lines:
        return None
    return Finding(
        "The API server does not know ServiceImports, which the option multicluster of kubernetes "
        "in the Corefile makes CoreDNS read: it does not become ready.",
        (*lines, f"not ready: {', '.join(facts.unready)}"),
        (
            f"{facts.kubectl} get crd serviceimports.multicluster.x-k8s.io  # install it with what "
            "makes this cluster one of several; or, if it is none:",
            f"{facts.edit_corefile}  # take multicluster and its zone out of kubernetes",
        ),
        of_the_cluster(facts),
    )


def asked_for(facts: Facts) -> list[str]:
    """The resources that options of the Corefile make CoreDNS read."""
    used = facts.reading.all_kubernetes() if facts.reading else ()
    found = [SERVICEIMPORTS.resource] if any(one.multicluster for one in used) else []
    return found + ([PODS.resource] if any(one.pods == "verified" for one in used) else [])
