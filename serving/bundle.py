"""The artifact that answers: loaded only whole and proven, and the one place where a prediction is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from serving.artifact import Artifact, read_artifact, read_verified
from serving.errors import BundleError, FrameError
from serving.factor_sheet import FACTORS_DOCUMENT
from serving.factors import Factors, Scored
from serving.golden import check_golden, golden_columns
from serving.groups import GROUPS_DOCUMENT, Groups, read_groups
from serving.manifest import (
    GOLDEN,
    REFERENCE,
    Manifest,
    Release,
    documents,
)
from serving.model import Engine, Model, ModelOutput, model_outputs, read_models
from serving.tables import FloatArray


@dataclass(frozen=True, eq=False)
class FeatureFrame:
    """Feature values of some customers at one as_of: (n, len(names)) float64, NaN = null."""

    customer_ids: tuple[str, ...]
    as_of: str
    names: tuple[str, ...]
    values: FloatArray


@dataclass(frozen=True, eq=False)
class Predictions:
    """Outputs of all models of a bundle, by key (churn_90), and its factors; rows in the order of the frame."""

    customer_ids: tuple[str, ...]
    as_of: str
    outputs: Mapping[str, ModelOutput]
    scored: Scored | None = None


@dataclass(frozen=True, eq=False)
class Bundle:
    """A verified bundle; `documents` are the texts that it carries (policy, model card, factors, groups).

    `factors` and `groups` are None of a bundle that was made without them.
    """

    manifest: Manifest
    manifest_sha256: str
    release: Release | None
    models: tuple[Model, ...]
    documents: Mapping[str, str]
    factors: Factors | None
    groups: Groups | None
    directory: Path
    _columns: dict[tuple[str, ...], NDArray[np.intp]] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, directory: Path, expected_sha256: str | None = None) -> "Bundle":
        """Load a bundle, or nothing.

        Parameters
        ----------
        directory
            The bundle's files.
        expected_sha256
            SHA-256 of manifest.json, where the caller knows it (the champion file does).

        Raises
        ------
        BundleError
            A file is missing, unknown or changed; tables or calibrations are out of shape or range; or the
            golden rows are not predicted as when the bundle was made.
        """
        artifact = read_artifact(directory, expected_sha256)
        bundle = assemble(artifact, directory)
        check_golden(artifact.files[GOLDEN], bundle.names, bundle.golden)
        return bundle

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features, in the order of the contributions."""
        return self.manifest.names

    @cached_property
    def is_protected(self) -> NDArray[np.bool_]:
        """(features,): those that are never shown as a reason."""
        return np.array([feature.protected for feature in self.manifest.features])

    def columns(self, names: tuple[str, ...]) -> NDArray[np.intp]:
        """Positions of the bundle's features among `names`.

        Raises
        ------
        FrameError
            A feature of the bundle is not there, or a name is there twice.
        """
        known = self._columns.get(names)
        if known is not None:
            return known
        place = {name: i for i, name in enumerate(names)}
        missing = [name for name in self.names if name not in place]
        if missing or len(place) != len(names):
            raise FrameError(
                f"features: expected all {len(self.names)} of the bundle, each once; got {len(names)} names, "
                f"{len(place)} of them distinct, {missing} missing. Build the features with catalogue "
                f"{self.manifest.lineage.catalogue_digest}, or train a bundle on these."
            )
        if len(self._columns) >= 16:  # frames have few layouts: more is a caller that makes up names
            self._columns.clear()
        columns = np.array([place[name] for name in self.names], dtype=np.intp)
        self._columns[names] = columns
        return columns

    def predict(self, frame: FeatureFrame, engine: Engine = "auto", threads: int = 1) -> Predictions:
        """Predict for every row of the frame; the same bits with every engine, batch and number of threads.

        Parameters
        ----------
        frame
            May have more features than the bundle and in another order; they are picked by name.
        engine
            "numpy" for few rows, "numba" for many (its first call compiles for some seconds), "auto" by rows.
        threads
            Used by "numba" only.

        Raises
        ------
        FrameError
            A feature is missing, or values are of another shape or type, or infinite.
        """
        shape = (len(frame.customer_ids), len(frame.names))
        if frame.values.shape != shape or frame.values.dtype != np.float64:
            raise FrameError(
                f"values: expected float64 of shape {shape}, got {frame.values.dtype} of shape "
                f"{frame.values.shape}. Give one row per customer and one column per name."
            )
        values = frame.values.take(self.columns(frame.names), axis=1)
        if np.isinf(values).any():
            row, column = np.argwhere(np.isinf(values))[0]
            raise FrameError(
                f"values, {self.names[column]}, row {row}: expected a finite number or NaN for null, got "
                f"{values[row, column]}. Correct the feature; intake accepts no infinity."
            )
        self._forget_unseen(values)
        outputs = self.outputs(values, engine, threads)
        scored = None if self.factors is None else self.factors.of(values, outputs)
        return Predictions(frame.customer_ids, frame.as_of, outputs, scored)

    def _forget_unseen(self, values: FloatArray) -> None:
        """Set codes that no training row had to null, in place: a model has nothing to say of them."""
        for column, feature in enumerate(self.manifest.features):
            if feature.categories is not None:
                seen = [code for code, text in enumerate(feature.categories) if text]
                values[~np.isin(values[:, column], seen), column] = np.nan

    def outputs(
        self, values: FloatArray, engine: Engine = "auto", threads: int = 1
    ) -> dict[str, ModelOutput]:
        """Outputs of all models for checked values in the bundle's own order of features."""
        return model_outputs(self.models, values, engine, threads)

    def golden(self, values: FloatArray) -> dict[str, FloatArray]:
        """What the golden rows hold of checked values."""
        outputs = self.outputs(values)
        return golden_columns(outputs, None if self.factors is None else self.factors.of(values, outputs))

    def reference(self) -> pa.Table:
        """Reference population: a column per feature, and `prediction.<key>` per model; read on demand."""
        data = read_verified(self.directory, REFERENCE, self.manifest.files[REFERENCE])
        return pq.read_table(pa.BufferReader(data))


def assemble(artifact: Artifact, directory: Path) -> Bundle:
    """Bundle of verified files, its golden rows not yet replayed."""
    manifest = artifact.manifest
    models = read_models(manifest.names, manifest.targets, artifact.files)
    texts = {path: _read_text(artifact, path) for path in documents(manifest)}
    sheet = texts.get(FACTORS_DOCUMENT)
    factors = None if sheet is None else Factors.parse(sheet, manifest.features, manifest.targets)
    centres = texts.get(GROUPS_DOCUMENT)
    groups = None if factors is None or centres is None else read_groups(centres, tuple(factors.parts))
    return Bundle(
        manifest, artifact.manifest_sha256, artifact.release, models, texts, factors, groups, directory
    )


def _read_text(artifact: Artifact, path: str) -> str:
    try:
        return artifact.files[path].decode("utf-8")
    except UnicodeDecodeError as error:
        raise BundleError(f"{path}: expected UTF-8 text, got {error}. Export the bundle again.") from error
