"""How many questions a second one probe pod asks: one at a time, and in batches.

    python -m trials.benchmarks.probe_rate --kube-context kind-dev --image localhost/dnsutils:1

Makes one namespace with one pod, asks the cluster's own DNS, and deletes the namespace.
"""

import argparse
import statistics
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import dns.message
from kubernetes import client, config

from clusterdns.probe import Packet, Probe, Reply, open_probe
from clusterdns.wait import eventually

NAME = "kubernetes.default.svc.cluster.local."
LABELS = {"app.kubernetes.io/managed-by": "dns-conformance"}
USER = 65532
Transport = Literal["udp", "tcp"]
TRANSPORTS: tuple[Transport, ...] = ("udp", "tcp")


@contextmanager
def probe_pod(core: client.CoreV1Api, image: str, node: str | None) -> Iterator[tuple[str, str]]:
    """A restricted pod that sleeps; yields its namespace and the node it runs on."""
    namespace = f"dns-conf-rate-{uuid.uuid4().hex[:8]}"
    enforce = {**LABELS, "pod-security.kubernetes.io/enforce": "restricted"}
    core.create_namespace(
        client.V1Namespace(metadata=client.V1ObjectMeta(name=namespace, labels=enforce))
    )
    try:
        eventually(lambda: _service_account(core, namespace), want=True, within=20)
        core.create_namespaced_pod(namespace, _pod(image, node))
        pod = eventually(
            lambda: core.read_namespaced_pod("probe", namespace),
            lambda pod: pod.status is not None and pod.status.phase == "Running",
            within=60,
        )
        if pod.status is None or pod.status.phase != "Running":
            raise SystemExit(f"the probe pod does not run after 60 s: {pod.status}")
        yield namespace, (pod.spec and pod.spec.node_name) or "?"
    finally:
        core.delete_namespace(namespace)


def _pod(image: str, node: str | None) -> client.V1Pod:
    container = client.V1Container(
        name="probe",
        image=image,
        image_pull_policy="IfNotPresent",
        command=["sleep", "3600"],
        security_context=client.V1SecurityContext(
            allow_privilege_escalation=False, capabilities=client.V1Capabilities(drop=["ALL"])
        ),
    )
    return client.V1Pod(
        metadata=client.V1ObjectMeta(name="probe", labels=LABELS),
        spec=client.V1PodSpec(
            containers=[container],
            node_name=node,
            termination_grace_period_seconds=0,
            automount_service_account_token=False,
            tolerations=[client.V1Toleration(operator="Exists")],
            security_context=client.V1PodSecurityContext(
                run_as_non_root=True,
                run_as_user=USER,
                seccomp_profile=client.V1SeccompProfile(type="RuntimeDefault"),
            ),
        ),
    )


def _service_account(core: client.CoreV1Api, namespace: str) -> bool:
    return bool(core.list_namespaced_service_account(namespace).items)


def _cluster_dns(core: client.CoreV1Api) -> str:
    spec = core.read_namespaced_service("kube-dns", "kube-system").spec
    if spec is None or not spec.cluster_ip:
        raise SystemExit("Service kube-dns has no cluster IP: name one with --server")
    return spec.cluster_ip


def measure(probe: Probe, transport: Transport, server: str, count: int, batch: int) -> str:
    """Ask ``count`` questions in batches of ``batch``; one line of the table."""
    packets = [
        Packet(dns.message.make_query(NAME, "A").to_wire(), server, 53, transport, 2.0)
        for _ in range(count)
    ]
    began = time.perf_counter()
    replies: list[Reply] = []
    for start in range(0, count, batch):
        replies += probe.exchange(packets[start : start + batch])
    seconds = time.perf_counter() - began
    lost = [reply.error for reply in replies if reply.wire is None]
    times = sorted(reply.ms for reply in replies if reply.wire is not None) or [0.0]
    reasons = " ".join(sorted({error or "?" for error in lost}))
    return (
        f"{transport:9} {batch:>6} {count:>9} {seconds:>8.2f} {count / seconds:>9.0f} "
        f"{len(lost):>5} {statistics.median(times):>9.2f} "
        f"{times[int(len(times) * 0.95) - 1]:>7.2f}  {reasons}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(prog="probe_rate", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kubeconfig", help="default: $KUBECONFIG or ~/.kube/config")
    parser.add_argument("--kube-context", help="default: the current one")
    parser.add_argument("--image", default="registry.k8s.io/e2e-test-images/jessie-dnsutils:1.7")
    parser.add_argument("--node", help="run the probe pod on this node")
    parser.add_argument("--server", help="default: the cluster IP of kube-dns")
    parser.add_argument("--questions", type=int, default=6000, help="in batches (default: 6000)")
    options = parser.parse_args(arguments)
    settings = client.Configuration()
    config.load_kube_config(options.kubeconfig, options.kube_context, settings)
    core = client.CoreV1Api(client.ApiClient(settings))
    server = options.server or _cluster_dns(core)
    with probe_pod(core, options.image, options.node) as (namespace, node):
        began = time.perf_counter()
        probe = open_probe(settings, namespace, "probe", node)
        print(f"{probe!r}, open after {time.perf_counter() - began:.2f} s, asking {server}")
        head = "transport  batch questions  seconds  a second  lost median ms  p95 ms"
        print(head, "-" * len(head), sep="\n")
        try:
            single = max(1, options.questions // 10)
            for transport in TRANSPORTS:
                for count, batch in ((single, 1), (options.questions, options.questions)):
                    print(measure(probe, transport, server, count, batch), flush=True)
        finally:
            probe.close()


if __name__ == "__main__":
    main()
