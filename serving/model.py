"""One served model: compiled tables with their calibration, and what they say of some rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from serving.artifact import read_npz
from serving.calibration import (
    Calibration,
    band_codes,
    calibrated,
    check_calibration,
    percentiles,
    row_scale,
)
from serving.errors import BundleError, FrameError
from serving.manifest import TargetSpec, model_files, parse
from serving.tables import CompiledModel, FloatArray, explain_numba, explain_numpy, read_arrays

Engine = Literal["auto", "numpy", "numba"]
FEW_ROWS = 512  # up to here NumPy answers before Numba would have compiled; both give the same bits


@dataclass(frozen=True, eq=False)
class ModelOutput:
    """What one model says of n rows.

    `margin` = `base` + `contributions`, added in the order of the features; log-odds, or minor units for an
    amount, whose base differs from row to row with its scale. `prediction` is a probability, a share, or
    whole minor units. `low` and `high` are an amount's interval, `band` a position in `calibration.BANDS`.
    """

    margin: FloatArray
    prediction: FloatArray
    low: FloatArray | None
    high: FloatArray | None
    band: NDArray[np.intp] | None
    percentile: FloatArray
    base: FloatArray
    contributions: FloatArray


@dataclass(frozen=True, eq=False)
class Model:
    """One compiled and calibrated model over all features of the bundle."""

    target: TargetSpec
    compiled: CompiledModel
    calibration: Calibration
    quantiles: FloatArray
    scale_columns: NDArray[np.intp]

    def output(
        self, values: FloatArray, at_least: FloatArray | None, engine: Engine, threads: int
    ) -> ModelOutput:
        """Predict; the prediction is nowhere below `at_least`, that of a shorter horizon."""
        calibration, bands = self.calibration, self.target.bands
        scale = None
        if calibration.scale is not None:
            scale = row_scale(calibration.scale, values, self.scale_columns)
        if engine == "numba" or (engine == "auto" and len(values) > FEW_ROWS):
            contributions, margin = explain_numba(self.compiled, values, scale, threads)
        else:
            contributions, margin = explain_numpy(self.compiled, values, scale)
        if not np.isfinite(margin).all():
            raise FrameError(
                f"{self.target.key}: expected finite margins, got an overflow. Check the amounts."
            )
        low = high = None
        if calibration.interval is not None and scale is not None:
            low = np.rint(margin + scale * calibration.interval.low)
            high = np.rint(margin + scale * calibration.interval.high)
        prediction = np.rint(margin) if calibration.knots is None else calibrated(calibration.knots, margin)
        if at_least is not None:
            prediction = np.maximum(prediction, at_least)
        base = np.full(len(values), self.compiled.base)
        return ModelOutput(
            margin=margin,
            prediction=prediction,
            low=low,
            high=high,
            band=None if bands is None else band_codes(bands, prediction),
            percentile=percentiles(self.quantiles, prediction),
            base=base if scale is None else base * scale,
            contributions=contributions,
        )


def model_outputs(
    models: tuple[Model, ...], values: FloatArray, engine: Engine = "auto", threads: int = 1
) -> dict[str, ModelOutput]:
    """Outputs by key; a probability is nowhere below that of the same target's shorter horizon."""
    found: dict[str, ModelOutput] = {}
    shorter: dict[str, FloatArray] = {}
    for model in sorted(models, key=lambda model: model.target.horizon_days or 0):
        target = model.target
        output = model.output(values, shorter.get(target.target), engine, threads)
        if target.kind == "probability":
            shorter[target.target] = output.prediction
        found[target.key] = output
    return {model.target.key: found[model.target.key] for model in models}


def read_models(
    names: tuple[str, ...], targets: tuple[TargetSpec, ...], files: Mapping[str, bytes]
) -> tuple[Model, ...]:
    """Models of a bundle's files, in the order of its targets."""
    return tuple(_read_model(names, target, files) for target in targets)


def build_model(target: TargetSpec, compiled: CompiledModel, calibration: Calibration) -> Model:
    """Model of parts that fit each other."""
    check_calibration(calibration, target, compiled.names)
    scaled_by = () if calibration.scale is None else calibration.scale.features
    columns = np.array([compiled.names.index(name) for name in scaled_by], dtype=np.intp)
    return Model(target, compiled, calibration, np.array(calibration.quantiles), columns)


def _read_model(names: tuple[str, ...], target: TargetSpec, files: Mapping[str, bytes]) -> Model:
    tables, calibration, _ = model_files(target.key)
    try:
        compiled = read_arrays(names, read_npz(files[tables], tables))
        return build_model(target, compiled, parse(files[calibration], Calibration, calibration))
    except BundleError as error:
        raise BundleError(f"{target.key}: {error}") from error
