"""The main job from nothing: a simulated bank, its features, models, scores, a drift report, and the service."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from features.definitions import bank_catalogue
from pipelines.build import open_store
from pipelines.data_page import CheckedBank, write_data_page
from pipelines.errors import PipelineError
from pipelines.intake import prepare, read_manifest
from pipelines.monitor import monitor
from pipelines.online import publish_as_of
from pipelines.register import register
from pipelines.score import ScoreOptions, score
from pipelines.serve import ServeOptions, serve
from pipelines.settings import Home, write_json
from pipelines.sources.simulated import simulate
from pipelines.terminal import Terminal
from pipelines.train import TrainOptions, prepared_tables, train
from pipelines.truth import attainable
from pipelines.welcome import announce, curl_line


@dataclass(frozen=True)
class DemoOptions:
    """What the demonstration is made with."""

    customers: int
    months: int
    seed: int
    port: int
    is_served: bool

    @property
    def recipe(self) -> dict[str, int]:
        """What the simulated bank depends on: another recipe starts clean."""
        return {"customers": self.customers, "months": self.months, "seed": self.seed}


def run_demo(home: Home, options: DemoOptions, terminal: Terminal) -> None:
    """Run every step that has not been done yet for this recipe, and serve.

    A run that was stopped goes on where it was: each step leaves its result whole or not at all. With another
    recipe the demonstration's bank is made anew.
    """
    bank = home.root / "demo" / "bank"
    steps: list[tuple[str, Callable[[], None]]] = []
    results: dict[str, Any] = {}

    def simulated() -> None:
        _simulate(home, bank, options, terminal)

    def checked() -> None:
        with terminal.progress() as bar:
            report = prepare(
                bank, home.tables, progress=lambda name, done, total: bar(f"check {name}", done / total)
            )
        if report.rejected:
            raise PipelineError(f"{bank}: the simulated tables were rejected: {', '.join(report.rejected)}")
        results["prepared"] = report.prepared
        terminal.say("checked", out=report.prepared, quarantine=report.quarantine_file)
        manifest = read_manifest(report.prepared)
        found = CheckedBank(bank.name, report, manifest, bank_catalogue(manifest))
        terminal.say("data_page", out=write_data_page(found, home.reports, terminal.language))

    def trained() -> None:
        results["training"] = _train(home, bank, options, terminal)

    def published() -> None:
        store = open_store(home, results["prepared"])
        with terminal.progress() as bar:
            report = publish_as_of(home, store, results["as_of"], bar)
        terminal.say("published", rows=f"{report.published.rows:,}", as_of=report.published.as_of)

    def scored() -> None:
        store = open_store(home, results["prepared"])
        results["as_of"] = store.bank.manifest.data_until
        out = home.reports / f"scores-{results['as_of']}.parquet"
        with terminal.progress() as bar:
            report = score(home, store, results["as_of"], out, ScoreOptions(language=terminal.language), bar)
        results["scores"] = {"out": str(out), "scored": report.scored, "not_scorable": report.not_scorable}
        terminal.say("scored", out=out, scored=f"{report.scored:,}", not_scorable=f"{report.not_scorable:,}",
                     as_of=report.as_of, version=report.version)  # fmt: skip

    def monitored() -> None:
        day: date = results["as_of"]
        report = monitor(
            home,
            open_store(home, results["prepared"]),
            day,
            home.reports / f"monitor-{day}",
            terminal.language,
        )
        terminal.monitored(report)

    steps = [
        ("step_simulate", simulated), ("step_check", checked), ("step_train", trained),
        ("step_score", scored), ("step_publish", published), ("step_monitor", monitored),
    ]  # fmt: skip
    count = len(steps) + int(options.is_served)
    for number, (title, run) in enumerate(steps, start=1):
        terminal.heading(terminal.text("step", number=number, count=count, title=terminal.text(title)))
        run()
    terminal.say("pictures", reports=home.reports, tracking=home.tracking_uri)
    terminal.result({**results["training"], "as_of": str(results["as_of"]), "scores": results["scores"]})
    if options.is_served:
        terminal.heading(terminal.text("step", number=count, count=count, title=terminal.text("step_serve")))
        serve(home.root, ServeOptions(port=options.port), lambda _: announce(home, options.port, terminal))
    else:
        terminal.say("curl_later")
        terminal.write(curl_line(home, options.port))


def _simulate(home: Home, bank: Path, options: DemoOptions, terminal: Terminal) -> None:
    made = bank.parent / "recipe.json"
    if made.is_file() and json.loads(made.read_text(encoding="utf-8")) == options.recipe:
        return
    made.unlink(missing_ok=True)
    for folder in (bank, home.book):  # tiers go on from month to month: of one bank only
        shutil.rmtree(folder, ignore_errors=True)
    with terminal.progress() as bar:
        report = simulate(options.customers, options.months, options.seed, bank, bar)
    write_json(made, options.recipe)
    rows = f"{sum(report.rows.values()):,}"
    terminal.say("simulated", customers=options.customers, months=options.months, out=bank, rows=rows,
                 seed=options.seed)  # fmt: skip


def _train(home: Home, bank: Path, options: DemoOptions, terminal: Terminal) -> dict[str, Any]:
    """Train once per bank, policy and feature code; a second run shows what the first one registered."""
    kept = bank.parent / "training.json"
    with terminal.progress() as bar:
        store = open_store(home, prepared_tables(home, bank, bar))
        mark = store.directory.name
        if kept.is_file():
            before: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
            if before.get("store") == mark and home.champion.is_file():
                terminal.train_figures(before["report"])
                return dict(before["report"])
        train_options = TrainOptions(seed=options.seed)
        result = train(home, bank, train_options, bar)
        registered = register(home, result, train_options, bar)
    report = {"version": registered.version, **result.report()}
    report["attainable"] = attainable(bank / "truth", result.trained)
    terminal.train_figures(report)
    terminal.say("trained", version=registered.version, alias=", ".join(registered.aliases),
                 run_id=registered.run_id, out=registered.bundle_dir)  # fmt: skip
    write_json(kept, {"store": mark, "report": report})
    return report
