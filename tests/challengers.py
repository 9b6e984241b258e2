"""Bundles made from another by spoiling one thing, and written anew as training writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from serving.bundle import Bundle
from serving.calibration import Calibration
from serving.factor_sheet import FACTORS_DOCUMENT
from serving.groups import GROUPS_DOCUMENT
from serving.manifest import CARD, model_files
from training.package import BundleParts, ModelParts, write_bundle

Change = Callable[[ModelParts], ModelParts]


def rewritten(bundle: Bundle, directory: Path, change: Change) -> str:
    """Write a bundle whose models are changed; return its manifest's digest."""
    manifest = bundle.manifest
    reference = bundle.reference()
    columns = [pc.cast(reference[name], pa.float64()).to_numpy(zero_copy_only=False) for name in bundle.names]
    models = []
    for model in bundle.models:
        text = (bundle.directory / model_files(model.target.key)[2]).read_text(encoding="utf-8")
        parts = ModelParts(model.target, model.compiled, text, replace(model.calibration, quantiles=()))
        models.append(change(parts))
    fitted = (CARD, FACTORS_DOCUMENT, GROUPS_DOCUMENT)  # what writing a bundle fits anew
    documents = {path: text for path, text in bundle.documents.items() if path not in fitted}
    return write_bundle(
        directory,
        BundleParts(
            features=manifest.features,
            models=tuple(models),
            reference=np.column_stack(columns).astype(np.float64),
            lineage=manifest.lineage,
            documents=documents,
            card=bundle.documents[CARD],
            factors=None if bundle.factors is None else bundle.factors.sheet,
            last_groups=bundle.groups,
        ),
    )


def overstated(parts: ModelParts, key: str = "churn_90", by: float = 2.5) -> ModelParts:
    """The same order of customers, every risk raised by `by` in log-odds."""
    knots = parts.calibration.knots
    if parts.target.key != key or knots is None:
        return parts
    raised = replace(knots, logit=tuple(value + by for value in knots.logit))
    calibration = Calibration(raised, parts.calibration.interval, parts.calibration.scale, ())
    return replace(parts, calibration=calibration)


def upside_down(parts: ModelParts, key: str = "churn_90") -> ModelParts:
    """Every reason turned round: who was at most risk is now at least."""
    if parts.target.key != key:
        return parts
    return replace(parts, compiled=replace(parts.compiled, table=-parts.compiled.table))
