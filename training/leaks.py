"""Leak alarms: a feature that alone tells too much was written after the event, not before it."""

from __future__ import annotations

import numpy as np

from training.dataset import Dataset, some_customers
from training.errors import TrainingError
from training.recipe import Kind
from training.resample import of_all, ranking_figures

ROWS = 30_000


def check_leaks(target: str, kind: Kind, train: Dataset, limit: float) -> None:
    """Refuse training rows in which one feature alone tells the event apart.

    Parameters
    ----------
    limit
        AUC of one feature, in whichever direction, from which on it is implausible. A missing value counts as the
        lowest, and apart from it as the highest: a column that is filled only after the event tells by being there.

    Raises
    ------
    TrainingError
        Names every such feature with its AUC.
    """
    if kind != "probability":
        return
    rows = some_customers(train, ROWS, seed=0)
    if not 0.0 < rows.label.mean() < 1.0:
        return
    found = {}
    for name in rows.names:
        column = rows.column(name)
        low = _auc(rows.label, np.nan_to_num(column, nan=-np.inf))
        high = _auc(rows.label, np.nan_to_num(column, nan=np.inf))
        alone = max(low, 1.0 - low, high, 1.0 - high)
        if alone >= limit:
            found[name] = alone
    if found:
        named = ", ".join(f"{name} (AUC {value:.4f})" for name, value in sorted(found.items()))
        raise TrainingError(
            f"{target}: expected no feature that alone reaches an AUC of {limit}; got {named}. A feature that tells "
            "this much was most likely written after the event: take the column out of the table, or correct its "
            "recorded_at. Where it is truly known before, raise training.leak_auc in features/policy/targets.yaml."
        )


def _auc(label: np.ndarray, score: np.ndarray) -> float:
    return of_all(ranking_figures(label, score)["auc"], len(label))
