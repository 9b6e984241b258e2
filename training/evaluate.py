"""Figures of a model on rows it has not seen, and of the simple rules it has to beat."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from training.dataset import Dataset

FloatArray = NDArray[np.float64]
Metrics = dict[str, float]

RECENCY = ("txn_gap_days", "contact_gap_days")
FREQUENCY = ("txn_active_count_180d", "contact_count_365d")
LAST_VALUE = {"churn": "txn_count_30d", "loyalty": "txn_active_count_90d"}


def ranking_metrics(label: FloatArray, score: FloatArray) -> Metrics:
    """Return what an order alone can show: AUC, average precision, lift of the top decile.

    Empty where the test rows hold only one class: there is nothing to rank.
    """
    if label.min() == label.max():
        return {}
    top = max(1, len(score) // 10)
    best = np.argsort(-score, kind="stable")[:top]
    return {
        "auc": float(roc_auc_score(label, score)),
        "average_precision": float(average_precision_score(label, score)),
        "top_decile_lift": float(label[best].mean() / label.mean()),
    }


def probability_metrics(label: FloatArray, probability: FloatArray) -> Metrics:
    """Return ranking and calibration of probabilities.

    `ece`: mean distance of forecast and outcome over ten bins of equally many rows.
    """
    metrics = ranking_metrics(label, probability)
    if not metrics:
        return metrics
    clipped = np.clip(probability, 1e-15, 1 - 1e-15)
    metrics.update(
        brier=float(brier_score_loss(label, probability)),
        log_loss=float(log_loss(label, clipped)),
        ece=expected_calibration_error(label, probability),
        base_rate=float(label.mean()),
        mean_forecast=float(probability.mean()),
    )
    return metrics


def expected_calibration_error(label: FloatArray, probability: FloatArray, bins: int = 10) -> float:
    """Mean absolute difference of mean forecast and mean outcome over bins of equally many rows.

    Examples
    --------
    >>> expected_calibration_error(np.array([0.0, 1.0]), np.array([0.25, 0.75]), bins=2)
    0.25
    """
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [abs(probability[part].mean() - label[part].mean()) * len(part) for part in parts]
    return float(sum(gaps) / len(label))


def amount_metrics(
    data: Dataset, expected: FloatArray, interval: tuple[FloatArray, FloatArray] | None = None
) -> Metrics:
    """Return figures of an expected change: `spearman` ranks previous level + change against the realised level."""
    metrics = {
        "spearman": _spearman(data.level + expected, data.level + data.label),
        "spearman_change": _spearman(expected, data.label),
        "mae": float(np.abs(expected - data.label).mean()),
        "rmse": float(np.sqrt(((expected - data.label) ** 2).mean())),
        "total_ratio": float((data.level + expected).sum() / max((data.level + data.label).sum(), 1.0)),
    }
    if interval is not None:
        low, high = interval
        metrics["coverage"] = float(((data.label >= low) & (data.label <= high)).mean())
    return metrics


def share_metrics(label: FloatArray, share: FloatArray) -> Metrics:
    """Return figures of an expected share in 0..1."""
    return {
        "spearman": _spearman(share, label),
        "mae": float(np.abs(share - label).mean()),
        "rmse": float(np.sqrt(((share - label) ** 2).mean())),
        "ece": expected_calibration_error(label, share),
        "mean_outcome": float(label.mean()),
        "mean_forecast": float(share.mean()),
    }


def _spearman(left: FloatArray, right: FloatArray) -> float:
    if left.min() == left.max() or right.min() == right.max():
        return 0.0
    return float(spearmanr(left, right).statistic)


def simple_scores(target: str, train: Dataset, test: Dataset) -> Mapping[str, FloatArray]:
    """Return the simple rules' scores of the test rows: higher = more of the target.

    recency: days since the last customer-started transaction (else contact); frequency: active days; last
    value; and a logistic regression on the same features, by ranks. For growth, the previous level (no
    change), and the recent turnover or balance. A rule whose feature the bank lacks is left out.
    """
    scores: dict[str, FloatArray] = {}
    sign = 1.0 if target in {"churn", "default"} else -1.0
    for rule, names, direction in (("recency", RECENCY, sign), ("frequency", FREQUENCY, -sign)):
        name = next((name for name in names if name in test.names), None)
        if name is not None and target in {"churn", "loyalty"}:
            column = test.column(name)
            worst = np.nanmax(column) + 1 if rule == "recency" and not np.isnan(column).all() else 0.0
            scores[rule] = direction * np.nan_to_num(column, nan=float(worst))
    last = LAST_VALUE.get(target)
    if last in test.names:
        scores["last_value"] = -sign * np.nan_to_num(test.column(str(last)), nan=0.0)
    if target in {"churn", "default", "response"}:
        scores["logistic"] = _logistic(train, test)
    return scores


def _logistic(train: Dataset, test: Dataset) -> FloatArray:
    usable = [place for place in range(len(train.names)) if not np.isnan(train.values[:, place]).all()]
    model = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True),
        QuantileTransformer(n_quantiles=200, random_state=0),
        LogisticRegression(C=0.1, max_iter=2000),
    )
    model.fit(train.values[:, usable], train.label > 0.5)
    return np.asarray(model.predict_proba(test.values[:, usable])[:, 1])
