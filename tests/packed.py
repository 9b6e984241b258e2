"""A bundle of trained models, written as training writes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from features.definitions import FEATURES
from features.policy import policy_names, policy_text
from features.policy.factors import FactorPolicy
from serving.calibration import Calibration, Interval, Knots, Scale
from serving.manifest import DataRange, FeatureSpec, Lineage, TargetSpec
from serving.tables import FloatArray
from tests.trained import NAMES, population
from training.factors import plan_sheet
from training.package import BundleParts, ModelParts, write_bundle
from training.run import TrainedTarget

REFERENCE_ROWS = 1_200
CARD = "# Card\n"


def pack(
    directory: Path,
    trained: Sequence[TrainedTarget],
    reference: FloatArray | None = None,
    *,
    more: Sequence[str] = (),
    policy: FactorPolicy | None = None,
) -> str:
    """Write a bundle, by default with a population of its own as reference; return its manifest's digest.

    `more` are features beyond those of the models; with a `policy` the bundle has factors and groups.
    """
    names, models = (*NAMES, *more), tuple(_model(item) for item in trained)
    targets = [model.target for model in models]
    lineage = Lineage(
        policy_digest="p", catalogue_digest="c", data=DataRange("2024-01-01", "2026-11-01", "d"),
        metrics={item.key: dict(item.metrics) for item in trained}, seeds={"training": 1}, libraries={},
        code_commit="unknown",
    )  # fmt: skip
    parts = BundleParts(
        features=tuple(_feature(name) for name in names),
        models=models,
        reference=population(REFERENCE_ROWS, 3).values if reference is None else reference,
        lineage=lineage,
        documents={
            "bank.json": '{"titles": {}, "currency": "CNY", "currency_decimals": 2}\n',
            **{f"policy/{name}.yaml": policy_text(name) for name in policy_names()},
        },
        card=CARD,
        factors=None if policy is None else plan_sheet(names, targets, policy),
    )
    return write_bundle(directory, parts)


def _feature(name: str) -> FeatureSpec:
    known = next(feature for feature in FEATURES if feature.name == name)
    return FeatureSpec(name, "float64", known.unit, known.family, known.group, None, known.usual, None, False)


def _model(item: TrainedTarget) -> ModelParts:
    fitted = item.fitted
    knots = interval = scale = None
    if fitted.calibration is not None:
        margins, logits = fitted.calibration.knots
        knots = Knots(margin=margins, logit=logits)
    if fitted.interval is not None and fitted.scale is not None:
        interval = Interval(0.8, *fitted.interval)
        scale = Scale(floor=fitted.scale.floor, features=fitted.scale.features)
    target = TargetSpec(item.key, item.schedule.target, item.schedule.horizon, 0, fitted.kind, None)
    return ModelParts(target, fitted.compiled, fitted.booster_text, Calibration(knots, interval, scale, ()))
