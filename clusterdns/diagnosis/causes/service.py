"""The DNS Service and what stands between it and the replicas."""

from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.scopes import Scope, about, both, through_service
from clusterdns.inventory.dns_objects import LABEL
from clusterdns.inventory.inventory import SLICES
from clusterdns.inventory.shape import (
    endpoint_ports,
    port_of,
    ready_endpoints,
    selects,
    written_by_controller,
)

THROUGH_SERVICE = about(
    "short-names",
    "ndots",
    "paths",
    "updates",
    "dns-endpoints",
)
SHAPE = about("dns-service", "dns-endpoints")
# Labels that controllers give to pods, and other ones to the next (apps/v1, well-known labels).
OF_CONTROLLERS = (
    *("pod-template-hash", "controller-revision-hash", "pod-template-generation"),
    *("statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"),
)


@cause("dns-svc-missing", "service")
def missing(facts: Facts) -> Finding | None:
    """No Service has the address that pods ask."""
    inventory = facts.inventory
    if inventory.service is not None or inventory.told.answering or _answered(facts):
        return None  # who answers where pods are told to ask is not missing, whoever it is
    told = sorted({ns for conf in facts.resolv_confs.values() for ns in conf.nameservers})
    owners = facts.services or {}
    evidence = [f"no Service is named kube-dns or labelled {LABEL} in any namespace"]
    evidence += [f"pods are told to ask {ip}, which {_owner(owners, ip)}" for ip in told]
    if facts.to_replicas() and all(talk.sound for talk in facts.to_replicas()):
        evidence.append("every replica answers when it is asked by its own address")
    ip = told[0] if told else "THE-CLUSTER-DNS-IP"
    taken = [
        f"{owners[a]} has {a}: with its owner, move it to another address first"
        for a in told
        if a in owners
    ]
    return Finding(
        "The Service of the cluster's DNS does not exist, so nobody answers at "
        f"{', '.join(told) or 'its address'}.",
        tuple(evidence),
        (
            *taken,
            f"{facts.ks} create service clusterip kube-dns --clusterip={ip} "
            "--tcp=53:53 --dry-run=client -o yaml  # then add 53/UDP and 9153/TCP,",
            f"# name the ports dns, dns-tcp, metrics, set the label {LABEL}, and as selector "
            f"{_labels_in_words(facts)};",
            "# or restore it from your backup; kubeadm init phase addon coredns makes it too, and "
            "puts the Deployment back to kubeadm's own",
        ),
        Scope(about(*SHAPE, *THROUGH_SERVICE), through_service),
    )


def _answered(facts: Facts) -> bool:
    return any(talk.answered for talk in facts.said() if talk.server.startswith("nameserver"))


def _owner(owners: dict[str, str] | object, ip: str) -> str:
    found = owners.get(ip) if isinstance(owners, dict) else None
    return f"belongs to Service {found}" if found else "no Service has"


