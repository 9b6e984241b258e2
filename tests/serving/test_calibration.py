import math
from dataclasses import replace

import numpy as np
import pytest

from serving.calibration import (
    Calibration,
    Interval,
    Knots,
    Scale,
    band_codes,
    calibrated,
    check_calibration,
    percentiles,
    row_scale,
    sigmoid,
)
from serving.errors import BundleError
from serving.manifest import Bands, TargetSpec

CHURN = TargetSpec("churn_90", "churn", 90, 0, "probability", Bands(0.05, 0.15))
GROWTH = TargetSpec("growth_180", "growth", 180, 0, "amount", None)
RISING = tuple(i / 1000 for i in range(1001))
OF_CHURN = Calibration(Knots((0.0, 1.0), (0.0, 2.0)), None, None, RISING)
OF_GROWTH = Calibration(None, Interval(0.8, -1.0, 2.0), Scale(100.0, ("a", "c")), RISING)


def test_sigmoid_is_right_to_a_few_last_places() -> None:
    logits = np.concatenate([np.linspace(-50, 50, 20_001), np.linspace(-700, 700, 1_401)])
    exact = np.array([1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z)) for z in logits])
    assert (np.abs(sigmoid(logits) - exact) <= 4 * np.spacing(exact)).all()
    assert (np.diff(sigmoid(np.linspace(-30, 30, 5_001))) >= 0).all()


@pytest.mark.parametrize("size", [*range(1, 70), 128, 255, 256, 257, 1_000])
def test_calibration_has_the_same_bits_in_every_batch(size: int) -> None:
    knots = Knots((-3.0, -0.7, 0.1, 2.3), (-4.1, -0.9, -0.9, 3.3))
    margin = np.random.default_rng(size).normal(scale=3.0, size=size)
    whole = calibrated(knots, margin)
    alone = np.concatenate([calibrated(knots, margin[i : i + 1]) for i in range(size)])
    assert whole.tobytes() == alone.tobytes()
    assert whole[::2].tobytes() == calibrated(knots, margin[::2]).tobytes()


def test_knots_are_joined_by_straight_lines_that_go_on_at_both_ends() -> None:
    """Slopes 2 and 1: margins -1, 0, 0.5, 1, 3, 5 give logits -2, 0, 1, 2, 4, 6."""
    found = calibrated(Knots((0.0, 1.0, 3.0), (0.0, 2.0, 4.0)), np.array([-1.0, 0.0, 0.5, 1.0, 3.0, 5.0]))
    assert found == pytest.approx([1 / (1 + math.exp(-z)) for z in (-2, 0, 1, 2, 4, 6)], abs=1e-15)


def test_a_row_is_scaled_by_its_amounts_and_at_least_the_floor() -> None:
    """Null counts 0: 300 + 50, 300 + nothing, nothing at all, and a debt below the floor."""
    values = np.array([[300.0, 9.0, 50.0], [300.0, 9.0, np.nan], [np.nan, 9.0, np.nan], [-500.0, 9.0, 0.0]])
    assert row_scale(Scale(100.0, ("a", "c")), values, np.array([0, 2])).tolist() == [
        350.0,
        300.0,
        100.0,
        100.0,
    ]


def test_a_percentile_counts_equal_values_half() -> None:
    """Of 1001 quantiles 500 are below 0.5 and one equal: 500.5 / 1001 = 50.0%; for 0: 0.5 / 1001 = 0.0%."""
    found = percentiles(np.array(RISING), np.array([0.5, 0.0, 1.0, 0.9995, 2.0]))
    assert found.tolist() == [50.0, 0.0, 100.0, 99.9, 100.0]
    assert percentiles(np.zeros(1001), np.array([0.0])).tolist() == [50.0]


def test_a_band_begins_at_its_threshold() -> None:
    found = band_codes(
        Bands(0.05, 0.15), np.array([np.nextafter(0.05, 0), 0.05, np.nextafter(0.15, 0), 0.15])
    )
    assert found.tolist() == [0, 1, 1, 2]


@pytest.mark.parametrize(
    ("calibration", "target", "expected"),
    [
        (replace(OF_CHURN, knots=None), CHURN, "knots for a probability or share only"),
        (OF_GROWTH, CHURN, "interval and scale for an amount only"),
        (OF_CHURN, GROWTH, "knots for a probability or share only"),
        (replace(OF_GROWTH, scale=None), GROWTH, "interval and scale for an amount only"),
        (replace(OF_CHURN, quantiles=RISING[1:]), CHURN, "1001 quantiles in order"),
        (replace(OF_CHURN, quantiles=RISING[::-1]), CHURN, "1001 quantiles in order"),
        (replace(OF_CHURN, knots=Knots((0.0,), (0.0,))), CHURN, "two knots or more"),
        (replace(OF_CHURN, knots=Knots((0.0, 0.0), (0.0, 1.0))), CHURN, "margins that rise"),
        (replace(OF_CHURN, knots=Knots((0.0, 1.0), (1.0, 0.0))), CHURN, "logits that never fall"),
        (replace(OF_GROWTH, interval=Interval(1.0, -1.0, 1.0)), GROWTH, "a level between 0 and 1"),
        (replace(OF_GROWTH, interval=Interval(0.8, 1.0, -1.0)), GROWTH, "low at most high"),
        (replace(OF_GROWTH, scale=Scale(0.0, ("a",))), GROWTH, "a floor above 0"),
        (replace(OF_GROWTH, scale=Scale(1.0, ("x",))), GROWTH, "scale features of the bundle"),
        (OF_GROWTH, replace(GROWTH, bands=Bands(0.1, 0.2)), "bands for a probability only"),
    ],
)
def test_a_calibration_that_does_not_fit_is_refused(
    calibration: Calibration, target: TargetSpec, expected: str
) -> None:
    check_calibration(OF_CHURN, CHURN, ("a", "b", "c"))
    check_calibration(OF_GROWTH, GROWTH, ("a", "b", "c"))
    with pytest.raises(BundleError, match=f"calibration of {target.key}: expected .*{expected}"):
        check_calibration(calibration, target, ("a", "b", "c"))
