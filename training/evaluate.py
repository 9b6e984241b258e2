"""Figures of a model on rows it has not seen, and of the simple rules it has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from training.dataset import Dataset
from training.recipe import Kind
from training.resample import (
    Figure,
    amount_figures,
    of_all,
    probability_figures,
    ranking_figures,
    share_figures,
)

FloatArray = NDArray[np.float64]
Metrics = dict[str, float]

HEADLINE: Mapping[Kind, str] = {"probability": "auc", "amount": "spearman", "share": "spearman"}
"""The figure that models of a kind are compared by; of an amount it ranks the realised level."""

MODEL = "model"
"""The model among the rules it is compared with."""


class HasOutcomes(Protocol):
    """Rows whose outcome is known: `label`, and the `level` that a change is measured from, each (rows,)."""

    @property
    def label(self) -> FloatArray:
        """What came."""

    @property
    def level(self) -> FloatArray:
        """The previous level of an amount, else NaN."""


RECENCY = ("txn_gap_days", "contact_gap_days")
FREQUENCY = ("txn_active_count_180d", "contact_count_365d")
LAST_VALUE = {"churn": "txn_count_30d", "loyalty": "txn_active_count_90d"}


def figures(
    kind: Kind,
    rule: str,
    data: Dataset,
    score: FloatArray,
    ends: tuple[FloatArray, FloatArray] | None = None,
) -> Mapping[str, Figure]:
    """Return what can be said of a rule on some rows, by name: one that only ranks has nothing but its order.

    Parameters
    ----------
    score
        Per row a probability, a share, or an expected change in minor units; of a rule that only ranks, any order.
    ends
        Low and high end of an amount's interval.
    """
    if rule == MODEL or (kind, rule) == ("probability", "logistic"):
        return forecast_figures(kind, data, score, ends)
    if kind == "probability":
        return ranking_figures(data.label, score)
    if kind == "amount":
        return amount_figures(data.level, data.label, score, ends)
    return {"spearman": share_figures(data.label, score)["spearman"]}


def forecast_figures(
    kind: Kind, data: HasOutcomes, forecast: FloatArray, ends: tuple[FloatArray, FloatArray] | None = None
) -> Mapping[str, Figure]:
    """Return what can be said of a forecast, by name: a probability, a share, or an expected change."""
    if kind == "probability":
        return probability_figures(data.label, forecast)
    if kind == "share":
        return share_figures(data.label, forecast)
    return amount_figures(data.level, data.label, forecast, ends)


def headline(kind: Kind, data: Dataset, margin: FloatArray) -> Figure:
    """Return the figure that models, folds and recipes are compared by, of any score in the order of the forecasts."""
    return figures(kind, "margin", data, margin)[HEADLINE[kind]]


def metrics(found: Mapping[str, Figure], rows: int) -> Metrics:
    """Return the figures of all rows; empty where events are to be told apart and the rows hold only one class."""
    values = {name: of_all(figure, rows) for name, figure in found.items()}
    return {} if np.isnan(values.get("auc", 0.0)) else values


def simple_scores(target: str, train: Dataset, test: Dataset) -> Mapping[str, FloatArray]:
    """Return the simple rules' scores of the test rows: higher = more of the target.

    recency: days since the last customer-started transaction (else contact); frequency: active days; last
    value; and a logistic regression on the same features, by ranks. For growth, the last value: no change.
    A rule whose feature the bank lacks is left out.
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
    if target == "growth":
        scores["last_value"] = np.zeros(len(test))
    return scores


def _logistic(train: Dataset, test: Dataset) -> FloatArray:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import QuantileTransformer

    usable = [place for place in range(len(train.names)) if not np.isnan(train.values[:, place]).all()]
    model = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True),
        QuantileTransformer(n_quantiles=200, random_state=0),
        LogisticRegression(C=0.1, max_iter=2000),
    )
    model.fit(train.values[:, usable], train.label > 0.5)
    return np.asarray(model.predict_proba(test.values[:, usable])[:, 1])