@cause("dns-svc-selector-wrong", "service", leads_to=("dns-svc-endpoints-notready",))
def selector(facts: Facts) -> Finding | None:
    """The selector of the Service matches no replica."""
    inventory = facts.inventory
    if inventory.service is None or not inventory.pods:
        return None
    wanted = inventory.service["spec"].get("selector") or {}
    missed = [p["metadata"]["name"] for p in inventory.pods if not selects(wanted, p)]
    abandoned = [] if wanted else written_by_controller(inventory.slices)
    if not abandoned and len(missed) < len(inventory.pods):
        return None
    shown = SLICES not in inventory.unreadable
    endpoints = ready_endpoints(inventory.slices)
    right = _lasting_labels(facts)
    name = inventory.service_name
    operation = "replace" if wanted else "add"
    replace = f'[{{"op":"{operation}","path":"/spec/selector","value":{_json(right)}}}]'
    if abandoned and endpoints:
        return Finding(
            f"{name} has no selector any more: its endpoints are those of before, and replicas "
            "that are replaced will not be among them.",
            (
                f"no selector, and EndpointSlices that Kubernetes wrote by one: {abandoned}",
                f"{len(endpoints)} endpoints, {len(inventory.ready_pods)} replicas are ready",
            ),
            (f"{facts.ks} patch {name} --type=json -p '{replace}'",),
            Scope(about(*SHAPE, *THROUGH_SERVICE), through_service),
        )
    return Finding(
        f"The selector of {name} matches no replica, so it has nobody to lead questions to.",
        (
            f"selector {wanted or '(none)'}, the replicas are labelled {right}",
            f"the Service has {len(endpoints) if shown else 'nobody knows how many'} ready "
            f"endpoints, {len(inventory.ready_pods)} replicas are ready",
            *_answers_directly(facts),
        ),
        (f"{facts.ks} patch {name} --type=json -p '{replace}'",),
        Scope(about(*SHAPE, *THROUGH_SERVICE), through_service),
        "high" if shown and not endpoints else "medium",
        against=() if not endpoints else (f"there are endpoints: {sorted(endpoints)}",),
        tell_apart=f"slices may be written by hand: {facts.ks} get endpointslices",
    )


def _lasting_labels(facts: Facts) -> dict[str, str]:
    """The labels that all replicas bear and new ones will bear too: of their workloads, if any."""
    labels = [pod["metadata"].get("labels") or {} for pod in facts.inventory.pods]
    shared = {k: v for k, v in labels[0].items() if all(one.get(k) == v for one in labels)}
    if "k8s-app" in shared:
        return {"k8s-app": shared["k8s-app"]}
    chosen = dict(facts.labels) if facts.inventory.workloads else {}
    return chosen or {k: v for k, v in shared.items() if k not in OF_CONTROLLERS}


def _labels_in_words(facts: Facts) -> str:
    pods = facts.inventory.pods
    labels = facts.labels or (pods[0]["metadata"].get("labels") or {} if pods else {})
    kept = {key: value for key, value in labels.items() if key not in OF_CONTROLLERS}
    return ",".join(f"{key}={value}" for key, value in kept.items()) or "the labels of the replicas"


def _json(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'"{k}":"{v}"' for k, v in labels.items()) + "}"


def _answers_directly(facts: Facts) -> list[str]:
    """Evidence that the replicas themselves are well, where they are."""
    talks = facts.to_replicas()
    if talks and all(talk.answered for talk in talks):
        return [f"all {len(talks)} questions to replicas by their own addresses were answered"]
    return []


@cause("dns-svc-targetport-wrong", "service")
def target_port(facts: Facts) -> Finding | None:
    """A port of the Service leads to one where the replicas do not listen, or is missing."""
    inventory = facts.inventory
    if inventory.service is None or not inventory.ready_pods:
        return None
    listens = _listening(facts)
    spec_ports = inventory.service["spec"].get("ports", [])
    for protocol in ("UDP", "TCP"):
        port = port_of(spec_ports, protocol, 53)
        if port is None:
            if protocol == "UDP":
                return _wrong_port(facts, protocol, "there is no port 53/UDP", None)
            continue
        leads_to = endpoint_ports(inventory, protocol, 53)
        if ready_endpoints(inventory.slices) and not leads_to & listens:
            where = ", ".join(map(str, sorted(leads_to))) or "no port of the replicas"
            words = f"53/{protocol} leads to {where}, the replicas listen on {sorted(listens)}"
            return _wrong_port(facts, protocol, words, spec_ports.index(port))
    return None


def _listening(facts: Facts) -> set[int]:
    ports = {int(p["containerPort"]) for p in facts.inventory.container.get("ports") or []}
    return ports & {53, 1053, 5353, *(facts.reading.ports if facts.reading else ())} or {53}


