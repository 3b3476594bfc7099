"""Whether the commands of a remedy exist where they are given: each object that one names."""

import re
from collections.abc import Iterable

from clusterdns.cluster import Cluster

KINDS = {
    "configmap": "ConfigMap",
    "daemonset": "DaemonSet",
    "deployment": "Deployment",
    "service": "Service",
}
OBJECT = re.compile(rf"kubectl [^#;]*?-n (\S+) [^#;]*?\b({'|'.join(KINDS)})/([\w.-]+)")
PODS = re.compile(r"kubectl [^#;]*?-n (\S+) [^#;]*?pods? [^#;]*?-l (\S+)")
MAY_BE_MISSING = "make it if missing"


def absent(api: Cluster, lines: Iterable[str]) -> list[str]:
    """What the commands in these lines name and the cluster does not have, each once.

    Raises kubernetes.client.ApiException as the API server answers.
    """
    found = list[str]()
    for line in lines:
        for namespace, kind, name in OBJECT.findall(line):
            there = api.find(KINDS[kind], name, namespace) is not None
            if not there and MAY_BE_MISSING not in line:
                found.append(f"{namespace} {kind}/{name}")
        for namespace, labels in PODS.findall(line):
            if not api.list("Pod", namespace, labels):
                found.append(f"{namespace} pods -l {labels}")
    return list(dict.fromkeys(found))
