"""Experiments: what takes time is tried in private CoreDNS instances while other checks run."""

from clusterdns.experiments.bench import Bench
from clusterdns.experiments.laboratory import EXPERIMENTS, Laboratory

__all__ = ["EXPERIMENTS", "Bench", "Laboratory"]