def _wrong_port(facts: Facts, protocol: str, words: str, index: int | None) -> Finding:
    inventory, transport = facts.inventory, protocol.lower()
    talks = facts.to_service(transport=transport)
    silent = [talk for talk in talks if not talk.answered]
    direct = [t for t in facts.to_replicas(transport=transport) if t.answered]
    evidence = [f"{inventory.service_name}: {words}"]
    if talks:
        errors = sorted({talk.result for talk in silent})
        evidence.append(
            f"{len(silent)} of {len(talks)} questions over {transport} to the Service have no "
            f"answer ({', '.join(errors)}); {len(direct)} to replicas were answered"
        )
    target = min(_listening(facts))
    change = f'[{{"op":"replace","path":"/spec/ports/{index}/targetPort","value":{target}}}]'
    if index is None:
        change = '[{"op":"add","path":"/spec/ports/-","value":{"name":"dns","protocol":"UDP",'
        change += f'"port":53,"targetPort":{target}}}}}]'
    return Finding(
        f"Port 53/{protocol} of {inventory.service_name} does not lead to the replicas: {words}.",
        tuple(evidence),
        (f"{facts.ks} patch {inventory.service_name} --type=json -p '{change}'",),
        Scope(
            about(*SHAPE, *THROUGH_SERVICE),
            lambda cell: cell.of_service and cell.transport == transport,
        ),
        "high" if silent or not talks else "medium",
        against=() if silent or not talks else ("the Service answers over this transport",),
    )


@cause("dns-svc-no-tcp", "service")
def no_tcp(facts: Facts) -> Finding | None:
    """The Service has no port 53/TCP."""
    service = facts.inventory.service
    if service is None or port_of(service["spec"].get("ports", []), "TCP", 53):
        return None
    ports = [f"{p['port']}/{p.get('protocol', 'TCP')}" for p in service["spec"].get("ports", [])]
    over_tcp = [t for t in facts.to_replicas(transport="tcp") if t.answered]
    add = '[{"op":"add","path":"/spec/ports/-","value":{"name":"dns-tcp","protocol":"TCP",'
    add += f'"port":53,"targetPort":{min(_listening(facts))}}}}}]'
    return Finding(
        f"{facts.inventory.service_name} offers no DNS over TCP: answers that do not fit into one "
        "UDP packet cannot be had.",
        (
            f"its ports: {', '.join(ports)}; 53/TCP is missing",
            *(
                [
                    f"replicas answer over TCP: {len(over_tcp)} of "
                    f"{len(facts.to_replicas(transport='tcp'))} questions"
                ]
                if over_tcp
                else []
            ),
        ),
        (f"{facts.ks} patch {facts.inventory.service_name} --type=json -p '{add}'",),
        Scope(
            about(
                both("dns-service", "tcp"),
                *THROUGH_SERVICE,
            ),
            lambda cell: cell.of_service and cell.transport == "tcp",
        ),
    )


@cause("dns-svc-family", "service")
def family(facts: Facts) -> Finding | None:
    """Pods are told a nameserver of the other IP family than the Service has."""
    ips = facts.inventory.cluster_ips
    if not ips:
        return None
    has = {":" in ip for ip in ips}
    wrong = {
        node: conf.nameservers
        for node, conf in facts.resolv_confs.items()
        if conf.nameservers and all((":" in ns) not in has for ns in conf.nameservers)
    }
    if not wrong:
        return None
    have = "IPv6" if has == {True} else "IPv4"
    return Finding(
        f"{facts.inventory.service_name} has only {have}, but pods on {nodes_in_words(set(wrong))} "
        "are told a nameserver of the other family.",
        (
            f"cluster IPs {', '.join(ips)}",
            *(f"{n}: nameserver {' '.join(told)}" for n, told in wrong.items()),
        ),
        (
            f"{facts.ks} patch {facts.inventory.service_name} "
            """-p '{"spec":{"ipFamilyPolicy":"PreferDualStack"}}'""",
            "or set clusterDNS in the kubelets' configuration to an address that the Service has, "
            "one node after the other",
        ),
        Scope(
            about(
                "dns-service",
                "pod-resolv-conf",
                "short-names",
            )
        ),
    )
