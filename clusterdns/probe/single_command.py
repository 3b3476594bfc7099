"""One command in any pod: its output, its exit code, and a deadline.

For pods that carry no relay: other DNS policies, and images without a shell.
"""

import time
from collections.abc import Sequence

from kubernetes import client

from clusterdns.probe.exec_socket import (
    STDERR,
    STDOUT,
    ExecSocket,
    ExecTarget,
    StreamEndedError,
    open_exec,
)
from clusterdns.probe.packet import Output, ProbeLostError
from clusterdns.probe.stream import wait_readable
from clusterdns.wait import eventually


def run_once(
    configuration: client.Configuration,
    namespace: str,
    pod: str,
    command: Sequence[str],
    timeout: float,
    container: str | None = None,
) -> Output:
    """Run one argv in a pod and wait at most ``timeout`` seconds, the handshake included.

    ``exit_code`` is None when the deadline passed (the command may go on running in the pod) and
    127 when it could not be started. Raises ProbeLostError when the pod is gone, exec is forbidden,
    or the stream broke before the status came.
    """
    return run_in(ExecTarget(configuration, namespace, pod, container), command, timeout)


def run_in(
    target: ExecTarget, command: Sequence[str], timeout: float, absence: float = 0.0
) -> Output:
    """Run one argv in the container of a target, for at most ``timeout`` seconds; see run_once.

    While the API server is away the handshake is tried for ``absence`` seconds more: the time of
    the command begins when it starts.
    """
    started = time.monotonic()
    deadline = started + timeout + absence
    printed = {STDOUT: bytearray(), STDERR: bytearray()}
    # A handshake that failed has started nothing, so it may be tried again.
    socket = eventually(
        lambda: _open(target, command, min(timeout, max(0.1, deadline - time.monotonic()))),
        lambda outcome: isinstance(outcome, ExecSocket) or outcome.permanent,
        within=timeout + absence,
        every=0.5,
    )
    if isinstance(socket, StreamEndedError):
        raise ProbeLostError(str(socket))
    deadline = (time.monotonic() if absence else started) + timeout
    try:
        while socket.status is None:
            if not wait_readable(socket, deadline):
                return _output(None, printed)
            for channel, data in socket.receive():
                printed.setdefault(channel, bytearray()).extend(data)
    except StreamEndedError as ended:
        if socket.status is None:
            raise ProbeLostError(f"{ended}; no exit status came") from ended
    finally:
        socket.close()
    code = socket.exit_code
    if code == 127 and not printed[STDERR]:
        printed[STDERR] += str((socket.status or {}).get("message", "")).encode()
    return _output(code, printed)


def _open(
    target: ExecTarget, command: Sequence[str], within: float
) -> ExecSocket | StreamEndedError:
    try:
        return open_exec(target, command, within)
    except StreamEndedError as ended:
        return ended


def _output(code: int | None, printed: dict[int, bytearray]) -> Output:
    return Output(
        code,
        printed[STDOUT].decode(errors="replace"),
        printed[STDERR].decode(errors="replace"),
    )
