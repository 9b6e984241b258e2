"""Weighted figures against scikit-learn and SciPy: as they stand, and with rows repeated as often as drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    mean_pinball_loss,
    roc_auc_score,
)

from training.evaluate import metrics
from training.resample import (
    FloatArray,
    amount_figures,
    customer_draws,
    interval,
    over_draws,
    probability_figures,
    share_figures,
)

ROWS = 700


@pytest.fixture(scope="module")
def rows() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Labels, forecasts with many equal ones, and eight draws."""
    rng = np.random.default_rng(3)
    forecast = np.round(rng.beta(1.0, 8.0, ROWS), 2).clip(0.01, 0.99)
    label = (rng.random(ROWS) < forecast).astype(np.float64)
    return label, forecast, customer_draws([f"c{n // 2}" for n in range(ROWS)], 8, 5)


def calibration_error(label: FloatArray, forecast: FloatArray) -> float:
    """Ten bins of equally many rows, one after another."""
    order = np.argsort(forecast, kind="stable")
    gaps = [abs(forecast[part].mean() - label[part].mean()) * len(part) for part in np.array_split(order, 10)]
    return float(sum(gaps) / len(label))


def test_figures_are_those_of_sklearn(rows: tuple[FloatArray, FloatArray, FloatArray]) -> None:
    label, forecast, _ = rows
    top = np.argsort(-forecast, kind="stable")[: ROWS // 10]
    assert metrics(probability_figures(label, forecast), ROWS) == pytest.approx(
        {
            "auc": roc_auc_score(label, forecast),
            "average_precision": average_precision_score(label, forecast),
            "top_decile_lift": label[top].mean() / label.mean(),
            "brier": brier_score_loss(label, forecast),
            "log_loss": log_loss(label, forecast),
            "ece": calibration_error(label, forecast),
            "base_rate": label.mean(),
            "mean_forecast": forecast.mean(),
        },
        rel=1e-12,
    )


def test_a_draw_is_the_figure_of_the_rows_repeated(rows: tuple[FloatArray, FloatArray, FloatArray]) -> None:
    label, forecast, draws = rows
    figures = {
        name: over_draws(figure, draws) for name, figure in probability_figures(label, forecast).items()
    }
    for number, draw in enumerate(draws):
        again = np.repeat(np.arange(ROWS), draw.astype(int))
        y, p = label[again], forecast[again]
        assert figures["auc"][number] == pytest.approx(roc_auc_score(y, p))
        assert figures["average_precision"][number] == pytest.approx(average_precision_score(y, p))
        assert figures["brier"][number] == pytest.approx(brier_score_loss(y, p))
        assert figures["log_loss"][number] == pytest.approx(log_loss(y, p))


def test_amounts_and_shares_are_those_of_scipy(rows: tuple[FloatArray, FloatArray, FloatArray]) -> None:
    label, forecast, draws = rows
    rng = np.random.default_rng(4)
    level, expected = np.round(rng.normal(9, 3, ROWS)), np.round(rng.normal(0, 2, ROWS))
    change = np.round(expected + rng.normal(0, 2, ROWS))
    ends = (expected - 2.0, expected + 2.0)
    figures = amount_figures(level, change, expected, ends)
    shares = share_figures(label, forecast)
    for draw in (np.ones(ROWS), *draws):
        again = np.repeat(np.arange(ROWS), draw.astype(int))
        got = {name: float(figure(draw[None, :])[0]) for name, figure in figures.items()}
        e, c, v = expected[again], change[again], level[again]
        assert got["spearman"] == pytest.approx(spearmanr(v + e, v + c).statistic)
        assert got["spearman_change"] == pytest.approx(spearmanr(e, c).statistic)
        assert got["mae"] == pytest.approx(np.abs(e - c).mean())
        assert got["rmse"] == pytest.approx(np.sqrt(((e - c) ** 2).mean()))
        assert got["total_ratio"] == pytest.approx((v + e).sum() / (v + c).sum())
        assert got["coverage"] == pytest.approx((np.abs(e - c) <= 2.0).mean())
        assert got["pinball_low"] == pytest.approx(mean_pinball_loss(c, e - 2.0, alpha=0.1))
        assert got["pinball_high"] == pytest.approx(mean_pinball_loss(c, e + 2.0, alpha=0.9))
    once = np.ones((1, ROWS))
    assert float(shares["ece"](once)[0]) == pytest.approx(calibration_error(label, forecast))


def test_rows_of_one_customer_are_drawn_together_and_anew_alike() -> None:
    ids = ["b", "a", "b", "c"]
    draws = customer_draws(ids, 50, 1)
    assert np.array_equal(draws[:, 0], draws[:, 2])
    assert not np.array_equal(draws[:, 0], draws[:, 1])
    assert np.array_equal(draws, customer_draws(ids, 50, 1))


def test_an_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Of 300 samples of 400 rows with a known AUC, about 95% of the intervals hold it: 3 standard errors around."""
    rng = np.random.default_rng(8)
    truth = 0.7602499  # of two normals one apart: Phi(1 / sqrt 2)
    held = 0
    for number in range(300):
        label = (rng.random(400) < 0.3).astype(np.float64)
        score = rng.normal(label, 1.0)
        draws = customer_draws([str(n) for n in range(400)], 200, number)
        found = interval(probability_figures(label, score)["auc"], draws)
        held += found.low <= truth <= found.high
    print(f"{held} of 300 intervals hold the true AUC")
    assert 0.95 - 3 * np.sqrt(0.95 * 0.05 / 300) <= held / 300 <= 0.95 + 3 * np.sqrt(0.95 * 0.05 / 300)


def test_nothing_to_tell_is_no_number() -> None:
    label, score = np.zeros(30), np.arange(30.0) / 30
    found = interval(
        probability_figures(label, score)["auc"], customer_draws([str(n) for n in range(30)], 20, 1)
    )
    assert all(np.isnan((found.value, found.low, found.high)))
