"""The simulated bank before its first month: everything that is fixed from the start."""

from dataclasses import dataclass

from pipelines.sources.simulated.days import Calendar
from pipelines.sources.simulated.mishaps import Mishaps
from pipelines.sources.simulated.population import Population
from pipelines.sources.simulated.rates import Rates
from pipelines.sources.simulated.staff import Branches, Staff
from pipelines.sources.simulated.streams import Streams
from pipelines.sources.simulated.world import World


@dataclass(frozen=True)
class Bank:
    """Everything that is fixed before the first month."""

    calendar: Calendar
    streams: Streams
    rates: Rates
    world: World
    population: Population
    branches: Branches
    staff: Staff
    mishaps: Mishaps
