"""Small models and a small bundle, trained once, for the tests of tables and bundles."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import lightgbm as lgb
import numpy as np

from serving.calibration import Calibration, Interval, Knots, Scale
from serving.manifest import Bands, DataRange, FeatureSpec, Lineage, TargetSpec
from serving.tables import FloatArray
from training.compile import compile_booster
from training.package import BundleParts, ModelParts

NAMES = tuple(f"f{i}" for i in range(12))
SCALE = "f3"
PROTECTED = "f1"
KINDS: dict[str, Literal["probability", "share", "amount"]] = {
    "churn": "probability",
    "growth": "amount",
    "loyalty": "share",
}


def draw_rows(seed: int, rows: int, features: int = len(NAMES)) -> FloatArray:
    """Values with gaps, zeros, ties and a few very large ones; the scale feature is an amount."""
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(rows, features)).round(2)
    values[draw.random(values.shape) < 0.1] = 0.0
    values[draw.random(values.shape) < 0.02] *= 1e12
    if features > 3:
        values[:, 3] = np.abs(values[:, 3] * 1e7).round()
    values[draw.random(values.shape) < 0.2] = np.nan
    return values


def train(values: FloatArray, label: FloatArray, trees: int = 60, **parameters: Any) -> lgb.Booster:
    """Shallow booster with one thread; further parameters as LightGBM's own."""
    settings = {
        "objective": "binary",
        "max_depth": 3,
        "num_leaves": 8,
        "learning_rate": 0.1,
        "min_data_in_leaf": 5,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
        **parameters,
    }
    names = [f"f{i}" for i in range(values.shape[1])]
    return lgb.train(settings, lgb.Dataset(values, label, feature_name=names, params=settings), trees)


def signal(values: FloatArray, seed: int) -> FloatArray:
    """Something that depends on the values, on what is missing, and on chance."""
    draw = np.random.default_rng(seed)
    known = np.clip(np.nan_to_num(values), -3, 3)
    weights = draw.normal(size=values.shape[1])
    gaps = np.isnan(values) @ draw.normal(size=values.shape[1])
    found: FloatArray = known @ weights + gaps + known[:, 0] * known[:, -1] + draw.normal(size=len(values))
    return found


def tree_text(
    split_feature: Sequence[int],
    threshold: Sequence[float],
    children: Sequence[tuple[int, int]],
    leaves: Sequence[tuple[float, int]],
    counts: Sequence[int],
) -> dict[str, str]:
    """Fields of one tree as LightGBM writes them: children (left, right), leaves (value, rows)."""

    def words(values: Sequence[object]) -> str:
        return " ".join(str(value) for value in values)

    return {
        "num_leaves": str(len(leaves)),
        "num_cat": "0",
        "split_feature": words(split_feature),
        "threshold": words(threshold),
        "decision_type": words([10] * len(split_feature)),  # missing values are NaN and go left
        "left_child": words([left for left, _ in children]),
        "right_child": words([right for _, right in children]),
        "leaf_value": words([value for value, _ in leaves]),
        "leaf_count": words([count for _, count in leaves]),
        "internal_count": words(counts),
        "is_linear": "0",
        "shrinkage": "1",
    }


def model_text(trees: Sequence[dict[str, str]], names: Sequence[str] = ("a", "b")) -> str:
    """LightGBM's text of a model with these trees."""
    head = f"tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nfeature_names={' '.join(names)}\n"
    blocks = [
        f"\nTree={number}\n" + "".join(f"{name}={value}\n" for name, value in tree.items())
        for number, tree in enumerate(trees)
    ]
    return head + "".join(blocks) + "\n\nend of trees\n"


@cache
def bundle_parts() -> BundleParts:
    """Four models over twelve features; loyalty reads only nine of them."""
    values = draw_rows(1, 1_500)
    strength = signal(values, 2)
    return BundleParts(
        features=tuple(
            FeatureSpec(
                name, "float64", "days", "contact", "contacts", None, None, None, protected=name == PROTECTED
            )
            for name in NAMES
        ),
        models=(
            _part("churn_90", values, (strength > 1.0).astype(float), "binary", NAMES),
            _part("churn_180", values, (signal(values, 3) > 0.5).astype(float), "binary", NAMES),
            _part("growth_180", values, strength, "regression", NAMES),
            _part("loyalty_360", values, 1 / (1 + np.exp(-strength)), "cross_entropy", NAMES[:9]),
        ),
        reference=values,
        lineage=Lineage(
            policy_digest="p" * 64,
            catalogue_digest="c" * 64,
            data=DataRange("2020-01-01", "2023-01-01", "d" * 64),
            metrics={"churn_90": {"auc": 0.8, "rows": 1500, "test_as_of": "2022-12-31", "note": None}},
            seeds={"train": 1},
            libraries={"lightgbm": "4.7.0"},
            code_commit="0" * 40,
        ),
        documents={"policy/bands.yaml": "churn: {medium: 0.05, high: 0.15}\n", "groups.json": "{}\n"},
        card="# Model card\n流失\n",
    )


def _part(
    key: str, values: FloatArray, label: FloatArray, objective: str, names: tuple[str, ...]
) -> ModelParts:
    booster = train(values[:, : len(names)], label, objective=objective)
    text = booster.model_to_string()
    target, horizon = key.split("_")
    kind = KINDS[target]
    is_amount = kind == "amount"
    return ModelParts(
        target=TargetSpec(
            key, target, int(horizon), 0, kind, Bands(0.05, 0.15) if target == "churn" else None
        ),
        compiled=compile_booster(text, names),
        booster_text=text,
        calibration=Calibration(
            knots=None if is_amount else Knots((-2.0, -1.0, 1.5), (-2.5, -0.75, 1.25)),
            interval=Interval(level=0.8, low=-0.5, high=0.75) if is_amount else None,
            scale=Scale(floor=100_000.0, features=(SCALE, "f5")) if is_amount else None,
            quantiles=(),
        ),
    )
