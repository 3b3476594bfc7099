"""An upgrade of this cluster's DNS: what runs, where it leads to, and what will be there then."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from functools import cached_property
from posixpath import dirname
from typing import Any

import yaml
from kubernetes.client import ApiException

from clusterdns.api_errors import unless_forbidden
from clusterdns.cluster import Cluster, Manifest, NotFoundError
from clusterdns.corefile import Corefile, CorefileError, Reading, findings, parse
from clusterdns.corefile.directives import Version, version_of
from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.permissions import NEEDED, Right, read_by
from clusterdns.inventory.places import told
from clusterdns.run.ledger import one_line
from clusterdns.run.plan import PlannedObject, declare
from clusterdns.upgrade import kubeadm
from clusterdns.upgrade.kubeadm import Decision
from clusterdns.upgrade.roll_out import pace_of
from clusterdns.upgrade.starts import cannot_run, is_own_image, unanswered_probes
from clusterdns.upgrade.target import Kubeadm, Target, kubeadms

BACKUP = "Corefile-backup"
CONFIG = "kubeadm-config"  # the ConfigMap in kube-system by which kubeadm knows its cluster
REGISTRY = "registry.k8s.io"
# Probes and capabilities as kubeadm 1.32 to 1.36 write them (addons/dns/manifests.go).
PROBED: Manifest = {
    "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}},
    "livenessProbe": {"httpGet": {"path": "/health", "port": 8080}},
    "securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}},
}


@dataclass(frozen=True)
class KubeadmConfig:
    """What kubeadm has written down about this cluster (its ClusterConfiguration)."""

    document: Mapping[str, Any]

    @property
    def dns(self) -> Mapping[str, Any]:
        """The part about cluster DNS: imageRepository, imageTag, disabled."""
        return self.document.get("dns") or {}

    @property
    def domain(self) -> str:
        """The cluster domain."""
        return str((self.document.get("networking") or {}).get("dnsDomain") or "cluster.local")

    def image(self, coredns: str) -> str:
        """The image that kubeadm gives to the Deployment, for the version that it installs."""
        usual = str(self.document.get("imageRepository") or REGISTRY)
        repository = str(self.dns.get("imageRepository") or usual)
        repository += "/coredns" if repository == REGISTRY else ""
        return f"{repository}/coredns:{self.dns.get('imageTag') or f'v{coredns}'}"


def read_kubeadm_config(cluster: Cluster) -> KubeadmConfig | str:
    """Kubeadm's own notes; or why there are none: no kubeadm made this cluster, or we may not look.

    Raises kubernetes.client.ApiException for what is no answer.
    """
    refused: list[str] = []

    def note(error: ApiException) -> None:
        refused.append(f"configmap/{CONFIG} cannot be read: {one_line(error)}")

    try:
        found = unless_forbidden(lambda: cluster.get("ConfigMap", CONFIG, "kube-system"), note)
        document = yaml.safe_load(((found or {}).get("data") or {})["ClusterConfiguration"])
    except (NotFoundError, KeyError):
        return refused[0] if refused else "kubeadm did not make this cluster: it has no notes of it"
    except yaml.YAMLError:
        return f"configmap/{CONFIG} is no YAML"
    return KubeadmConfig(document if isinstance(document, dict) else {})


declare(
    PlannedObject("", "ConfigMap", "kube-system", CONFIG, ("get",), "what kubeadm would install"),
    wanted_by=["upgrade"],
)


@dataclass(frozen=True)
class Upgrade:
    """What runs, where it leads to, and what kubeadm does where it is the one to do it.

    ``config``: kubeadm's notes, or why there are none.
    """

    inventory: Inventory
    target: Target
    config: KubeadmConfig | str

    @property
    def running(self) -> Version | None:
        """The version that runs; None where its image does not tell."""
        text = self.inventory.coredns_version
        return version_of(text) if text else None

    @cached_property
    def kubeadm(self) -> Kubeadm | None:
        """The kubeadm that leads there: the one that was named, else the one that installs it."""
        if not isinstance(self.config, KubeadmConfig):
            return None
        known = (k for k in kubeadms().values() if k.coredns == self.target.version)
        return self.target.kubeadm or next((k for k in reversed(list(known))), None)

    @cached_property
    def decision(self) -> Decision | None:
        """What kubeadm does; None where it is not the one, or its decision is not known here."""
        if self.kubeadm is None or self.inventory.corefile_text is None:
            return None
        if not self.kubeadm.migration:
            return None
        tag = kubeadm.tag_of(self.inventory.image)
        return kubeadm.decide(self.kubeadm, tag, self.inventory.corefile_text)

    @property
    def _done(self) -> str:
        """What becomes of the Corefile if nothing keeps kubeadm from it, and kubeadm was named."""
        if self.target.kubeadm is None or self.decision is None:
            return "kept"
        return self.decision.anyway or self.decision.kind

    @property
    def text_after(self) -> str:
        """The Corefile as the replicas read it after the upgrade."""
        if self._done == "default" and isinstance(self.config, KubeadmConfig):
            return kubeadm.default_corefile(self.config.domain)
        if self._done == "migrated" and self.decision and self.decision.text is not None:
            return self.decision.text
        return self.inventory.corefile_text or ""

    @cached_property
    def corefile_after(self) -> Corefile | CorefileError:
        """The same, parsed with all that it imports; or why it cannot be."""
        found = self.inventory
        try:
            home = dirname(found.corefile_path)
            return parse(self.text_after, found.files, found.folders, home)
        except CorefileError as error:
            return error

    @property
    def reading_after(self) -> Reading | None:
        """Answers about that Corefile; None where it cannot be read."""
        found = self.corefile_after
        return Reading(found) if isinstance(found, Corefile) else None

    @property
    def container_after(self) -> Manifest:
        """The container that serves: as it is, or as kubeadm writes it."""
        now = self.inventory.container
        if self.target.kubeadm is None or self.decision is None or self._done == "left":
            return now
        return {**now, **PROBED}

    @property
    def patch(self) -> str:
        """What changes in the Corefile, as a patch; empty where nothing does."""
        old, new = self.inventory.corefile_text or "", self.text_after
        lines = unified_diff(
            old.splitlines(), new.splitlines(), "Corefile", "Corefile after", lineterm="", n=2
        )
        return "\n".join(lines)

    def refusals(self) -> list[str]:
        """What the target refuses in the Corefile, each with its place and what to do."""
        found = self.corefile_after
        if isinstance(found, CorefileError):
            return [told(self.inventory, found)]
        remarks = findings(found, self.target.version)
        return [told(self.inventory, one) for one in remarks if one.level == "error"]

    def rights(self) -> list[Right]:
        """What the replicas must be allowed to read under the target, by its Corefile."""
        used = self.reading_after.all_kubernetes() if self.reading_after else ()
        read = {resource for each in used for resource in read_by(each, self.target.number)}
        wanted = {Right(verb, *each) for each in read for verb in ("list", "watch")}
        return sorted(wanted or NEEDED)

    def hindrances(self) -> list[str]:
        """Why the target's image would not run with the settings of the replicas."""
        if not is_own_image(self.target.image_beside(self.inventory.image)):
            return []
        ports = self.reading_after.ports if self.reading_after else ()
        pod, container = self.inventory.pod_spec, self.container_after
        return list(cannot_run(pod, container, self.target.number, ports))

    def unanswered_probes(self) -> list[str]:
        """The probes that the Corefile does not answer after the upgrade."""
        found = self.corefile_after
        if not isinstance(found, Corefile):
            return []
        return list(unanswered_probes(self.container_after, found))

    def kubeadm_in_words(self) -> list[str]:
        """What should be known about what kubeadm does, each with what to do; empty: nothing."""
        chosen, decision = self.kubeadm, self.decision
        if chosen is None or decision is None or not isinstance(self.config, KubeadmConfig):
            return []
        return [*_of_decision(chosen, decision, self), *_of_objects(chosen, self.config, self)]


