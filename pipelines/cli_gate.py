"""Commands about who serves: promote, rollback, versions."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli_base import app, here


@app.command()
def promote(
    version: Annotated[str, typer.Argument(help="A registered version; `bellwether versions` lists them.")],
    data: Annotated[
        Path | None, typer.Option("--data", help="Newer tables to compare on, instead of those trained on.")
    ] = None,
    override: Annotated[bool, typer.Option("--override", help="Promote although a check fails.")] = False,
    reason: Annotated[
        str | None, typer.Option(metavar="CODE", help="Why, as a code of policy/gate.yaml.")
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who answers for it.")] = None,
) -> None:
    """Make a version the champion, through the gate: quality, calibration, stability, fairness. Exit 1 if refused."""
    from pipelines.gate_show import refusal, show, show_outcome
    from pipelines.promote import Request
    from pipelines.promote import promote as run

    call = here()
    request = Request(version, data, override, reason, by)
    with call.terminal.progress() as bar:
        report = run(call.home, request, bar)
    show(report, call.terminal)
    show_outcome(report, override, call.terminal)
    is_refused = not (report.is_promoted or report.was_champion)
    if is_refused:
        text = refusal(report, call.terminal)
        call.terminal.fail(text, {**report.to_dict(), "error": text})
        raise typer.Exit(1)
    call.terminal.result(report.to_dict())


@app.command()
def rollback(
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who decided so.")] = None,
) -> None:
    """Put the champion before back, in one step; once more goes one further back."""
    from pipelines.overrides import say_override
    from pipelines.promote import rollback as run

    call = here()
    entry = run(call.home, by)
    call.terminal.say("rolled_back", version=entry.version, before=entry.replaced)
    override = None
    if entry.override is not None:
        say_override(entry.version, entry.override, call.terminal)
        override = asdict(entry.override)
    call.terminal.result({"version": entry.version, "champion_before": entry.replaced, "override": override})


@app.command()
def versions() -> None:
    """List the registered versions: when, alias, data, figures, and every decision about them."""
    from pipelines.gate_show import list_versions, show_versions

    call = here()
    found = list_versions(call.home)
    if found:
        show_versions(found, call.terminal)
    else:
        call.terminal.say("no_versions")
    call.terminal.result({"versions": [one.to_dict() for one in found]})
