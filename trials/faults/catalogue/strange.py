"""Faults that no catalogue has: what the suite says of what it was not made for."""

import re
from collections.abc import Callable

from clusterdns.cluster import is_ready
from clusterdns.wait import eventually
from trials.faults.catalogue.service import no_tcp
from trials.faults.fake_upstream import GOOD, fake_upstream
from trials.faults.mutant import Mutant
from trials.faults.scene import KUBE_SYSTEM, SETTLE_S, Scene
from trials.faults.symptoms import KUBERNETES, NO_ANSWER, both, dig, replicas_say

SVC = "svc.cluster.local"
SECOND = "coredns-second"


def with_plugin(*lines: str) -> Callable[[Scene], None]:
    """An injection: these lines stand in the Corefile, before kubernetes."""
    text = "".join(f"    {line}\n" for line in lines)
    return lambda scene: scene.corefile(
        lambda before: before.replace("    kubernetes ", f"{text}    kubernetes ", 1)
    )


def an_hour_for_all(scene: Scene) -> None:
    """Every record may be kept for an hour; the plugin cache would set 30 s again."""
    scene.corefile(lambda before: re.sub(r" *cache 30( \{[^}]*\})?\n", "", before))
    with_plugin("rewrite ttl suffix .cluster.local 3600")(scene)


def pods_of_one_node_refused(scene: Scene) -> None:
    """An access list of CoreDNS refuses the pods of one worker."""
    with_plugin("acl {", f"    block net {scene.pod_cidr(scene.worker)}", "}")(scene)


def shadowed_domain(scene: Scene) -> None:
    """A stub domain sends the Services' names to a server that knows none, with its own SOA."""
    soa = "{{ .Zone }} 60 IN SOA ns.example. admin.example. 1 60 60 60 60"
    corefile = (
        f'.:53 {{\n    template ANY ANY . {{\n        rcode NXDOMAIN\n        authority "{soa}"\n'
        "    }\n}\n"
    )
    address = fake_upstream(scene, corefile)
    block = f"{SVC}:53 {{\n    errors\n    forward . {address}\n}}\n"
    scene.corefile(lambda text: text + block)


def second_deployment(scene: Scene) -> None:
    """Another Deployment's pods stand behind the Service, with another domain."""
    corefile = scene.api.get("ConfigMap", "coredns", KUBE_SYSTEM)["data"]["Corefile"]
    other = corefile.replace("kubernetes cluster.local", "kubernetes other.local")
    place = {"name": SECOND, "namespace": KUBE_SYSTEM}
    scene.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": place, "data": {"Corefile": other}}
    )
    first = scene.api.get("Deployment", "coredns", KUBE_SYSTEM)
    spec = dict(first["spec"], replicas=1)
    for volume in spec["template"]["spec"]["volumes"]:
        if volume["name"] == "config-volume":
            volume["configMap"]["name"] = SECOND
    # The selectors must differ, or each Deployment would take the other's pods for its own.
    spec["selector"] = {"matchLabels": {"app": SECOND}}
    spec["template"]["metadata"]["labels"] = {"k8s-app": "kube-dns", "app": SECOND}
    scene.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": place, "spec": spec})

    def all_ready() -> bool:
        pods = [p for p in scene.replicas() if p["metadata"]["name"].startswith(SECOND)]
        return bool(pods) and all(map(is_ready, pods))

    eventually(all_ready, True, SETTLE_S, every=0.3)


def stale_for_udp(scene: Scene) -> None:
    """On one worker the Service leads 53/UDP to a pod that is gone."""
    gone = scene.pod_cidr(scene.worker).replace(".0/24", ".250")
    match = f"-d {scene.dns_ip} -p udp --dport 53"
    scene.rule(
        scene.worker, f"{match} -j DNAT --to-destination {gone}:53", chain="PREROUTING", table="nat"
    )


def wrong_source(scene: Scene) -> None:
    """Answers reach the pods of one worker from the replica's address, not the Service's."""
    scene.rule(
        scene.worker, "-i eth0 -p udp --sport 53 -j NOTRACK", chain="PREROUTING", table="raw"
    )


def another_answers(scene: Scene) -> None:
    """On one worker a rule leads what pods ask over UDP to a server that knows nothing."""
    address = fake_upstream(scene, GOOD)
    match = f"-d 10.0.0.0/8 ! -s {address} -p udp --dport 53"
    scene.rule(scene.worker, f"{match} -j DNAT --to-destination {address}:53", "PREROUTING", "nat")


