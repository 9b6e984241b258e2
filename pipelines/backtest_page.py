"""The backtest's page for people: figures with intervals over time, beside the simple rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import isnan
from pathlib import Path

from pipelines.pages.markup import Cell, Html, bullets, element, grid, joined
from pipelines.pages.shell import Page, write_page
from training.backtest import ROUNDS, Judged, ModelReport
from training.backtest_plots import draw_lift, draw_over_time
from training.evaluate import MODEL
from training.plots import Currency
from training.resample import Interval
from training.wording import Wording

_STYLE = """
body { max-width: 72rem; }
td small { display: block; color: #555; white-space: nowrap; }
tr.model td { font-weight: bold; } tr.model td small { font-weight: normal; }
svg { height: auto; margin: .5rem 0; }
"""
_MONEY = {"mae", "rmse", "pinball_low", "pinball_high"}
"""Figures of an amount that are amounts themselves."""


def write_backtest_page(
    models: Sequence[ModelReport],
    dates: Sequence[date],
    left_out: Sequence[str],
    currency: Currency,
    path: Path,
    language: str,
) -> None:
    """Write the page; it opens in the language asked for."""
    write_page(path, language, lambda each: _page(models, dates, left_out, currency, Wording(each)), _STYLE)


def _page(
    models: Sequence[ModelReport],
    dates: Sequence[date],
    left_out: Sequence[str],
    currency: Currency,
    words: Wording,
) -> Page:
    protocol = words("backtest.protocol", count=len(dates), dates=", ".join(map(str, dates)), rounds=ROUNDS)
    parts = [element("p", protocol)]
    for model in models:
        parts += _of_model(model, _Figures(model.kind, currency, words), words)
    if left_out:
        reasons = (words.translated(reason) for reason in left_out)
        parts += [element("h2", words("backtest.left_out")), bullets(reasons)]
    return Page(words("backtest.title"), joined(*parts))


def _of_model(model: ModelReport, figures: _Figures, words: Wording) -> Iterable[Html]:
    yield element("h2", words.model(model.target, model.horizon))
    yield bullets(_ahead(model, words))
    yield Html(draw_over_time(model, words))
    if model.kind == "probability":
        yield Html(draw_lift(model, words))
    yield from _table(words("backtest.mean"), model.mean, figures, words)
    yield from _table(words("backtest.new"), model.new, figures, words)
    yield from _segments(model, figures, words)
    for day, judged in model.by_date.items():
        yield from _table(words("backtest.at", day=day), judged, figures, words)


def _ahead(model: ModelReport, words: Wording) -> Iterable[str]:
    """Say how far the model lies above or below each rule, and whether that is certain."""
    for rule, found in model.ahead.items():
        which = "ahead" if found.value >= 0 else "behind"
        size = found if found.value >= 0 else Interval(-found.value, -found.high, -found.low)
        text = words(
            f"backtest.{which}", figure=words(f"figures.{model.headline}"), rule=words.rule(rule),
            value=f"{size.value:.3f} [{size.low:.3f}, {size.high:.3f}]",
        )  # fmt: skip
        yield text + (words("backtest.undecided") if found.low <= 0 <= found.high else "")


def _table(title: str, judged: Judged, figures: _Figures, words: Wording) -> Iterable[Html]:
    if not judged.rows:
        return
    names = list(judged.table[MODEL])
    head = [words("backtest.rule"), *map(figures.title, names)]
    rows = [
        (words.rule(rule), *(figures.cell(name, found.get(name)) for name in names))
        for rule, found in judged.table.items()
    ]
    yield element("h3", f"{title} · {_counts(judged, words)}")
    yield grid(head, rows, "figures", ["model" if rule == MODEL else "" for rule in judged.table])


def _segments(model: ModelReport, figures: _Figures, words: Wording) -> Iterable[Html]:
    if not model.segments:
        return
    names = list(model.mean.table[MODEL])
    head = [words("backtest.segment"), words("backtest.rows"), words("backtest.events")]
    rows = []
    for part in model.segments:
        table = part.judged.table.get(MODEL, {})
        rows.append(
            (
                words.segment(part.name, part.value),
                f"{part.judged.rows:,}",
                _events(part.judged),
                *(figures.cell(n, table.get(n)) for n in names),
            )
        )
    yield element("h3", words("backtest.segments"))
    yield grid([*head, *map(figures.title, names)], rows, "figures")


@dataclass(frozen=True)
class _Figures:
    """How figures of one kind of model are called and written: amounts in major units of the bank's currency."""

    kind: str
    currency: Currency
    words: Wording

    def title(self, name: str) -> str:
        """Return what a figure is called, with its unit where it is an amount."""
        title = self.words(f"figures.{name}")
        return f"{title} ({self.currency.code})" if self._is_money(name) else title

    def cell(self, name: str, found: Interval | None) -> Cell:
        """Return a figure over the ends of its interval; a dash where there is nothing to tell."""
        if found is None or isnan(found.value):
            return "–"
        unit = 10**self.currency.decimals if self._is_money(name) else 1
        decimals = 0 if self._is_money(name) else 3
        value, low, high = (f"{each / unit:,.{decimals}f}" for each in (found.value, found.low, found.high))
        if isnan(found.low):
            return value
        return joined(value, element("small", f"[{low}, {high}]"))

    def _is_money(self, name: str) -> bool:
        return self.kind == "amount" and name in _MONEY


def _events(judged: Judged) -> str:
    return "–" if isnan(judged.events) else f"{judged.events:,.0f}"


def _counts(judged: Judged, words: Wording) -> str:
    rows = f"{words('backtest.rows')}: {judged.rows:,}"
    if isnan(judged.events):
        return rows
    return f"{rows} · {words('backtest.events')}: {_events(judged)}"
