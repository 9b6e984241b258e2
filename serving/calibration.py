"""From a model's margin to what is reported: probability, share or amount, band and percentile.

Only additions, multiplications, divisions and roundings, element by element: a prediction has the same bits
alone and in a million, on every machine. NumPy's and the C library's `exp` promise neither.
"""

from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass

from serving.errors import BundleError
from serving.manifest import STRICT, Bands, TargetSpec
from serving.tables import FloatArray

QUANTILES = 1001
BANDS = ("low", "medium", "high")
_SATURATED = 700.0  # logits beyond it change a probability by less than 1e-304


@dataclass(frozen=True, config=STRICT)
class Knots:
    """A monotone map of margins to logits: straight between knots, and on along the first and last piece."""

    margin: tuple[float, ...]
    logit: tuple[float, ...]

    @cached_property
    def pieces(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Margin and logit at the left end of each piece, and its slope."""
        margin, logit = np.array(self.margin), np.array(self.logit)
        return margin[:-1], logit[:-1], np.diff(logit) / np.diff(margin)


@dataclass(frozen=True, config=STRICT)
class Interval:
    """Offsets of the interval from the margin, in units of the row's scale; it holds with share `level`."""

    level: float
    low: float
    high: float


@dataclass(frozen=True, config=STRICT)
class Scale:
    """A row's scale: the sum of these features (null counts 0), and at least `floor`; minor units."""

    floor: float
    features: tuple[str, ...]


@dataclass(frozen=True, config=STRICT)
class Calibration:
    """How one model's margin is read: `knots` for probabilities and shares, the rest for amounts.

    `quantiles` are 1001 evenly spaced quantiles of the reference population's predictions.
    """

    knots: Knots | None
    interval: Interval | None
    scale: Scale | None
    quantiles: tuple[float, ...]


def check_calibration(calibration: Calibration, target: TargetSpec, names: tuple[str, ...]) -> None:
    """Refuse a calibration that does not fit its target."""
    knots, interval, scale = calibration.knots, calibration.interval, calibration.scale
    is_amount = target.kind == "amount"
    rules = {
        "knots for a probability or share only": (knots is None) == is_amount,
        "interval and scale for an amount only": (interval is not None) == (scale is not None) == is_amount,
        f"{QUANTILES} quantiles in order": len(calibration.quantiles) == QUANTILES
        and all(low <= high for low, high in pairwise(calibration.quantiles)),
        "bands for a probability only": target.bands is None or target.kind == "probability",
    }
    if knots is not None:
        rules["two knots or more, as many margins as logits"] = 2 <= len(knots.margin) == len(knots.logit)
        rules["margins that rise"] = all(low < high for low, high in pairwise(knots.margin))
        rules["logits that never fall"] = all(low <= high for low, high in pairwise(knots.logit))
    if interval is not None:
        rules["a level between 0 and 1"] = 0.0 < interval.level < 1.0
        rules["low at most high"] = interval.low <= interval.high
    if scale is not None:
        rules["a floor above 0"] = scale.floor > 0.0
        rules["scale features of the bundle"] = set(scale.features) <= set(names)
    broken = [rule for rule, is_kept in rules.items() if not is_kept]
    if broken:
        raise BundleError(
            f"calibration of {target.key}: expected {'; '.join(broken)}. Calibrate the model again."
        )


def calibrated(knots: Knots, margin: FloatArray) -> FloatArray:
    """Probability or share of each margin: sigmoid of the knots' straight pieces.

    Examples
    --------
    >>> calibrated(Knots(margin=(0.0, 1.0), logit=(0.0, 2.0)), np.array([-0.5, 0.0])).round(4).tolist()
    [0.2689, 0.5]
    """
    start, logit, slope = knots.pieces
    piece = np.searchsorted(start[1:], margin, side="right")
    return sigmoid(logit[piece] + slope[piece] * (margin - start[piece]))


def sigmoid(logit: FloatArray) -> FloatArray:
    """1 / (1 + exp(-logit)).

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).round(9).tolist()
    [0.0, 0.5, 1.0]
    """
    small = _exp(-np.minimum(np.abs(logit), _SATURATED))
    return np.where(logit >= 0.0, 1.0, small) / (1.0 + small)


def _exp(x: FloatArray) -> FloatArray:
    """Exponential for -700 <= x <= 0, to the last place or two.

    Source: FDLIBM e_exp.c (Sun Microsystems, 1993): x = k ln2 + r, and a rational approximation for r.
    """
    k = np.rint(x * 1.44269504088896338700)
    high = x - k * 6.93147180369123816490e-01
    low = k * 1.90821492927058770002e-10
    r = high - low
    t = r * r
    tail = 6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08)
    c = r - t * (1.66666666666666019037e-01 + t * (-2.77777777770155933842e-03 + t * tail))
    near_one = 1.0 - ((low - (r * c) / (2.0 - c)) - high)
    return np.ldexp(near_one, k.astype(np.int32))


def row_scale(scale: Scale, values: FloatArray, columns: NDArray[np.intp]) -> FloatArray:
    """Scale of each row of `values`; `columns` are the positions of the scale's features."""
    total = np.zeros(len(values))
    for column in columns:
        total = total + np.nan_to_num(values[:, column], nan=0.0)
    return np.maximum(total, scale.floor)


def percentiles(quantiles: FloatArray, prediction: FloatArray) -> FloatArray:
    """Position among the reference population, 0..100 with one decimal; equal values count half.

    Examples
    --------
    >>> percentiles(np.arange(1001.0), np.array([-1.0, 500.0, 2000.0])).tolist()
    [0.0, 50.0, 100.0]
    """
    below = np.searchsorted(quantiles, prediction, side="left")
    up_to = np.searchsorted(quantiles, prediction, side="right")
    return np.rint((below + up_to) * 500.0 / len(quantiles)) / 10.0


def band_codes(bands: Bands, prediction: FloatArray) -> NDArray[np.intp]:
    """Position of each prediction's band in `BANDS`."""
    return np.searchsorted(np.array([bands.medium_from, bands.high_from]), prediction, side="right")
