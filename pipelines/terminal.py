"""What a person sees on the terminal: texts in two languages, progress bars, tables of figures, one JSON line."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from features.policy import read_policy

if TYPE_CHECKING:
    from pipelines.monitor import MonitorReport
    from training.backtest import ModelReport

Language = Literal["en", "zh"]
SHOW_AFTER = 3.0
PLAIN_WIDTH = 160
SHOWN_FIGURES = (
    "auc", "average_precision", "top_decile_lift", "brier", "ece", "spearman", "spearman_change", "mae",
    "total_ratio", "coverage",
)  # fmt: skip


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}"


class Terminal:
    """One command's conversation with its user.

    `language` is en or zh. With `is_json` the last line of standard output is one JSON object, and everything
    meant for people goes to standard error.
    """

    def __init__(self, language: Language, *, is_json: bool) -> None:
        self.language = language
        self.is_json = is_json
        self.people = _console(is_error=is_json)
        self._errors = _console(is_error=True)

    def text(self, name: str, **values: object) -> str:
        """Return a text of the catalogue in the user's language."""
        return str(read_policy("terminal")[name][self.language]).format(**values)

    def say(self, name: str, **values: object) -> None:
        """Print a text of the catalogue."""
        self.people.print(escape(self.text(name, **values)))

    def write(self, text: str) -> None:
        """Print a text as it is, such as a command to copy."""
        self.people.print(escape(text))

    def fail(self, message: str, content: Mapping[str, Any] | None = None) -> None:
        """Print why a command stopped; `content` is its JSON object, where there is more to say than the error."""
        self._errors.print(f"[bold red]{escape(message)}[/]")
        self.result(content or {"error": message})

    def result(self, content: Mapping[str, Any]) -> None:
        """Print the command's JSON object where it was asked for."""
        if self.is_json:
            print(json.dumps(content, ensure_ascii=False, default=str), flush=True)  # noqa: T201 - the answer itself

    @contextmanager
    def progress(self) -> Iterator[Bar]:
        """Show a bar for work that takes over 3 seconds."""
        bar = Bar(self._errors)
        try:
            yield bar
        finally:
            bar.close()

    def heading(self, text: str) -> None:
        """Print the title of a step."""
        self.people.print(f"[bold]{escape(text)}[/]")

    def train_figures(self, report: Mapping[str, Any]) -> None:
        """Print the models' figures with the simple rules' beside them, and what was left out."""
        rules = list(report["baselines"])
        rows = []
        for target, figures in report["metrics"].items():
            horizon = report["horizons"][target]
            title = target if horizon is None else f"{target} {horizon}d"
            for name in [name for name in SHOWN_FIGURES if name in figures]:
                beside = [report["baselines"][rule].get(target, {}).get(name) for rule in rules]
                shown = ["" if value is None else _shown(value) for value in beside]
                rows.append([title, name, _shown(figures[name]), *shown, str(figures["test_as_of"])])
        columns = ["", "", self.text("model"), *rules, self.text("tested")]
        self.figures(self.text("figures"), columns, rows)
        for reason in report["left_out"]:
            self.say("not_trained", reason=reason)
        for item in report.get("attainable", {}).values():
            reached = {key: f"{item[key]:.3f}" for key in ("share", "auc", "true_auc")}
            self.say("attainable", horizon=item["horizon"], **reached)

    def backtested(self, models: Sequence[ModelReport]) -> None:
        """Print each model's headline figure, the mean over the dates, with its interval, and the rules' beside it."""
        rules = list(dict.fromkeys(rule for model in models for rule in model.mean.table))
        rows = []
        for model in models:
            found = [model.mean.table.get(rule, {}).get(model.headline) for rule in rules]
            shown = [
                "" if each is None else f"{each.value:.3f} [{each.low:.3f}, {each.high:.3f}]"
                for each in found
            ]
            rows.append([model.key, model.headline, str(len(model.by_date)), *shown])
        self.figures(self.text("backtest_figures"), ["", "", self.text("dates"), *rules], rows)

    def monitored(self, report: MonitorReport) -> None:
        """Print where the comparison lies and the alarms that stand."""
        self.say("monitored", as_of=report.as_of, version=report.version, out=report.html)
        for alarm in report.alarms:
            self.say("alarm", text=alarm)
        if not report.alarms:
            self.say("no_alarm")

    def figures(self, title: str, columns: list[str], rows: list[list[str]]) -> None:
        """Print a table of figures."""
        table = Table(title=title, title_justify="left", header_style="bold", pad_edge=False)
        for place, column in enumerate(columns):
            table.add_column(column, justify="left" if place == 0 else "right")
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
        self.people.print(table)


def _console(*, is_error: bool) -> Console:
    """Return a console; without a terminal behind it, wide enough that no table is cut."""
    stream = sys.stderr if is_error else sys.stdout
    return Console(
        stderr=is_error, soft_wrap=True, highlight=False, width=None if stream.isatty() else PLAIN_WIDTH
    )


class Bar:
    """A progress bar that appears when work has gone on for 3 seconds; without a terminal, a line now and then."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun = time.monotonic()
        self._spoken = self._begun
        self._said = ""
        self._shown: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, text: str, share: float) -> None:
        """Take note that a part, named by `text`, is done to `share` (0..1)."""
        now = time.monotonic()
        if now - self._begun < SHOW_AFTER:
            return
        if not self._console.is_terminal:
            if now - self._spoken >= 10.0 and text != self._said:
                self._console.print(f"  {text} ({share:.0%})")
                self._spoken, self._said = now, text
            return
        if self._shown is None:
            self._shown = Progress(
                TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
                TimeElapsedColumn(), console=self._console, transient=True,
            )  # fmt: skip
            self._shown.start()
            self._task = self._shown.add_task(text, total=1.0)
        assert self._task is not None
        self._shown.update(self._task, description=escape(text), completed=share)

    def close(self) -> None:
        """Take the bar away."""
        if self._shown is not None:
            self._shown.stop()


def default_language() -> Language:
    """Return the user's language: BELLWETHER_LANGUAGE, else zh where the locale is Chinese, else en."""
    named = os.environ.get("BELLWETHER_LANGUAGE", "")
    if named in {"en", "zh"}:
        return "zh" if named == "zh" else "en"
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if locale.lower().startswith("zh") else "en"
