"""From a bank's tables to a registered bundle: check, build, label, read through the store, fit, prove, register."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.catalogue import Feature
from features.policy import policy_digest, policy_names, policy_text, read_policy
from pipelines.build import Progress, Store, build, open_store, read_features
from pipelines.engine import Engine
from pipelines.errors import PipelineError
from pipelines.intake import prepare
from pipelines.labels import Plan, plan_targets, read_datasets
from pipelines.settings import Home
from pipelines.tracking import Registered, RunRecord, track
from serving.calibration import Calibration, Interval, Knots
from serving.calibration import Scale as ServedScale
from serving.manifest import Bands, DataRange, FeatureSpec, Lineage, TargetSpec
from serving.reasons import BankWords, Texts, feature_title
from serving.requests import LANGUAGES
from training.card import CardContent, card_model, model_card
from training.dataset import Dataset
from training.errors import TrainingError
from training.fit import Recipe, Scale, check_labels
from training.package import BundleParts, ModelParts, write_bundle
from training.plots import Currency, draw_plots
from training.run import RunRules, TrainedTarget, growth_scale, train_target

LIBRARIES = ("lightgbm", "numpy", "scikit-learn", "feast", "ibis-framework", "duckdb", "pyarrow")


@dataclass(frozen=True)
class TrainOptions:
    """What a user chooses for a training run. `test_as_of` None: each target at its newest ripe date."""

    test_as_of: date | None = None
    seed: int = 1
    predictions: Path | None = None
    threads: int = 2


@dataclass(frozen=True, eq=False)
class TrainResult:
    """A finished run: what was trained, what was left out and why, and where the bundle lies."""

    trained: tuple[TrainedTarget, ...]
    plan: Plan
    store: Store
    bundle_dir: Path
    manifest_sha256: str
    card: str

    def report(self) -> dict[str, Any]:
        """Return the `train --json` object, without the version."""
        headline = _headlines(self.trained)
        first = headline.get("churn") or next(iter(headline.values()))
        return {
            "test_as_of": first.schedule.test.isoformat(),
            "rows": {
                "train": first.train_rows,
                "test": len(first.test),
                "customers": first.train_customers,
            },
            "horizons": {target: item.schedule.horizon for target, item in headline.items()},
            "metrics": {target: _with_place(item) for target, item in headline.items()},
            "by_horizon": {item.key: _with_place(item) for item in self.trained},
            "baselines": _by_rule(headline),
            "left_out": list(self.plan.left_out),
        }


def _headlines(trained: tuple[TrainedTarget, ...]) -> dict[str, TrainedTarget]:
    """Return the model of each target's first horizon."""
    found: dict[str, TrainedTarget] = {}
    for item in trained:
        found.setdefault(item.schedule.target, item)
    return found


def _with_place(item: TrainedTarget) -> dict[str, Any]:
    return {
        **item.metrics,
        "test_as_of": item.schedule.test.isoformat(),
        "validation": item.validation,
        "train_dates": len(item.schedule.train),
        "rows_train": item.train_rows,
        "rows_test": len(item.test),
        "trees": item.fitted.trees,
    }


def _by_rule(headline: Mapping[str, TrainedTarget]) -> dict[str, dict[str, Any]]:
    rules: dict[str, dict[str, Any]] = {}
    for target, item in headline.items():
        for rule, figures in item.baselines.items():
            rules.setdefault(rule, {})[target] = dict(figures)
    return rules


def train(home: Home, data: Path, options: TrainOptions, progress: Progress | None = None) -> TrainResult:
    """Train every target that the bank's tables or outcomes have labels for, and write the bundle.

    Raises
    ------
    PipelineError
        The tables were refused, or there is nothing to train on.
    TrainingError
        A target has too little to learn from.
    """
    tell = progress or (lambda _text, _share: None)
    source = open_store(home, prepared_tables(home, data, progress))
    with Engine(source.bank, options.threads) as engine:
        plan = plan_targets(source.bank, engine, options.test_as_of)
        build(source, plan.dates, progress)
        tell("labels and features", 0.0)
        datasets = read_datasets(source, engine, plan)
        tell("labels and features", 1.0)
    plan = _teachable(plan, datasets)
    trained = _train_all(source, plan, datasets, options, progress)
    if options.predictions is not None:
        write_predictions(options.predictions, trained)
    return _write(home, source, plan, trained, options)


