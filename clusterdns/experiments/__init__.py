"""Experiments: what takes time is tried in private CoreDNS instances while other checks run."""

from clusterdns.experiments.context import Bench
from clusterdns.experiments.runner import EXPERIMENTS, Laboratory

__all__ = ["EXPERIMENTS", "Bench", "Laboratory"]
