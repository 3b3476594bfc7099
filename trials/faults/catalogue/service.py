"""Faults of the DNS Service: pods ask its cluster IP, and nothing sound is behind it."""

from clusterdns.cluster import Manifest
from trials.faults.mutant import Mutant
from trials.faults.scene import Scene
from trials.faults.symptoms import KUBERNETES, NO_ANSWER, both, dig

SERVICE_DEAD = both(
    dig(says=NO_ANSWER),
    dig(says="status: NOERROR", server="replica"),
)


def delete_service(scene: Scene) -> None:
    """Delete the Service; its cluster IP leads nowhere."""
    scene.delete("Service", scene.dns.service, scene.dns.namespace)


def wrong_selector(scene: Scene) -> None:
    """Select pods that do not exist."""
    scene.service(lambda s: s["spec"].update(selector={"k8s-app": "coredns"}))


def wrong_target_port(scene: Scene) -> None:
    """Lead port 53/UDP to a port where nobody listens."""

    def edit(service: Manifest) -> None:
        _port(service, "UDP")["targetPort"] = 5353

    scene.service(edit)


def no_tcp(scene: Scene) -> None:
    """Take port 53/TCP away."""

    def edit(service: Manifest) -> None:
        service["spec"]["ports"].remove(_port(service, "TCP"))

    scene.service(edit)


def _port(service: Manifest, protocol: str) -> Manifest:
    ports: list[Manifest] = service["spec"]["ports"]
    return next(p for p in ports if (p["protocol"], p["port"]) == (protocol, 53))


MUTANTS = (
    Mutant(
        "dns-svc-missing",
        "The Service kube-dns was deleted.",
        "A",
        delete_service,
        SERVICE_DEAD,
        fails=("test_service_has_a_cluster_ip", "test_service_has_port[53-udp]"),
        select="test_dns_service or test_schema_version",
        dead=True,
        always=True,
    ),
    Mutant(
        "dns-svc-selector-wrong",
        "The selector of the Service matches no pod.",
        "A",
        wrong_selector,
        SERVICE_DEAD,
        fails=(
            "test_selector_matches_the_replicas",
            "test_endpoints_are_the_ready_replicas",
            "test_dns_version_is_the_schema_version[udp]",
        ),
        select="test_dns_service or test_dns_endpoints or test_schema_version",
        always=True,
    ),
    Mutant(
        "dns-svc-targetport-wrong",
        "Port 53/UDP of the Service leads to 5353, where nobody listens.",
        "A",
        wrong_target_port,
        both(dig(says=NO_ANSWER), dig(KUBERNETES, "+tcp", says="status: NOERROR")),
        fails=(
            "test_endpoint_port_is_one_that_the_container_has[53-udp]",
            "test_dns_version_is_the_schema_version[udp]",
        ),
        select="test_dns_endpoints or test_schema_version",
        always=True,
    ),
    Mutant(
        "dns-svc-no-tcp",
        "The Service offers no port 53/TCP.",
        "A",
        no_tcp,
        both(dig(says="status: NOERROR"), dig(KUBERNETES, "+tcp", says=NO_ANSWER)),
        fails=("test_service_has_port[53-tcp]", "test_dns_version_is_the_schema_version[tcp]"),
        select="test_dns_service or test_schema_version",
        always=True,
    ),
)
