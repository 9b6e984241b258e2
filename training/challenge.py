"""What is known of a challenger, and what a check says of it: the records of the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from math import isnan
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from features.policy.gate import GatePolicy
from training.evaluate import forecast_figures
from training.recipe import Kind
from training.resample import Figure, FloatArray, Interval

Code = Literal["comparison", "quality", "calibration", "stability", "fairness"]
State = Literal["passed", "failed", "not_measured", "reported"]
Facts = dict[str, float | int | str]


@dataclass(frozen=True, eq=False)
class Forecast:
    """What one bundle says of some customers: value, ends of an amount's interval, whether the band is high."""

    value: FloatArray
    ends: tuple[FloatArray, FloatArray] | None = None
    is_high: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Customers of one model at one as_of whose outcome is known, and what both bundles said of them.

    `level` is the previous level of an amount, else NaN. `groups` are by attribute ("sex", "age") the group of each
    customer, "" where it is not known. `champion` is None where the champion has no such model, or there is none.
    """

    key: str
    kind: Kind
    as_of: date
    customer_ids: tuple[str, ...]
    label: FloatArray
    level: FloatArray
    groups: Mapping[str, tuple[str, ...]]
    challenger: Forecast
    champion: Forecast | None


@dataclass(frozen=True, eq=False)
class Scores:
    """One model's scores then and now: customers per bin of the reference, and at the newest as_of.

    `top_agreement` is the share of the champion's highest tenth that is in the challenger's too, `reason_agreement`
    the bundle's own figure; None where there is none.
    """

    key: str
    as_of: date
    before: NDArray[np.int64]
    now: NDArray[np.int64]
    top_agreement: float | None = None
    reason_agreement: float | None = None


@dataclass(frozen=True)
class Group:
    """One group of customers: how many, what came, what was forecast, and how well it is ranked.

    `gap` is forecast minus outcome, in means; of an amount as a share of the mean previous level. `ranking` is AUC, or
    the rank correlation. `high_share`: in the band "high". `is_judged` is false of a group that is too small.
    """

    name: str
    rows: int
    outcome: float
    forecast: float
    gap: float
    ranking: float | None
    high_share: float | None
    is_judged: bool


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: its code, the model, the figure and its bounds (None: no bound on that side).

    `facts` are further figures for the sentence about it.
    """

    code: Code
    model: str
    figure: str
    state: State
    value: float | None = None
    interval: tuple[float, float] | None = None
    bounds: tuple[float | None, float | None] = (None, None)
    facts: Mapping[str, float | int | str] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what machines read of it."""
        low, high = self.bounds
        return {**asdict(self), "bounds": {"low": low, "high": high}, "facts": dict(self.facts)}


@dataclass(frozen=True, eq=False)
class Case:
    """Everything that is known about a challenger.

    `obstacles` say by model ("": all of them) why it cannot be compared: a name of the texts (`gate.says.<name>`) and
    its values.
    """

    outcomes: tuple[Outcomes, ...]
    scores: tuple[Scores, ...]
    obstacles: Mapping[str, tuple[str, Mapping[str, str]]]
    has_champion: bool


def figures_of(rows: Outcomes, forecast: Forecast) -> Mapping[str, Figure]:
    """Return what can be said of a forecast of these rows, by name."""
    return forecast_figures(rows.kind, rows, forecast.value, forecast.ends)


def is_enough(rows: Outcomes, mask: NDArray[np.bool_], policy: GatePolicy) -> bool:
    """Whether there are customers enough, and where an event is forecast, enough with and without it."""
    label = rows.label[mask]
    if len(label) < policy.minimum_rows:
        return False
    return rows.kind != "probability" or bool(min(label.sum(), (1 - label).sum()) >= policy.minimum_events)


def facts_of(rows: Outcomes) -> Facts:
    """Return where and on whom a figure was measured: customers, as_of, and of a probability the events."""
    facts: Facts = {"rows": len(rows.label), "as_of": rows.as_of.isoformat()}
    if rows.kind == "probability":
        facts["events"] = int(rows.label.sum())
    return facts


def ends_of(found: Interval) -> tuple[float, float] | None:
    """Return the ends of an interval, None where there is nothing to tell."""
    return None if isnan(found.low) else (found.low, found.high)
