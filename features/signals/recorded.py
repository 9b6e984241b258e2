"""Signals that somebody wrote down: of one customer, or of an industry or region and so of everyone in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

import ibis
import ibis.expr.types as ir

from features.signals.firing import PLACES
from features.signals.records import KINDS, SignalCatalogue
from features.store import day_number
from features.tables import SIGNAL_CODES
from features.windows import KEYS, Tables, known, known_of_all

_TABLE = "warning_signals"
_FIRST_OF = {letter: PLACES[f"{letter}01"] for letter in "EFMH"}
_EVER = date(1, 1, 1)

SPAN = ("place", "raised_day", "closed_day", "severity", "evidence")


def own_signals(catalogue: SignalCatalogue, tables: Tables, spine: ir.Table, people: ir.Table) -> ir.Table:
    """Signals recorded of a customer by name, known at as_of.

    One row per KEYS and recorded signal: `place` of its code, `raised_day`, `closed_day` (null: open), `severity`
    (one that nobody gave is the record's), `evidence` as recorded. Whoever recorded one knew the customer: it counts
    whatever kind of customer the code is for.

    Source: warning-signals.md, "R"; contract.md, `warning_signals`.
    """
    rows = known(tables, _TABLE, spine)
    rows = rows.join(people.select(*KEYS, "kind"), KEYS)
    return _spans(catalogue, rows).select(*KEYS, *SPAN)


def general_signals(catalogue: SignalCatalogue, tables: Tables, spine: ir.Table) -> ir.Table:
    """Signals recorded of an industry or region, known at as_of.

    One row per as_of_day, kind of customer and recorded signal: `industry` and `region` (null: any), and the columns
    of `own_signals`. One that names both holds where both meet.

    Source: warning-signals.md, "To whom".
    """
    rows = known_of_all(tables, _TABLE, spine)
    rows = rows.filter(
        rows.customer_no.isnull(), rows.code.startswith("E"), rows.industry.notnull() | rows.region.notnull()
    )
    each = ibis.array([ibis.literal(kind) for kind in KINDS]).unnest()
    return _spans(catalogue, rows.mutate(kind=each)).select("as_of_day", "kind", "industry", "region", *SPAN)


def of_people(general: ir.Table, people: ir.Table) -> ir.Table:
    """Give everyone the signals of his or her industry and region at as_of.

    One row per row of `people` and signal that holds for it: KEYS and the columns of `general` but for whom it names.
    A customer whose industry or region the bank does not know has none that asks for it.
    """
    named = {"industry": general.industry.notnull(), "region": general.region.notnull()}
    parts = []
    for columns in (("industry",), ("region",), ("industry", "region")):
        rows = general
        for name, is_named in named.items():
            rows = rows.filter(is_named if name in columns else ~is_named)
        rows = rows.drop(*(name for name in named if name not in columns))
        asked = people.select(*KEYS, "kind", *columns)
        found = asked.join(rows, ["as_of_day", "kind", *columns])
        kept = [
            name for name in found.columns if name not in ("kind", "industry", "region", "as_of_day_right")
        ]
        parts.append(found.select(*kept))
    return ibis.union(*parts)


def _spans(catalogue: SignalCatalogue, rows: ir.Table) -> ir.Table:
    letter = rows.code.substr(0, 1)
    first = letter.cases(*_FIRST_OF.items(), else_=ibis.null("int16"))
    rows = rows.mutate(place=(first + rows.code.substr(1, 2).cast("int16") - 1).cast("int16"))
    default = _default_severity(catalogue, rows)
    return rows.mutate(raised_day=rows.event_day, severity=rows.severity.fill_null(default).cast("int8"))


def _default_severity(catalogue: SignalCatalogue, rows: ir.Table) -> ir.IntegerValue:
    """Severity of the record that speaks for a code, the kind of customer and the day on which it was raised."""
    plain: dict[int, list[int]] = {}
    branches: list[tuple[ir.BooleanValue, int]] = []
    for code in SIGNAL_CODES:
        found = list(_severities(catalogue, code))
        if len({severity for *_, severity in found}) == 1:
            plain.setdefault(found[0][-1], []).append(PLACES[code])
            continue
        for kind, start, until, severity in found:
            applies = (rows.place == PLACES[code]) & (rows.kind == kind)
            applies &= (rows.event_day >= start) & (rows.event_day < until)
            branches.append((applies, severity))
    branches += [(rows.place.isin(places), severity) for severity, places in sorted(plain.items())]
    return ibis.cases(*branches, else_=ibis.null("int8"))


def _severities(catalogue: SignalCatalogue, code: str) -> Iterator[tuple[str, int, int, int]]:
    """Kind, first and end day, and severity of a code's records over all time."""
    starts = sorted({signal.start for signal in catalogue.signals if signal.code == code})
    edges = [_EVER, *starts, date.max - timedelta(days=1)]
    for kind in KINDS:
        for start, until in pairwise(edges):
            yield kind, day_number(start), day_number(until), catalogue.named(code, kind, start).severity
