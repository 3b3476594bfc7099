"""Experiments: what takes time is tried in private CoreDNS instances while other checks run."""

from clusterdns.experiments.context import ExperimentContext
from clusterdns.experiments.runner import EXPERIMENTS, ExperimentRunner

__all__ = ["EXPERIMENTS", "ExperimentContext", "ExperimentRunner"]
