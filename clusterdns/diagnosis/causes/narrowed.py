"""Options of the Corefile that leave out what pods need: names, or the address that they ask."""

from clusterdns.corefile.model import Plugin, ServerBlock
from clusterdns.corefile.settings import Kubernetes, kubernetes_of
from clusterdns.diagnosis.causes.overrides import GUESSES, blamed, first_blamed, is_ip, name_of
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Finding, Scope, cause
from clusterdns.diagnosis.restarting import after_edit
from clusterdns.diagnosis.rows import Cell

DENIALS = ("NXDOMAIN", "NOERROR []")  # what is said of a name that is left out
ANYWHERE = ("0.0.0.0", "::")


def left_out(kubernetes: Kubernetes) -> list[str]:
    """The options that make kubernetes leave out objects, as they are written."""
    found = {
        "namespaces": " ".join(kubernetes.namespaces),
        "labels": kubernetes.labels,
        "namespace_labels": kubernetes.namespace_labels,
    }
    written = [f"{name} {value}" for name, value in found.items() if value]
    return [*written, *(["noendpoints"] if kubernetes.noendpoints else [])]


@cause("corefile-partial", "corefile", leads_to=GUESSES)
def partial(facts: Facts) -> Finding | None:
    """The plugin kubernetes was told to serve some objects only."""

    def fits(cell: Cell) -> bool:
        about = name_of(cell).endswith((f"{facts.domain}.", ".arpa."))
        return about and cell.received.startswith(DENIALS) and cell.received != cell.expected

    def judge(block: ServerBlock, plugin: Plugin) -> Finding | None:
        written = left_out(kubernetes_of(plugin, block))
        if not written:
            return None
        return blamed(
            facts,
            plugin,
            fits,
            f"The Corefile tells kubernetes to leave out objects ({'; '.join(written)}): their "
            "names do not exist.",
            f"take out {', '.join(option.split()[0] for option in written)}",
        )

    return first_blamed(facts, "kubernetes", judge)


@cause(
    "corefile-bind",
    "corefile",
    leads_to=("dns-port-filtered", "firewall-reject", "kube-proxy-stuck-node", "overlay-broken"),
)
def bind(facts: Facts) -> Finding | None:
    """CoreDNS listens on an address that is not the pod's."""
    talks = facts.to_replicas()
    if not talks or any(talk.answered for talk in talks):
        return None
    good = {*ANYWHERE, *(talk.address for talk in talks)}

    def judge(_: ServerBlock, plugin: Plugin) -> Finding | None:
        named = [word for word in plugin.args if is_ip(word) or word == "lo"]
        if len(named) < len(plugin.args) or good & set(named):
            return None
        return Finding(
            f"CoreDNS listens on {', '.join(named)} only (bind in the Corefile), and not on the "
            "addresses of its pods: nobody else can ask it.",
            (
                f"line {plugin.line} of the Corefile: bind {' '.join(plugin.args)}",
                f"{len(talks)} questions to {', '.join(sorted(good - set(ANYWHERE)))}: "
                f"{', '.join(sorted({talk.result for talk in talks}))}",
            ),
            (f"{facts.edit_corefile}  # take bind out of the block", *after_edit(facts)),
            Scope(("network/test_*::*",), lambda cell: cell.silent),
        )

    return first_blamed(facts, "bind", judge)
