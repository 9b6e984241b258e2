"""Writes a bundle: equal parts give equal bytes, and it has been loaded before it gets its name."""

import io
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from serving.bundle import Bundle
from serving.calibration import QUANTILES, Calibration
from serving.factor_sheet import FACTORS_DOCUMENT, FactorSheet
from serving.factors import Factors
from serving.golden import golden_columns, golden_table
from serving.groups import GROUPS_DOCUMENT, Groups
from serving.manifest import (
    CARD,
    GOLDEN,
    MANIFEST,
    REFERENCE,
    RELEASE,
    SCHEMA,
    FeatureSpec,
    Lineage,
    Manifest,
    Release,
    TargetSpec,
    canonical_json,
    check_manifest,
    model_files,
    seal,
    sha256,
)
from serving.model import Model, build_model, model_outputs, read_models
from serving.tables import CompiledModel, FloatArray
from training.errors import PackageError
from training.factors import fit_sheet
from training.groups import can_group, fit_groups, group_scores, read_group_policy

GOLDEN_ROWS = 64  # the last of them without any value
STEP = 16_384


@dataclass(frozen=True, eq=False)
class ModelParts:
    """One trained model. Its columns are some of the bundle's features, in their order.

    The quantiles of `calibration` may be empty: they are taken from the reference population.
    """

    target: TargetSpec
    compiled: CompiledModel
    booster_text: str
    calibration: Calibration


@dataclass(frozen=True, eq=False)
class BundleParts:
    """All that a bundle is made of.

    `reference` is (n, features), NaN = null, in the order of `features`, whose medians are computed here.
    `documents` are texts by path ("policy/texts.yaml", "groups.json"); `card` is the model card. `factors` is the plan
    of the sheet of factors, whose maps are fitted here; None: the bundle has no factors. `last_groups` are those of the
    bundle that served before, whose numbers are kept.
    """

    features: tuple[FeatureSpec, ...]
    models: tuple[ModelParts, ...]
    reference: FloatArray
    lineage: Lineage
    documents: Mapping[str, str]
    card: str
    factors: FactorSheet | None = None
    last_groups: Groups | None = None


