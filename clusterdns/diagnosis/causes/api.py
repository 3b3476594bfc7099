"""What CoreDNS may and can read from the API server."""

import ipaddress

from clusterdns.corefile.settings import is_within
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.restarting import restart
from clusterdns.diagnosis.rights import accounts_in_words, more_rights
from clusterdns.diagnosis.scopes import Scope, about, is_reverse
from clusterdns.diagnosis.waiting import stuck_replicas
from clusterdns.report.cell import Cell

UNREAD = about(
    "workload",
    "dns-endpoints",
    "health-pages",
    "short-names",
    "paths",
    "updates",
    "permissions",
)
CUT = (
    r"dial tcp \S+:(443|6443): |Failed to (list|watch).*(i/o timeout|refused|no route|deadline)|"
    r"plugin/kubernetes: .*(i/o timeout|connection refused)"
)
# Every start says that it waits; one that took long, that it went on without.
API_TROUBLE = rf"{CUT}|unsynced Kubernetes API"


def of_the_cluster(facts: Facts) -> Scope:
    """Checks of names of the cluster, whatever was answered."""
    return Scope(UNREAD, lambda cell: is_within(cell.name, facts.domain) or is_reverse(cell))


@cause(
    "rbac-missing",
    "api",
    leads_to=("dns-svc-endpoints-notready", "rbac-endpointslices", "watch-frozen"),
)
def nothing_allowed(facts: Facts) -> Finding | None:
    """The ServiceAccount of the replicas may read nothing that they need."""
    if not facts.rights:
        return None
    denied = [right for right, allowed in facts.rights.items() if not allowed]
    services = [r for r in denied if r.endswith(("-services", "-namespaces"))]
    kinds = ", ".join(sorted({right.partition("-")[2] for right in denied}))
    who = accounts_in_words(facts)
    if not services or not who:
        return None
    return Finding(
        f"The replicas ({who}) may not read {kinds} "
        "from the API server: names of the cluster do not resolve.",
        (f"not allowed: {', '.join(denied)}", *facts.log_lines(r"forbidden")),
        more_rights(facts),
        of_the_cluster(facts),
    )


@cause("rbac-endpointslices", "api", leads_to=("dns-svc-endpoints-notready", "watch-frozen"))
def no_slices(facts: Facts) -> Finding | None:
    """The ServiceAccount of the replicas may not read EndpointSlices."""
    rights = facts.rights or {}
    denied = [r for r, allowed in rights.items() if not allowed]
    logs = facts.log_lines(r"endpointslices.* is forbidden|forbidden.*endpointslices")
    if not [r for r in denied if "endpointslices" in r]:
        return None
    who = accounts_in_words(facts)
    if [r for r in denied if "endpointslices" not in r] or not who:
        return None
    return Finding(
        f"The replicas ({who}) may not list or watch EndpointSlices: headless Services do not "
        "resolve, and CoreDNS is not ready after a restart.",
        (
            f"not allowed: {', '.join(denied)}; services and namespaces are",
            *logs,
            *([f"not ready: {', '.join(facts.unready)}"] if facts.unready else []),
        ),
        more_rights(facts),
        of_the_cluster(facts),
    )


@cause("api-unreachable", "api", leads_to=("dns-svc-endpoints-notready", "watch-frozen"))
def unreachable(facts: Facts) -> Finding | None:
    """The replicas do not reach the API server."""
    logs = facts.log_lines(API_TROUBLE)
    waiting = set(facts.unready) - stuck_replicas(facts).keys()
    unsure = [c for c in facts.reached("/ready") if c.result == "503" and "kubernetes" in c.body]
    servfail = [t for t in facts.to_replicas("absent") if t.result == "SERVFAIL"]
    pages = facts.reached("/ready")
    if not (unsure or servfail) and not (logs and waiting):
        return None
    if pages and all(page.result == "200" for page in pages):
        return None
    if facts.rights and not all(facts.rights.values()):
        return None
    others = facts.reached("api-service")
    cut = [c for c in others if not c.reached]
    reach = [c for c in others if c.reached]
    if others and not reach:
        split = f"no pod reaches it ({cut[0].server}: {cut[0].result}): it is about the cluster"
    elif cut:
        split = f"pods on {', '.join(sorted({c.node for c in cut}))} do not reach it "
        split += f"({cut[0].result}), those on {', '.join(sorted({c.node for c in reach}))} do"
    elif others:
        split = f"pods on {', '.join(sorted({c.node for c in reach}))} do reach it: it is about "
        split += "the replicas, or their node"
    else:
        split = ""
    service = ((facts.api_service or {}).get("spec") or {}).get("clusterIP", "its cluster IP")
    nodes = sorted({p["spec"].get("nodeName", "") for p in facts.inventory.pods} - {""})
    return Finding(
        f"The replicas do not reach the API server at {service}:443, so they do not know the "
        "cluster's names.",
        tuple(
            dict.fromkeys(
                [
                    *logs,
                    *(f"{c.server} /ready: 503 {c.body.strip()}" for c in unsure[:1]),
                    *(
                        [
                            f"a name that does not exist: SERVFAIL from {servfail[0].server}, "
                            "not NXDOMAIN"
                        ]
                        if servfail
                        else []
                    ),
                    *([split] if split else []),
                ]
            )
        ),
        (
            f"on {', '.join(nodes) or 'the nodes of the replicas'}: curl -k "
            f"https://{service}:443/version; if that fails, look at kube-proxy there; if not, at "
            "what filters pods (network policy, FORWARD chain, CNI)",
            f"{facts.kubectl} -n default get endpointslices -l "
            "kubernetes.io/service-name=kubernetes",
            "afterwards the replicas find the API server again by themselves",
        ),
        of_the_cluster(facts),
        "high" if logs and (unsure or servfail or facts.log_lines(CUT)) else "medium",
        tell_apart="a pod on the replica's node asks the same address: if it is answered, only "
        "the replicas are cut off",
    )


