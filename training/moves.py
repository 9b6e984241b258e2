"""Who was where at one date and is where at a later one: moves between tiers, and between groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

State = TypeVar("State", bound=int | str)


@dataclass(frozen=True, eq=False)
class Moves(Generic[State]):
    """Customers by where they were and where they are: `counts` (states + 1, states + 1), from a row to a column.

    `states` lie highest first. The last row holds those who were in none before (not there yet, or not scored), the
    last column those who are in none now; who was and is in none is not counted.
    """

    before: date
    now: date
    states: tuple[State, ...]
    counts: NDArray[np.int64]

    @property
    def up(self) -> int:
        """Customers who moved to a higher state."""
        return int(np.tril(self.counts[:-1, :-1], -1).sum())

    @property
    def down(self) -> int:
        """Customers who moved to a lower state."""
        return int(np.triu(self.counts[:-1, :-1], 1).sum())

    @property
    def moved(self) -> int:
        """Customers who were in another state before."""
        return self.up + self.down

    @property
    def stayed(self) -> int:
        """Customers who are where they were."""
        return int(np.trace(self.counts))


def count_moves(
    before: Mapping[str, State | None],
    now: Mapping[str, State | None],
    states: Sequence[State],
) -> NDArray[np.int64]:
    """Count customers by where they were and are; see `Moves`. Who is missing at a date is in none there.

    Parameters
    ----------
    before, now
        State by customer; None where there is none.

    Examples
    --------
    >>> before = {"a": "key", "b": "key", "c": None}
    >>> count_moves(before, {"a": "key", "b": "exit", "c": "exit"}, ("key", "exit")).tolist()
    [[1, 1, 0], [0, 0, 0], [0, 1, 0]]
    """
    place: dict[State | None, int] = {state: number for number, state in enumerate(states)}
    place[None] = len(states)
    counts = np.zeros((len(place), len(place)), np.int64)
    pairs = Counter((before.get(one), now.get(one)) for one in {**before, **now})
    for (was, is_now), customers in pairs.items():
        counts[place[was], place[is_now]] = customers
    counts[-1, -1] = 0
    return counts
