"""The data page as one file: both languages behind a switch that needs no script, no outside resource."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from pathlib import Path

from features.catalogue import Catalogue
from features.definitions import FEATURES
from features.tables import TABLES, BankManifest
from pipelines.data_page.feature_part import FeaturePart
from pipelines.data_page.gains import Gains, gains
from pipelines.data_page.markup import Cell, Html, bullets, code, element, facts, joined
from pipelines.data_page.profile import TableFigures, profile_tables
from pipelines.data_page.table_part import TablePart
from pipelines.data_page.words import LANGUAGES, Language, Words, month_text, number
from pipelines.intake import IntakeReport

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_FONTS = '"Helvetica Neue", Arial, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif'
_STYLE = f"""
body {{ font: 14px/1.5 {_FONTS}; color: #1a1a1a; background: #fff; max-width: 78rem;
       margin: 1.5rem auto; padding: 0 1.5rem; }}
h1 {{ font-size: 1.6rem; margin: .5rem 0; }} h2 {{ margin: 2rem 0 .5rem; border-bottom: 2px solid #0b5a9c; }}
h3 {{ margin: 1.4rem 0 .4rem; }} h3 span {{ font-weight: normal; }} h4 {{ margin: .8rem 0 .2rem; }}
code {{ font: .85em ui-monospace, Menlo, Consolas, monospace; color: #3b4a57; overflow-wrap: anywhere; }}
h3 code {{ font-size: 1em; color: inherit; }}
table {{ border-collapse: collapse; margin: .4rem 0 1rem; font-variant-numeric: tabular-nums; }}
th, td {{ border-bottom: 1px solid #d5dbe0; padding: .25rem .6rem; text-align: left; vertical-align: top; }}
th {{ background: #f0f3f6; }}
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
.note {{ color: #48555f; font-size: .86rem; }} .actions .note {{ display: block; }}
.caption {{ margin: .6rem 0 .1rem; font-weight: bold; }}
summary {{ cursor: pointer; margin: .3rem 0; }} svg {{ display: block; max-width: 100%; }}
svg text {{ font: 11px {_FONTS}; fill: #1a1a1a; }} .bar {{ fill: #0b5a9c; }} .axis {{ fill: none; stroke: #48555f; }}
nav ul {{ columns: 3 18rem; padding-left: 1.2rem; }}
main {{ display: none; }} input {{ margin: 0 .3rem 0 1rem; }}
#show-en:checked ~ main:lang(en), #show-zh:checked ~ main:lang(zh) {{ display: block; }}
@page {{ size: A4 landscape; margin: 12mm; }}
@media print {{
  body {{ max-width: none; margin: 0; padding: 0; font-size: 11px; }} input, label, nav {{ display: none; }}
  details::details-content {{ content-visibility: visible; display: block; }}
  tr, svg {{ break-inside: avoid; }} h2, h3, h4, .caption {{ break-after: avoid; }}
}}
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
    mains = [_main(bank, figures, found, Words(bank.manifest, each)) for each in LANGUAGES]
    words = Words(bank.manifest, language)
    switch = "".join(
        f'<input type="radio" name="language" id="show-{each}"{" checked" if each == language else ""}>'
        f'<label for="show-{each}" lang="{each}">{escape(words(name))}</label>'
        for each, name in zip(LANGUAGES, ("english", "chinese"), strict=True)
    )
    title = escape(words("title", bank=bank.name))
    text = (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{switch}\n" + "\n".join(mains) + "\n</body>\n</html>\n"
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"check-{bank.report.digest[:16]}.html"
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    return path


def _main(bank: CheckedBank, figures: Mapping[str, TableFigures], found: Gains, words: Words) -> str:
    """Return the whole page in one language."""
    features = FeaturePart(words, bank.report, found, bank.catalogue)
    tables = TablePart(words, bank.report, found)
    content = joined(
        element("h1", words("title", bank=bank.name)),
        element("p", words("about", digest=bank.report.digest[:16])),
        _head(bank, figures, words),
        features.actions(),
        features.features(),
        element("h2", words("tables.heading")),
        *_tables_head(bank, figures, words),
        *(tables.part(table) for table in figures.values()),
        *_not_handed(bank, words),
    )
    return f'<main lang="{words.language}">\n{content.text}\n</main>'


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
            Html(f'<a href="#{words.language}-{name}">{escape(name)}</a>'),
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
