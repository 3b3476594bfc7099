"""Faults of the catalogue that are not made here, each with the reason."""

from trials.faults.mutant import Impossible

_OWN = "an object of a user's own, which the suite never looks at; cluster DNS works as it should"
_OLD = "shows only with a release of CoreDNS or Kubernetes that no local image has"
_CNI = "needs a pod network that the local cluster does not have"
_LEGAL = "a legal choice: the suite takes its expectations from the Corefile"

IMPOSSIBLE = (
    Impossible("ndots5-amplification", "works as designed; the suite measures it (test_ndots)"),
    Impossible("search-dot-musl", "kubelets since 1.25.1 no longer hand on a search domain `.`"),
    Impossible("musl-no-tcp", "needs a musl before 1.2.4; Debian has none that old"),
    Impossible("hostnetwork-clusterfirst", _OWN),
    Impossible("mdns-local", "lies in a user's image (nsswitch.conf), not in the cluster"),
    Impossible("stale-conntrack-udp", "seen only by a client that keeps one source port for long"),
    Impossible("conntrack-table-full", "the table is the whole host's, not one node's"),
    Impossible("rp-filter", "needs a second network per node with asymmetric routes"),
    Impossible("ipvs-udp-lag", "needs IPVS modules in the host's kernel"),
    Impossible("kubeadm-migration-blocked", "a fault of an upgrade, before DNS changes"),
    Impossible("pods-disabled", _LEGAL),
    Impossible("headless-not-ready", _OWN),
    Impossible("negative-cache", "a cache of 30 s for denials was kubeadm's default for years"),
    Impossible("autopath-wrong", "shows only when an address changes hands between namespaces"),
    Impossible("externalname-ip", _OWN),
    Impossible("externalname-dangling", _OWN),
    Impossible("externalname-catches-subnames", _OLD),
    Impossible("sts-servicename-mismatch", _OWN),
    Impossible("wildcard-query", "was removed in CoreDNS 1.9.0: nothing to break"),
    Impossible("aaaa-unroutable", "lies in the records of one name outside the cluster"),
    Impossible("upstream-oversize-udp", "lies in the answers to some names outside the cluster"),
    Impossible("upstream-rate-limit", "a quota of a cloud's network interface"),
    Impossible("nodelocal-notrack-policy", _CNI),
    Impossible("nodelocal-iptables-growth", "a defect of one release of the cache"),
    Impossible("cilium-dns-proxy", _CNI),
    Impossible("kubedns-dnsmasq-limit", _OLD),
    Impossible("kubedns-stub-externalname", _OLD),
    Impossible("dual-stack-aaaa-missing", _OLD),
    Impossible("api-family-mismatch", "kubeadm cannot be talked into it"),
)
