"""Rolling-origin validation: the same target trained and tested at several dates, with intervals and the simple rules.

Each origin is a training run of its own: its training labels were ripe at its test date, and known then. A fifth of the
customers trains at no origin: on them one sees what a model says of people it has never met. Intervals come from
drawing customers, all of a customer's rows together; every figure and every rule sees the same draws, so that the
distance between two of them has an interval of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from features.policy import read_policy
from training.dataset import Dataset
from training.evaluate import HEADLINE, MODEL, figures
from training.profit import expected_maximum_profit
from training.recipe import Kind
from training.resample import Figure, FloatArray, Interval, customer_draws, over_draws, spread
from training.rows import Scale
from training.run import RunRules, TrainedTarget, train_target
from training.splits import Schedule, customer_folds

BoolArray = NDArray[np.bool_]
Table = Mapping[str, Mapping[str, Interval]]
"""Figures by rule ("model" and the simple ones) and name."""

PROFIT = "expected_maximum_profit"
ROUNDS = 300
FOLDS = 5
"""One customer in so many is never trained on."""


@dataclass(frozen=True, eq=False)
class Origin:
    """One target trained up to a date and tested at it; `is_new` marks test rows of customers never trained on.

    `others` are scores of the test rows by rules that the training set does not have.
    """

    trained: TrainedTarget
    is_new: BoolArray
    others: Mapping[str, FloatArray] = field(default_factory=dict)

    @property
    def test(self) -> Dataset:
        """The test rows."""
        return self.trained.test

    @property
    def scores(self) -> Mapping[str, FloatArray]:
        """The model's forecast and each simple rule's score, per test row."""
        return {MODEL: self.trained.prediction, **self.trained.simple, **self.others}


def run_origin(
    schedule: Schedule,
    train: Dataset,
    test: Dataset,
    rules: RunRules,
    *,
    scale_of: Callable[[Dataset], Scale] | None = None,
    others: Mapping[str, FloatArray] | None = None,
) -> Origin:
    """Train without a fifth of the customers, and test on everyone at the test date.

    Raises
    ------
    TrainingError
        Too few events, or no signal.
    """
    kept = customer_folds(train.customer_ids, FOLDS, rules.recipe.seed + 2) != 0
    trained = train_target(schedule, train.where(kept), test, rules, scale_of=scale_of)
    met = set(train.where(kept).customer_ids)
    is_new = np.array([name not in met for name in test.customer_ids], dtype=np.bool_)
    return Origin(trained, is_new, others or {})


@dataclass(frozen=True)
class Judged:
    """Figures on some rows: how many there are, how many have the event (NaN: no event), and every rule's figures."""

    rows: int
    events: float
    table: Table


@dataclass(frozen=True)
class Segment:
    """The model's figures on a part of the test rows of all dates, such as kind = retail."""

    name: str
    value: str
    judged: Judged


@dataclass(frozen=True, eq=False)
class ModelReport:
    """A target over its origins.

    `mean` is the mean over the dates, `new` that on customers never trained on. `ahead` is by simple rule how far the
    model's headline figure lies above the rule's, in the mean over the dates.
    """

    target: str
    horizon: int | None
    kind: Kind
    origins: tuple[Origin, ...]
    by_date: Mapping[date, Judged]
    mean: Judged
    new: Judged
    ahead: Mapping[str, Interval]
    segments: tuple[Segment, ...]

    @property
    def key(self) -> str:
        """Name of the model, such as churn_90."""
        return self.origins[0].trained.key

    @property
    def headline(self) -> str:
        """The figure that the models of this kind are compared by."""
        return HEADLINE[self.kind]