@cause("watch-frozen", "api")
def frozen(facts: Facts) -> Finding | None:
    """Replicas are ready and answer, but do not learn of new objects."""
    stale = [cell for t in facts.failed for cell in t.cells if _of_new_name(facts, cell)]
    pages = facts.reached("/ready")
    known = [t for t in facts.to_replicas() if t.result == "NOERROR"]
    if len(stale) < 5 or not known or facts.unready or any(c.result == "503" for c in pages):
        return None
    servers = sorted({c.server_name for c in stale if c.kind == "pod"})
    names = {c.name for c in stale}
    zones = {
        z for one in (facts.reading.all_kubernetes() if facts.reading else ()) for z in one.zones
    }
    if f"{facts.domain}." not in zones or not servers:
        return None
    return Finding(
        f"{', '.join(servers)} {'is' if len(servers) == 1 else 'are'} ready and know old names, "
        "but not the Services that were made during this run: the watch on the API server stands "
        "still.",
        (
            f"{len(stale)} answers deny or lack {len(names)} names that the API server has",
            f"kubernetes.default.svc.{facts.domain} is answered by "
            f"{len({t.server for t in known})} replicas",
            *facts.log_lines(API_TROUBLE + "|Failed to watch"),
        ),
        (*restart(facts), "newer versions of CoreDNS notice a watch that stands still"),
        Scope(
            about("short-names"),
            lambda cell: (
                _of_new_name(facts, cell)
                or cell.of_service
                # New addresses fall through to the upstream, which need not know anything of them.
                or (is_reverse(cell) and (cell.silent or cell.rcode == "SERVFAIL"))
            ),
        ),
        "medium",
        assumes=1,
        tell_apart="a Service made now: kubectl has it, and after a minute a replica still says "
        "NXDOMAIN",
    )


def _of_new_name(facts: Facts, cell: Cell) -> bool:
    zones = [f"{n}.{kind}.{facts.domain}" for n in facts.namespaces for kind in ("svc", "pod")]
    ours = is_reverse(cell) or any(is_within(cell.name, zone) for zone in zones)
    if not ours or cell.wanted_rcode != "NOERROR":
        return False
    return cell.rcode == "NXDOMAIN" or (cell.denied and bool(cell.wanted_records))


@cause("api-family-mismatch", "api", leads_to=("api-unreachable",))
def family(facts: Facts) -> Finding | None:
    """The API server's Service and its endpoint are of different IP families."""
    spec = (facts.api_service or {}).get("spec") or {}
    address = spec.get("clusterIP")
    families = {str(piece["addressType"]) for piece in facts.api_slices if "addressType" in piece}
    if not address or not families:
        return None
    wanted = "IPv6" if ipaddress.ip_address(address).version == 6 else "IPv4"
    if wanted in families:
        return None
    return Finding(
        f"The Service of the API server has {address} ({wanted}), its endpoint is "
        f"{', '.join(sorted(families))}: no pod reaches the API server, CoreDNS included.",
        (f"clusterIP {address}, endpoints of type {', '.join(sorted(families))}",),
        (
            "give kube-apiserver an --advertise-address of the family that comes first in "
            "--service-cluster-ip-range, and kubelets the same order in --node-ip",
        ),
        of_the_cluster(facts),
    )
