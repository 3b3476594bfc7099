"""Six faults in each shape, by what they are for those who use it; most are of the catalogue.

Nobody answers, one replica deaf, upstream dead, zone wrong, no TCP, an invalid edit. Where the
fault of the catalogue is none in a shape, or another place has it, the shape says its own.
"""

from dataclasses import replace

from clusterdns.cluster import Manifest
from clusterdns.wait import eventually
from trials.faults.catalogue.service import SERVICE_DEAD
from trials.faults.mutant import Mutant
from trials.faults.register import by_name
from trials.faults.scene import KUBE_SYSTEM, SETTLE_S, Scene, is_settled
from trials.faults.symptoms import NO_ANSWER, OUTSIDE, both, dig, log_says

USUAL = (
    *("dns-svc-selector-wrong", "one-replica-deaf", "upstream-unreachable"),
    *("corefile-zone-wrong", "dns-svc-no-tcp", "corefile-invalid"),
)
BROKEN = "hosts {\n    192.0.2.20 ledger.corp.example\n"  # no brace ends it
CACHES = "k8s-app=node-local-dns"
NOWHERE = {"nobody": "has-this"}


def usual(*own: Mutant, without: tuple[str, ...] = (), within: float = 0.0) -> tuple[Mutant, ...]:
    """The six, with those of a shape's own before the rest.

    ``without``: what these stand for; ``within``: the seconds until symptoms show there, such as
    those that a cache on the node remembers what it was told before.
    """
    found = (*own, *(by_name(name) for name in USUAL if name not in without))
    return tuple(replace(each, within=max(each.within, within)) for each in found)


def invalid_custom(scene: Scene) -> None:
    """An import that the operator wrote has no end, and the replicas were restarted."""
    manifest: Manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "coredns-custom", "namespace": KUBE_SYSTEM},
        "data": {"names.override": BROKEN},
    }
    if scene.api.find("ConfigMap", "coredns-custom", KUBE_SYSTEM) is None:
        scene.create(manifest)
    else:
        scene.change(
            "ConfigMap", "coredns-custom", lambda thing: thing.update(data=manifest["data"])
        )
    scene.restart_dns(within=15)


def no_caches(scene: Scene, name: str) -> None:
    """The cache runs on no node any more; pods are told to ask it."""

    def edit(thing: Manifest) -> None:
        thing["spec"]["template"]["spec"]["nodeSelector"] = NOWHERE

    scene.change("DaemonSet", name, edit)


def cache_forwards_to_nobody(scene: Scene, name: str) -> None:
    """The cache, which asks for all names outside itself, asks nobody; its pods are made anew."""

    def edit(thing: Manifest) -> None:
        text = thing["data"]["Corefile"]
        thing["data"]["Corefile"] = text.replace(
            "forward . /etc/resolv.conf", "forward . 192.0.2.1"
        )

    scene.at_last("pods of the cache", lambda: renew_caches(scene))
    scene.change("ConfigMap", name, edit)
    renew_caches(scene)


def renew_caches(scene: Scene) -> None:
    """Delete the caches' pods, and wait until new ones are ready, or never will be."""

    def pods() -> dict[str, Manifest]:
        return {p["metadata"]["uid"]: p for p in scene.api.list("Pod", KUBE_SYSTEM, CACHES)}

    old = pods()
    for pod in old.values():
        scene.api.delete("Pod", pod["metadata"]["name"], KUBE_SYSTEM)

    def are_new() -> bool:
        now = pods()
        return (
            len(now) == len(old)
            and not old.keys() & now.keys()
            and all(map(is_settled, now.values()))
        )

    eventually(are_new, True, SETTLE_S, every=0.3)


def no_tcp_for_caches(scene: Scene, service: str) -> None:
    """The Service that the caches ask over TCP has lost that port."""
    scene.change("Service", service, lambda thing: thing["spec"]["ports"].pop())


SELECTS_NOBODY = Mutant(
    "dns-svc-selector-wrong",
    "The selector of the Service matches no pod.",
    "A",
    lambda scene: scene.service(lambda s: s["spec"].update(selector={"k8s-app": "core-dns"})),
    SERVICE_DEAD,
    fails=("test_selector_matches_the_replicas", "test_endpoints_are_the_ready_replicas"),
    dead=True,
)
CUSTOM_INVALID = Mutant(
    "custom-invalid",
    "A file that the operator imports has no end, and the replicas were restarted.",
    "C",
    invalid_custom,
    log_says("Syntax error|Error during parsing|Unexpected EOF|plugin/hosts: "),
    fails=("test_wanted_replicas_are_ready",),
    causes=("corefile-invalid",),
    remedy="edit configmap/coredns-custom",
    dead=True,
)


def of_caches(name: str, service: str) -> tuple[Mutant, ...]:
    """What is another fault where pods ask a cache on their node.

    ``name``: of its DaemonSet and ConfigMap; ``service``: the one that it asks.
    """
    return (
        Mutant(
            "caches-down",
            "The node-local cache runs on no node; pods are told to ask it.",
            "A",
            lambda scene: no_caches(scene, name),
            both(dig(says=NO_ANSWER), dig(says="status: NOERROR", server="replica")),
            fails=("test_api_server_is_found[*",),
            causes=("nodelocal-down",),
            remedy=name,
        ),
        Mutant(
            "caches-upstream-dead",
            "The node-local cache forwards what is outside to nobody.",
            "C",
            lambda scene: cache_forwards_to_nobody(scene, name),
            both(dig(OUTSIDE, says="SERVFAIL|timed out"), dig(says="status: NOERROR")),
            fails=("test_nameserver_of_pods_resolves_outside_names[*",),
            causes=("nodelocal-upstream",),
            remedy=f"configmap/{name}",
        ),
        Mutant(
            "caches-no-tcp",
            "The Service that the node-local cache asks over TCP offers no such port.",
            "A",
            lambda scene: no_tcp_for_caches(scene, service),
            both(dig(says="SERVFAIL|timed out"), dig(says="status: NOERROR", server="replica")),
            fails=("test_api_server_is_found[*",),
            causes=("nodelocal-upstream", "dns-svc-no-tcp"),
            remedy=f"service/{service}",
        ),
    )


INSTEAD = ("dns-svc-selector-wrong", "upstream-unreachable", "dns-svc-no-tcp")
