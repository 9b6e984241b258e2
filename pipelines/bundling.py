"""Everything a bundle is made of, put together from a trained bank: features, models, reference, lineage, card."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as library_version
from math import isnan
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.catalogue import Feature
from features.policy import policy_digest, policy_names, policy_text, read_policy
from features.policy.factors import read_factors
from pipelines.build import Store, read_features
from pipelines.labels import Plan
from pipelines.settings import Home
from serving.calibration import Calibration, Interval, Knots, Scale
from serving.champion import load_champion
from serving.groups import Groups
from serving.manifest import Bands, DataRange, FeatureSpec, Lineage, TargetSpec
from serving.reasons import BankWords
from training.card import CardContent, card_model, model_card
from training.factors import plan_sheet
from training.package import BundleParts, ModelParts, write_bundle
from training.run import TrainedTarget

DRAFT = ".draft"
LIBRARIES = ("lightgbm", "numpy", "scikit-learn", "feast", "ibis-framework", "duckdb", "pyarrow")


@dataclass(frozen=True)
class Bundled:
    """A written bundle that has no version yet."""

    directory: Path
    manifest_sha256: str
    card: str


@dataclass(frozen=True, eq=False)
class Trained:
    """A finished training: what was planned, the models, the codes that training rows have, and the seed."""

    plan: Plan
    models: tuple[TrainedTarget, ...]
    codes: Mapping[str, frozenset[int]]
    seed: int


def bundle_up(home: Home, source: Store, trained: Trained) -> Bundled:
    """Write the bundle of a training run to the home's draft place; it holds everything but its version."""
    used = {name for item in trained.models for name in item.fitted.features}
    used |= {name for item in trained.models if item.fitted.scale for name in item.fitted.scale.features}
    models = tuple(_model_parts(item) for item in trained.models)
    day = trained.plan.schedules[0].test
    sheet = plan_sheet(source.bank.catalogue.names, [model.target for model in models], read_factors(day))
    used |= set(sheet.features)
    features = [feature for feature in source.bank.catalogue.features if feature.name in used]
    names = tuple(feature.name for feature in features)
    lineage = _lineage(source, trained)
    draft = home.bundles / DRAFT / "bundle"
    shutil.rmtree(draft.parent, ignore_errors=True)
    draft.parent.mkdir(parents=True, exist_ok=True)
    specs = tuple(_feature_spec(source, feature, trained.codes) for feature in features)
    manifest = source.bank.manifest
    card = model_card(
        CardContent(
            lineage=lineage,
            models=tuple(
                card_model(item, has_bank_labels=item.schedule.target in trained.plan.from_outcomes)
                for item in trained.models
            ),
            features=specs,
            tables=tuple(manifest.tables),
            zone=manifest.zone,
            gap_days=read_policy("targets")["gap_days"],
            left_out=trained.plan.left_out,
            absent=source.bank.catalogue.absent,
        )
    )
    digest = write_bundle(
        draft,
        BundleParts(
            features=specs,
            models=models,
            factors=sheet,
            last_groups=_last_groups(home),
            reference=_reference(source, trained.plan, names),
            lineage=lineage,
            documents={
                "bank.json": _bank_words(source),
                **{f"policy/{name}.yaml": policy_text(name) for name in policy_names()},
            },
            card=card,
        ),
    )
    return Bundled(draft, digest, card)


def _last_groups(home: Home) -> Groups | None:
    """Groups of the bundle that serves now; None where nothing serves, or it has none."""
    if not home.champion.is_file():
        return None
    return load_champion(home.root).bundle.groups


def _bank_words(source: Store) -> str:
    """Write what the texts need to know of the bank: titles of its own attributes, and its currency."""
    manifest = source.bank.manifest
    return BankWords(manifest.titles, manifest.currency, manifest.currency_decimals).to_json()


def _feature_spec(source: Store, feature: Feature, seen: Mapping[str, frozenset[int]]) -> FeatureSpec:
    codes = source.bank.codes.get(feature.name)
    texts = None
    if codes is not None:
        ordered = sorted(codes, key=lambda text: codes[text])
        texts = tuple(text if codes[text] in seen[feature.name] else "" for text in ordered)
    return FeatureSpec(
        name=feature.name, dtype="float64", unit=feature.unit, family=feature.family, group=feature.group,
        categories=texts, usual=feature.usual, median=None, protected=False,
    )  # fmt: skip


def _model_parts(item: TrainedTarget) -> ModelParts:
    policy = read_policy("targets")
    fitted, target = item.fitted, item.schedule.target
    bands = policy["bands"].get(target)
    knots = interval = scale = None
    if fitted.calibration is not None:
        margins, logits = fitted.calibration.knots
        knots = Knots(margin=margins, logit=logits)
    if fitted.interval is not None and fitted.scale is not None:
        interval = Interval(level=policy["interval_level"], low=fitted.interval[0], high=fitted.interval[1])
        scale = Scale(floor=fitted.scale.floor, features=fitted.scale.features)
    return ModelParts(
        target=TargetSpec(
            key=item.key,
            target=target,
            horizon_days=item.schedule.horizon,
            gap_days=policy["gap_days"],
            kind=fitted.kind,
            bands=None if bands is None else Bands(medium_from=bands["medium"], high_from=bands["high"]),
        ),
        compiled=fitted.compiled,
        booster_text=fitted.booster_text,
        calibration=Calibration(knots=knots, interval=interval, scale=scale, quantiles=()),
    )


def _reference(source: Store, plan: Plan, names: tuple[str, ...]) -> NDArray[np.float64]:
    """Features of everyone who could be scored at the first model's test date: (customers, features)."""
    as_of = plan.schedules[0].test
    statuses = source.statuses(as_of)
    keep = pc.equal(statuses["status_code"], 0.0)
    frame = read_features(source, as_of, names).filter(keep)
    return np.column_stack([frame[name].to_numpy(zero_copy_only=False) for name in names]).astype(np.float64)


def _lineage(source: Store, trained: Trained) -> Lineage:
    manifest = source.bank.manifest
    return Lineage(
        policy_digest=policy_digest(),
        catalogue_digest=source.bank.catalogue.digest,
        data=DataRange(
            first_on=min(manifest.data_from.values()).isoformat(),
            until=manifest.data_until.isoformat(),
            digest=manifest.digest,
        ),
        metrics={
            item.key: {**{name: float(value) for name, value in item.metrics.items()}, **_steadiness(item),
                       "test_as_of": item.schedule.test.isoformat(), "validation": item.validation}
            for item in trained.models
        },
        seeds={"training": trained.seed},
        libraries={name: library_version(name) for name in LIBRARIES} | {"python": platform.python_version()},
        code_commit=code_commit(),
    )  # fmt: skip


def _steadiness(item: TrainedTarget) -> dict[str, float]:
    """Say how steady the reasons of the highest risks are, where that was measured: what the gate asks for."""
    if item.budget is None or isnan(item.budget.agreement_top) or item.fitted.kind != "probability":
        return {}
    return {"reason_agreement": item.budget.agreement_top}


def code_commit() -> str:
    """Return the commit of the code, or "unknown" outside a checkout."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 - git is looked up as the user has it
            cwd=Path(__file__).parent, capture_output=True, text=True, check=True, timeout=10,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()
