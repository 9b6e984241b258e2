"""A small installation made of drawn numbers: online rows and a bundle to answer from, in seconds.

For measurements and for tests of the door. Its predictions mean nothing; its shapes are those of a real one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from features.catalogue import Feature
from features.definitions import FEATURES
from features.policy import policy_text
from features.policy.factors import read_factors
from pipelines.publish import Publication, publish_online
from pipelines.settings import Home, write_json
from serving.calibration import Calibration, Interval, Knots, Scale
from serving.champion import BANK_DOCUMENT, SIGNALS_DOCUMENT, TEXTS_DOCUMENT
from serving.classes import CLASSES_DOCUMENT, FACTS_DOCUMENT
from serving.event_words import EVENTS_DOCUMENT
from serving.manifest import Bands, DataRange, FeatureSpec, Lineage, Release, TargetSpec
from serving.reasons import BankWords
from serving.tiers import TIERS_DOCUMENT
from training.compile import compile_booster
from training.factors import READ, plan_sheet
from training.package import BundleParts, ModelParts, write_bundle, write_release

FloatArray = NDArray[np.float64]
Kind = Literal["probability", "share", "amount"]

AS_OF = date(2026, 10, 31)
VERSION = "7"
CATALOGUE_DIGEST = "c" * 64
NULL_SHARE = 0.1
REFERENCE_ROWS = 2_000


@dataclass(frozen=True)
class Shape:
    """How large the installation is; `features` counts from the start of the catalogue."""

    customers: int = 5_000
    features: int = 60
    trees: int = 300
    seed: int = 1


def make_home(root: Path, shape: Shape) -> tuple[str, ...]:
    """Publish drawn rows and promote a bundle fitted on drawn labels; return the customers' ids.

    One customer in ten cannot be scored, those at places 9, 19, 29 ...: closed, no_history, dormant in turn.
    """
    draw = np.random.default_rng(shape.seed)
    policy = read_factors(AS_OF)
    own = {*READ, *(line.feature for line in policy.card)}
    inputs = [feature for feature in FEATURES if feature.model_input]
    first = {feature.name for feature in inputs[: shape.features]}
    features = tuple(feature for feature in inputs if feature.name in first | own)
    values = np.column_stack([_column(draw, feature, shape.customers) for feature in features])
    ids = tuple(f"C{number:06d}" for number in range(shape.customers))
    home = Home(root)
    publish_online(
        home.online,
        Publication(
            as_of=AS_OF,
            zone="Asia/Shanghai",
            names=tuple(feature.name for feature in features),
            catalogue_digest=CATALOGUE_DIGEST,
            data_digest="d" * 64,
            customer_ids=ids,
            values=values,
            facts=tuple(_facts(number) for number in range(shape.customers)),
        ),
    )
    directory = home.bundles / VERSION
    directory.parent.mkdir(parents=True, exist_ok=True)
    digest = write_bundle(directory, _bundle(draw, features, values, shape.trees))
    write_release(directory, Release(VERSION, "run", "2026-11-01T00:00:00Z", digest))
    write_json(home.champion, {"version": VERSION, "manifest_sha256": digest})
    return ids


def _column(draw: np.random.Generator, feature: Feature, rows: int) -> FloatArray:
    """Draw one feature in its unit; every tenth value is null, save where it never is."""
    match feature.unit:
        case "money":
            values = np.round(draw.lognormal(13.0, 1.5, rows))
        case "share":
            values = draw.beta(2.0, 3.0, rows)
        case "ratio":
            values = draw.lognormal(0.0, 0.5, rows)
        case "score":
            values = np.round(draw.normal(0.0, 1.0, rows), 2)
        case "flag":
            values = (draw.random(rows) < 0.3).astype(np.float64)
        case "code":
            values = draw.integers(0, 4, rows).astype(np.float64)
        case _:
            values = np.round(draw.exponential(60.0, rows))
    if feature.null_means != "never null":
        values[draw.random(rows) < NULL_SHARE] = np.nan
    return values


WARNING = {
    "code": "M48", "kind": "retail", "severity": 4, "raised_on": "2026-09-27", "source": "computed",
    "evaluated_on": "2026-10-31", "figures": {"amount_overdue": 250000.0, "days_overdue": 35.0},
}  # fmt: skip
"""Every third customer has it."""

TIER = {"code": "general", "since": "2026-08-01", "next_review": "2026-11-01", "rules": []}
CONTACT = {
    "last_on": "2026-09-01", "rule": "managed", "cadence_days": 91, "due_on": "2026-12-01", "days_overdue": 0,
    "channel": "T", "hours": None, "is_opted_out": False, "not_before": None,
    "event": {"code": "maturing", "kind": "behaviour", "on": "2026-11-05", "amount": 5000000, "detail": "wealth"},
}  # fmt: skip


CLASS = {
    "code": "b", "is_fallback": False, "not_checked": [{"figure": "governance"}],
    "criteria": [
        {"figure": "owns_property", "operator": "yes", "value": 1.0},
        {"figure": "credit_line", "operator": ">=", "value": 60000000.0, "limit": 50000000.0},
    ],
}  # fmt: skip
"""Every fourth customer is a micro customer of this class."""


def _facts(number: int) -> str:
    reason = ("closed", "no_history", "dormant")[number // 10 % 3] if number % 10 == 9 else None
    status = "ok" if reason is None else "not_scorable"
    facts = {
        "as_of": AS_OF.isoformat(),
        "catalogue": CATALOGUE_DIGEST,
        "status": status,
        "reason": reason,
        "warnings": [WARNING] if number % 3 == 0 else [],
        "tier": TIER,
        "contact": CONTACT,
        "class": CLASS if number % 4 == 1 else None,
    }
    return json.dumps(facts, sort_keys=True, separators=(",", ":"))


def _bundle(
    draw: np.random.Generator, features: tuple[Feature, ...], values: FloatArray, trees: int
) -> BundleParts:
    specs = tuple(
        FeatureSpec(
            name=feature.name, dtype="float64", unit=feature.unit, family=feature.family, group=feature.group,
            categories=None, usual=feature.usual, median=None, protected=False,
        )
        for feature in features
    )  # fmt: skip
    bands = Bands(medium_from=0.3, high_from=0.6)
    targets = (
        TargetSpec("churn_90", "churn", 90, 0, "probability", bands),
        TargetSpec("churn_180", "churn", 180, 0, "probability", bands),
        TargetSpec("growth_180", "growth", 180, 0, "amount", None),
        TargetSpec("loyalty_360", "loyalty", 360, 0, "share", None),
    )
    money = tuple(feature.name for feature in features if feature.unit == "money")[:1]
    names = [spec.name for spec in specs]
    return BundleParts(
        features=specs,
        factors=plan_sheet(names, targets, read_factors(AS_OF)),
        models=tuple(_model(draw, target, specs, values, (trees, money)) for target in targets),
        reference=values[:REFERENCE_ROWS],
        lineage=Lineage(
            policy_digest="p" * 64, catalogue_digest=CATALOGUE_DIGEST,
            data=DataRange("2023-11-01", "2026-10-31", "d" * 64),
            metrics={}, seeds={}, libraries={}, code_commit="0" * 40,
        ),
        documents={
            TEXTS_DOCUMENT: policy_text("texts"),
            SIGNALS_DOCUMENT: policy_text("signals"),
            TIERS_DOCUMENT: policy_text("tiers"),
            EVENTS_DOCUMENT: policy_text("events"),
            CLASSES_DOCUMENT: policy_text("classes"),
            FACTS_DOCUMENT: policy_text("facts"),
            BANK_DOCUMENT: BankWords(currency="CNY").to_json(),
        },
        card="# Drawn numbers\n",
    )  # fmt: skip


def _model(
    draw: np.random.Generator,
    target: TargetSpec,
    specs: tuple[FeatureSpec, ...],
    values: FloatArray,
    how: tuple[int, tuple[str, ...]],
) -> ModelParts:
    """Fit one model of depth 3 on labels drawn around a few features."""
    import lightgbm as lgb

    trees, money = how
    signal = np.nan_to_num(values[:, :8]) @ draw.normal(size=8) / np.nanstd(values[:, :8], axis=0).sum()
    label: Any = signal + draw.normal(size=len(values)) * signal.std()
    if target.kind != "amount":
        label = (label > np.median(label)).astype(np.float64)
    names = [spec.name for spec in specs]
    settings = {
        "objective": "regression" if target.kind == "amount" else "binary",
        "max_depth": 3, "num_leaves": 8, "learning_rate": 0.05, "seed": 1, "num_threads": 1, "verbosity": -1,
        "deterministic": True, "force_row_wise": True,
    }  # fmt: skip
    text = lgb.train(settings, lgb.Dataset(values, label, feature_name=names), trees).model_to_string()
    return ModelParts(target, compile_booster(text, names), text, _calibration(target.kind, money))


def _calibration(kind: Kind, money: tuple[str, ...]) -> Calibration:
    if kind == "amount":
        return Calibration(None, Interval(0.8, -1.2, 1.4), Scale(10_000.0, money), ())
    return Calibration(Knots((-1.0, 1.0), (-1.1, 1.0)), None, None, ())
