"""The simulated bank: a bank worth learning from, made up from a seed, with the truth behind it."""

from pipelines.sources.simulated.run import SimulationReport, simulate

__all__ = ["SimulationReport", "simulate"]
