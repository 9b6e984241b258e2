"""The part of the data page on one table: its rows over time, how late they were known, and each column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from features.policy import read_policy
from features.tables import TABLES
from pipelines.data_page import charts
from pipelines.data_page.gains import Gains
from pipelines.data_page.profile import ColumnFigures, Histogram, TableFigures
from pipelines.data_page.words import Words, month_text, number, percent
from pipelines.intake import IntakeReport
from pipelines.pages.markup import Cell, Html, bullets, code, element, facts, grid, joined

_STEPS = (1, 3, 12, 60, 120, 1200)
_COLUMNS = ("column", "type", "unit", "missing", "distinct", "low", "median", "high", "plot")


@dataclass(frozen=True)
class TablePart:
    """Writes the parts of tables in one language."""

    words: Words
    report: IntakeReport
    gains: Gains

    def part(self, figures: TableFigures) -> Html:
        """Return everything about one table."""
        words, name = self.words, figures.name
        anchor = Html(
            f'<h3 id="{words.language}-{name}">{code(name).text} {element("span", words.table(name)).text}</h3>'
        )
        counts = asdict(self.report.tables[name])
        fates = facts((words(f"fates.{fate}"), number(count)) for fate, count in counts.items())
        pieces: list[Cell] = [anchor, fates]
        if not figures.rows:
            pieces.append(element("p", words("tables.no_rows")))
        else:
            pieces += [*self._time(figures), *self._delay(figures)]
            pieces.append(element("p", words("tables.figures", rows=number(figures.rows)), kind="note"))
            head = [words(f"columns.{column}") for column in _COLUMNS]
            pieces.append(grid(head, (self._column(column) for column in figures.columns), "columns"))
        return element("section", *pieces, *self._left_out(figures))

    def _time(self, figures: TableFigures) -> list[Cell]:
        """Rows over time, in steps that leave room for every bar."""
        words, pieces = self.words, list[Cell]()
        if figures.months:
            step, heights = fold(figures.months)
            most = max(heights.values())
            when = next(month for month, rows in heights.items() if rows == most)
            title = words(
                "tables.over_time", step=words(f"steps.{step}"), column=self._event(figures),
                most=number(most), when=month_text(when),
            )  # fmt: skip
            axes = charts.TimeAxes(words("tables.axis_rows"), words("tables.axis_time"), number(most))
            labels = [month_text(month) for month in heights]
            pieces.append(element("p", title, kind="caption"))
            pieces.append(Html(charts.rows_over_time(list(heights.values()), labels, axes, title)))
        if figures.undated:
            pieces.append(element("p", words("tables.undated", count=number(figures.undated)), kind="note"))
        return pieces

    def _event(self, figures: TableFigures) -> str:
        """Name the column that dates the rows."""
        table = TABLES[figures.name]
        there = {column.column.name for column in figures.columns}
        return table.event if table.event in there or not table.event_fallback else table.event_fallback

    def _delay(self, figures: TableFigures) -> list[Cell]:
        words, delay = self.words, figures.delay
        names = {column.column.name for column in figures.columns}
        if not delay.dated:
            return []
        if delay.late:
            text = words(
                "tables.late", share=percent(delay.late, delay.dated), median=words.days(delay.median),
                worst=words.days(delay.worst),
            )  # fmt: skip
        else:
            text = words("tables.not_late" if "recorded_at" in names else "tables.no_recorded")
        return [element("p", text)]

    def _column(self, figures: ColumnFigures) -> tuple[Cell, ...]:
        words, column = self.words, figures.column
        edges = [
            "" if value is None else words.value(column, value)
            for value in (figures.low, figures.median, figures.high)
        ]
        if column.type == "id":
            edges = [words("columns.hidden"), "", ""]
        missing = percent(figures.missing, figures.rows)
        if not figures.present:
            edges[0] = words("columns.empty")
        unit = words.unit(column) if figures.present else ""
        return (code(column.name), words(f"types.{column.type}"), unit, missing, self._distinct(figures),
                *edges, self._plot(figures))  # fmt: skip

    def _distinct(self, figures: ColumnFigures) -> str:
        words = self.words
        if figures.distinct is None:
            return words(
                "columns.more_than", count=number(int(read_policy("data_page")["limits"]["distinct"]))
            )
        if figures.column.type == "enum":
            allowed = len(figures.column.allowed)
            return words("columns.of_allowed", count=number(figures.distinct), allowed=allowed)
        return number(figures.distinct)

    def _plot(self, figures: ColumnFigures) -> Cell:
        title = self.words("columns.plot_label", column=figures.column.name)
        if figures.words:
            return Html(charts.frequencies(self._frequencies(figures), title))
        if figures.histogram is None:
            is_one = figures.low is not None and figures.low == figures.high and figures.column.type != "text"
            return self.words("columns.one_value") if is_one else ""
        left, right = self._ends(figures, figures.histogram)
        picture = Html(charts.histogram(figures.histogram.rows, left, right, title))
        if not figures.histogram.is_stretched:
            return picture
        return joined(picture, element("span", self.words("columns.stretched"), kind="note"))

    def _ends(self, figures: ColumnFigures, found: Histogram) -> tuple[str, str]:
        """What stands at the ends of a distribution: ≤ and ≥ where rows lie beyond."""
        low, high = figures.low, figures.high
        left, right = (self.words.value(figures.column, end) for end in (found.left, found.right))
        return (
            f"≤ {left}" if low is not None and low < found.left else left,
            f"≥ {right}" if high is not None and high > found.right else right,
        )

    def _frequencies(self, figures: ColumnFigures) -> list[tuple[str, int, str]]:
        """The most frequent words, and all others as one."""
        words, most = self.words, int(read_policy("data_page")["limits"]["words"])
        is_flag = figures.column.type == "boolean"
        shown = [(words(f"flags.{word}") if is_flag else word, rows) for word, rows in figures.words[:most]]
        if others := figures.words[most:]:
            shown.append((words("columns.other_words", count=len(others)), sum(rows for _, rows in others)))
        return [(word, rows, percent(rows, figures.present)) for word, rows in shown]

    def _left_out(self, figures: TableFigures) -> list[Cell]:
        """Columns that were kept out, and those of the contract that the table lacks."""
        words, name = self.words, figures.name
        pieces: list[Cell] = []
        kept_out = (("ignored", self.report.ignored_columns), ("protected", self.report.protected_columns))
        for key, found in kept_out:
            if name in found:
                pieces.append(element("p", words(f"tables.{key}", names=words.listed(found[name]))))
        there = {column.column.name for column in figures.columns}
        if lacking := [column for column in TABLES[name].names if column not in there]:
            pieces.append(element("p", words("tables.lacking"), kind="caption"))
            pieces.append(bullets(joined(code(column), self._worth(name, column)) for column in lacking))
        return pieces

    def _worth(self, table: str, column: str) -> str:
        """Say what a column that is lacking would give."""
        words = self.words
        if features := self.gains.lacking_column(f"{table}.{column}"):
            titles = words.listed([words.feature(feature) for feature in features])
            return words("tables.lacking_feature", count=number(len(features)), titles=titles)
        return words("tables.lacking_recorded" if column == "recorded_at" else "tables.lacking_nothing")


def fold(months: Mapping[int, int]) -> tuple[int, dict[int, int]]:
    """Add months up to the smallest step (in months) whose bars fit the picture; empty bars are 0.

    Examples
    --------
    >>> fold({24000: 2, 24002: 3})
    (1, {24000: 2, 24001: 0, 24002: 3})
    """
    first, last = min(months), max(months)
    limit = int(read_policy("data_page")["limits"]["time_bars"])
    step = next((step for step in _STEPS if last // step - first // step < limit), _STEPS[-1])
    heights = {bar * step: 0 for bar in range(first // step, last // step + 1)}
    for month, rows in months.items():
        heights[month // step * step] += rows
    return step, heights
