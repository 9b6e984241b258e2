"""The command line: each command is a thin wrapper over a function of the pipelines."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pipelines import cli_gate, cli_groups, cli_models  # noqa: F401 - their commands register themselves
from pipelines.cli_base import Call, Data, Day, NeededDay, app, calls, here
from pipelines.settings import read_home
from pipelines.terminal import Bar, Language, Terminal, default_language

INTERRUPTED = 130


@app.command()
def demo(
    customers: Annotated[int, typer.Option(min=100)] = 5000,
    months: Annotated[int, typer.Option(min=24)] = 36,
    seed: Annotated[int, typer.Option()] = 1,
    port: Annotated[int, typer.Option()] = 3000,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop after the scores.")] = False,
) -> None:
    """Run the main job from nothing: a simulated bank, features, models, scores, service until Ctrl-C."""
    from pipelines.demo import DemoOptions, run_demo

    run_demo(here().home, DemoOptions(customers, months, seed, port, not no_serve), here().terminal)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option()],
    customers: Annotated[int, typer.Option(min=100)] = 5000,
    months: Annotated[int, typer.Option(min=1)] = 36,
    seed: Annotated[int, typer.Option()] = 1,
) -> None:
    """Write the tables of a simulated bank, and the truth behind them in DIR/truth/."""
    from pipelines.sources.simulated import simulate as run

    call = here()
    with call.terminal.progress() as bar:
        report = run(customers, months, seed, out, bar)
    rows = sum(report.rows.values())
    call.terminal.say("simulated", customers=customers, months=months, out=out, rows=f"{rows:,}", seed=seed)
    call.terminal.result({"out": str(out), "rows": dict(report.rows), "seed": seed})


@app.command("import")
def import_source(
    source: Annotated[
        Literal["online-retail", "bank-marketing", "credit-default", "churn-modelling", "berka"],
        typer.Argument(),
    ],
    path: Annotated[Path, typer.Argument(help="The data set's file, or the folder that holds it.")],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Turn a public data set into the tables of the contract."""
    from pipelines.sources import IMPORTS

    call = here()
    report = IMPORTS[source](path, out)
    report.show(call.terminal.people, call.terminal.language)
    call.terminal.result(report.to_dict(call.terminal.language))


@app.command()
def check(
    data: Annotated[Path, typer.Argument(help="Directory or DuckDB file with a bank's tables.")],
    known_at: Annotated[
        datetime | None, typer.Option(help="Events after this moment are quarantined.")
    ] = None,
) -> None:
    """Hold tables against the contract: counts, quarantine, which features they give. Exit 1 if one is rejected."""
    from features.definitions import bank_catalogue
    from pipelines.data_page import CheckedBank, write_data_page
    from pipelines.intake import prepare, read_manifest, show

    call = here()
    with call.terminal.progress() as bar:
        report = prepare(data, call.home.tables, known_at, _counted(bar, "check"))
    show(report, call.terminal.people, call.terminal.language)
    manifest = read_manifest(report.prepared)
    features: dict[str, Any] = {"built": [], "absent": {}}
    catalogue = bank_catalogue(manifest) if "customers" in manifest.tables else None
    if catalogue is not None:
        features = {"built": list(catalogue.names), "absent": dict(catalogue.absent)}
    call.terminal.say("features_built", count=len(features["built"]), absent=len(features["absent"]))
    bank = CheckedBank(data.resolve().name, report, manifest, catalogue)
    page = write_data_page(bank, call.home.reports, call.terminal.language)
    call.terminal.say("data_page", out=page)
    told = {"features": features, "report": str(page)}
    call.terminal.result({**report.to_dict(call.terminal.language), **told})
    if report.rejected:
        raise typer.Exit(1)


@app.command()
def features(
    data: Data,
    as_of: NeededDay,
    until: Day = None,
    every: Annotated[Literal["month"], typer.Option()] = "month",
    online: Annotated[bool, typer.Option("--online", help="Publish the last as_of for serving.")] = False,
    engine: Annotated[Literal["duckdb"], typer.Option()] = "duckdb",  # noqa: ARG001 - the contract names it
) -> None:
    """Build the features of an as_of, or of every month from --as-of until --until."""
    from pipelines.build import build, open_store
    from pipelines.online import publish_as_of
    from pipelines.train import prepared_tables

    assert every == "month"
    call = here()
    dates = _months(as_of.date(), (until or as_of).date())
    with call.terminal.progress() as bar:
        store = open_store(call.home, prepared_tables(call.home, data, bar))
        built = build(store, dates, bar)
        published = publish_as_of(call.home, store, dates[-1], bar).published if online else None
    call.terminal.say("built", built=built, present=len(dates) - built, out=store.directory)
    if published is not None:
        call.terminal.say("published", rows=f"{published.rows:,}", as_of=published.as_of)
    call.terminal.result(
        {
            "store": str(store.directory),
            "as_of": [day.isoformat() for day in dates],
            "built": built,
            "features": list(store.bank.catalogue.names),
            "published": None if published is None else published.as_of,
        }
    )


