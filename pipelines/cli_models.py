"""Commands about models: train, test over time, score, watch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.cli_base import Data, Day, NeededDay, app, here


@app.command()
def train(
    data: Data,
    test_as_of: Day = None,
    seed: Annotated[int, typer.Option()] = 1,
    predictions: Annotated[Path | None, typer.Option(help="Write the test rows here as Parquet.")] = None,
    folds: Annotated[int, typer.Option(min=2, max=10, help="Into how many parts customers are split.")] = 3,
    trials: Annotated[
        int, typer.Option(min=0, help="Recipes to try per model, on earlier dates. 0: none.")
    ] = 0,
) -> None:
    """Train, test, calibrate, explain, log and register models; alias challenger (champion where there is none)."""
    from pipelines.register import register
    from pipelines.train import TrainOptions
    from pipelines.train import train as run
    from pipelines.versions import last_recipes

    call = here()
    start = last_recipes(call.home) if trials else {}
    day = test_as_of.date() if test_as_of else None
    options = TrainOptions(day, seed, predictions, folds, trials, start)
    with call.terminal.progress() as bar:
        result = run(call.home, data, options, bar)
        registered = register(call.home, result, options, bar)
    call.terminal.train_figures(result.report())
    call.terminal.say(
        "trained",
        version=registered.version,
        alias=", ".join(registered.aliases),
        run_id=registered.run_id,
        out=registered.bundle_dir,
    )
    call.terminal.result({"version": registered.version, **result.report()})


@app.command()
def targets(data: Data) -> None:
    """Show, before training, whom each definition of a label would call, and recommend one. Registers nothing."""
    from pipelines.lab import targets as run
    from pipelines.lab_words import show

    call = here()
    with call.terminal.progress() as bar:
        report = run(call.home, data, call.terminal.language, bar)
    show(report, call.terminal)
    definitions = sum(len(part.findings) for part in report.parts)
    call.terminal.say("lab", definitions=definitions, labels=len(report.parts), out=report.html)
    call.terminal.result(report.to_dict())


@app.command()
def backtest(
    data: Data,
    dates: Annotated[int, typer.Option(min=1, help="How many test dates.")] = 4,
    step: Annotated[int, typer.Option(min=1, help="Months from one to the next.")] = 3,
    test_as_of: Day = None,
    seed: Annotated[int, typer.Option()] = 1,
) -> None:
    """Train and test every target at several dates, with intervals, beside simple rules. Registers nothing."""
    from pipelines.backtest import BacktestOptions
    from pipelines.backtest import backtest as run

    call = here()
    options = BacktestOptions(dates, step, test_as_of.date() if test_as_of else None, seed)
    with call.terminal.progress() as bar:
        report = run(call.home, data, options, call.terminal.language, bar)
    call.terminal.backtested(report.models)
    call.terminal.say("backtested", models=len(report.models), dates=len(report.dates), out=report.html)
    call.terminal.result(report.to_dict())


@app.command()
def score(
    data: Data,
    as_of: NeededDay,
    out: Annotated[Path, typer.Option()],
    reasons: Annotated[int, typer.Option(min=0, max=20)] = 5,
    engine: Annotated[Literal["duckdb"], typer.Option()] = "duckdb",  # noqa: ARG001 - the contract names it
) -> None:
    """Score every customer: the answers of /predict, as Parquet."""
    from pipelines.build import open_store
    from pipelines.online import refresh_online
    from pipelines.overrides import champion_note
    from pipelines.score import ScoreOptions
    from pipelines.score import score as run
    from pipelines.train import prepared_tables
    from serving.champion import read_champion

    call = here()
    with call.terminal.progress() as bar:
        store = open_store(call.home, prepared_tables(call.home, data, bar))
        options = ScoreOptions(reasons, call.terminal.language)
        report = run(call.home, store, as_of.date(), out, options, bar)
        refreshed = report.has_decided and refresh_online(call.home, store, as_of.date(), bar)
    call.terminal.say(
        "scored",
        scored=f"{report.scored:,}",
        not_scorable=f"{report.not_scorable:,}",
        as_of=report.as_of,
        version=report.version,
        out=report.out,
    )
    note = champion_note(read_champion(call.home.root), call.terminal)
    call.terminal.result(
        {
            "out": str(report.out),
            "version": report.version,
            "as_of": report.as_of.isoformat(),
            "scored": report.scored,
            "not_scorable": report.not_scorable,
            "tiers": report.tiers,
            "published": refreshed,
            **note,
        }
    )


@app.command()
def monitor(data: Data, as_of: NeededDay, out: Annotated[Path | None, typer.Option()] = None) -> None:
    """Compare an as_of with the champion's reference: HTML for people, JSON for machines. Exit 2 on an alarm."""
    from pipelines.build import build, open_store
    from pipelines.monitor import monitor as run
    from pipelines.overrides import say_override
    from pipelines.train import prepared_tables

    call = here()
    day = as_of.date()
    with call.terminal.progress() as bar:
        store = open_store(call.home, prepared_tables(call.home, data, bar))
        build(store, [day], bar)
        report = run(
            call.home, store, day, out or call.home.reports / f"monitor-{day}", call.terminal.language
        )
    call.terminal.monitored(report)
    if report.override is not None:
        say_override(report.version, report.override, call.terminal)
    call.terminal.result(report.to_dict())
    if report.alarms:
        raise typer.Exit(2)
