"""The data page: what was taken in, which features it gives, and what to do for more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from features.catalogue import Catalogue
from features.definitions import FEATURES
from features.tables import TABLES, BankManifest
from pipelines.data_page.feature_part import FeaturePart
from pipelines.data_page.gains import Gains, gains
from pipelines.data_page.profile import TableFigures, profile_tables
from pipelines.data_page.table_part import TablePart
from pipelines.data_page.words import Words, month_text, number
from pipelines.intake import IntakeReport, Language
from pipelines.pages.markup import Cell, Html, bullets, code, element, facts, joined, link
from pipelines.pages.shell import FONTS, Page, write_page

_STYLE = f"""
.actions, .columns {{ width: 100%; }} .columns {{ font-size: .86rem; }}
.actions :is(td, th):nth-child(2), .sums :is(td, th):nth-child(n+2),
.columns :is(td, th):nth-child(n+4):nth-child(-n+8) {{ text-align: right; }}
.actions td:nth-child(1), .actions td:nth-child(3) {{ width: 44%; }}
.columns td:nth-child(9) {{ width: 230px; }} .sums tr:last-child td {{ font-weight: bold; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: .4rem 0; }}
section dl {{ grid-template-columns: repeat(5, max-content max-content); gap: .1rem .6rem; }}
section dd {{ margin-right: 1rem; }}
dt {{ font-weight: bold; }} dd {{ margin: 0; }}
ul.features {{ columns: 3 20rem; margin: 0; }} ul.features li {{ break-inside: avoid; }}
ul.features code {{ display: block; }}
.actions .note {{ display: block; }}
svg text {{ font: 11px {FONTS}; fill: #1a1a1a; }} .bar {{ fill: #0b5a9c; }} .axis {{ fill: none; stroke: #48555f; }}
nav ul {{ columns: 3 18rem; padding-left: 1.2rem; }}
"""


@dataclass(frozen=True)
class CheckedBank:
    """What a check found: the bank's name, intake's report, what the tables are, and the features they give.

    `catalogue` is None where there is no table `customers`.
    """

    name: str
    report: IntakeReport
    manifest: BankManifest
    catalogue: Catalogue | None


def write_data_page(bank: CheckedBank, folder: Path, language: Language) -> Path:
    """Write `check-<digest>.html`, whole or not at all; it opens in the language asked for.

    Returns
    -------
    The file.
    """
    figures = profile_tables(bank.report.prepared, bank.manifest)
    found = gains(bank.report, bank.manifest, bank.catalogue, figures)
    path = folder / f"check-{bank.report.digest[:16]}.html"
    write_page(path, language, lambda each: _page(bank, figures, found, Words(bank.manifest, each)), _STYLE)
    return path


def _page(bank: CheckedBank, figures: Mapping[str, TableFigures], found: Gains, words: Words) -> Page:
    """Return the whole page in one language."""
    features = FeaturePart(words, bank.report, found, bank.catalogue)
    tables = TablePart(words, bank.report, found)
    content = joined(
        element("p", words("about", digest=bank.report.digest[:16])),
        _head(bank, figures, words),
        features.actions(),
        features.features(),
        element("h2", words("tables.heading")),
        *_tables_head(bank, figures, words),
        *(tables.part(table) for table in figures.values()),
        *_not_handed(bank, words),
    )
    return Page(words("title", bank=bank.name), content)


def _head(bank: CheckedBank, figures: Mapping[str, TableFigures], words: Words) -> Html:
    """Return the page's headline: dates, tables, rows and features."""
    report, manifest = bank.report, bank.manifest
    fates = ("read", "accepted", "duplicate", "correction", "quarantined")
    sums = {fate: number(sum(getattr(counts, fate) for counts in report.tables.values())) for fate in fates}
    lacking = len(TABLES.keys() - report.tables.keys() - report.rejected.keys())
    total = len(FEATURES) + len(manifest.snapshot_columns)
    features = words("head.no_features", all=number(total))
    if bank.catalogue is not None:
        built = len(bank.catalogue.features)
        total = built + len(bank.catalogue.absent)
        features = words("head.features_text", built=number(built), all=number(total))
    currency = manifest.currency or words("head.no_currency")
    dates = joined(
        _span(manifest, figures, words),
        Html("<br>"),
        words("head.zone", zone=manifest.zone, currency=currency),
    )
    tables = words(
        "head.tables_text", taken=len(report.tables), rejected=len(report.rejected), lacking=lacking
    )
    return joined(
        element("h2", words("head.heading")),
        facts(
            [
                (words("head.dates"), dates),
                (words("head.tables"), tables),
                (words("head.rows"), words("head.rows_text", **sums)),
                (words("head.features"), features),
            ]
        ),
    )


def _span(manifest: BankManifest, figures: Mapping[str, TableFigures], words: Words) -> str:
    """Say from when to when rows about customers lie, and since when most of them."""
    months: dict[int, int] = {}
    for table in figures.values():
        for month, rows in table.months.items() if TABLES[table.name].is_event else ():
            months[month] = months.get(month, 0) + rows
    if not months:
        return words("head.no_dates")
    total = sum(months.values())
    most = max(month for month in months if 10 * sum(n for m, n in months.items() if m < month) <= total)
    last = (manifest.data_until - timedelta(1)).isoformat()
    return words("head.span", first=month_text(min(months)), last=last, most=month_text(most))


def _tables_head(bank: CheckedBank, figures: Mapping[str, TableFigures], words: Words) -> list[Cell]:
    """Return the list of tables with links, the tables that were rejected, and what was not read at all."""
    links = [
        joined(
            link(f"#{words.language}-{name}", name),
            words("tables.link", title=words.table(name), rows=number(table.rows)),
        )
        for name, table in figures.items()
    ]
    pieces: list[Cell] = [element("nav", bullets(links))]
    pieces += [
        element("p", code(name), " ", words("tables.rejected", reason=words.refusal(reason)))
        for name, reason in bank.report.rejected.items()
    ]
    if bank.report.ignored_files:
        names = words.listed(bank.report.ignored_files)
        pieces.append(element("p", words("tables.ignored_files", names=names)))
    return pieces


def _not_handed(bank: CheckedBank, words: Words) -> list[Cell]:
    """Return the contract's tables that did not come."""
    there = bank.report.tables.keys() | bank.report.rejected.keys()
    lacking = [name for name in TABLES if name not in there]
    if not lacking:
        return []
    items = bullets(joined(code(name), words.table(name)) for name in lacking)
    return [element("h3", words("tables.not_handed")), items]
