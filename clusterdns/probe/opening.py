"""Which kind of probe a pod can be: the image decides."""

from kubernetes import client

from clusterdns.probe.exec_socket import ExecTarget
from clusterdns.probe.fallback import open_dig
from clusterdns.probe.packet import Probe, ProbeLostError
from clusterdns.probe.relayed import NoRelayError, open_relay
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

    A relay if the image has perl, else dig. Raises ProbeLostError with the evidence when the pod
    cannot be entered or has neither.
    """
    allowed = timeouts or Timeouts()
    target = ExecTarget(configuration, namespace, pod, container)
    try:
        return open_relay(target, node, allowed.probe)
    except NoRelayError as no_relay:
        try:
            return open_dig(target, node, allowed.command)
        except ProbeLostError as no_dig:
            raise ProbeLostError(f"{no_relay}; {no_dig}") from None