def write_bundle(directory: Path, parts: BundleParts) -> str:
    """Write a bundle and return the SHA-256 of its manifest; the directory appears only when it is whole.

    Raises
    ------
    PackageError
        The directory exists, or the reference does not fit the features.
    BundleError
        The parts do not make a bundle that loads and repeats its golden rows.
    """
    names = tuple(feature.name for feature in parts.features)
    if parts.reference.ndim != 2 or parts.reference.shape[1] != len(names) or not len(parts.reference):
        raise PackageError(
            f"reference: expected (n, {len(names)}) with n >= 1, got {parts.reference.shape}. "
            "Give one column per feature."
        )
    if directory.exists():
        raise PackageError(f"{directory}: expected a new directory, got an existing one. Choose another.")
    files = _files(parts, names)
    manifest = Manifest(
        schema=SCHEMA,
        features=tuple(map(_with_median, parts.features, parts.reference.T)),
        targets=tuple(model.target for model in parts.models),
        lineage=parts.lineage,
        files={path: sha256(data) for path, data in sorted(files.items())},
    )
    check_manifest(manifest)
    partial = directory.with_name(directory.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    for path, data in {**files, MANIFEST: seal(manifest)}.items():
        target = partial / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    bundle = Bundle.load(partial)
    partial.rename(directory)
    return bundle.manifest_sha256


def write_release(directory: Path, release: Release) -> None:
    """Put the version under which a bundle was registered beside it, wholly or not at all."""
    partial = directory.with_name(f"{directory.name}.{RELEASE}.partial")
    partial.write_bytes(seal(release))
    partial.replace(directory / RELEASE)


def _files(parts: BundleParts, names: tuple[str, ...]) -> dict[str, bytes]:
    """Every file of the bundle but the manifest; golden rows come from tables read back from their bytes."""
    models = _with_quantiles(parts, names)
    files = {path: text.encode("utf-8") for path, text in {**parts.documents, CARD: parts.card}.items()}
    for model in models:
        tables, calibration, text = model_files(model.target.key)
        files[tables] = _npz(model.compiled)
        files[calibration] = canonical_json(model.calibration)
        files[text] = model.booster_text.encode("utf-8")
    targets = tuple(model.target for model in models)
    written = read_models(names, targets, files)
    factors = None
    if parts.factors is not None:
        sheet = fit_sheet(parts.factors, parts.features, written, parts.reference)
        files[FACTORS_DOCUMENT] = canonical_json(sheet)
        factors = Factors.parse(files[FACTORS_DOCUMENT].decode(), parts.features, targets)
        groups = _groups(factors, written, parts)
        if groups is not None:
            files[GROUPS_DOCUMENT] = canonical_json(groups)
    picked = np.unique(np.linspace(0, len(parts.reference) - 1, GOLDEN_ROWS - 1).astype(np.intp))
    golden = np.vstack([parts.reference[picked], np.full((1, len(names)), np.nan)])
    outputs = model_outputs(written, golden, "numpy", 1)
    scored = None if factors is None else factors.of(golden, outputs)
    files[GOLDEN] = _parquet(golden_table(names, golden, golden_columns(outputs, scored)))
    files[REFERENCE] = _parquet(_reference_table(names, parts.reference, _predict(written, parts.reference)))
    return files


def _groups(factors: Factors, models: tuple[Model, ...], parts: BundleParts) -> Groups | None:
    """Fit groups on the reference population; None where the bank lacks a factor that groups are made of."""
    policy = read_group_policy()
    if not can_group(factors, policy):
        return None
    found = []
    for start in range(0, len(parts.reference), STEP):
        rows = parts.reference[start : start + STEP]
        found.append(group_scores(factors.of(rows, model_outputs(models, rows)), policy.factors))
    scores = np.concatenate(found)
    if not len(scores):
        return None
    return fit_groups(scores, policy, parts.lineage.seeds.get("training", 0), parts.last_groups)


def _with_quantiles(parts: BundleParts, names: tuple[str, ...]) -> list[ModelParts]:
    """Models over all features of the bundle, with the quantiles of what they predict for the reference."""
    unknown = (0.0,) * QUANTILES
    wide = [replace(model, compiled=model.compiled.over(names)) for model in parts.models]
    models = tuple(
        build_model(model.target, model.compiled, replace(model.calibration, quantiles=unknown))
        for model in wide
    )
    predictions = _predict(models, parts.reference)
    steps = np.linspace(0.0, 1.0, QUANTILES)
    found = []
    for model in wide:
        # Values that occur, not means of two: equal predictions stay equal, and count half in a percentile.
        quantiles = np.quantile(predictions[model.target.key], steps, method="inverted_cdf")
        found.append(
            replace(model, calibration=replace(model.calibration, quantiles=tuple(quantiles.tolist())))
        )
    return found


def _predict(models: tuple[Model, ...], rows: FloatArray) -> dict[str, FloatArray]:
    """Predictions of all models, in steps that keep the contributions of few rows in memory."""
    parts = [
        {key: output.prediction for key, output in model_outputs(models, rows[start : start + STEP]).items()}
        for start in range(0, len(rows), STEP)
    ]
    return {model.target.key: np.concatenate([part[model.target.key] for part in parts]) for model in models}


def _with_median(feature: FeatureSpec, values: FloatArray) -> FeatureSpec:
    observed = values[~np.isnan(values)]
    return replace(feature, median=float(np.median(observed)) if len(observed) else None)


def _reference_table(
    names: tuple[str, ...], values: FloatArray, predictions: Mapping[str, FloatArray]
) -> pa.Table:
    columns = {name: pa.array(values[:, i], from_pandas=True) for i, name in enumerate(names)}
    return pa.table(columns | {f"prediction.{key}": pa.array(array) for key, array in predictions.items()})


def _npz(compiled: CompiledModel) -> bytes:
    """Arrays as npz: NumPy dates its entries 1980, so that equal arrays are equal bytes."""
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **compiled.arrays())
    return stream.getvalue()


def _parquet(table: pa.Table) -> bytes:
    """Table as Parquet, without dictionaries: they would take -0.0 for 0.0."""
    stream = io.BytesIO()
    pq.write_table(table, stream, use_dictionary=False, compression="zstd")
    return stream.getvalue()
