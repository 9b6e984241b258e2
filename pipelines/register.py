"""From a trained bundle to a registered version: pictures, parameters, tags, timings."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from time import perf_counter

from features.policy import policy_digest, policy_text
from features.tables import BankManifest
from pipelines.build import Progress
from pipelines.bundling import code_commit
from pipelines.settings import Home
from pipelines.tracking import Registered, RunRecord, track
from pipelines.train import TrainOptions, TrainResult
from serving.reasons import BankWords, Texts, feature_title
from serving.requests import LANGUAGES
from training.plots import Currency, draw_plots
from training.run import TrainedTarget


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
        tags=run_tags(manifest),
        plots=plots,
        card=result.card,
        seed=options.seed,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        timings=dict(_explain_microseconds(result.trained)),
    )
    registered = track(home, record)
    shutil.rmtree(result.bundle_dir.parent)
    tell("register", 1.0)
    return registered


def _explain_microseconds(trained: tuple[TrainedTarget, ...]) -> Iterator[tuple[str, float]]:
    """Time explaining each model's test rows, one thread: microseconds per row. The first time compiles."""
    for item in trained:
        item.fitted.margin(item.test)
        began = perf_counter()
        item.fitted.margin(item.test)
        yield f"{item.key}/explain_microseconds_per_row", (perf_counter() - began) / len(item.test) * 1e6


def run_tags(manifest: BankManifest) -> dict[str, str]:
    """Return what a run of MLflow says of code, data and policy."""
    return {"code_commit": code_commit(), "data_digest": manifest.digest, "policy_digest": policy_digest()}


def _parameters(result: TrainResult, options: TrainOptions) -> dict[str, str | int | float | bool | None]:
    return {
        "folds": options.folds,
        "trials": options.trials,
        "threads": options.threads,
        "test_as_of": None if options.test_as_of is None else options.test_as_of.isoformat(),
        "data_from": min(result.store.bank.manifest.data_from.values()).isoformat(),
        "data_until": result.store.bank.manifest.data_until.isoformat(),
        "features": len(result.store.bank.catalogue.names),
    }
