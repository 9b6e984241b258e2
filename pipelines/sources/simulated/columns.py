"""Arrays of one length that belong together: a place per customer, per event, or whatever the rows are."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from pipelines.sources.simulated.days import Days


@dataclass(frozen=True)
class Columns:
    """Base of the simulation's records: every field is an array, and all have the same length."""

    def rows(self, places: Days) -> Self:
        """Take some rows of every array."""
        return type(self)(**{field.name: getattr(self, field.name)[places] for field in fields(self)})

    @classmethod
    def stack(cls, parts: Sequence[Self]) -> Self:
        """Put records one below another."""
        return cls(
            **{
                field.name: np.concatenate([getattr(part, field.name) for part in parts])
                for field in fields(cls)
            }
        )