def _of_decision(chosen: Kubeadm, decision: Decision, upgrade: Upgrade) -> list[str]:
    name = f"kubeadm {chosen.kubernetes}"
    if decision.kind == "refused" and not decision.unsupported:
        return [
            f"{name} ends before it upgrades anything (CoreDNSUnsupportedPlugins and "
            f"CoreDNSMigration: {decision.why}), and its phase addon/coredns fails as well: "
            "leave that out (kubeadm upgrade apply --skip-phases=addon/coredns), and give the "
            "Deployment its new image yourself"
        ]
    told_first = []
    if decision.kind == "refused":
        told_first = [
            f"{name} ends before it upgrades anything (CoreDNSUnsupportedPlugins): it does not "
            f"know {', '.join(decision.unsupported)}; that is no fault by itself: where the "
            "checks of this report pass, say kubeadm upgrade apply "
            "--ignore-preflight-errors=CoreDNSUnsupportedPlugins"
        ]
    match decision.anyway or decision.kind:
        case "left":
            return [
                *told_first,
                f"{name} wants to migrate the Corefile ({decision.why}) and cannot: it keeps "
                "Corefile and Deployment as they are, with a line in its log and exit code 0; "
                f"change the Corefile yourself, then the image to {upgrade.target.version}",
            ]
        case "migrated":
            return [
                *told_first,
                f"{name} migrates the Corefile ({decision.why}) and keeps the old one under the "
                f"key {BACKUP}; comments are lost:\n{upgrade.patch}",
            ]
        case "default":
            now, then = upgrade.inventory.corefile, upgrade.corefile_after
            if upgrade.target.kubeadm is not None and now != then:
                return [
                    *told_first,
                    f"{name} takes the Corefile for one of its own defaults and writes its new "
                    "default over it: what differs is lost, upstreams among it; where it is meant, "
                    f"add a line that no default has, such as log:\n{upgrade.patch}",
                ]
    return told_first