def judge(
    origins: Sequence[Origin],
    segments: Sequence[Mapping[str, Sequence[str]]],
    seed: int,
    rounds: int = ROUNDS,
) -> ModelReport:
    """Work out every figure of one target's origins, with 95% intervals.

    Parameters
    ----------
    origins
        By rising test date, all of one target and horizon.
    segments
        For each origin, by name of a segment its value per test row; empty texts are left out.
    """
    first = origins[0].trained
    ids = [name for origin in origins for name in origin.test.customer_ids]
    drawn = customer_draws(ids, rounds, seed)
    ends = np.cumsum([0, *(len(origin.test) for origin in origins)])
    draws = [drawn[:, start:stop] for start, stop in pairwise(ends)]
    whole = [np.ones(len(origin.test), dtype=np.bool_) for origin in origins]
    found = [_Drawn.of(origin, mask, draw) for origin, mask, draw in zip(origins, whole, draws, strict=True)]
    new = [
        _Drawn.of(origin, origin.is_new, draw)
        for origin, draw in zip(origins, draws, strict=True)
        if origin.is_new.any()
    ]
    mean = _mean(found)
    return ModelReport(
        target=first.schedule.target,
        horizon=first.schedule.horizon,
        kind=first.fitted.kind,
        origins=tuple(origins),
        by_date={o.trained.schedule.test: _judged([one]) for o, one in zip(origins, found, strict=True)},
        mean=_judged(found),
        new=_judged(new),
        ahead=_ahead(mean, HEADLINE[first.fitted.kind]),
        segments=_segments(origins, segments, draws),
    )


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Figures of some rows of one origin: of the rows, and of each draw."""

    rows: int
    events: float
    value: Mapping[tuple[str, str], float]
    draws: Mapping[tuple[str, str], FloatArray]

    @classmethod
    def of(cls, origin: Origin, mask: BoolArray, weights: FloatArray, only: str | None = None) -> _Drawn:
        """Work out the figures on the rows of a mask; of one rule only, where it is named."""
        rows = np.flatnonzero(mask)
        once = np.ones((1, len(rows)))
        value, draws = {}, {}
        for rule in origin.scores if only is None else (only,):
            for name, figure in _figures(origin, rule, mask).items():
                value[rule, name] = float(figure(once)[0])
                draws[rule, name] = over_draws(figure, np.ascontiguousarray(weights[:, rows]))
            if only is None and origin.trained.schedule.target == "churn":
                value[rule, PROFIT] = _profit(origin.test.label[rows], origin.scores[rule][rows])
                draws[rule, PROFIT] = np.full(len(weights), np.nan)
        is_event = origin.trained.fitted.kind == "probability"
        events = float(origin.test.label[rows].sum()) if is_event else float("nan")
        return cls(len(rows), events, value, draws)


def _profit(label: FloatArray, score: FloatArray) -> float:
    """Expected maximum profit per customer, which has no interval here; NaN without an event or without another."""
    if label.min() == label.max():
        return float("nan")
    return expected_maximum_profit(label, score, read_policy("targets")["profit"])


def _figures(origin: Origin, rule: str, mask: BoolArray) -> Mapping[str, Figure]:
    trained = origin.trained
    ends = trained.interval_ends() if rule == MODEL else None
    chosen = None if ends is None else (ends[0][mask], ends[1][mask])
    return figures(trained.fitted.kind, rule, origin.test.where(mask), origin.scores[rule][mask], chosen)


def _mean(found: Sequence[_Drawn]) -> _Drawn:
    """The mean over the dates, in each draw of customers; a date with nothing to tell is left out."""
    keys = [key for key in found[0].value if all(key in one.value for one in found)] if found else []
    return _Drawn(
        rows=sum(one.rows for one in found),
        events=float(sum(one.events for one in found)) if found else float("nan"),
        value={key: _known_mean(np.array([[one.value[key]] for one in found]))[0] for key in keys},
        draws={key: _known_mean(np.array([one.draws[key] for one in found])) for key in keys},
    )


def _known_mean(values: FloatArray) -> FloatArray:
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _judged(found: Sequence[_Drawn]) -> Judged:
    mean = _mean(found)
    table: dict[str, dict[str, Interval]] = {}
    for (rule, name), value in mean.value.items():
        table.setdefault(rule, {})[name] = spread(float(value), mean.draws[rule, name])
    return Judged(mean.rows, mean.events, table)


def _ahead(mean: _Drawn, headline: str) -> dict[str, Interval]:
    model = MODEL, headline
    return {
        rule: spread(mean.value[model] - mean.value[rule, name], mean.draws[model] - mean.draws[rule, name])
        for rule, name in mean.value
        if name == headline and rule != MODEL
    }


def _segments(
    origins: Sequence[Origin], segments: Sequence[Mapping[str, Sequence[str]]], draws: Sequence[FloatArray]
) -> tuple[Segment, ...]:
    values = sorted(
        {(name, value) for one in segments for name, found in one.items() for value in found if value}
    )
    found = []
    for name, value in values:
        parts = []
        for origin, one, weights in zip(origins, segments, draws, strict=True):
            mask = np.array(
                [each == value for each in one.get(name, [""] * len(origin.test))], dtype=np.bool_
            )
            if mask.any():
                parts.append(_Drawn.of(origin, mask, weights, only=MODEL))
        found.append(Segment(name, value, _judged(parts)))
    return tuple(found)
