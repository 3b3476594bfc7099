"""The command that asks one question again, for a person who reads a failure."""

import json
import shlex

from clusterdns.matrix.answer import Answer
from clusterdns.testbed.testbed import Workspace

REPEATED_S = 300  # seconds after which the pod ends, when --rm could not remove it


def repeat_command(workspace: Workspace, kept: bool, answer: Answer) -> str:
    """A kubectl command that repeats a cell from the same node with the same image.

    Where the probe is kept, the short exec line into it; else a pod that goes by itself.
    """
    return in_a_pod(
        workspace, kept, answer.node, answer.question.dig(answer.server, answer.transport)
    )


def in_a_pod(workspace: Workspace, kept: bool, node: str, command: list[str]) -> str:
    """A kubectl command that runs another one on a node, in a pod with the ClusterFirst policy."""
    kubectl = ["kubectl", "--context", workspace.cluster.context]
    if kept:
        nodes = sorted(str(n["metadata"]["name"]) for n in workspace.inventory.ready_nodes)
        pod = f"probe-{nodes.index(node)}"
        return shlex.join([*kubectl, "-n", workspace.namespace, "exec", pod, "--", *command])
    where = {"nodeName": node, "tolerations": [{"operator": "Exists"}]}
    spec = {"spec": {**where, "activeDeadlineSeconds": REPEATED_S}}
    image = workspace.images.dnsutils
    run = ["run", "dns-repeat", "--rm", "-i", "--restart=Never", f"--image={image}"]
    overrides = f"--overrides={json.dumps(spec, separators=(',', ':'))}"
    return shlex.join([*kubectl, *run, overrides, "--", *command])
