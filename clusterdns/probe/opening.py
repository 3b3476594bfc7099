"""Which kind of probe a pod can be: the image decides."""

import time

from kubernetes import client

from clusterdns.probe.execsocket import ExecTarget
from clusterdns.probe.fallback import open_dig
from clusterdns.probe.onceoff import run_in
from clusterdns.probe.packet import Output, Probe
from clusterdns.probe.relayed import open_relay
from clusterdns.timeouts import Timeouts


def open_probe(
    configuration: client.Configuration,
    namespace: str,
    pod: str,
    node: str,
    container: str | None = None,
    timeouts: Timeouts | None = None,
) -> Probe:
    """Start a probe in a running pod, within ``timeouts.probe`` seconds.

    A relay if the image has perl, else dig. Raises ProbeLost with the evidence when the pod
    cannot be entered or has neither.
    """
    allowed = timeouts or Timeouts()
    deadline = time.monotonic() + allowed.probe
    target = ExecTarget(configuration, namespace, pod, container)
    if _has_perl(run_in(target, ["perl", "-MSocket", "-MPOSIX", "-e", "print 1"], allowed.command)):
        return open_relay(target, node, max(1.0, deadline - time.monotonic()))
    return open_dig(target, node, allowed.command)


def _has_perl(answer: Output) -> bool:
    return answer.exit_code == 0 and answer.stdout == "1"