def _of_objects(chosen: Kubeadm, config: KubeadmConfig, upgrade: Upgrade) -> list[str]:
    found = []
    name, inventory = f"kubeadm {chosen.kubernetes}", upgrade.inventory
    if config.dns.get("disabled"):
        return [f"{name} leaves cluster DNS alone: dns.disabled is set in configmap/{CONFIG}"]
    written = config.image(chosen.coredns)
    repository = inventory.image.partition("@")[0].rpartition(":")[0]
    if repository and repository != written.rpartition(":")[0]:
        found.append(
            f"{name} replaces the image {inventory.image} by {written}: where that is not meant, "
            f"set dns.imageRepository (and dns.imageTag) in configmap/{CONFIG}"
        )
    elif (tag := str(config.dns.get("imageTag") or "")) and tag != f"v{chosen.coredns}":
        found.append(
            f"{name} installs CoreDNS {tag}, not {chosen.coredns}: dns.imageTag in "
            f"configmap/{CONFIG} says so; remove it there"
        )
    key = inventory.keys.get(inventory.corefile_path, ("", "Corefile"))[1]
    if key == BACKUP:
        found.append(
            f"the Deployment reads the key {BACKUP}: a migration of kubeadm has broken off; make "
            "it read Corefile again, or edits of that have no effect"
        )
    workload = inventory.workload
    if workload is not None and workload.get("kind", "Deployment") == "Deployment":
        pace, wanted = pace_of(workload), int(workload.get("spec", {}).get("replicas", 1))
        if wanted > 1 and pace.unavailable == 0:
            found.append(f"{name} sets maxUnavailable back to 1: its manifest has no other value")
    return found
