"""From a margin to a probability or a share, and from residuals to an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from training.errors import TrainingError

FloatArray = NDArray[np.float64]


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
