"""All signals of the customers at their as_of dates: computed, recorded, of an industry or region, of guarantors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from features.groups.profile import states
from features.signals.episodes import EPISODE, episodes
from features.signals.evidence import measures_said
from features.signals.firing import PLACES, SignalRules
from features.signals.guarantors import TABLE, guarantor_spans, guarantors
from features.signals.measures import EVALUATED
from features.signals.recorded import general_signals, of_people, own_signals
from features.windows import KEYS, Tables

RECORDED = "warning_signals"
PLACED = ("industry", "region")


@dataclass(frozen=True)
class Raised:
    """Signals by where they come from, each a table; None where the bank has none of the kind.

    `people`: KEYS, kind, industry, region (null where the column does not serve past dates). `computed`: columns of
    an episode and `fired_day`. `own`, `general`: see `recorded`; the latter are not spread over people yet.
    `guaranteed`: F13, see `guarantors`. `evaluated`: per KEYS the number of `codes` that were; no row means none.
    `evaluations`: by measure table every evaluation, with the level of each code, named by it, and figures if asked.
    """

    people: ir.Table
    computed: ir.Table
    own: ir.Table | None
    general: ir.Table | None
    guaranteed: ir.Table | None
    evaluated: ir.Table
    evaluations: Mapping[str, ir.Table]


def raised_signals(
    rules: SignalRules, tables: Tables, spine: ir.Table, *, has_figures: bool = False
) -> Raised:
    """Find every signal raised before as_of, open or closed; `spine` has to hold everyone known at its dates.

    Parameters
    ----------
    has_figures
        Put the measures that evidence shows beside the evaluations: for warnings, whose features do without.
    """
    people = tables.keep("signals_people", _people(tables, spine))
    evaluations = {
        table: _evaluations(
            rules, tables, rules.measured(tables, spine, table, people), table, has_figures=has_figures
        )
        for table in rules.evaluated(tables)
    }
    computed, evaluated = _computed(rules, tables, spine, evaluations)
    computed = tables.keep("signals_computed", computed)
    own = general = guaranteed = None
    if RECORDED in tables:
        own = tables.keep("signals_own", own_signals(rules.catalogue, tables, spine, people))
        general = tables.keep("signals_general", general_signals(rules.catalogue, tables, spine))
    links = guarantors(tables, spine)
    if links is not None:
        links = tables.keep("signals_guarantors", _of_kinds(rules, links, people))
        troubles = _troubles(links, people, computed, own, general)
        guaranteed = tables.keep("signals_guaranteed", guarantor_spans(rules.catalogue, links, troubles))
        evaluated = ibis.union(evaluated, links.select(*KEYS, codes=ibis.literal(1, "int64")).distinct())
    evaluated = evaluated.group_by(*KEYS).aggregate(codes=evaluated.codes.sum())
    return Raised(people, computed, own, general, guaranteed, evaluated, evaluations)


def spread(raised: Raised, people: ir.Table) -> ir.Table | None:
    """Give some people the signals of their industries and regions; None where the bank records no signals."""
    return None if raised.general is None else of_people(raised.general, people)


def _people(tables: Tables, spine: ir.Table) -> ir.Table:
    state = states(tables, spine)
    placed = {name: state[name] if name in tables.profile_columns else ibis.null("string") for name in PLACED}
    return state.select(*KEYS, "kind", **placed)


def _evaluations(
    rules: SignalRules, tables: Tables, rows: ir.Table, table: str, *, has_figures: bool
) -> ir.Table:
    levels = rules.levels(table, rows)
    said = measures_said(rules.catalogue.reading(table)) if has_figures else ()
    rows = rows.select(
        *KEYS, rows[EVALUATED].cast("int32").name(EVALUATED), **levels, **{n: rows[n] for n in said}
    )
    return tables.keep(f"signals_levels_{table}", rows)


def _computed(
    rules: SignalRules, tables: Tables, spine: ir.Table, evaluations: Mapping[str, ir.Table]
) -> tuple[ir.Table, ir.Table]:
    """Episodes of computed signals, and how many codes were evaluated, by KEYS (a row per measure table)."""
    nobody = spine.filter(ibis.literal(False))  # noqa: FBT003 - a literal of the expression
    by_code = [
        nobody.select(
            *KEYS,
            place=ibis.literal(0, "int16"),
            **{EVALUATED: ibis.literal(0, "int32")},
            level=ibis.literal(0, "int8"),
        )
    ]
    counts = [nobody.select(*KEYS, codes=ibis.literal(0, "int64"))]
    for table, rows in evaluations.items():
        codes = rules.codes(table)
        peaks = rows.group_by(*KEYS).aggregate(**{f"peak_{code}": rows[code].max() for code in codes})
        peaks = tables.keep(f"signals_peaks_{table}", peaks)
        by_code += _of_those_that_fire(rows, peaks, codes)
        known = [peaks[f"peak_{code}"].notnull().cast("int64") for code in codes]
        counts.append(peaks.select(*KEYS, codes=sum(known[1:], known[0])))
    return episodes(ibis.union(*by_code), rules.catalogue.clear_evaluations), ibis.union(*counts)


def _of_those_that_fire(rows: ir.Table, peaks: ir.Table, codes: tuple[str, ...]) -> list[ir.Table]:
    """Evaluations by code, of customers for whom it fires at least once: the others have no episode."""
    highest = ibis.greatest(*(peaks[f"peak_{code}"].fill_null(0) for code in codes), ibis.literal(0, "int8"))
    rows = rows.join(peaks.filter(highest > 0), KEYS)
    found = []
    for code in codes:
        of_code = rows.filter(rows[f"peak_{code}"] > 0, rows[code].notnull())
        found.append(
            of_code.select(
                *KEYS, place=ibis.literal(PLACES[code], "int16"), **{EVALUATED: of_code[EVALUATED]},
                level=of_code[code],
            )
        )  # fmt: skip
    return found


def _of_kinds(rules: SignalRules, links: ir.Table, people: ir.Table) -> ir.Table:
    """Guarantees of customers of the kinds that F13 is for, with their kind, by guarantors known at as_of."""
    kinds = {kind for signal in rules.catalogue.reading(TABLE) for kind in signal.kinds}
    links = links.semi_join(
        people.select("as_of_day", guarantor_no=people.customer_no), ["as_of_day", "guarantor_no"]
    )
    return links.join(people.filter(people.kind.isin(sorted(kinds))).select(*KEYS, "kind"), KEYS)


def _troubles(
    links: ir.Table, people: ir.Table, computed: ir.Table, own: ir.Table | None, general: ir.Table | None
) -> ir.Table:
    """Signals of customers who are guarantors."""
    of_guarantors = links.select("as_of_day", customer_no=links.guarantor_no).distinct()
    parts = [computed.semi_join(of_guarantors, KEYS)]
    if own is not None and general is not None:
        parts += [
            own.semi_join(of_guarantors, KEYS),
            of_people(general, people.semi_join(of_guarantors, KEYS)),
        ]
    return ibis.union(*(part.select(*EPISODE) for part in parts))
