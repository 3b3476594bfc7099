"""What was measured and read once something had failed: plain values that fit into JSON.

A fact that could not be had is None (or absent), and ``missing`` says why. Causes are functions
of these values alone, so that each can be proved with recorded or hand-made facts.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from clusterdns.cluster import Manifest, is_ready
from clusterdns.corefile import Corefile, Reading
from clusterdns.diagnosis.hops.place import Place
from clusterdns.diagnosis.replica_resolv_conf import nameservers
from clusterdns.diagnosis.rows import Contact, PathLoss, Talk, Trouble
from clusterdns.diagnosis.scopes import All, about, is_about
from clusterdns.diagnosis.stored import confs_of, pruned
from clusterdns.diagnosis.upstreams import host_of, root_upstreams
from clusterdns.inventory.cache_workloads import CacheWorkload
from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.owner_places import Owner
from clusterdns.inventory.told import Told
from clusterdns.resolvconf import RESOLV_CONF, ResolvConf


@dataclass(frozen=True)
class Facts:
    """Everything that causes are judged by; see the module."""

    context: str
    domain: str
    inventory: Inventory
    namespaces: tuple[str, ...] = ()  # ours
    troubles: tuple[Trouble, ...] = ()
    resolv_confs: Mapping[str, ResolvConf] = field(default_factory=dict)  # ClusterFirst, by node
    node_confs: Mapping[str, ResolvConf] | None = None  # dnsPolicy Default, by node
    unprobed: Mapping[str, str] = field(default_factory=dict)
    paths: tuple[PathLoss, ...] = ()
    talks: tuple[Talk, ...] = ()
    contacts: tuple[Contact, ...] = ()
    events: tuple[Mapping[str, str], ...] | None = None  # namespace, object, reason, message
    logs: Mapping[str, str] = field(default_factory=dict)  # of DNS pods, the one before included
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # by replica
    rights: Mapping[str, bool] | None = None  # of the replicas' ServiceAccounts, all of them
    cluster_roles: Mapping[str, bool] | None = None  # about DNS: are these accounts bound to it?
    services: Mapping[str, str] | None = None  # cluster IP: namespace/name
    hidden_names: tuple[str, ...] = ()  # names outside that Services hide, each with its Service
    owned: Mapping[str, Owner] = field(default_factory=dict)  # such as "kube-system service/x"
    api_service: Manifest | None = None
    api_slices: tuple[Manifest, ...] = ()
    kube_proxies: tuple[Manifest, ...] | None = None
    node_local: tuple[Manifest, ...] | None = None
    caches: tuple[CacheWorkload, ...] = ()  # that listen on what pods are told
    policies: tuple[Manifest, ...] | None = None  # in our namespaces and that of the DNS pods
    probe_ips: Mapping[str, str] = field(default_factory=dict)  # by node
    pods_at: Mapping[str, str] = field(default_factory=dict)  # upstream: namespace/name
    rewritten: tuple[str, ...] = ()  # what was changed in our pods on their way into the API
    mutators: tuple[str, ...] | None = None  # webhooks and policies that may change pods
    places: tuple[Place, ...] = ()  # where answers go wrong, by asking hop by hop
    missing: Mapping[str, str] = field(default_factory=dict)  # fact: why it is not there

    # Commands for exactly this cluster

    @property
    def host_suffixes(self) -> list[str]:
        """The search suffixes of pods that come from their nodes, in order."""
        found = {suffix for conf in self.resolv_confs.values() for suffix in conf.search}
        return sorted(s for s in found if s != "." and not s.endswith(self.domain))

    @property
    def kubectl(self) -> str:
        """Kubectl for this cluster."""
        return f"kubectl --context {self.context}" if self.context else "kubectl"

    @property
    def ks(self) -> str:
        """Kubectl in the namespace of the cluster's DNS."""
        return f"{self.kubectl} -n {self.inventory.namespace}"

    @property
    def workload(self) -> str:
        """The workload as kubectl names it; empty where none was found."""
        found = self.inventory.workload
        return f"{kind_of(found)}/{found['metadata']['name']}" if found else ""

    @property
    def edit_corefile(self) -> str:
        """The command that opens the Corefile in an editor; words where no ConfigMap has it."""
        if self.inventory.config_map is None:
            return "edit the Corefile where the replicas read it; no ConfigMap of theirs was found"
        namespace, name = self.inventory.config_map
        return f"{self.kubectl} -n {namespace} edit configmap/{name}"

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels that select all replicas: what their workloads share, or the Service's."""
        each = [
            workload.get("spec", {}).get("selector", {}).get("matchLabels") or {}
            for workload in self.inventory.workloads
        ]
        first = each[0] if each else {}
        found = {k: v for k, v in first.items() if all(one.get(k) == v for one in each)}
        service = (self.inventory.service or {}).get("spec", {}).get("selector")
        return dict(found or service or {})

    @property
    def of_replicas(self) -> str:
        """What tells kubectl which pods the replicas are: their labels, else one of them."""
        if self.labels:
            return f"-l {','.join(f'{key}={value}' for key, value in self.labels.items())}"
        return next((str(pod["metadata"]["name"]) for pod in self.inventory.pods), "POD")

    @property
    def ports(self) -> str:
        """Where questions go, in words: the port of the Service, and of the replicas if another."""
        port = self.inventory.replica_port
        return "53" if port == 53 else f"53 ({port} at the replicas)"

    @property
    def rules_about_dns(self) -> str:
        """Commands for a node that show its packet filter's rules for these ports."""
        port = self.inventory.replica_port
        what = "-w 53" if port == 53 else f"-wE '53|{port}'"
        return f"iptables-save | grep {what}; nft list ruleset"

    # Views

    @property
    def failed(self) -> list[Trouble]:
        """The checks that failed."""
        return [trouble for trouble in self.troubles if trouble.outcome == "failed"]

    def troubles_about(self, *topics: str | All) -> list[Trouble]:
        """The troubles about any of these topics. Raises UnknownTopicError."""
        return [one for one in self.troubles if is_about(one, about(*topics))]

    def failed_about(self, *topics: str | All) -> list[Trouble]:
        """The failed checks about any of these topics. Raises UnknownTopicError."""
        return [one for one in self.failed if is_about(one, about(*topics))]

    @cached_property
    def reading(self) -> Reading | None:
        """The Corefile, where it can be read."""
        corefile = self.inventory.corefile
        return Reading(corefile) if isinstance(corefile, Corefile) else None

    @property
    def nodes(self) -> list[str]:
        """The nodes that questions were put from."""
        return sorted({talk.node for talk in self.talks} or set(self.resolv_confs))

    def said(self, kind: str = "known", **wanted: str) -> list[Talk]:
        """The talks of a kind with these values, such as node="w1" or transport="udp"."""
        return [t for t in self.talks if t.kind == kind and _has(t, wanted)]

    def to_service(self, kind: str = "known", **wanted: str) -> list[Talk]:
        """The talks with the DNS Service (or the nameserver that stands in for it)."""
        return [t for t in self.said(kind, **wanted) if t.server.startswith("service/")]

    def to_replicas(self, kind: str = "known", **wanted: str) -> list[Talk]:
        """The talks with replicas."""
        return [t for t in self.said(kind, **wanted) if t.server.startswith("pod/")]

    def reached(self, what: str, **wanted: str) -> list[Contact]:
        """The contacts of a kind with these values."""
        return [c for c in self.contacts if c.what == what and _has(c, wanted)]

    @cached_property
    def all_logs(self) -> str:
        """All that the replicas printed, those before the last restart included."""
        return "\n".join(self.logs.values())

    def log_lines(self, pattern: str, most: int = 2) -> list[str]:
        """The first few different lines of the replicas' logs that match, with the pod."""
        found: dict[str, str] = {}
        for pod, text in self.logs.items():
            for line in text.splitlines():
                if re.search(pattern, line):
                    found.setdefault(re.sub(r"\d+", "0", line), f"{pod} logs: {line.strip()[:200]}")
        return list(found.values())[:most]

    def events_with(self, pattern: str, most: int = 3) -> list[str]:
        """The first few events of which reason and message match."""
        lines = [
            f"{e['object']}: {e['reason']}: {e['message']}"
            for e in self.events or ()
            if not self._of_gone_replica(e)
        ]
        return list(dict.fromkeys(ln[:300] for ln in lines if re.search(pattern, ln)))[:most]

    def _of_gone_replica(self, event: Mapping[str, str]) -> bool:
        """Whether it is about a replica of before: events outlive pods by an hour."""
        if self.inventory.workload is None:
            return False
        named = self.inventory.workload["metadata"]["name"]
        name = event["object"].removeprefix("pod/")
        known = {pod["metadata"]["name"] for pod in self.inventory.pods}
        same_place = event["namespace"] == self.inventory.namespace
        return same_place and name.startswith(f"{named}-") and name not in known

    @property
    def replica_spec(self) -> Manifest:
        """The spec of the replicas' pods: that of one, else their workload's; {} for none."""
        template = (self.inventory.workload or {}).get("spec", {}).get("template") or {}
        first: Manifest = next(iter(self.inventory.pods), template)
        return dict(first.get("spec") or {})

    @cached_property
    def upstreams(self) -> dict[str, str]:
        """The addresses to which replicas forward what is outside: address, and where it stands.

        From the Corefile; where that names their resolv.conf from what their pods are given, and
        where it names another file from the nodes of the replicas.
        """
        told = {address for conf in self.resolv_confs.values() for address in conf.nameservers}
        cluster_dns = sorted(told) or self.inventory.cluster_ips
        found: dict[str, str] = {}
        for to in root_upstreams(self.reading) if self.reading else ():
            given: dict[str, str] = {}
            if to.startswith("/"):
                spec = self.replica_spec if to == RESOLV_CONF else {}
                given = nameservers(spec, self.node_confs or {}, cluster_dns)
            elif address := host_of(to):
                given = {address: f"forward . {to} in the Corefile"}
            found |= {each: why for each, why in given.items() if each not in found}
        return found

    @property
    def crashing(self) -> list[str]:
        """Replicas whose container waits in a back-off, ended with an error, or ended before."""
        found = []
        for pod in self.inventory.pods:
            for status in pod.get("status", {}).get("containerStatuses") or []:
                waiting = (status.get("state", {}).get("waiting") or {}).get("reason", "")
                ended = status.get("state", {}).get("terminated")
                if waiting in ("CrashLoopBackOff", "Error", "RunContainerError") or ended:
                    name = pod["metadata"]["name"]
                    found.append(f"{name}: {waiting or 'ended'}, {status['restartCount']} restarts")
        return found

    @property
    def unready(self) -> list[str]:
        """The replicas that are not ready."""
        return [p["metadata"]["name"] for p in self.inventory.pods if not is_ready(p)]

    # JSON

    def to_json(self) -> str:
        """Everything, as one JSON object."""
        document = pruned(replace(self, troubles=()))
        document["troubles"] = [trouble.to_document() for trouble in self.troubles]
        return json.dumps(document)

    @classmethod
    def from_json(cls, text: str) -> "Facts":
        """The facts of a JSON object."""
        document: dict[str, Any] = json.loads(text)
        tuples = ("nodes", "slices", "pods", "config_map", "folders", "further")
        inventory: dict[str, Any] = {
            k: tuple(v) if k in tuples and v is not None else v
            for k, v in document.pop("inventory").items()
        }
        inventory["told"] = Told(**inventory.get("told", {}))
        troubles = [Trouble.from_document(one) for one in document.pop("troubles")]
        confs = {
            name: None if document[name] is None else confs_of(document[name])
            for name in ("resolv_confs", "node_confs")
        }
        rows = {"paths": PathLoss, "talks": Talk, "contacts": Contact}
        made: dict[str, Any] = {
            name: tuple(row(**one) for one in document[name]) for name, row in rows.items()
        }
        for name in (
            "namespaces",
            "events",
            "api_slices",
            "kube_proxies",
            "node_local",
            "policies",
            "mutators",
        ):
            made[name] = None if document.get(name) is None else tuple(document[name])
        made["caches"] = tuple(map(CacheWorkload.from_document, document.get("caches", ())))
        made["rewritten"] = tuple(document.get("rewritten", ()))
        made["owned"] = {k: Owner(**one) for k, one in document.get("owned", {}).items()}
        made["places"] = tuple(map(Place.from_document, document.get("places", ())))
        known = {**document, **made, **confs}
        return cls(inventory=Inventory(**inventory), troubles=tuple(troubles), **known)

    @classmethod
    def read(cls, path: Path) -> "Facts":
        """Recorded facts. Raises OSError; ValueError, KeyError and TypeError for what is none."""
        return cls.from_json(path.read_text(encoding="utf-8"))


def kind_of(workload: Manifest) -> str:
    """The kind of a workload as kubectl writes it; lists of the API leave it out."""
    if kind := workload.get("kind"):
        return str(kind).lower()
    return "daemonset" if "desiredNumberScheduled" in workload.get("status", {}) else "deployment"


def _has(thing: object, wanted: Mapping[str, str]) -> bool:
    return all(getattr(thing, name) == value for name, value in wanted.items())


def nodes_in_words(nodes: Iterator[str] | set[str] | list[str]) -> str:
    """Names of nodes, each once, in order."""
    return ", ".join(sorted(set(nodes))) or "no node"
