"""kubectl commands that repeat what a check did, from the same node, for who reads a failure."""

import json
import shlex
from collections.abc import Sequence


def in_new_pod(context: str, image: str, node: str, command: Sequence[str]) -> str:
    """A command that makes a pod on a node, runs another command in it, and removes it again.

    The pod has the ClusterFirst policy and tolerates every taint, as our probes do.
    """
    spec = {"spec": {"nodeName": node, "tolerations": [{"operator": "Exists"}]}}
    run = ["run", "dns-repeat", "--rm", "-i", "--restart=Never", f"--image={image}"]
    overrides = f"--overrides={json.dumps(spec, separators=(',', ':'))}"
    return shlex.join(["kubectl", "--context", context, *run, overrides, "--", *command])


def in_pod(context: str, namespace: str, pod: str, command: Sequence[str]) -> str:
    """A command that runs another one in a pod that exists, such as a probe that was kept."""
    exec_in = ["kubectl", "--context", context, "-n", namespace, "exec", pod]
    return shlex.join([*exec_in, "--", *command])
