"""One private CoreDNS gets three new Corefiles: a valid one, and two that it must refuse."""

from dataclasses import dataclass, field

from clusterdns.cluster import Manifest
from clusterdns.experiments.context import ExperimentContext
from clusterdns.experiments.experiment import WATCHED, Experiment, planned_coredns
from clusterdns.experiments.reload.refused import SETUP, SYNTAX, Refused, change_and_see_refused
from clusterdns.experiments.reload.valid import (
    OLD,
    WATCH,
    WITNESS,
    Reloaded,
    change_and_watch,
    versioned_corefile,
)
from clusterdns.own_coredns import OwnCoreDns
from clusterdns.own_coredns.instance import FOLDER, Companion

NAME = "reloading"  # of the instance


@dataclass(frozen=True)
class Reloads:
    """The results of three changes of a Corefile: a valid one, and two that must be refused."""

    valid: Reloaded
    syntax: Refused
    setup: Refused
    notes: tuple[str, ...] = ()


@dataclass
class ReloadsExperiment(Experiment[Reloads]):
    """Three new Corefiles for a private CoreDNS, each under a stream of questions.

    Beside the instance a witness notes when the kubelet brings a file.
    """

    name = "reloads"
    plan = planned_coredns(NAME, "a private CoreDNS whose Corefile changes", WATCHED)

    plugin: str = "reload 2s 1s"  # the line of the Corefile with reload
    instance: OwnCoreDns = field(init=False)

    def __post_init__(self) -> None:
        """Write down the instance; nothing is made yet."""
        command = ("sh", "-c", f"cd {FOLDER}; {WATCH}")
        self.instance = OwnCoreDns(
            self.setup.workspace,
            NAME,
            {"Corefile": versioned_corefile(OLD, self.plugin)},
            self.setup.node,
            companions=(Companion(WITNESS, self.setup.workspace.images.dnsutils, command),),
        )

    def manifests(self) -> list[Manifest]:
        """The objects that the experiment needs, as manifests."""
        return self.instance.manifests()

    def conduct(self, context: ExperimentContext) -> Reloads:
        """Change the Corefile three times. Raises NotPossibleError when it does not serve."""
        server = context.wait_until_serving(self.instance)
        within = self.setup.workspace.timeouts.reload
        valid = change_and_watch(context, self.instance, server, self.plugin, within)
        syntax, setup = (
            change_and_see_refused(
                context=context,
                instance=self.instance,
                server=server,
                fault=fault,
                plugin=self.plugin,
                within=within,
            )
            for fault in (SYNTAX, SETUP)
        )
        return Reloads(valid, syntax, setup, tuple(context.notes))