def two_at_once(scene: Scene) -> None:
    """The Service has no port 53/TCP, and one kubelet names a nameserver that nobody is."""
    no_tcp(scene)
    scene.kubelet(scene.worker, clusterDNS=["10.96.0.99"])


MUTANTS = (
    Mutant(
        "hosts-override",
        "The plugin hosts has another address for the Service of the API server.",
        "C",
        with_plugin("hosts {", f"    192.0.2.7 kubernetes.default.{SVC}", "    fallthrough", "}"),
        dig(says="192.0.2.7"),
        fails=("test_*",),
        catalogued=False,
    ),
    Mutant(
        "rewrite-override",
        "The plugin rewrite turns the names of ports into others, so that SRV finds nothing.",
        "C",
        with_plugin(f"rewrite name regex _(.*)\\.{SVC} lost-{{1}}.{SVC}"),
        dig(f"_https._tcp.kubernetes.default.{SVC}", "SRV", says="status: NXDOMAIN"),
        fails=("test_*",),
        catalogued=False,
    ),
    Mutant(
        "template-override",
        "The plugin template denies all names of the cluster when AAAA is asked for.",
        "C",
        with_plugin("template IN AAAA cluster.local {", "    rcode NXDOMAIN", "}"),
        dig(KUBERNETES, "AAAA", says="status: NXDOMAIN"),
        fails=("test_*",),
        catalogued=False,
    ),
    Mutant(
        "acl-refuses",
        "The plugin acl refuses the pods of one node.",
        "C",
        pods_of_one_node_refused,
        dig(says="status: REFUSED"),
        fails=("test_*",),
        catalogued=False,
    ),
    Mutant(
        "stub-shadows-cluster",
        "A stub domain sends the names of Services to a server that denies them.",
        "C",
        shadowed_domain,
        dig(says="status: NXDOMAIN"),
        fails=("test_*",),
        catalogued=False,
    ),
    Mutant(
        "foreign-replica",
        "A second Deployment's pods stand behind the Service, and serve another domain.",
        "A",
        second_deployment,
        replicas_say(f"{SECOND}.*ready=True"),
        fails=("test_*",),
        catalogued=False,
    ),
    Mutant(
        "stale-endpoint-udp",
        "On one node the Service leads 53/UDP to a pod that is gone; 53/TCP is well.",
        "N",
        stale_for_udp,
        both(dig(says=NO_ANSWER), dig(KUBERNETES, "+tcp", says="status: NOERROR")),
        fails=("test_path_answers[udp]",),
        causes=("vxlan-checksum",),
        catalogued=False,
    ),
    Mutant(
        "wrong-source",
        "Answers over UDP reach the pods of one node from the replica, not from the Service.",
        "N",
        wrong_source,
        both(dig(says=NO_ANSWER), dig(KUBERNETES, "+tcp", says="status: NOERROR")),
        fails=("test_path_loses_nothing[udp]",),
        catalogued=False,
    ),
    Mutant(
        "dns-intercepted",
        "A rule on one node leads all questions over UDP to a server that knows nothing.",
        "N",
        another_answers,
        both(dig(says="status: NXDOMAIN"), dig(KUBERNETES, "+tcp", says="status: NOERROR")),
        fails=("test_address_is_the_cluster_ip*",),
        where="one node",
        catalogued=False,
    ),
    Mutant(
        "ttl-rewritten",
        "The plugin rewrite gives every record of the cluster a TTL of an hour, uncached.",
        "C",
        an_hour_for_all,
        dig(says=r"\s3600\s+IN\s+A\s"),
        fails=("test_records_expire_in_time*",),
        causes=("rewrite-override",),
        catalogued=False,
    ),
    Mutant(
        "two-faults",
        "The Service has no port 53/TCP, and one kubelet names a wrong nameserver.",
        "A",
        two_at_once,
        both(
            dig(says=NO_ANSWER, fresh=True),
            dig(KUBERNETES, "+tcp", says=NO_ANSWER, server="service"),
        ),
        fails=("test_service_has_port[53-tcp]", "test_pods_on_every_node_ask_the_service"),
        causes=("dns-svc-no-tcp", "kubelet-clusterdns-wrong"),
        catalogued=False,
    ),
)
