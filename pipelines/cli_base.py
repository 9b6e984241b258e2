"""What every command shares: the application, its home and terminal, options of the same meaning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.settings import Home
from pipelines.terminal import Terminal

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Which customers are about to leave, which can grow, which will stay; and why. State lies in --home "
    "(default .bellwether, or BELLWETHER_HOME). --home DIR, --json and --language en|zh stand anywhere.",
)

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]
NeededDay = Annotated[datetime, typer.Option("--as-of", formats=["%Y-%m-%d"])]
Data = Annotated[Path, typer.Option("--data", help="Directory or DuckDB file with a bank's tables.")]


@dataclass
class Call:
    """What stands anywhere on the command line: taken out before the command reads its own options."""

    home: Home
    terminal: Terminal


calls: list[Call] = []


def here() -> Call:
    """Return the command that is running."""
    return calls[-1]
