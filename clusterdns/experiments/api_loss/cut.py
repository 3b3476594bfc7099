"""A private CoreDNS whose way to the API server can be cut: what both experiments with it share."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from clusterdns.experiments.context import ExperimentContext, ExperimentSetup
from clusterdns.experiments.forwarding.outside_zone import ZONE
from clusterdns.inventory.web import Page, get_all
from clusterdns.matrix.question import Question, Server
from clusterdns.own_coredns import NotPossibleError, OwnCoreDns
from clusterdns.own_coredns.cuttable_api import GATE, KUBECONFIG, files, forwarder
from clusterdns.wait import GENTLY, eventually

RUNNING, STARTING = "api-loss", "api-late"  # the two instances
OUTSIDE = Question(f"host.{ZONE}", "A")
OUTSIDE_ADDRESS = "192.0.2.10"
UPSTREAM, READY_PORT = 5301, 8181


@dataclass
class Cuttable:
    """A private CoreDNS whose only way to the API server is a forwarder in its pod."""

    setup: ExperimentSetup
    account: str
    zone: str
    name: str
    is_open: bool
    instance: OwnCoreDns = field(init=False)

    def __post_init__(self) -> None:
        """Write down the instance; nothing is made yet."""
        made = {"Corefile": corefile(self.zone), **files(self.is_open)}
        image = self.setup.workspace.images.dnsutils
        node, workspace = self.setup.node, self.setup.workspace
        companions = (forwarder(image),)
        self.instance = OwnCoreDns(
            workspace=workspace,
            name=self.name,
            files=made,
            node=node,
            account=self.account,
            companions=companions,
        )

    def switch(self, word: str) -> float:
        """Open or cut the way; when it was done (monotonic).

        Raises NotPossibleError when it is not.
        """
        self.instance.change({GATE: word})
        within = self.setup.workspace.timeouts.reload
        said = lambda: last_word(self.instance.logs(GATE))  # noqa: E731
        last = eventually(said, word, within, every=GENTLY)
        if last != word:
            raise NotPossibleError(
                f"our forwarder did not say {word!r} in {within:g} s, but {last!r}"
            )
        return time.monotonic()

    def ready_page(self, context: ExperimentContext, server: Server) -> Page:
        """What /ready says now."""
        return get_all(context.relay, [(server.address, READY_PORT, "/ready")])[0]


def recovery(watch: float, outage: float) -> float:
    """Seconds within which changes must be visible after an outage.

    The watch's own time, and the longest pause that client-go may have begun just before the end.
    """
    return watch + min(60.0, 2 * outage + 1.6)


def told(title: str, rows: Mapping[str, str], notes: Iterable[str]) -> str:
    """What an experiment found, for a message: a table below its title."""
    width = max(map(len, rows))
    return "\n  ".join([title, *(f"{k:{width}}  {v}" for k, v in rows.items()), *notes])


def recovered(seconds: float | None, allowed: float) -> str:
    """How long a recovery took, beside its bound."""
    took = "never" if seconds is None else f"after {seconds:.1f} s"
    return f"{took}; {allowed:.1f} s are allowed"


def last_word(log: str) -> str:
    """What the forwarder said last."""
    lines = [line for line in log.splitlines() if line.startswith("gate ")]
    return lines[-1].split()[1] if lines else ""


def corefile(zone: str) -> str:
    """Cluster names by way of the forwarder, and a name outside from the same process."""
    return f"""\
.:53 {{
    errors
    ready :{READY_PORT}
    kubernetes {zone} {{
        kubeconfig /etc/coredns/{KUBECONFIG}
    }}
    forward . 127.0.0.1:{UPSTREAM}
}}
.:{UPSTREAM} {{
    errors
    template IN A {ZONE} {{
        answer "{{{{ .Name }}}} 0 IN A {OUTSIDE_ADDRESS}"
    }}
}}
"""
