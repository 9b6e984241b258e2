"""Figures by segment: where a model is right and where it is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import NDArray

from training.dataset import Dataset
from training.evaluate import HEADLINE, forecast_figures
from training.recipe import Kind
from training.resample import of_all

FloatArray = NDArray[np.float64]
LEAST = 50
"""Customers that a segment needs to be shown by itself."""


@dataclass(frozen=True)
class SegmentFigures:
    """One segment, such as kind = retail: how many customers, what came, what was forecast, and how well it is ranked.

    `outcome` and `forecast` are means; `ranking` is AUC or the rank correlation, None where there is nothing to rank.
    """

    name: str
    value: str
    rows: int
    outcome: float
    forecast: float
    ranking: float | None


def segment_figures(
    kind: Kind, test: Dataset, prediction: FloatArray, segments: Mapping[str, Sequence[str]]
) -> tuple[SegmentFigures, ...]:
    """Return the figures of every segment with at least 50 customers; rows whose value is "" are in none."""
    return tuple(_segments(kind, test, prediction, segments))


def _segments(
    kind: Kind, test: Dataset, prediction: FloatArray, segments: Mapping[str, Sequence[str]]
) -> Iterator[SegmentFigures]:
    for name, values in segments.items():
        column = np.asarray(values)
        for value in sorted(set(values) - {""}):
            mask = column == value
            if int(mask.sum()) < LEAST:
                continue
            rows, forecast = test.where(mask), prediction[mask]
            ranked = of_all(forecast_figures(kind, rows, forecast)[HEADLINE[kind]], len(rows))
            yield SegmentFigures(
                name,
                value,
                len(rows),
                float(rows.label.mean()),
                float(forecast.mean()),
                None if isnan(ranked) else ranked,
            )
