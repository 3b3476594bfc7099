"""Private instances for the diagnosis in a cluster: a pod in our namespace, beside a replica."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from kubernetes.client import ApiException

from clusterdns.cluster import Manifest
from clusterdns.corefile import Corefile, parse
from clusterdns.corefile.directives import version_of
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.hops.bench import Bench
from clusterdns.experiments.context import bench_nodes
from clusterdns.experiments.registry import READER
from clusterdns.inventory.permissions import Readable, read_by
from clusterdns.own_coredns import (
    ACCOUNT,
    NotPossibleError,
    OwnCoreDns,
    environment,
    may_read_cluster,
    variables_in,
    why_no_coredns,
)
from clusterdns.run.ledger import one_line
from clusterdns.run.plan import PLACES, PlannedObject, declare
from clusterdns.testbed.testbed import Testbed, Workspace
from clusterdns.wait import Pace

OFTEN = Pace(first=0.2, most=0.4)  # one pod, for a few seconds, that somebody waits for
REQUEST_S = 3.0  # for one request to the API server


def bench_in(testbed: Testbed, facts: Facts, until: float) -> Bench:
    """A bench in the cluster. Raises NotPossibleError where no private instance can be had."""
    workspace = testbed.workspace
    if why := why_no_coredns(workspace.inventory):
        raise NotPossibleError(why)
    hurried = replace(workspace.cluster.hurried(), deadline=REQUEST_S)
    workspace = replace(workspace, cluster=hurried)
    nodes = [node for node in bench_nodes(workspace) if node in testbed.probes]
    if not nodes:
        raise NotPossibleError(f"no node has a probe: {testbed.why_no_probe}")
    account = account_for(workspace, facts)
    env, without = variables_of(workspace, facts)
    return Bench(
        partial(_started, workspace, nodes[0], account, env),
        testbed.probes[nodes[0]],
        until,
        simple=minimal(facts),
        without=", ".join(without),
        version=facts.inventory.coredns_version,
    )


def variables_of(
    workspace: Workspace, facts: Facts
) -> tuple[tuple[Manifest, ...], tuple[str, ...]]:
    """The environment variables that the Corefile names, and which of them cannot be had."""
    inventory = facts.inventory

    def read(name: str) -> Mapping[str, str]:
        try:
            found = workspace.cluster.find("ConfigMap", name, inventory.namespace)
        except ApiException:
            return {}
        return (found or {}).get("data") or {}

    texts = [inventory.corefile_text or "", *inventory.files.values()]
    return environment(workspace.inventory.container, variables_in(texts), read)


def minimal(facts: Facts) -> Corefile:
    """The least that serves the cluster's names and leads all others to the same upstreams."""
    reading = facts.reading
    to = " ".join((reading.upstreams() if reading else ()) or ("/etc/resolv.conf",))
    known = reading.kubernetes() if reading else None
    pods = known.pods if known else "insecure"
    return parse(
        f".:53 {{\n kubernetes {facts.domain} in-addr.arpa ip6.arpa {{\n  pods {pods}\n"
        f"  fallthrough in-addr.arpa ip6.arpa\n }}\n forward . {to}\n}}\n"
    )


def account_for(workspace: Workspace, facts: Facts) -> str | None:
    """The account that may read the cluster: that of the experiments, or one of our own.

    None where we may not make one: names of the cluster are then nothing to try.
    """
    try:
        if workspace.cluster.find("ServiceAccount", ACCOUNT, workspace.namespace):
            return ACCOUNT
        return may_read_cluster(workspace, readable(facts))
    except (ApiException, NotPossibleError):
        return None


def readable(facts: Facts) -> frozenset[Readable]:
    """What the cluster's Corefile lists and watches."""
    version = facts.inventory.coredns_version
    used = facts.reading.all_kubernetes() if facts.reading else ()
    known = version_of(version) if version else None
    return frozenset[Readable]().union(*(read_by(one, known) for one in used))


def _started(
    workspace: Workspace,
    node: str,
    account: str | None,
    env: Sequence[Manifest],
    name: str,
    files: Mapping[str, str],
) -> OwnCoreDns:
    instance = OwnCoreDns(workspace, name, files, node, account, dies=True, env=env, pace=OFTEN)
    try:
        for each in instance.manifests():
            workspace.cluster.create(each)
    except ApiException as error:
        raise NotPossibleError(f"a private CoreDNS was refused: {one_line(error)}") from error
    return instance


_WHY = "after a failure: which line of the Corefile makes an answer wrong"
declare(
    PlannedObject("", "Pod", PLACES.main, "hops-*", ("create", "get", "list", "delete"), _WHY),
    PlannedObject("", "ConfigMap", PLACES.main, "hops-*", ("create",), _WHY),
    PlannedObject("", "Pod/log", PLACES.main, "hops-*", ("get",), _WHY),
    PlannedObject("", "ServiceAccount", PLACES.main, ACCOUNT, ("get",), _WHY),
    *(replace(each, why=f"after a failure: {each.why}") for each in READER),
)
