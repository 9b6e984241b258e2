"""The answer's block of each target: probability, share or amount, with horizon, band and percentile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from serving.bundle import Predictions
from serving.calibration import BANDS
from serving.errors import BundleError
from serving.model import Model, ModelOutput

Answer = dict[str, Any]


def target_blocks(models: Sequence[Model], predictions: Predictions) -> list[Answer]:
    """Return one target's block per row; further horizons of it appear in `by_horizon` only."""
    ordered = sorted(models, key=lambda model: model.target.horizon_days or 0)
    headline = ordered[0]
    output = predictions.outputs[headline.target.key]
    percentiles = output.percentile.tolist()
    if headline.target.kind == "amount":
        blocks = _amounts(headline, output)
    elif headline.target.kind == "share":
        blocks = [{"expected_share": share} for share in output.prediction.tolist()]
    else:
        blocks = _probabilities(ordered, predictions)
    days = headline.target.horizon_days
    for place, (block, percentile) in enumerate(zip(blocks, percentiles, strict=True)):
        if headline.target.kind != "probability":
            block["horizon_days"] = days
        elif output.band is not None:
            block["band"] = BANDS[output.band[place]]
        block["percentile"] = percentile
    return blocks


def _probabilities(ordered: Sequence[Model], predictions: Predictions) -> list[Answer]:
    headline = ordered[0].target
    by_horizon = {
        str(model.target.horizon_days): predictions.outputs[model.target.key].prediction.tolist()
        for model in ordered
        if model.target.horizon_days is not None
    }
    blocks: list[Answer] = []
    for place, probability in enumerate(predictions.outputs[headline.key].prediction.tolist()):
        block: Answer = {"probability": probability, "horizon_days": headline.horizon_days}
        if headline.target == "churn":
            block["by_horizon"] = {days: values[place] for days, values in by_horizon.items()}
        blocks.append(block)
    return blocks


def _amounts(model: Model, output: ModelOutput) -> list[Answer]:
    interval = model.calibration.interval
    if interval is None or output.low is None or output.high is None:
        raise BundleError(f"{model.target.key}: expected an interval of the amount; got none")
    columns = (np.asarray(column).tolist() for column in (output.prediction, output.low, output.high))
    return [
        {"expected_change": int(change), "low": int(low), "high": int(high), "level": interval.level}
        for change, low, high in zip(*columns, strict=True)
    ]
