"""The buy-till-you-die rule of a backtest: fitted to what was bought before a test date, asked about its test rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from features.windows import customer_numbers
from pipelines.engine import Engine
from training.dataset import Dataset
from training.errors import TrainingError
from training.histories import purchase_histories
from training.lifetimes import FloatArray, Histories, Lifetimes, fit_lifetimes
from training.splits import Schedule

RULE = "lifetimes"


@dataclass(frozen=True, eq=False)
class LifetimeRule:
    """BG/NBD and Gamma-Gamma of one as_of, and whose rows they answer for."""

    fitted: Lifetimes
    place: Mapping[str, int]

    def scores(self, item: Schedule, test: Dataset, *, has_balances: bool) -> dict[str, FloatArray]:
        """Return the rule's score of the test rows, by its name: of churn the probability of silence over the horizon.

        Of growth in turnover, the expected turnover less the previous one; growth in balances, and every other target,
        are not about purchases: nothing. Who never bought is silent for certain, and spends nothing.
        """
        if (
            item.horizon is None
            or item.target not in ("churn", "growth")
            or (item.target == "growth" and has_balances)
        ):
            return {}
        rows = np.array([self.place.get(name, -1) for name in test.customer_ids])
        if item.target == "churn":
            return {RULE: np.where(rows < 0, 1.0, self.fitted.silence(item.horizon)[rows])}
        return {RULE: np.where(rows < 0, 0.0, self.fitted.turnover(item.horizon)[rows]) - test.level}


def lifetime_rule(engine: Engine, as_of: date, seed: int) -> LifetimeRule | str | None:
    """Fit the rule to every purchase known at an as_of; a sentence says why it cannot be; None without transactions."""
    if "transactions" not in engine.tables:
        return None
    run = engine.run_of([as_of])
    with engine.spine(run, [as_of]) as (tables, spine):
        rows = purchase_histories(tables, spine).join(customer_numbers(tables), "customer_no")
        found = engine.fetch(rows.order_by("customer_no"))
    if not found.num_rows:
        return f"{RULE} at {as_of}: nothing was bought before"
    columns = {
        name: found[name].to_numpy().astype(np.float64) for name in ("frequency", "recency", "age", "later")
    }
    mean = np.divide(
        columns["later"],
        columns["frequency"],
        out=np.full(found.num_rows, np.nan),
        where=columns["frequency"] > 0,
    )
    try:
        fitted = fit_lifetimes(
            Histories(columns["frequency"], columns["recency"], columns["age"], mean), seed
        )
    except TrainingError as refusal:
        return f"{RULE} at {as_of}: {refusal}"
    ids = found["customer_id"].to_pylist()
    return LifetimeRule(fitted, {name: row for row, name in enumerate(ids)})
