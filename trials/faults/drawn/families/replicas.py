"""The Deployment: limits, probes, arguments, security context, volumes, and where pods run."""

from random import Random
from typing import Any

from trials.faults.catalogue.replicas import container, deployment, scale
from trials.faults.drawn.corefile_fault import slug_of
from trials.faults.drawn.grammar import Drawn, either, family
from trials.faults.drawn.truth import Hop, Truth

DEPLOYMENT = ("Deployment coredns", "deployment/coredns", "kube-system/coredns")
WITHIN_S = 20.0


BOTH: tuple[Hop, ...] = ("replica", "api")  # the pod's setting that takes the API server away
ONE: tuple[Hop, ...] = ("replica",)


def pod_fault(
    variant: str,
    title: str,
    names: tuple[str, ...],
    hops: tuple[Hop, ...] = ONE,
    **spec: Any,  # noqa: ANN401
) -> Drawn:
    """A fault that is another spec of the replicas' pods."""
    truth = Truth(hops, names)
    return Drawn(variant, title, "A", truth, lambda scene: deployment(scene, WITHIN_S, **spec))


def container_fault(
    variant: str,
    title: str,
    names: tuple[str, ...],
    hops: tuple[Hop, ...] = ONE,
    **fields: Any,  # noqa: ANN401
) -> Drawn:
    """A fault that is another container of the replicas' pods."""
    truth = Truth(hops, names)
    return Drawn(variant, title, "A", truth, lambda scene: container(scene, WITHIN_S, **fields))


@family("limits")
def limits(dice: Random) -> Drawn:
    """Too little, or just enough, of processor or memory."""
    kind, value = dice.choice(
        (
            *(("cpu", "5m"), ("cpu", "20m"), ("cpu", "100m")),
            *(("memory", "12Mi"), ("memory", "20Mi"), ("memory", "60Mi")),
        )
    )
    return container_fault(
        f"{kind}-{value.lower()}",
        f"The replicas have a limit of {value} {kind}.",
        (f"limits.{kind}", "limit", value),
        resources={"limits": {kind: value}, "requests": {kind: value}},
    )


@family("probes")
def probes(dice: Random) -> Drawn:
    """Probes that ask elsewhere, too seldom, or for too little time."""
    which = dice.choice(("livenessProbe", "readinessProbe"))
    path = "/health" if which == "livenessProbe" else "/ready"
    port = 8080 if which == "livenessProbe" else 8181
    kind, change = dice.choice(
        (
            ("path", {"httpGet": {"path": "/nothing", "port": port}}),
            ("port", {"httpGet": {"path": path, "port": 8099}}),
            ("https", {"httpGet": {"path": path, "port": port, "scheme": "HTTPS"}}),
            ("seldom", {"periodSeconds": 120, "initialDelaySeconds": 0}),
            ("exec", {"exec": {"command": ["true"]}}),
            ("late", {"initialDelaySeconds": 600}),
            ("tcp-dns", {"tcpSocket": {"port": 53}}),
        )
    )
    probe: dict[str, Any] = {"periodSeconds": 3, "failureThreshold": 3, **change}
    if not {"httpGet", "exec", "tcpSocket"} & set(change):
        probe["httpGet"] = {"path": path, "port": port}
    return container_fault(
        f"{which.removesuffix('Probe')}-{kind}",
        f"The {which} of the replicas: {kind} ({change}).",
        (which, "probe"),
        ONE,
        **{which: probe},
    )


def arguments(dice: Random) -> Drawn:
    """The process is started in another way."""
    conf = ["-conf", "/etc/coredns/Corefile"]
    kind, args = dice.choice(
        (
            ("other-port", [*conf, "-dns.port=5353"]),
            ("no-file", ["-conf", "/etc/coredns/Corefile.old"]),
            ("none", []),
            ("quiet", [*conf, "-quiet"]),
            ("unknown-flag", [*conf, "-verbose"]),
        )
    )
    return container_fault(
        kind, f"CoreDNS is started with the arguments {args}.", ("args", *args[-1:]), args=args
    )


