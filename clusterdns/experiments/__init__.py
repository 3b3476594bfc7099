"""Experiments: what takes time is tried in private CoreDNS instances while other checks run."""

from clusterdns.experiments.context import ExperimentContext
from clusterdns.experiments.experiment import Experiment
from clusterdns.experiments.registry import EXPERIMENTS
from clusterdns.experiments.runner import ExperimentRunner

__all__ = ["EXPERIMENTS", "Experiment", "ExperimentContext", "ExperimentRunner"]
