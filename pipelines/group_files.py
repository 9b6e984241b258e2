"""Files of the report of groups: page, pictures as PNG and SVG, tables as CSV; all of them there, or none."""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from pipelines.build import Progress
from pipelines.group_page import PAGE, write_group_page
from pipelines.group_report import GroupReport
from pipelines.group_words import GroupWords
from pipelines.intake.words import LANGUAGES
from pipelines.pages.markup import Html
from training.group_figures import GroupFigures
from training.group_plots import draw_counts, draw_matrix
from training.moves import Moves, State
from training.png import write_png
from training.svg import drawing, write_svg
from training.value_plots import draw_concentration, draw_moves

Row = Sequence[object]


@dataclass(frozen=True)
class Written:
    """The page, every file with it, and whether pictures with Chinese could be written as PNG."""

    page: Path
    files: tuple[Path, ...]
    has_chinese_png: bool


def write_groups(
    report: GroupReport, out_dir: Path, language: str, progress: Progress | None = None
) -> Written:
    """Write page, pictures and tables into a folder; the page opens in `language`."""
    out_dir.mkdir(parents=True, exist_ok=True)
    draft = out_dir / f".groups.{os.getpid()}.draft"
    draft.mkdir()
    try:
        pictures, is_whole = _pictures(report, draft, progress)
        for name, head, rows in _tables(report):
            _write_csv(draft / f"{name}.csv", head, rows)
        names = sorted(path.name for path in draft.iterdir())
        write_group_page(report, draft / PAGE, language, (pictures, names))
        for name in [*names, PAGE]:
            (draft / name).replace(out_dir / name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Written(out_dir / PAGE, tuple(out_dir / name for name in names), is_whole)


def _pictures(
    report: GroupReport, folder: Path, progress: Progress | None
) -> tuple[dict[tuple[str, str], Html], bool]:
    """Draw every picture in both languages; return each as it stands in the page, by name and language."""
    found: dict[tuple[str, str], Html] = {}
    is_whole = True
    for place, language in enumerate(LANGUAGES):
        if progress:
            progress("pictures", place / len(LANGUAGES))
        words = GroupWords(report, language)
        with drawing(f"groups-{language}"):
            for name, title, figure in _figures(report, words):
                path = folder / f"{name}.{language}.svg"
                write_svg(figure, path, title)
                found[name, language] = Html(_in_page(path.read_text(encoding="utf-8"), f"{name}-{language}"))
                is_whole &= write_png(figure, path.with_suffix(".png"), language)
    return found, is_whole


def _figures(report: GroupReport, words: GroupWords) -> Iterator[tuple[str, str, Figure]]:
    """Every picture that can be drawn: its name, its title, and itself."""
    day = report.as_of
    if report.has_matrix:
        title = words("matrix.title", as_of=day)
        yield "market-matrix", title, draw_matrix(report.figures, report.customers, words.matrix(title))
    if report.concentration.can_share:
        title = words("value.title", as_of=day)
        yield "value-concentration", title, draw_concentration(report.concentration, title, words.plain)
    if report.flow is not None and report.flow.tiers is not None:
        moves = report.flow.tiers
        title = words("moves.tiers.title", before=moves.before, now=moves.now)
        yield "tier-moves", title, draw_moves(moves, words.tiers_and_none(), title, words.plain)
    if report.compared:
        title = words("counts.title", as_of=day)
        figure = draw_counts(report.compared, report.policy.count, title, words.plain)
        yield "group-counts", title, figure


def _in_page(text: str, name: str) -> str:
    """Return a picture's text for a page: without its head, its inner names apart from those of the other pictures."""
    body = re.sub(r"^.*?(?=<svg)", "", text, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{name}-', body)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", body)


def _tables(report: GroupReport) -> Iterator[tuple[str, Row, Iterable[Row]]]:
    """Tables: name, head and rows. Shares are 0-1, scores points, empty = not known."""
    english, chinese = (GroupWords(report, language) for language in LANGUAGES)
    figures, flow = report.figures, report.flow
    columns = [f"group_{number}{part}" for number in figures.numbers for part in ("", "_mark")]
    head = ["factor", "en", "zh", *columns, "mean_of_all"]
    yield "group-table", head, _score_rows(report, english, chinese)
    columns = ["customers", "customer_share", "mean_churn_probability"]
    yield "groups", ["group", "en", "zh", *columns], _group_rows(figures, english, chinese)
    if report.concentration.can_share:
        curve = np.column_stack(report.concentration.curve(101)).tolist()
        yield "value-concentration", ["customer_share", "contribution_share"], curve
    if flow is not None:
        if flow.tiers is not None:
            yield "tier-moves", ["from", "to", "customers"], _move_rows(flow.tiers)
        yield "group-moves", ["from", "to", "customers"], _move_rows(flow.groups)
    if report.compared:
        rows = [(count, one["silhouette"], one["stability"]) for count, one in report.compared.items()]
        yield "group-counts", ["groups", "silhouette", "stability"], rows


def _group_rows(figures: GroupFigures, english: GroupWords, chinese: GroupWords) -> Iterator[Row]:
    shares, risks = figures.shares.tolist(), figures.churn.tolist()
    for place, (number, count) in enumerate(zip(figures.numbers, figures.customers.tolist(), strict=True)):
        names = (english.groups[number], chinese.groups[number])
        yield (number, *names, count, shares[place], _known(risks[place]))


def _score_rows(report: GroupReport, english: GroupWords, chinese: GroupWords) -> Iterator[Row]:
    figures = report.figures
    for place, name in enumerate(figures.factors):
        cells = [
            cell
            for group, mean in enumerate(figures.means[place].tolist())
            for cell in (_known(mean), figures.mark(place, group))
        ]
        mean_of_all = _known(float(figures.population[place]))
        yield (name, english.factors[name], chinese.factors[name], *cells, mean_of_all)
    shares = [cell for share in figures.shares.tolist() for cell in (share, "")]
    yield ("customer_share", english("share"), chinese("share"), *shares, float(figures.shares.sum()))


def _move_rows(moves: Moves[State]) -> Iterator[Row]:
    """Where customers were, where they are, how many; "none" where they are in none."""
    states = [*map(str, moves.states), "none"]
    for row, before in enumerate(states):
        for column, now in enumerate(states):
            if moves.counts[row, column]:
                yield before, now, int(moves.counts[row, column])


def _known(value: float) -> float | str:
    return "" if np.isnan(value) else value


def _write_csv(path: Path, head: Row, rows: Iterable[Row]) -> None:
    """Write a table; with the mark at its beginning by which spreadsheets know UTF-8."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
