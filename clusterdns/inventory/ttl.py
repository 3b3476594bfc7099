"""How long the records of the cluster's zone may be kept, by what the Corefile says."""

from clusterdns.corefile import Corefile, Reading


def longest_ttl(corefile: Corefile, name: str) -> int:
    """The largest TTL in seconds that an answer for this name may have.

    That of the kubernetes plugin; a cache in the same server block gives no less than its floor
    of 5 s, also to zones that it does not keep (plugin/cache/handler.go, 1.12.1).
    """
    reading = Reading(corefile)
    kubernetes = reading.kubernetes(name)
    own = kubernetes.ttl if kubernetes else 3600
    cache = reading.cache(name)
    return max(own, cache.success_floor, cache.denial_floor) if cache else own
