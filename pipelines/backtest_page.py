"""The backtest's page for people: figures with intervals over time, beside the simple rules, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from math import isnan
from pathlib import Path

from features.policy import read_policy
from pipelines.data_page.markup import Cell, Html, bullets, element, grid, joined
from training.backtest import ROUNDS, Judged, ModelReport
from training.backtest_plots import draw_lift, draw_over_time
from training.evaluate import MODEL
from training.plots import Currency
from training.resample import Interval
from training.wording import LANGUAGES, Wording

_STYLE = """
body { font: 15px/1.5 "Helvetica Neue", Arial, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif;
       max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 1.5rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.6rem; border-bottom: 1px solid #ddd; text-align: right; vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
td small { display: block; color: #555; white-space: nowrap; }
tbody tr.model td { font-weight: bold; } tbody tr.model td small { font-weight: normal; }
svg { max-width: 100%; height: auto; display: block; margin: 0.5rem 0; }
section + section { border-top: 3px double #999; margin-top: 3rem; }
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
    """Write the page, whole or not at all: both languages, the one asked for first; no outside resource."""
    order = (language, *(each for each in LANGUAGES if each != language))
    sections = joined(*(_section(models, dates, left_out, currency, Wording(each)) for each in order))
    title = escape(Wording(language)("backtest.title"))
    text = (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{sections.text}\n</body>\n</html>\n"
    )
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _section(
    models: Sequence[ModelReport],
    dates: Sequence[date],
    left_out: Sequence[str],
    currency: Currency,
    words: Wording,
) -> Html:
    protocol = words("backtest.protocol", count=len(dates), dates=", ".join(map(str, dates)), rounds=ROUNDS)
    parts = [element("h1", words("backtest.title")), element("p", protocol)]
    for model in models:
        parts += _of_model(model, _Figures(model.kind, currency, words), words)
    if left_out:
        reasons = (words.translated(reason) for reason in left_out)
        parts += [element("h2", words("backtest.left_out")), bullets(reasons)]
    return Html(f'<section lang="{words.language}">\n{joined(*parts).text}\n</section>')


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
    marked = grid(head, rows).text.replace("<tbody><tr>", '<tbody><tr class="model">', 1)
    yield Html(marked.replace("<tbody>\n<tr>", '<tbody>\n<tr class="model">', 1))


def _segments(model: ModelReport, figures: _Figures, words: Wording) -> Iterable[Html]:
    if not model.segments:
        return
    names = list(model.mean.table[MODEL])
    head = [words("backtest.segment"), words("backtest.rows"), words("backtest.events")]
    rows = []
    for part in model.segments:
        values = read_policy("reports")["backtest"]["values"]
        value = values[part.value][words.language] if part.value in values else part.value
        label = f"{words(f'backtest.names.{part.name}')}: {value}"
        table = part.judged.table.get(MODEL, {})
        rows.append(
            (
                label,
                f"{part.judged.rows:,}",
                _events(part.judged),
                *(figures.cell(n, table.get(n)) for n in names),
            )
        )
    yield element("h3", words("backtest.segments"))
    yield grid([*head, *map(figures.title, names)], rows)


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