def environment(dice: Random) -> Drawn:
    """Variables that the process reads."""
    name, value = dice.choice(
        (
            ("KUBERNETES_SERVICE_HOST", "192.0.2.1"),
            ("KUBERNETES_SERVICE_PORT", "6444"),
            ("GOMAXPROCS", "1"),
            ("GODEBUG", "netdns=cgo"),
        )
    )
    return container_fault(
        slug_of(name),
        f"The replicas have the variable {name}={value}.",
        (name, value),
        BOTH if name.startswith("KUBERNETES") else ONE,
        env=[{"name": name, "value": value}],
    )


@family("security")
def security(dice: Random) -> Drawn:
    """Rights that the process needs, or does not."""
    kind, context = dice.choice(
        (
            ("no-capabilities", {"capabilities": {"drop": ["ALL"]}}),
            ("other-user", {"runAsUser": 65534, "capabilities": {"drop": ["ALL"]}}),
            ("must-not-be-root", {"runAsNonRoot": True, "runAsUser": 0}),
            ("may-write", {"readOnlyRootFilesystem": False}),
        )
    )
    return container_fault(
        kind,
        f"The security context of the replicas: {kind.replace('-', ' ')}.",
        ("securityContext", *context),
        securityContext=context,
    )


@family("volumes")
def volumes(dice: Random) -> Drawn:
    """The Corefile comes from elsewhere, or under another name."""
    name, key, path = dice.choice(
        (
            ("coredns-custom", "Corefile", "Corefile"),
            ("coredns", "corefile", "Corefile"),
            ("coredns", "Corefile", "Corefile.conf"),
            ("kube-proxy", "config.conf", "Corefile"),
        )
    )
    items = [{"key": key, "path": path}]
    return pod_fault(
        f"{slug_of(name)}-{slug_of(key)}-as-{slug_of(path)}",
        f"The replicas mount {key} of the ConfigMap {name} as {path}.",
        ("config-volume", name, key) if name != "coredns" else ("config-volume", f"`{key}`", path),
        volumes=[{"name": "config-volume", "configMap": {"name": name, "items": items}}],
    )


@family("scheduling")
def scheduling(dice: Random) -> Drawn:
    """How many replicas there are, and where."""
    number = dice.choice((0, 1, 3, None))
    if number is not None:
        return Drawn(
            f"{number}-replicas",
            f"The Deployment wants {number} replicas.",
            "A",
            Truth(("replica",), (*DEPLOYMENT, "spec.replicas", "scale")),
            lambda scene: scale(scene, number),
        )
    return pod_fault(
        "no-node",
        "No node has what the replicas' nodeSelector wants.",
        ("nodeSelector", "disktype"),
        nodeSelector={"disktype": "none"},
    )


@family("pod-settings")
def pod_settings(dice: Random) -> Drawn:
    """dnsPolicy, host network, service account, priority: settings of the replicas' pods."""
    spec: dict[str, Any] = dice.choice(
        (
            {"dnsPolicy": "ClusterFirst"},
            {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["192.0.2.1"]}},
            {"serviceAccountName": "default", "serviceAccount": "default"},
            {"automountServiceAccountToken": False},
            {"hostAliases": [{"ip": "192.0.2.1", "hostnames": ["kubernetes"]}]},
            {"enableServiceLinks": False},
            {"terminationGracePeriodSeconds": 0},
        )
    )
    key, value = next(iter(spec.items()))
    return pod_fault(
        f"{slug_of(key)}-{slug_of(str(value))[:20]}",
        f"The replicas' pods have {key} {value}.",
        (key, *((value,) if isinstance(value, str) else ())),
        BOTH if "ervice" in key and "Links" not in key else ONE,
        **spec,
    )


@family("image")
def image(dice: Random) -> Drawn:
    """An image that cannot be had, or may not be."""
    kind, fields = dice.choice(
        (
            ("missing", {"image": "localhost/no-such-coredns:v0"}),
            ("invalid", {"image": "LOCALHOST/CoreDNS"}),
            ("command", {"command": ["/coredns-next"]}),
        )
    )
    value = str(next(iter(fields.values()))).strip("[]'")
    return container_fault(
        kind, f"The replicas are started from {value}.", (value, "image"), **fields
    )


@family("process")
def process(dice: Random) -> Drawn:
    """Arguments and variables of the process."""
    return either(dice, arguments, arguments, environment)
