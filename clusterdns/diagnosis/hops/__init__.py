"""The hop that changes an answer: found by asking each hop directly, proved by two answers."""

from clusterdns.diagnosis.hops.place import Heard, Hop, Place

__all__ = ["Heard", "Hop", "Place"]
