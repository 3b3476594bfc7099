"""Objects of the API that stand between pods and replicas: Service, slices, policies, rights."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from clusterdns.cluster import Manifest
from trials.faults.catalogue.policy import policy
from trials.faults.drawn.corefile_fault import slug_of
from trials.faults.drawn.grammar import Drawn, family
from trials.faults.drawn.truth import Truth
from trials.faults.scene import KUBE_SYSTEM, Scene

SERVICE, ROLE = "kube-dns", "system:coredns"
NAMED = ("Service kube-dns", "service/kube-dns", "kube-system/kube-dns", "svc kube-dns")


def service_fault(
    variant: str, title: str, edit: Callable[[Manifest], object], *names: str
) -> Drawn:
    """A fault that is an edit of the Service's spec."""

    def inject(scene: Scene) -> None:
        scene.change("Service", SERVICE, lambda service: edit(service["spec"]))

    return Drawn(variant, title, "A", Truth(("service",), (*NAMED, *names)), inject)


@family("service-ports")
def service_ports(dice: Random) -> Drawn:
    """A port is missing, has another number, or leads elsewhere."""
    protocol = dice.choice(("UDP", "TCP"))
    what, value = dice.choice(
        (("gone", None), ("port", 5353), ("targetPort", 5353), ("targetPort", "dns-udp"),
         ("targetPort", "metrics"), ("targetPort", 53), ("name", "domain"))
    )  # fmt: skip

    def edit(spec: Manifest) -> None:
        one = next(p for p in spec["ports"] if (p["protocol"], p["port"]) == (protocol, 53))
        if what == "gone":
            spec["ports"].remove(one)
        else:
            one[what] = value

    said = "is missing" if value is None else f"has {what} {value}"
    return service_fault(
        f"{protocol.lower()}-{slug_of(what)}{f'-{value}' if value else ''}",
        f"The port 53/{protocol} of the Service {said}.",
        edit,
    )


@family("service-selector")
def service_selector(dice: Random) -> Drawn:
    """The Service selects others, too few, or nobody by itself."""
    selector: dict[str, str] | None
    name, selector = dice.choice(
        (
            ("nobody", {"k8s-app": "core-dns"}),
            ("too-narrow", {"k8s-app": "kube-dns", "tier": "dns"}),
            ("another-workload", {"k8s-app": "kube-proxy"}),
            ("none", None),
        )
    )
    fault = service_fault(
        name,
        f"The selector of the Service is {selector}.",
        lambda spec: spec.update(selector=selector),
    )
    return fault if selector else replace(fault, inject=lambda scene: _then_replaced(scene, fault))


def _then_replaced(scene: Scene, fault: Drawn) -> tuple[str, ...] | None:
    """Put it in, and replace the replicas: EndpointSlices are kept as they were."""
    words = fault.inject(scene)
    scene.restart_dns()
    return words


@family("service-settings")
def service_settings(dice: Random) -> Drawn:
    """Settings of which some matter and some do not."""
    settings: dict[str, Any] = dice.choice(
        (
            {"internalTrafficPolicy": "Local"},
            {"sessionAffinity": "ClientIP"},
            {"publishNotReadyAddresses": True},
            {"type": "NodePort"},
            {"externalIPs": ["203.0.113.53"]},
            {"trafficDistribution": "PreferClose"},
        )
    )
    key, value = next(iter(settings.items()))
    return service_fault(
        f"{slug_of(key)}-{slug_of(str(value))}",
        f"The Service has {key} {value}.",
        lambda spec: spec.update(settings),
        key,
    )