@app.command()
def serve(
    port: Annotated[int, typer.Option()] = 3000,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    open_door: Annotated[bool, typer.Option("--open", help="Ask for no token (loopback only).")] = False,  # noqa: ARG001
) -> None:
    """Serve /predict in the foreground until Ctrl-C, on this machine only."""
    from pipelines.serve import ServeOptions
    from pipelines.serve import serve as run
    from pipelines.welcome import announce

    call = here()
    code = run(
        call.home.root,
        ServeOptions(port=port, workers=workers),
        lambda _: announce(call.home, port, call.terminal),
    )
    raise typer.Exit(code)


@app.command()
def contribution(
    data: Data,
    as_of: NeededDay,
    customer: Annotated[str | None, typer.Option(help="One customer's id; everyone without it.")] = None,
) -> None:
    """Show the statement of contribution: margin, fees, cost to serve and expected loss, line by line."""
    from pipelines.build import open_store
    from pipelines.contribution import contribution_report, show
    from pipelines.train import prepared_tables

    call = here()
    with call.terminal.progress() as bar:
        store = open_store(call.home, prepared_tables(call.home, data, bar))
        report = contribution_report(store, as_of.date(), customer)
    show(report, call.terminal)
    call.terminal.result(report.to_dict())


@app.command()
def bench(
    name: Annotated[Literal["features", "predict", "score", "quality", "training"], typer.Argument()],
) -> None:
    """Measure: figures, and ratios to a floor measured in the same run."""
    from pipelines.bench import BENCHES

    call = here()
    with call.terminal.progress() as bar:
        result = BENCHES[name](lambda text: bar(text, 0.0))
    rows = [
        [part, key, f"{value:,.3f}"]
        for part in ("figures", "floor", "ratios")
        for key, value in result[part].items()
        if isinstance(value, float | int)
    ]
    rows += [
        [part, key, ", ".join(f"{name} {each:,.4f}" for name, each in value.items())]
        for part in ("figures", "bounds")
        for key, value in result.get(part, {}).items()
        if isinstance(value, dict)
    ]
    call.terminal.figures(f"bench {name}", ["", "", ""], rows)
    call.terminal.result(result)


def _months(first: date, last: date) -> list[date]:
    """Return every month from first to last, on first's day of the month."""
    from training.splits import months_before

    found = [first]
    while (following := months_before(first, -len(found))) <= last:
        found.append(following)
    return found


def _counted(bar: Bar, text: str) -> Callable[[str, int, int], None]:
    return lambda name, done, total: bar(f"{text} {name}", done / max(total, 1))


def take_common(arguments: Sequence[str]) -> tuple[list[str], Path | None, bool, Language]:
    """Take --home, --json and --language out of the arguments, wherever they stand.

    Examples
    --------
    >>> take_common(["check", "bank", "--json", "--home", "h", "--language=zh"])
    (['check', 'bank'], PosixPath('h'), True, 'zh')
    """
    rest: list[str] = []
    home, is_json, language = None, False, default_language()
    waiting = iter(arguments)
    for argument in waiting:
        name, _, value = argument.partition("=")
        if argument == "--json":
            is_json = True
        elif name in {"--home", "--language"}:
            given = value or next(waiting, "")
            if not given or (name == "--language" and given not in {"en", "zh"}):
                expected = "a directory" if name == "--home" else "en or zh"
                raise SystemExit(f"{name}: expected {expected}; got {given!r}")
            if name == "--home":
                home = Path(given)
            else:
                language = "zh" if given == "zh" else "en"
        else:
            rest.append(argument)
    return rest, home, is_json, language


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; what a user can mend is one message and exit 1, an interruption exit 130."""
    # Threads of LightGBM that wait must not spin: on a busy machine that made training several times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    rest, home, is_json, language = take_common(sys.argv[1:] if arguments is None else arguments)
    terminal = Terminal(language, is_json=is_json)
    calls.append(Call(read_home(home), terminal))
    from features.policy.start import check_policy
    from features.policy.tree import PolicyError
    from pipelines.failures import expected_failures

    try:
        check_policy()
        app(rest, prog_name="bellwether")
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            terminal.fail(terminal.text("interrupted"))
        raise
    except PolicyError as failure:  # by itself: what expected_failures imports reads policy as well
        terminal.fail(str(failure))
        raise SystemExit(1) from None
    except expected_failures() as failure:
        terminal.fail(str(failure))
        raise SystemExit(1) from None
    finally:
        calls.pop()
