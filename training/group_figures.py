"""What groups of customers look like at a date: their mean scores, marked, their sizes and their risk.

Source: five-factor.md, "Groups": the group score table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.groups import marked
from serving.tables import FloatArray


@dataclass(frozen=True, eq=False)
class Customers:
    """What is known of customers at a date, one row each; NaN where it is not known.

    `scores` by factor are 0-1000, `group` is a number, `contribution` the current one in minor units a year, `churn` a
    probability.
    """

    scores: Mapping[str, FloatArray]
    group: FloatArray
    contribution: FloatArray
    churn: FloatArray


@dataclass(frozen=True, eq=False)
class GroupFigures:
    """The group score table: `means` (factors, groups), and `population`, the means of everyone in a group.

    `customers` and `churn` (a mean probability) are by group. NaN where a group is empty or nothing is known of it; an
    empty group neither leads nor trails.
    """

    factors: tuple[str, ...]
    numbers: tuple[int, ...]
    customers: NDArray[np.int64]
    means: FloatArray
    population: FloatArray
    leading: NDArray[np.bool_]
    trailing: NDArray[np.bool_]
    churn: FloatArray

    @property
    def shares(self) -> FloatArray:
        """Share of each group among the customers who are in one."""
        return np.asarray(self.customers / max(1, int(self.customers.sum())), np.float64)

    def row(self, factor: str) -> FloatArray:
        """Mean scores of the groups on one factor."""
        means: FloatArray = self.means[self.factors.index(factor)]
        return means

    def mark(self, factor: int, group: int) -> str:
        """Return "leading", "trailing" or "" of a cell, both by place."""
        if self.leading[factor, group]:
            return "leading"
        return "trailing" if self.trailing[factor, group] else ""


def group_figures(customers: Customers, numbers: Sequence[int], marked_share: float) -> GroupFigures:
    """Make the group score table of customers at a date.

    Only customers who are in a group count, in the means of the whole population too.

    Parameters
    ----------
    numbers
        Numbers of all groups, in the order of the columns; some may have no customer today.
    marked_share
        See `serving.groups.marked`; of the groups that have customers.

    Examples
    --------
    >>> three = np.array([900.0, 700.0, 100.0])
    >>> found = group_figures(Customers({"loyalty": three}, np.array([1.0, 1.0, 3.0]), three, three), (1, 2, 3), 0.5)
    >>> found.customers.tolist(), found.means[0].tolist(), found.mark(0, 0), found.mark(0, 2)
    ([2, 0, 1], [800.0, nan, 100.0], 'leading', 'trailing')
    """
    factors = tuple(customers.scores)
    members = [customers.group == number for number in numbers]
    anyone = np.isin(customers.group, numbers)
    means = np.array([[_mean(score[is_in]) for is_in in members] for score in customers.scores.values()])
    leading, trailing = np.zeros(means.shape, np.bool_), np.zeros(means.shape, np.bool_)
    for row, values in enumerate(means):
        has = np.flatnonzero(~np.isnan(values))
        lead, trail = marked(values[has, None], marked_share)
        leading[row, has], trailing[row, has] = lead.ravel(), trail.ravel()
    return GroupFigures(
        factors=factors,
        numbers=tuple(numbers),
        customers=np.array([int(is_in.sum()) for is_in in members], np.int64),
        means=means,
        population=np.array([_mean(score[anyone]) for score in customers.scores.values()]),
        leading=leading,
        trailing=trailing,
        churn=np.array([_mean(customers.churn[is_in]) for is_in in members]),
    )


def _mean(values: FloatArray) -> float:
    """Mean of what is known; NaN where nothing is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