def prepared_tables(home: Home, data: Path, progress: Progress | None = None) -> Path:
    """Check a bank's tables and return the prepared folder.

    Raises
    ------
    PipelineError
        A table is rejected: names each with its reason.
    """
    report = prepare(data, home.tables, progress=_table_progress(progress))
    if report.rejected:
        reasons = "; ".join(f"{table}: {reason.text()}" for table, reason in report.rejected.items())
        raise PipelineError(f"{data}: expected tables that keep the contract; rejected {reasons}")
    return report.prepared


def _table_progress(progress: Progress | None) -> Callable[[str, int, int], None] | None:
    if progress is None:
        return None
    return lambda table, done, total: progress(f"check {table}", done / max(total, 1))


def _teachable(plan: Plan, datasets: Mapping[str, tuple[Dataset, Dataset | None]]) -> Plan:
    """Leave out, by name, targets with too little to learn from; without churn there is nothing worth having.

    Raises
    ------
    TrainingError
        Churn, or everything there is, has too little to learn from.
    """
    least = read_policy("targets")["training"]["minimum_events"]
    kept, left_out = [], list(plan.left_out)
    for item in plan.schedules:
        try:
            check_labels(item.target, datasets[item.key][0], least)
        except TrainingError as refusal:
            if item.target == "churn" or len(plan.schedules) == 1:
                raise
            left_out.append(str(refusal))
        else:
            kept.append(item)
    return replace(plan, schedules=tuple(kept), left_out=tuple(left_out))


def _train_all(
    source: Store,
    plan: Plan,
    datasets: Mapping[str, tuple[Dataset, Dataset | None]],
    options: TrainOptions,
    progress: Progress | None,
) -> tuple[TrainedTarget, ...]:
    policy = read_policy("targets")
    recipe = Recipe(seed=options.seed, threads=options.threads)
    rules = RunRules(recipe, policy["training"]["minimum_events"], policy["interval_level"])
    has_balances = "balances" in source.bank.manifest.tables
    trained = []
    for place, item in enumerate(plan.schedules):
        rows, test = datasets[item.key]
        scale: Scale | None = None
        if item.target == "growth":
            scale = growth_scale(rows, has_balances, item.horizon or 0)

        def on_fit(number: int, place: int = place, key: str = item.key) -> None:
            if progress:
                progress(f"model {key}", (place + (number + 1) / (recipe.folds + 1)) / len(plan.schedules))

        if progress:
            progress(f"model {item.key}", place / len(plan.schedules))
        trained.append(train_target(item, rows, test, rules, scale=scale, on_fit=on_fit))
    return tuple(trained)


