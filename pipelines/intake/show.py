"""The check report for people: a table of fates, and in words what was rejected or quarantined."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from pipelines.intake.report import IntakeReport
from pipelines.intake.source import CORRECTED
from pipelines.intake.words import Language, Message

_FATES = ("read", "accepted", "duplicate", "correction", "quarantined")


def show(report: IntakeReport, console: Console, language: Language = "en") -> None:
    """Print a report: rows and amounts by fate, rejections, broken rules with their first row, what was left out."""

    def say(key: str, **values: str | int | Message) -> str:
        return escape(Message(f"report.{key}", values).text(language))

    grid = Grid(say("table"), *(say(fate) for fate in _FATES), title=say("title"))
    for name, counts in report.tables.items():
        grid.add_row(name, *(f"{getattr(counts, fate):,}" for fate in _FATES))
    console.print(grid)
    if report.amounts:
        console.print(_amounts(report, language))
    if report.rejected:
        console.print(say("rejected"))
        for reason in report.rejected.values():
            console.print(f"  {escape(reason.text(language))}")
    if report.issues:
        console.print(say("issues"))
        for issue in report.issues:
            rows = say("rows", count=f"{issue.count:,}")
            console.print(f"  {rows}: {escape(issue.text(language))}")
        console.print(say("row_numbers"))
        console.print(say("quarantine_file", path=str(report.quarantine_file)))
        console.print(say("quarantine_folder", path=str(report.quarantine_folder), corrected=CORRECTED))
    for line in _left_alone(report):
        console.print(escape(line.text(language)))
    console.print(say("reused" if report.reused else "prepared", path=str(report.prepared)))


def _left_alone(report: IntakeReport) -> list[Message]:
    """What was read but not taken in, or not read at all, by name."""
    lines = [
        Message("report.ignored_columns", {"table": name, "names": ", ".join(columns)})
        for name, columns in report.ignored_columns.items()
    ]
    lines += [
        Message("report.protected", {"names": ", ".join(columns)})
        for columns in report.protected_columns.values()
    ]
    if report.ignored_files:
        lines.append(Message("report.ignored_files", {"names": ", ".join(report.ignored_files)}))
    return lines


def _amounts(report: IntakeReport, language: Language) -> Grid:
    heads = [Message(f"report.{key}").text(language) for key in ("table", *_FATES, "unreadable")]
    grid = Grid(*heads, title=Message("report.amounts").text(language))
    for name, columns in report.amounts.items():
        for sums in columns:
            values = (f"{getattr(sums, fate):,}" for fate in (*_FATES, "unreadable"))
            grid.add_row(f"{name}.{sums.column}", *values)
    return grid
