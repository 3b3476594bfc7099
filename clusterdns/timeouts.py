"""Every duration of the suite, in one place."""

import dataclasses
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Timeouts:
    """Deadlines in seconds; each line says what it allows."""

    query: float = 1.0  # one question, one packet there and one back
    insist: float = 5.0  # asking again, from new sockets, before a question counts as not answered
    silence: float = 10.0  # what questions of one kind may cost in vain before each is asked once
    command: float = 10.0  # a command in a probe pod, such as getent or dig +search
    api: float = 10.0  # one request to the API server
    absence: float = 30.0  # the API server being away, busy or restarting before it is given up
    ready: float = 60.0  # the cluster's own DNS becoming ready to be judged after kind says so
    probe: float = 45.0  # a probe pod from creation to its first answer, image pull included
    pod: float = 30.0  # a private CoreDNS or client pod from creation to ready
    watch: float = 5.0  # a change of an object becoming visible on every replica
    relist: float = (
        70.0  # the same after the API server was away: client-go backs off to 30 s, twice
    )
    reload: float = 20.0  # a changed Corefile taking effect in a private CoreDNS
    own_reload: float = 180.0  # the same in the cluster's own: kubelet sync and reload interval
    teardown: float = 60.0  # clean-up at the end, until the namespaces are gone
    lifetime: float = 3600.0  # a pod of ours, when nobody is left to remove it: no run is longer

    def scaled(self, factor: float) -> Self:
        """A copy with every deadline multiplied by factor (--timeout-scale)."""
        scaled = {
            field.name: getattr(self, field.name) * factor for field in dataclasses.fields(self)
        }
        return dataclasses.replace(self, **scaled)
