"""From a bank's tables to a bundle: check, build, label, read through the store, fit, prove, write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.policy import read_policy
from pipelines.build import Progress, Store, build, open_store
from pipelines.bundling import Trained, bundle_up
from pipelines.datasets import Datasets, read_datasets
from pipelines.engine import Bank, Engine
from pipelines.errors import PipelineError
from pipelines.hindsight import check_hindsight
from pipelines.intake import prepare
from pipelines.labels import Plan, plan_targets
from pipelines.people import GROUPS, SEGMENTS, people_at
from pipelines.settings import Home
from training.dataset import Dataset, codes_seen, without_unseen
from training.errors import TrainingError
from training.fit import check_labels
from training.recipe import Recipe, recipe_from
from training.rows import Scale
from training.run import RunRules, TrainedTarget, growth_scale, train_target
from training.segments import segment_figures
from training.splits import Schedule
from training.tune import Tuning


@dataclass(frozen=True)
class TrainOptions:
    """What a user chooses for a training run.

    `test_as_of` None: each target at its newest ripe date. `folds`: into how many parts customers are split for the
    number of trees and the calibration. `trials`: how many recipes are tried per model; 0 tunes
    nothing. `start`: by model the recipe to try first beside the default, as texts. `has_leak_check`: features of some
    customers are computed once more without what was known only later; off only where the same tables are trained on
    again and again, for it costs seconds however small the bank.
    """

    test_as_of: date | None = None
    seed: int = 1
    predictions: Path | None = None
    folds: int = 3
    trials: int = 0
    start: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    threads: int = 2
    has_leak_check: bool = True


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
        "rows_available": item.available_rows,
        "rows_test": len(item.test),
        "trees": item.fitted.trees,
        "has_few_events": item.has_few_events,
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
        A target has too little to learn from, or a feature tells what was not known.
    """
    return train_on(home, open_store(home, prepared_tables(home, data, progress)), options, progress)


def train_on(
    home: Home, source: Store, options: TrainOptions, progress: Progress | None = None
) -> TrainResult:
    """Train on tables that were checked: see `train`."""
    tell = progress or (lambda _text, _share: None)
    with Engine(source.bank, options.threads) as engine:
        plan = plan_targets(source.bank, engine, options.test_as_of)
        build(source, plan.dates, progress)
        tell("labels and features", 0.0)
        datasets = read_datasets(source, engine, plan)
        tell("labels and features", 1.0)
    plan = _teachable(plan, datasets)
    if options.has_leak_check:
        tell("leak alarm", 0.0)
        most = read_policy("targets")["training"]["leak_customers"]
        check_hindsight(source, datasets[plan.schedules[0].key][0], most, options.threads)
        tell("leak alarm", 1.0)
    seen = codes_seen((rows for rows, _ in datasets.values()), source.bank.codes)
    trained = _with_segments(source, _train_all(source, plan, datasets, seen, options, progress))
    if options.predictions is not None:
        write_predictions(options.predictions, trained)
    bundled = bundle_up(home, source, Trained(plan, trained, seen, options.seed))
    return TrainResult(
        trained=trained,
        plan=plan,
        store=source,
        bundle_dir=bundled.directory,
        manifest_sha256=bundled.manifest_sha256,
        card=bundled.card,
    )


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


def _teachable(plan: Plan, datasets: Datasets) -> Plan:
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
    datasets: Datasets,
    seen: Mapping[str, frozenset[int]],
    options: TrainOptions,
    progress: Progress | None,
) -> tuple[TrainedTarget, ...]:
    families = {feature.name: feature.family for feature in source.bank.catalogue.features}
    rules = replace(
        train_rules(source.bank, options.seed, options.threads, options.folds),
        families=families,
    )
    seconds = float(read_policy("targets")["training"]["tuning_seconds"])
    steps = ("choose", "tune", "fit", "budget")
    trained = []
    for place, item in enumerate(plan.schedules):
        rows, test = datasets[item.key]
        test = None if test is None else without_unseen(test, seen)

        def on_step(step: str, place: int = place, key: str = item.key) -> None:
            if progress:
                progress(f"model {key}", (place + steps.index(step) / len(steps)) / len(plan.schedules))

        tuning = Tuning(options.trials, seconds, recipe_from(options.start.get(item.key, {})))
        scale_of = scale_rule(source.bank, item)
        found = train_target(
            item, rows, test, replace(rules, tuning=tuning), scale_of=scale_of, on_step=on_step
        )
        trained.append(replace(found, available_rows=datasets.available(item.key)))
    return tuple(trained)


def _with_segments(source: Store, trained: tuple[TrainedTarget, ...]) -> tuple[TrainedTarget, ...]:
    """Add each model's figures by segment and by sex and age, at its test date."""
    bands = read_policy("gate")["groups"]["age_bands"]
    found = []
    with Engine(source.bank) as engine:
        for item in trained:
            people = people_at(
                engine, item.schedule.test, item.test.customer_ids, (*SEGMENTS, *GROUPS), bands
            )
            figures = segment_figures(item.fitted.kind, item.test, item.prediction, people)
            found.append(replace(item, segments=figures))
    return tuple(found)


def train_rules(bank: Bank, seed: int, threads: int, folds: int = 3) -> RunRules:
    """Return how a bank's targets are trained; directions of features that the bank lacks are left out."""
    policy = read_policy("targets")
    known = set(bank.catalogue.names)

    def directions(sign: str) -> dict[str, tuple[str, ...]]:
        sides = policy["directions"]
        return {target: tuple(name for name in sides[target][sign] if name in known) for target in sides}

    return RunRules(
        recipe=Recipe(seed=seed, threads=threads, folds=folds, coded=tuple(sorted(bank.codes))),
        minimum_events=policy["training"]["minimum_events"],
        interval_level=policy["interval_level"],
        gap_days=policy["gap_days"],
        few_events=policy["training"]["few_events"],
        choices=True,
        leak_auc=policy["training"]["leak_auc"],
        raising=directions("raising"),
        lowering=directions("lowering"),
    )


def scale_rule(bank: Bank, item: Schedule) -> Callable[[Dataset], Scale] | None:
    """Return how a growth model's scale is chosen; None for the other targets."""
    if item.target != "growth":
        return None
    has_balances = "balances" in bank.manifest.tables
    return lambda rows: growth_scale(rows, has_balances, item.horizon or 0)


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
