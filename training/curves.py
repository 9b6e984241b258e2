"""The points behind the plots: bins of a forecast, lift over the customers contacted, deciles of a change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
_NORMAL_95 = 1.959963984540054


def counted(rows: NDArray[np.intp]) -> str:
    """Write how many rows the parts hold.

    Examples
    --------
    >>> counted(np.array([150, 150])), counted(np.array([1150, 1149]))
    ('150', '1,149-1,150')
    """
    low, high = int(rows.min()), int(rows.max())
    return f"{low:,}" if low == high else f"{low:,}-{high:,}"


@dataclass(frozen=True, eq=False)
class Bins:
    """Rows in bins of (nearly) equal size, by rising forecast: means of forecast and outcome, rows."""

    forecast: FloatArray
    outcome: FloatArray
    rows: NDArray[np.intp]

    def interval(self) -> tuple[FloatArray, FloatArray]:
        """Return the ends of each bin's 95% interval of the outcome's mean.

        Wilson's for 0 or 1; for a share in 0..1, which varies less than that, it is wider than need be.

        Source: Wilson (1927), Probable inference, the law of succession, and statistical inference.
        """
        z2 = _NORMAL_95**2
        centre = (self.outcome + z2 / (2 * self.rows)) / (1 + z2 / self.rows)
        spread = self.outcome * (1 - self.outcome) / self.rows + z2 / (4.0 * self.rows**2)
        half = _NORMAL_95 / (1 + z2 / self.rows) * np.sqrt(spread)
        # The ends are the outcome itself where it is 0 or 1, but for rounding.
        return np.minimum(centre - half, self.outcome), np.maximum(centre + half, self.outcome)


def bins(forecast: FloatArray, outcome: FloatArray, count: int = 10) -> Bins:
    """Put rows into bins of equal size by rising forecast: those of the calibration error `ece`.

    Examples
    --------
    >>> found = bins(np.array([0.2, 0.8, 0.4, 0.6]), np.array([0.0, 1.0, 1.0, 1.0]), count=2)
    >>> found.forecast.round(2).tolist(), found.outcome.tolist(), found.rows.tolist()
    ([0.3, 0.7], [0.5, 1.0], [2, 2])
    """
    parts = equal_parts(forecast, count)
    return Bins(
        forecast=np.array([forecast[part].mean() for part in parts]),
        outcome=np.array([outcome[part].mean() for part in parts]),
        rows=np.array([len(part) for part in parts]),
    )


def lift(label: FloatArray, score: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Share of customers taken by falling score, and how much more often they have the event than all.

    Customers with equal scores are taken in no order: among them the event comes at their mean rate.

    Examples
    --------
    >>> share, times = lift(np.array([1.0, 0.0, 1.0, 0.0]), np.array([3.0, 2.0, 2.0, 1.0]))
    >>> share.tolist(), times.round(3).tolist()
    ([0.25, 0.75, 1.0], [2.0, 1.333, 1.0])
    """
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    share = (ends + 1) / len(score)
    caught = np.cumsum(label[order])[ends] / label.sum()
    return share, caught / share


def lift_at(label: FloatArray, score: FloatArray, shares: FloatArray) -> FloatArray:
    """Lift at chosen shares of the customers, straight lines of events caught between equal scores.

    Examples
    --------
    >>> lift_at(np.array([1.0, 0.0, 1.0, 0.0]), np.array([2.0, 2.0, 1.0, 1.0]), np.array([0.25, 1.0])).tolist()
    [1.0, 1.0]
    """
    share, times = lift(label, score)
    caught = np.interp(shares, np.append(0.0, share), np.append(0.0, share * times))
    return np.asarray(caught / shares, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Deciles:
    """Tenths of the customers by expected change: means of expectation, interval and outcome, and rows."""

    expected: FloatArray
    low: FloatArray
    high: FloatArray
    realised: FloatArray
    rows: NDArray[np.intp]


def deciles(expected: FloatArray, low: FloatArray, high: FloatArray, realised: FloatArray) -> Deciles:
    """Put rows into tenths by rising expected change."""
    parts = equal_parts(expected, 10)

    def mean(values: FloatArray) -> FloatArray:
        return np.array([values[part].mean() for part in parts])

    rows = np.array([len(part) for part in parts])
    return Deciles(mean(expected), mean(low), mean(high), mean(realised), rows)


def equal_parts(by: FloatArray, count: int) -> list[NDArray[np.intp]]:
    """Positions in parts of equal size by rising value; empty parts left out."""
    order = np.argsort(by, kind="stable")
    return [part for part in np.array_split(order, count) if len(part)]
