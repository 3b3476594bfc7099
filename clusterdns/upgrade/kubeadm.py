"""What kubeadm makes of this cluster's Corefile and Deployment when Kubernetes is upgraded.

The decision is that of cmd/kubeadm/app/phases (upgrade/preflight.go, addons/dns/dns.go) of
Kubernetes 1.32 to 1.35: two checks before the upgrade, then the add-on.
"""

import re
from dataclasses import dataclass
from typing import Literal

from clusterdns.upgrade import migration
from clusterdns.upgrade.target import Kubeadm

# refused: kubeadm's own check ends the upgrade. default: its new default Corefile takes the place.
# migrated: the Corefile is rewritten. kept: it stays, and the Deployment is renewed. left: it
# stays, and so does the old Deployment, with a line in a log and no other word.
Kind = Literal["refused", "default", "migrated", "kept", "left"]
TAG = re.compile(r"^.*?(?::(\w[\w.-]*))?(?:@sha256:[a-fA-F\d]{64})?$", re.ASCII)


@dataclass(frozen=True)
class Decision:
    """What kubeadm does. ``unsupported``: what its library does not know, as PLUGIN.OPTION.

    ``text``: the Corefile as it is written, where it is migrated. ``why``: the library's words
    where it gives up, and what demands a migration. ``anyway``: what follows where a check that
    refuses is ignored (--ignore-preflight-errors).
    """

    kind: Kind
    unsupported: tuple[str, ...] = ()
    text: str | None = None
    why: str = ""
    anyway: Kind | None = None


def tag_of(image: str) -> str:
    """The tag of an image as kubeadm reads it; empty where there is none."""
    found = TAG.match(image)
    return (found[1] or "") if found else ""


def default_corefile(domain: str) -> str:
    """The Corefile that kubeadm 1.32 to 1.36 writes, for a cluster domain (without a final dot)."""
    return f""".:53 {{
    errors
    health {{
       lameduck 5s
    }}
    ready
    kubernetes {domain} in-addr.arpa ip6.arpa {{
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }}
    prometheus :9153
    forward . /etc/resolv.conf {{
       max_concurrent 1000
    }}
    cache 30 {{
       disable success {domain}
       disable denial {domain}
    }}
    loop
    reload
    loadbalance
}}
"""


def decide(kubeadm: Kubeadm, tag: str, corefile: str) -> Decision:
    """What kubeadm does, for the tag of the running image and the Corefile of the ConfigMap.

    Raises ValueError where its library is not known here (see kubeadm.toml).
    """
    if not kubeadm.migration:
        raise ValueError(f"how kubeadm {kubeadm.kubernetes} decides was not read")
    running, blocks = tag.lstrip("v"), migration.blocks_of(corefile)
    usual: Kind = "default" if migration.is_default(corefile) else "kept"
    if running == kubeadm.coredns:
        return Decision(usual)
    found = migration.library(kubeadm.migration, kubeadm.coredns)
    try:
        way = found.way(running, kubeadm.coredns)
    except migration.NotMigratedError as error:
        return Decision("refused", why=str(error))
    strange = tuple(migration.unsupported(found, way, blocks))
    why = "; ".join(migration.demanded(found, way, blocks))
    kind: Kind = usual
    text = None
    if usual == "kept" and why:
        # The check takes the v off the tag, what migrates does not: then it gives up.
        kind = "left" if tag.startswith("v") else "migrated"
        text = migration.migrated(found, way, blocks) if kind == "migrated" else None
        why = f"{why}; start version '{tag}' not supported" if kind == "left" else why
    if strange:
        return Decision("refused", strange, text, why, anyway=kind)
    return Decision(kind, (), text, why)
