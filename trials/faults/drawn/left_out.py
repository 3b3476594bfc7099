"""Plugins of CoreDNS that no fault is drawn of, each with the reason."""

from collections.abc import Mapping

_CLOUD = "asks a cloud's service, which a sealed cluster does not reach"
_FILES = "needs files that the replicas' ConfigMap does not hold"

LEFT_OUT: Mapping[str, str] = {
    "azure": _CLOUD,
    "clouddns": _CLOUD,
    "route53": _CLOUD,
    "etcd": "needs an etcd of its own",
    "dnstap": "needs a collector",
    "trace": "needs a collector",
    "auto": _FILES,
    "file": _FILES,
    "geoip": _FILES,
    "sign": _FILES,
    "tls": _FILES,
    "dnssec": _FILES,
    "tsig": "needs clients that sign their questions",
    "transfer": "does nothing without a zone to hand on",
}
