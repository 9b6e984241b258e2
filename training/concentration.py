"""How far the contribution of a bank comes from few of its customers.

Source: five-factor.md, "Value tiers": 20% of customers bring about 80% of the benefit; the report shows the real curve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serving.tables import FloatArray


@dataclass(frozen=True, eq=False)
class Concentration:
    """Contributions of customers, the highest first, added up.

    Money in minor units. `earned` is what those bring who bring something, `lost` (0 or less) what the `losing`
    customers cost; `total` is both together. `running` is (customers,): the sum of the first one, two, ...
    """

    running: FloatArray
    earned: float
    lost: float
    losing: int

    @property
    def customers(self) -> int:
        """Customers whose contribution is known."""
        return len(self.running)

    @property
    def total(self) -> float:
        """What all of them bring."""
        return self.earned + self.lost

    @property
    def can_share(self) -> bool:
        """Whether shares of the total mean anything: not of a total of nothing or less."""
        return self.total > 0.0

    @property
    def fifth(self) -> int:
        """How many customers a fifth of them are, rounded up."""
        return -(-self.customers // 5)

    @property
    def fifth_share(self) -> float:
        """Share of the total that the highest fifth brings; above 1 where the others together cost."""
        return float(self.running[self.fifth - 1] / self.total)

    @property
    def for_most(self) -> int:
        """Fewest customers who bring 80% of the total."""
        return int(np.argmax(self.running * 5.0 >= self.total * 4.0)) + 1

    def curve(self, points: int = 400) -> tuple[FloatArray, FloatArray]:
        """Return shares of the customers and what they bring as shares of the total, both from 0 to 1."""
        places = np.unique(
            np.linspace(0, self.customers, min(points, self.customers + 1)).round().astype(int)
        )
        running = np.concatenate([[0.0], self.running])
        return places / self.customers, running[places] / self.total


def concentrate(contributions: FloatArray) -> Concentration:
    """Add up contributions, the highest first; what is not known is left out.

    Examples
    --------
    >>> found = concentrate(np.array([-10.0, 80.0, 20.0, np.nan, 10.0, 0.0]))
    >>> found.running.tolist(), found.fifth, found.fifth_share, found.for_most, found.losing, found.lost
    ([80.0, 100.0, 110.0, 110.0, 100.0], 1, 0.8, 1, 1, -10.0)
    """
    known = contributions[~np.isnan(contributions)]
    costs = known[known < 0.0]
    return Concentration(
        running=np.cumsum(np.sort(known)[::-1]),
        earned=float(known[known > 0.0].sum()),
        lost=float(costs.sum()),
        losing=len(costs),
    )
