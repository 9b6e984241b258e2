"""Warning signals: how many, how severe, how new, and whether they grow more."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.signals import registry
from features.signals.firing import PLACES
from features.signals.raised import RECORDED, Raised, raised_signals
from features.signals.recorded import of_people
from features.signals.records import CATEGORIES, SignalCatalogue
from features.windows import KEYS, Tables, Window, onto_spine, reached

_NEW = (30, 90, 180)
_EARLIER = 90
_STEP = 1000
"""More than there are codes: severity * _STEP + (_STEP - 1 - place) orders by severity, then by code."""

_STATES = ("open", "before", "recent")
"""Severity of a code while open at as_of, open 90 days before, and where raised in the last 180 days."""


def signals(tables: Tables, spine: ir.Table) -> ir.Table:
    """Signals recorded and computed, of the customer and of the customer's industry, region and guarantors.

    One row per (customer_id, as_of) of `spine`. Each code counts once, with its most severe signal. 0: a table of
    signals reaches as_of, or a rule was evaluated, and there is none; null: neither.

    Source: warning-signals.md, "Features per customer and as-of date"; that a code recorded and computed counts once,
    the more severe, is an own choice: both see one fact.
    """
    rules = registry.signal_rules()
    raised = raised_signals(rules, tables, spine)
    codes = tables.keep("signals_codes", _by_code(raised))
    counted = codes.group_by(*KEYS).aggregate(**_counts(codes))
    summed = _sums(rules.catalogue, codes)
    joined = onto_spine(onto_spine(onto_spine(spine, counted), summed), raised.evaluated)
    number = joined.codes.fill_null(0)
    is_observed = number > 0
    if RECORDED in tables:
        is_observed |= reached(tables, RECORDED, joined.as_of_day)

    def observed(value: ir.NumericValue) -> ir.FloatingValue:
        return ibis.ifelse(is_observed, value.cast("float64").fill_null(0.0), ibis.null("float64"))

    names = [*(name for name in counted.columns if "count" in name), *summed.columns[len(KEYS) :]]
    return joined.select(
        *KEYS,
        **{name: observed(joined[name]) for name in names},
        signal_count_evaluated=number.cast("float64"),
        signal_severity_open_max=joined.open_max.cast("float64"),
        signal_gap_days=(joined.as_of_day - joined.newest_day).cast("float64"),
    )


def _by_code(raised: Raised) -> ir.Table:
    """What is said of each code: one row per KEYS and `place`, with `_summaries` of all its signals."""
    own = [rows for rows in (raised.computed, raised.own, raised.guaranteed) if rows is not None]
    parts = [_folded(rows, (*KEYS, "place")) for rows in own]
    if raised.general is not None:
        of_places = _folded(raised.general, ("as_of_day", "kind", "industry", "region", "place"))
        spread = of_people(of_places, raised.people)
        parts.append(spread.select(*parts[0].columns))
    rows = ibis.union(*parts)
    return rows.group_by(*KEYS, "place").aggregate(
        first_day=rows.first_day.min(),
        newest_day=rows.newest_day.max(),
        **{name: rows[name].max() for name in _STATES},
    )


def _folded(rows: ir.Table, by: tuple[str, ...]) -> ir.Table:
    earlier = rows.as_of_day - _EARLIER
    is_open = {
        "open": rows.closed_day.isnull(),
        "before": (rows.raised_day < earlier) & (rows.closed_day.isnull() | (rows.closed_day >= earlier)),
        "recent": Window(180).holds(rows.raised_day, rows.as_of_day),
    }
    return rows.group_by(*by).aggregate(
        first_day=rows.raised_day.min(),
        newest_day=rows.raised_day.max(),
        **{name: rows.severity.max(where=is_open[name]).cast("int64") for name in _STATES},
    )


def _counts(codes: ir.Table) -> dict[str, ir.NumericScalar]:
    is_open = codes.open.notnull()
    category = _category(codes.place)
    return {
        "signal_count_open": codes.count(where=is_open),
        **{
            f"signal_count_open_{name}": codes.count(where=is_open & (category == letter))
            for letter, name in CATEGORIES.items()
        },
        **{
            f"signal_count_new_{days}d": codes.count(
                where=Window(days).holds(codes.newest_day, codes.as_of_day)
            )
            for days in _NEW
        },
        "signal_count_novel_90d": codes.count(where=Window(90).holds(codes.first_day, codes.as_of_day)),
        "open_max": codes.open.max(),
        "newest_day": codes.newest_day.max(),
    }


def _sums(catalogue: SignalCatalogue, codes: ir.Table) -> ir.Table:
    """Severity sums with each cluster counted once: its most severe code, of equal ones the first."""
    others = {
        PLACES[code]: PLACES[catalogue.cluster_of(code)]
        for cluster in catalogue.clusters
        for code in cluster[1:]
    }
    cluster = codes.place.cases(*others.items(), else_=codes.place) if others else codes.place
    ranks = {name: codes[name] * _STEP + (_STEP - 1 - codes.place) for name in _STATES}
    tops = codes.mutate(cluster=cluster, **ranks)
    tops = tops.group_by(*KEYS, "cluster").aggregate(**{name: tops[name].max() for name in _STATES})

    def total(state: str, letter: str | None) -> ir.IntegerScalar:
        place = _STEP - 1 - tops[state] % _STEP
        of_category = None if letter is None else _category(place) == letter
        return (tops[state] // _STEP).sum(where=of_category).fill_null(0)

    def change(letter: str | None) -> ir.IntegerScalar:
        return total("open", letter) - total("before", letter)

    return tops.group_by(*KEYS).aggregate(
        signal_severity_open_sum=total("open", None),
        **{f"signal_severity_open_sum_{name}": total("open", letter) for letter, name in CATEGORIES.items()},
        **{
            f"signal_severity_sum_{name}_180d": total("recent", letter) for letter, name in CATEGORIES.items()
        },
        signal_severity_open_change_90d=change(None),
        **{f"signal_severity_open_change_{name}_90d": change(letter) for letter, name in CATEGORIES.items()},
    )


def _category(place: ir.IntegerValue) -> ir.StringValue:
    """Letter of a code's category; codes of a category stand together."""
    return ibis.cases(
        (place < PLACES["F01"], "E"), (place < PLACES["M01"], "F"), (place < PLACES["H01"], "M"), else_="H"
    )
