"""From a margin to a probability or a share, and from residuals to an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize
from scipy.special import expit

from training.errors import TrainingError

FloatArray = NDArray[np.float64]
LEVELS = 3
"""Earlier dates at which a level is tried."""

FAR = 30.0
"""Log-odds beyond which a probability is 0 or 1 to the last bit that matters."""


@dataclass(frozen=True)
class Sigmoid:
    """probability = sigmoid(slope x margin + shift): strictly increasing, so ranks never change."""

    slope: float
    shift: float

    @property
    def knots(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Margins and logits of two knots; the map is a straight line through them."""
        return (-1.0, 1.0), (self.shift - self.slope, self.shift + self.slope)


def fit_sigmoid(margin: FloatArray, label: FloatArray) -> Sigmoid:
    """Fit slope and shift by least cross-entropy on held-out rows; labels may be shares in 0..1.

    Raises
    ------
    TrainingError
        The labels do not rise with the margin: the model says nothing about the held-out customers.

    Source: Platt (1999), Probabilistic outputs for support vector machines.
    """

    def loss(parameters: FloatArray) -> tuple[float, FloatArray]:
        logit = parameters[0] * margin + parameters[1]
        error = expit(logit) - label
        value = float(np.mean(np.logaddexp(0.0, logit) - label * logit))
        return value, np.array([np.mean(error * margin), np.mean(error)])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS")
    slope, shift = float(found.x[0]), float(found.x[1])
    if not (np.isfinite(slope) and np.isfinite(shift)) or slope <= 0:
        raise TrainingError(
            f"calibration: expected held-out labels that rise with the margin; got a slope of {slope:.4f}. "
            "The features say nothing about this label: check the target's definition and the tables."
        )
    return Sigmoid(slope=slope, shift=shift)


def at_newest_level(
    whole: Sigmoid, margin: FloatArray, label: FloatArray, as_of: NDArray[np.datetime64], purge_days: int
) -> tuple[Sigmoid, bool]:
    """Move a calibration to the level of the newest date, where that would have been better at earlier dates.

    At each of up to three newest dates that have ripe dates before them, the level of all rows before is compared with
    that of the newest of those dates alone, by log loss. The newest level is taken where it is better by more than one
    standard error of the mean.

    Parameters
    ----------
    whole
        The calibration of all rows.
    margin, label, as_of
        (rows,) of held-out margins.
    purge_days
        Gap + horizon: a label is known that much later.

    Returns
    -------
    The calibration, and whether it was moved.
    """
    dates = np.unique(as_of)
    gains: list[FloatArray] = []
    for day in dates[::-1]:
        before = dates[dates <= day - np.timedelta64(max(1, purge_days), "D")]
        if len(before) < 2 or len(gains) == LEVELS:
            continue
        losses = []
        for rows in (as_of <= before[-1], as_of == before[-1]):
            moved = _moved(whole, margin[rows], label[rows])
            if moved is None:
                break
            losses.append(_losses(moved, margin[as_of == day], label[as_of == day]))
        if len(losses) == 2:
            gains.append(losses[0] - losses[1])
    newest = _moved(whole, margin[as_of == dates[-1]], label[as_of == dates[-1]])
    if not gains or newest is None:
        return whole, False
    gain = np.concatenate(gains)
    if gain.mean() <= gain.std() / np.sqrt(len(gain)):
        return whole, False
    return newest, True


def _moved(whole: Sigmoid, margin: FloatArray, label: FloatArray) -> Sigmoid | None:
    """Return the same slope with the shift at which the mean forecast is the mean label; None at 0 or 1."""
    rate = float(label.mean())
    if not 0.0 < rate < 1.0:
        return None
    logit = whole.slope * margin
    shift = brentq(
        lambda moved: float(expit(logit + moved).mean()) - rate, -FAR - logit.max(), FAR - logit.min()
    )
    return Sigmoid(whole.slope, float(shift))


def _losses(calibration: Sigmoid, margin: FloatArray, label: FloatArray) -> FloatArray:
    logit = calibration.slope * margin + calibration.shift
    return np.asarray(np.logaddexp(0.0, logit) - label * logit)


def residual_interval(residual: FloatArray, level: float) -> tuple[float, float]:
    """Return the offsets that hold `level` of the residuals, as many below as above (split conformal).

    Examples
    --------
    >>> residual_interval(np.arange(-50.0, 51.0), 0.8)
    (-41.0, 41.0)
    """
    ordered = np.sort(residual)
    n = len(ordered)
    tail = (1.0 - level) / 2.0
    low = max(int(np.floor(tail * (n + 1))) - 1, 0)
    high = min(int(np.ceil((1.0 - tail) * (n + 1))) - 1, n - 1)
    return float(ordered[low]), float(ordered[high])
