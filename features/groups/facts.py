"""Recorded facts: the state of the file, what is in force in it, and people on the payroll."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.groups.codes import fact_codes
from features.windows import KEYS, Tables, Window, counted, known, onto_spine, ratio

NEGATIVE = fact_codes("negative")
LIFE = fact_codes("life")
FILE = fact_codes("file")
HEADCOUNT = fact_codes("headcount")
COUNTS = ("fact_count", "fact_count_negative", "fact_count_life_365d")


def facts(tables: Tables, spine: ir.Table) -> ir.Table:
    """Completeness and age of the file, facts in force, life events, and people on the payroll.

    One row per (customer_id, as_of) of `spine`. Of each code the newest note counts, until its `valid_until` has
    passed: on that day itself it still holds (own choice).

    Source: customers.md, "Files"; contract.md, facts; policy/facts.yaml.
    """
    rows = tables.keep("facts_known", known(tables, "facts", spine))
    joined = onto_spine(onto_spine(spine, _counts(rows)), _headcount(rows))
    return joined.select(
        *KEYS,
        **{name: counted(tables, "facts", joined[name], joined.as_of_day) for name in COUNTS},
        file_completeness=joined.completeness.cast("float64"),
        file_gap_days=(joined.as_of_day - joined.last_day).cast("float64"),
        headcount_level=joined.people.cast("float64"),
        headcount_trend_180d=ratio(joined.people, joined.people_180),
    )


def in_force(rows: ir.Table) -> ir.Table:
    """Mark known facts in force (`is_in_force`): the newest of their code, and not past their `valid_until`."""
    newest = rows.event_day.max().over(group_by=(*KEYS, "code"))
    return rows.mutate(is_in_force=(rows.event_day == newest) & _holds(rows, rows.as_of_day))


def _counts(rows: ir.Table) -> ir.Table:
    rows = in_force(rows).mutate(is_yes=rows.value.fill_null(1.0) != 0.0)
    is_new = Window(365).holds(rows.event_day, rows.as_of_day)
    return rows.group_by(*KEYS).aggregate(
        last_day=rows.event_day.max(),
        fact_count=rows.count(where=rows.is_in_force),
        fact_count_negative=rows.count(where=rows.is_in_force & rows.is_yes & rows.code.isin(NEGATIVE)),
        fact_count_life_365d=rows.count(where=is_new & rows.is_yes & rows.code.isin(LIFE)),
        completeness=rows.value.max(where=rows.is_in_force & rows.code.isin(FILE)),
    )


def _headcount(rows: ir.Table) -> ir.Table:
    """People on the payroll by the fact in force at as_of, and by the one in force 180 days before."""
    noted = rows.filter(rows.code.isin(HEADCOUNT))
    then = noted.as_of_day - 180
    early = ibis.ifelse(noted.event_day < then, noted.event_day, ibis.null("int32"))
    noted = noted.mutate(
        last=noted.event_day.max().over(group_by=KEYS),
        last_180=early.max().over(group_by=KEYS),
        holds=_holds(noted, noted.as_of_day),
        held=_holds(noted, then),
    )
    return noted.group_by(*KEYS).aggregate(
        people=noted.value.max(where=(noted.event_day == noted["last"]) & noted.holds),
        people_180=noted.value.max(where=(noted.event_day == noted.last_180) & noted.held),
    )


def _holds(rows: ir.Table, day: ir.IntegerValue) -> ir.BooleanValue:
    return rows.valid_until_day.isnull() | (rows.valid_until_day >= day)
