"""Writes a bundle: equal parts give equal bytes, and what was written has been loaded before it gets its name."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from serving.bundle import Bundle, ModelOutput, build_model, model_outputs
from serving.calibration import QUANTILES, Calibration
from serving.golden import golden_table
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
    model_files,
    seal,
    sha256,
)
from serving.tables import CompiledModel, FloatArray
from training.errors import PackageError

GOLDEN_ROWS = 64


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
    `documents` are texts by path ("policy/texts.yaml", "groups.json"); `card` is the model card.
    """

    features: tuple[FeatureSpec, ...]
    models: tuple[ModelParts, ...]
    reference: FloatArray
    lineage: Lineage
    documents: Mapping[str, str]
    card: str


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
    partial = directory.with_name(directory.name + ".partial")
    for path, data in {**files, MANIFEST: seal(manifest)}.items():
        target = partial / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    bundle = Bundle.load(partial)
    partial.rename(directory)
    return bundle.manifest_sha256
