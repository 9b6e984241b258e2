"""The level of a calibration follows the newest date only where that was better before."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from training.calibrate import Sigmoid, at_newest_level, fit_sigmoid


def _months(levels: list[float], rows: int = 2_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Margins, labels and dates a month apart; the log-odds of each date lie higher by its level."""
    draw = np.random.default_rng(5)
    margin = draw.normal(size=rows * len(levels))
    level = np.repeat(levels, rows)
    label = (draw.random(len(margin)) < expit(margin + level)).astype(np.float64)
    first = np.datetime64("2025-01-01")
    as_of = first + np.repeat(np.arange(len(levels)) * 30, rows).astype("timedelta64[D]")
    return margin, label, as_of


def test_where_the_level_climbs_the_newest_date_gives_it() -> None:
    margin, label, as_of = _months([-3.0, -2.5, -2.0, -1.5, -1.0, -0.5])
    whole = fit_sigmoid(margin, label)
    moved, is_newest = at_newest_level(whole, margin, label, as_of, purge_days=30)
    assert is_newest
    newest = as_of == as_of.max()
    assert moved.slope == whole.slope
    assert float(expit(moved.slope * margin[newest] + moved.shift).mean()) == pytest.approx(
        label[newest].mean()
    )


def test_where_the_level_swings_back_all_dates_give_it() -> None:
    """Every other date is higher: what the newest says of the next is wrong each time."""
    margin, label, as_of = _months([-2.0, 0.0, -2.0, 0.0, -2.0, 0.0])
    whole = fit_sigmoid(margin, label)
    assert at_newest_level(whole, margin, label, as_of, purge_days=30) == (whole, False)


def test_one_date_has_no_level_of_its_own() -> None:
    margin, label, as_of = _months([-1.0])
    whole = Sigmoid(1.0, -1.0)
    assert at_newest_level(whole, margin, label, as_of, purge_days=90) == (whole, False)


def test_a_newest_date_without_an_event_changes_nothing() -> None:
    margin, label, as_of = _months([-3.0, -2.0, -1.0, 0.0])
    label[as_of == as_of.max()] = 0.0
    whole = Sigmoid(1.0, -1.0)
    assert at_newest_level(whole, margin, label, as_of, purge_days=30) == (whole, False)