@family("service-gone")
def service_gone(dice: Random) -> Drawn:
    """The Service was deleted, or made again with another address."""
    again = dice.random() < 0.5

    def inject(scene: Scene) -> tuple[str, ...]:
        address = scene.dns_ip
        scene.delete("Service", SERVICE)
        if again:
            other = f"{address.rpartition('.')[0]}.77"
            ports = [
                {"name": f"dns-{p.lower()}", "port": 53, "protocol": p} for p in ("UDP", "TCP")
            ]
            metadata = {"name": SERVICE, "namespace": KUBE_SYSTEM}
            spec = {"clusterIP": other, "selector": {"k8s-app": "kube-dns"}, "ports": ports}
            scene.create(
                {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
            )
        return (address,)

    said = "was made again with another cluster IP" if again else "was deleted"
    return Drawn(
        "other-address" if again else "deleted",
        f"The Service {said}.",
        "A",
        Truth(("service", "client") if again else ("service",), NAMED),
        inject,
    )


@family("slices")
def slices(dice: Random) -> Drawn:
    """An EndpointSlice more, with endpoints that nobody is, or another server's port."""
    kind = dice.choice(("nobody", "closed-port", "not-ready", "api-server"))
    name = "kube-dns-by-hand"

    def inject(scene: Scene) -> tuple[str, ...]:
        address, node = sorted(scene.addresses().items())[0]
        port = 5300 if kind == "closed-port" else 53
        if kind in ("nobody", "not-ready"):
            address = f"{scene.pod_cidr(node).rpartition('.')[0]}.250"
        if kind == "api-server":
            found = scene.api.get("Node", scene.control_plane)["status"]["addresses"]
            address = next(a["address"] for a in found if a["type"] == "InternalIP")
        metadata = {
            "name": name,
            "namespace": KUBE_SYSTEM,
            "labels": {
                "kubernetes.io/service-name": SERVICE,
                "endpointslice.kubernetes.io/managed-by": "by-hand",
            },
        }
        scene.create(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": metadata,
                "addressType": "IPv4",
                "endpoints": [
                    {"addresses": [address], "conditions": {"ready": kind != "not-ready"}}
                ],
                "ports": [
                    {"name": "dns", "port": port, "protocol": "UDP"},
                    {"name": "dns-tcp", "port": port, "protocol": "TCP"},
                ],
            }
        )
        return (address,)

    return Drawn(
        kind,
        f"An EndpointSlice that somebody made by hand adds an endpoint to the Service: {kind}.",
        "A",
        Truth(("service",), (name,)),
        inject,
    )


@family("policy")
def network_policy(dice: Random) -> Drawn:
    """A NetworkPolicy on the replicas. The pod network enforces none: its effect is imitated."""
    direction = dice.choice(("Ingress", "Egress"))
    ports = dice.choice((("udp", "tcp"), ("udp",), ("tcp",)))
    name = f"dns-{direction.lower()}"

    def inject(scene: Scene) -> tuple[str, ...]:
        allowed = [p for p in ("UDP", "TCP") if p.lower() not in ports]
        opened = [{"ports": [{"protocol": p, "port": 53} for p in allowed]}] if allowed else []
        spec = {
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
            "policyTypes": [direction],
            direction.lower(): [
                *opened,
                *(
                    [{"ports": [{"protocol": "TCP", "port": 6443}]}]
                    if direction == "Egress"
                    else []
                ),
            ],
        }
        scene.create(policy(name, KUBE_SYSTEM, **spec))
        side = "-d" if direction == "Ingress" else "-s"
        for address, node in scene.addresses().items():
            for protocol in ports:
                scene.drop(node, f"{side} {address} -p {protocol} --dport 53")
        return ()

    return Drawn(
        f"{direction.lower()}-without-{'-'.join(ports)}",
        f"A NetworkPolicy lets no {direction.lower()} of 53/{' or '.join(ports)} to the replicas "
        "pass (imitated in the firewall).",
        "A",
        Truth(("network-policy",), (name,)),
        inject,
    )


@family("rights")
def rights(dice: Random) -> Drawn:
    """The replicas' ClusterRole lacks a resource or a verb."""
    resource = dice.choice(("services", "namespaces", "endpointslices", "pods", "endpoints"))
    verb = dice.choice(("all", "list", "watch"))

    def edit(role: Manifest) -> None:
        kept = []
        for rule in role["rules"]:
            here = resource in rule["resources"]
            others = [r for r in rule["resources"] if r != resource]
            if others:
                kept.append({**rule, "resources": others})
            left = [v for v in rule["verbs"] if v != verb]
            if here and verb != "all" and left:
                kept.append({**rule, "resources": [resource], "verbs": left})
        role["rules"] = kept

    def inject(scene: Scene) -> None:
        scene.change("ClusterRole", ROLE, edit, place=None)
        scene.restart_dns(within=15)

    said = "has no right on" if verb == "all" else f"may not {verb}"
    return Drawn(
        f"{verb}-{resource}",
        f"The ClusterRole of CoreDNS {said} {resource}.",
        "A",
        Truth(("api",), (ROLE, resource)),
        inject,
    )


@family("binding")
def binding(dice: Random) -> Drawn:
    """The replicas' rights are given to somebody else, or to nobody."""
    kind = dice.choice(("deleted", "other-name", "other-namespace"))

    def inject(scene: Scene) -> None:
        if kind == "deleted":
            scene.delete("ClusterRoleBinding", ROLE, place=None)
        else:
            key = "name" if kind == "other-name" else "namespace"
            scene.change(
                "ClusterRoleBinding",
                ROLE,
                lambda one: one["subjects"][0].update({key: "default"}),
                place=None,
            )
        scene.restart_dns(within=15)

    return Drawn(
        kind,
        f"The ClusterRoleBinding of CoreDNS: {kind.replace('-', ' ')}.",
        "A",
        Truth(("api",), (ROLE, "ClusterRoleBinding")),
        inject,
    )
