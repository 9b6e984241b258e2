"""The page of groups: score table, market matrix, concentration, tiers and moves, other numbers of groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.group_report import GroupReport
from pipelines.group_words import DASH, GroupWords, percent, points
from pipelines.pages.markup import Html, bullets, element, folded, grid, joined, link
from pipelines.pages.shell import Page, write_page
from training.group_plots import drawn_rows
from training.moves import Moves, State

PAGE = "groups.html"
_MARKS = {"leading": "▲ ", "trailing": "▽ ", "": ""}
_STYLE = """
.scores { width: 100%; table-layout: fixed; } .scores th:first-child { width: 8rem; }
.scores :is(th, td):nth-child(n+2) { text-align: right; } .scores th small { font-weight: normal; display: block; }
.scores th { vertical-align: bottom; } .scores td, .marks span { print-color-adjust: exact; }
td.leading, span.leading { background: #4a4a4a; color: #fff; font-weight: bold; }
td.trailing, span.trailing { background: #dcdcdc; font-style: italic; }
.marks span { padding: .1rem .4rem; } .scores tr:last-child td { border-top: 2px solid #5b6770; }
tr.chosen td { font-weight: bold; }
.scores :is(th, td):last-child { border-left: 2px solid #5b6770; }
.listed td:nth-child(n+3), .tiers td:nth-child(n+2):nth-child(-n+4) { text-align: right; }
.moves td { text-align: right; } .moves td:first-child { text-align: left; } ul { margin: 0; padding-left: 1.1rem; }
"""
Pictures = Mapping[tuple[str, str], Html]
"""Pictures by name and language; one that could not be drawn is missing."""


def write_group_page(
    report: GroupReport, path: Path, language: str, beside: tuple[Pictures, Sequence[str]]
) -> None:
    """Write the page; `beside` are the pictures that stand in it, and the names of the files that lie beside it."""
    pictures, names = beside
    write_page(
        path,
        language,
        lambda each: _GroupPage(report, GroupWords(report, each), pictures, tuple(names)).page(),
        _STYLE,
    )


@dataclass(frozen=True, eq=False)
class _GroupPage:
    """The page in one language."""

    report: GroupReport
    words: GroupWords
    pictures: Pictures
    names: tuple[str, ...]

    def page(self) -> Page:
        report, words = self.report, self.words
        measured = words(
            "measured", grouped=f"{report.figures.customers.sum():,}", known=f"{report.known:,}",
            as_of=report.as_of, version=report.version,
        )  # fmt: skip
        parts = [
            element("p", measured),
            *self._scores(),
            *self._matrix(),
            *self._value(),
            *self._tiers(),
            *self._counts(),
            element("h2", words("files.heading")),
            element("p", words("files.text"), kind="note"),
            bullets([link(name, name) for name in self.names]),
        ]
        return Page(words("title", as_of=report.as_of), joined(*parts))

    def _picture(self, name: str) -> Iterable[Html]:
        picture = self.pictures.get((name, self.words.language))
        return () if picture is None else (picture,)

    def _scores(self) -> Iterable[Html]:
        words, figures = self.words, self.report.figures
        grouping = words.listed([words.factors[name] for name in self.report.groups.factors])
        others = [words.factors[name] for name in figures.factors if name not in self.report.groups.factors]
        yield element("h2", words("table.heading"))
        about = words("table.text", factors=grouping, others=words.listed(others)) if others else None
        yield element("p", about or words("table.text_alone", factors=grouping))
        yield self._score_table()
        marks = [
            joined(element("span", f"{_MARKS[mark]}512", kind=mark), f" {words(f'table.{mark}')}")
            for mark in ("leading", "trailing")
        ]
        yield element("p", marks[0], " · ", marks[1], kind="note marks")
        yield element("p", words("table.names"), kind="note")
        empty = [
            str(number) for number, count in zip(figures.numbers, figures.customers, strict=True) if not count
        ]
        if empty:
            yield element("p", words("table.empty", groups=words.listed(empty)), kind="note")

    def _score_table(self) -> Html:
        words, figures = self.words, self.report.figures
        names = [
            element("th", str(number), element("small", words.groups[number])) for number in figures.numbers
        ]
        head = [
            element("th", words("table.factor")),
            *names,
            element("th", words("table.population")),
        ]
        rows = []
        for place, name in enumerate(figures.factors):
            cells = [element("td", words.factors[name])]
            for group, mean in enumerate(figures.means[place].tolist()):
                mark = figures.mark(place, group)
                cells.append(element("td", f"{_MARKS[mark]}{points(mean)}", kind=mark))
            rows.append(element("tr", *cells, element("td", points(float(figures.population[place])))))
        shares = [element("td", percent(share)) for share in figures.shares.tolist()]
        rows.append(element("tr", element("td", words("share")), *shares, element("td", percent(1.0))))
        return element(
            "table", element("thead", element("tr", *head)), element("tbody", *rows), kind="scores"
        )

    def _matrix(self) -> Iterable[Html]:
        words, report, figures = self.words, self.report, self.report.figures
        yield element("h2", words("matrix.heading"))
        if not report.has_matrix:
            yield element("p", words("matrix.absent", version=report.version))
            return
        yield from self._picture("market-matrix")
        drawn, customers = len(drawn_rows(report.customers)), int(figures.customers.sum())
        if drawn < customers:
            note = words("matrix.drawn", customers=f"{customers:,}", drawn=f"{drawn:,}")
            yield element("p", note, kind="note")
        rows = [
            (str(number), words.groups[number], f"{count:,}", percent(share), percent(risk))
            for number, count, share, risk in zip(
                figures.numbers,
                figures.customers.tolist(),
                figures.shares.tolist(),
                figures.churn.tolist(),
                strict=True,
            )
        ]
        yield grid(
            [words("group"), words("name"), words("customers"), words("share"), words.risk], rows, "listed"
        )

    def _value(self) -> Iterable[Html]:
        words, value = self.words, self.report.concentration
        yield element("h2", words("value.heading"))
        if not value.customers:
            yield element("p", words("value.unknown"))
            return
        amounts = {"total": words.money(value.total), "lost": words.money(value.lost)}
        if not value.can_share:
            yield element(
                "p",
                words(
                    "value.no_share", customers=f"{value.customers:,}", count=f"{value.losing:,}",
                    earned=words.money(value.earned), **amounts,
                ),
            )  # fmt: skip
            return
        sentence = words(
            "value.sentence", top=f"{value.fifth:,}", customers=f"{value.customers:,}",
            share=percent(value.fifth_share), needed=f"{value.for_most:,}",
            needed_share=percent(value.for_most / value.customers), total=amounts["total"],
        )  # fmt: skip
        losing = words("value.losing", count=f"{value.losing:,}", lost=amounts["lost"])
        yield element("p", sentence, " ", losing if value.losing else words("value.nobody_loses"))
        yield from self._picture("value-concentration")

    def _tiers(self) -> Iterable[Html]:
        words, report = self.words, self.report
        yield element("h2", words("tiers.heading"))
        if report.tiers:
            yield self._tier_table()
        else:
            yield element("p", words("tiers.absent", version=report.version))
        flow = report.flow
        if flow is None:
            dates = words.listed([str(day) for day in report.monthly]) or words("moves.no_dates")
            yield element("p", words("moves.one_date", as_of=report.as_of, dates=dates))
            return
        if flow.versions[0] != flow.versions[1]:
            before, now = flow.versions
            yield element("p", words("moves.versions", before=before, now=now))
        if flow.tiers is None:
            yield element("p", words("moves.no_tiers", before=flow.groups.before, now=flow.groups.now))
        else:
            yield from self._moves("tiers", flow.tiers, words.tiers_and_none())
        yield from self._moves("groups", flow.groups, [*map(str, flow.groups.states), words("moves.none")])

    def _tier_table(self) -> Html:
        words, report = self.words, self.report
        customers = sum(line.customers for line in report.tiers)
        total = report.concentration.total
        can_share = bool(report.concentration.customers) and report.concentration.can_share
        rows = [
            (
                words.tier(line.code),
                f"{line.customers:,}",
                percent(line.customers / customers),
                percent(line.contribution / total) if can_share else DASH,
                bullets(words.strategy(line.code)),
            )
            for line in report.tiers
        ]
        head = [
            words(name)
            for name in ("tiers.tier", "customers", "share", "tiers.contribution", "tiers.strategy")
        ]
        return grid(head, rows, "tiers")

    def _moves(self, what: str, moves: Moves[State], names: Sequence[str]) -> Iterable[Html]:
        words = self.words
        yield element("h3", words(f"moves.{what}.title", before=moves.before, now=moves.now))
        counted = {name: f"{getattr(moves, name):,}" for name in ("up", "down", "moved", "stayed")}
        yield element("p", words(f"moves.{what}.sentence", **counted), " ", words("moves.none_is"))
        if what == "tiers":
            yield from self._picture("tier-moves")
        rows = [
            (name, *(f"{count:,}" if count else DASH for count in counts))
            for name, counts in zip(names, moves.counts.tolist(), strict=True)
        ]
        yield folded(words(f"moves.{what}.table"), grid(["", *names], rows, "moves"))

    def _counts(self) -> Iterable[Html]:
        words, report = self.words, self.report
        yield element("h2", words("counts.heading"))
        if not report.compared:
            customers = f"{report.figures.customers.sum():,}"
            yield element("p", words("counts.few", customers=customers))
            return
        yield element("p", words("counts.text", count=report.policy.count))
        head = [words(f"counts.{name}") for name in ("count", "silhouette", "stability")]
        rows = [
            (str(count), f"{found['silhouette']:.3f}", f"{found['stability']:.3f}")
            for count, found in report.compared.items()
        ]
        kinds = ["chosen" if count == report.policy.count else "" for count in report.compared]
        yield grid(head, rows, "moves", kinds)
        yield from self._picture("group-counts")
