"""How much of what can be known of a simulated bank the model has found. Only the demonstration reads the truth."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sklearn.metrics import roc_auc_score

from training.run import TrainedTarget


def attainable(truth: Path, trained: Sequence[TrainedTarget]) -> dict[str, dict[str, Any]]:
    """Compare each churn model with the true probability on its own test rows.

    Per model: auc, true_auc, and share = (auc - 0.5) / (true_auc - 0.5).
    """
    found: dict[str, dict[str, Any]] = {}
    for item in trained:
        if item.schedule.target != "churn":
            continue
        true = _true_probability(truth, item.schedule.test, item.schedule.horizon or 0)
        expected = np.array([true[customer] for customer in item.test.customer_ids])
        auc = float(roc_auc_score(item.test.label, item.prediction))
        true_auc = float(roc_auc_score(item.test.label, expected))
        found[item.key] = {
            "horizon": item.schedule.horizon,
            "auc": auc,
            "true_auc": true_auc,
            "share": (auc - 0.5) / (true_auc - 0.5),
        }
    return found


def _true_probability(truth: Path, as_of: date, horizon: int) -> dict[str, float]:
    name = f"churn_probability_{horizon}"
    table = pq.read_table(truth / "hazard.parquet", columns=["customer_id", "month_on", name])
    table = table.filter(pc.equal(table["month_on"].cast("date32"), as_of))
    return dict(zip(table["customer_id"].to_pylist(), table[name].to_pylist(), strict=True))
