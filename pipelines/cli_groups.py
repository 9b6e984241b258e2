"""The command about groups: score table, market matrix, tiers and moves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli_base import Day, app, here


@app.command()
def groups(
    out: Annotated[Path, typer.Option(help="Folder for page, pictures and tables.")],
    as_of: Day = None,
) -> None:
    """Show the groups of a scored date, the newest by default: score table, market matrix, tiers and moves."""
    from pipelines.group_files import write_groups
    from pipelines.group_report import group_report

    call = here()
    with call.terminal.progress() as bar:
        report = group_report(call.home, as_of.date() if as_of else None, bar)
        written = write_groups(report, out, call.terminal.language, bar)
    told = report.to_dict()
    call.terminal.say(
        "groups", grouped=f"{told['customers']['grouped']:,}", groups=len(told["groups"]),
        as_of=report.as_of, version=report.version, out=written.page,
    )  # fmt: skip
    if not written.has_chinese_png:
        call.terminal.say("groups_no_font")
    files = [str(path) for path in written.files]
    call.terminal.result({**told, "report": str(written.page), "files": files})