def write_predictions(path: Path, trained: tuple[TrainedTarget, ...]) -> None:
    """Write the test rows: customer_id, as_of, target, horizon_days, label, prediction."""
    parts = [
        pa.table(
            {
                "customer_id": pa.array(item.test.customer_ids, pa.string()),
                "as_of": pa.array(item.test.as_of, pa.date32()),
                "target": pa.array([item.schedule.target] * len(item.test), pa.string()),
                "horizon_days": pa.array([item.schedule.horizon] * len(item.test), pa.int32()),
                "label": pa.array(item.test.label, pa.float64()),
                "prediction": pa.array(item.prediction, pa.float64()),
            }
        )
        for item in trained
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    pq.write_table(pa.concat_tables(parts), draft)
    draft.replace(path)


def _write(
    home: Home, source: Store, plan: Plan, trained: tuple[TrainedTarget, ...], options: TrainOptions
) -> TrainResult:
    used = {name for item in trained for name in item.fitted.features}
    used |= {name for item in trained if item.fitted.scale for name in item.fitted.scale.features}
    features = [feature for feature in source.bank.catalogue.features if feature.name in used]
    names = tuple(feature.name for feature in features)
    lineage = _lineage(source, trained, options)
    draft = home.bundles / ".draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.parent.mkdir(parents=True, exist_ok=True)
    specs = tuple(_feature_spec(source, feature) for feature in features)
    manifest = source.bank.manifest
    card = model_card(
        CardContent(
            lineage=lineage,
            models=tuple(
                card_model(item, has_bank_labels=item.schedule.target in plan.from_outcomes)
                for item in trained
            ),
            features=specs,
            tables=tuple(manifest.tables),
            zone=manifest.zone,
            gap_days=read_policy("targets")["gap_days"],
            left_out=plan.left_out,
            absent=source.bank.catalogue.absent,
        )
    )
    digest = write_bundle(
        draft,
        BundleParts(
            features=specs,
            models=tuple(_model_parts(item) for item in trained),
            reference=_reference(source, plan, names),
            lineage=lineage,
            documents={
                "bank.json": _bank_words(source),
                **{f"policy/{name}.yaml": policy_text(name) for name in policy_names()},
            },
            card=card,
        ),
    )
    return TrainResult(
        trained=trained, plan=plan, store=source, bundle_dir=draft, manifest_sha256=digest, card=card
    )


def _bank_words(source: Store) -> str:
    """Write what the texts need to know of the bank: titles of its own attributes, and its currency."""
    manifest = source.bank.manifest
    return BankWords(manifest.titles, manifest.currency, manifest.currency_decimals).to_json()


def register(
    home: Home, result: TrainResult, options: TrainOptions, progress: Progress | None = None
) -> Registered:
    """Draw the run's pictures, log it in MLflow, register its bundle and export it under its version."""
    tell = progress or (lambda _text, _share: None)
    tell("pictures", 0.0)
    manifest = result.store.bank.manifest
    words = BankWords(manifest.titles, manifest.currency, manifest.currency_decimals)
    texts = Texts.parse(policy_text("texts"))
    titles = {
        name: {language: feature_title(texts, name, words, language) for language in LANGUAGES}
        for name in result.store.bank.catalogue.names
    }
    drawn = home.reports / "training"
    shutil.rmtree(drawn, ignore_errors=True)
    currency = Currency(manifest.currency, manifest.currency_decimals)
    plots = draw_plots(result.trained, titles, drawn, currency)
    tell("register", 0.5)
    record = RunRecord(
        bundle_dir=result.bundle_dir,
        manifest_sha256=result.manifest_sha256,
        trained=result.trained,
        params=_parameters(result, options),
        tags={"code_commit": code_commit(), "data_digest": manifest.digest, "policy_digest": policy_digest()},
        plots=plots,
        card=result.card,
        seed=options.seed,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    registered = track(home, record)
    shutil.rmtree(result.bundle_dir)
    tell("register", 1.0)
    return registered


def _parameters(result: TrainResult, options: TrainOptions) -> dict[str, str | int | float | bool | None]:
    recipe = asdict(Recipe(seed=options.seed, threads=options.threads))
    return {
        **recipe,
        "test_as_of": None if options.test_as_of is None else options.test_as_of.isoformat(),
        "data_from": min(result.store.bank.manifest.data_from.values()).isoformat(),
        "data_until": result.store.bank.manifest.data_until.isoformat(),
        "features": len(result.store.bank.catalogue.names),
    }


def _feature_spec(source: Store, feature: Feature) -> FeatureSpec:
    codes = source.bank.codes.get(feature.name)
    texts = None if codes is None else tuple(sorted(codes, key=lambda text: codes[text]))
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
        scale = ServedScale(floor=fitted.scale.floor, features=fitted.scale.features)
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


def _reference(source: Store, plan: Plan, names: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Features of everyone who could be scored at the first model's test date: (customers, features)."""
    as_of = plan.schedules[0].test
    statuses = source.statuses(as_of)
    keep = pc.equal(statuses["status_code"], 0.0)
    frame = read_features(source, as_of, names).filter(keep)
    return np.column_stack([frame[name].to_numpy(zero_copy_only=False) for name in names]).astype(np.float64)


def _lineage(source: Store, trained: tuple[TrainedTarget, ...], options: TrainOptions) -> Lineage:
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
            item.key: {**{name: float(value) for name, value in item.metrics.items()},
                       "test_as_of": item.schedule.test.isoformat(), "validation": item.validation}
            for item in trained
        },
        seeds={"training": options.seed},
        libraries={name: library_version(name) for name in LIBRARIES} | {"python": platform.python_version()},
        code_commit=code_commit(),
    )  # fmt: skip


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
