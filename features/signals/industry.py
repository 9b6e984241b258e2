"""What a company's industry does: medians over the bank's own book, else the bank's outlook for the industry."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from features.groups.profile import states
from features.policy import read_policy
from features.signals.evaluations import month_of
from features.signals.measures import Measure, MeasureTable
from features.signals.year_on_year import (
    PERIOD,
    at_moments,
    days_of,
    growth,
    joined_on,
    points,
    share,
    versions,
    where,
    year_pairs,
)
from features.windows import KEYS, Tables

COHORT = ("as_of_day", "industry", "months", "year")
"""Companies of an industry whose statements of equal months ended in one calendar year, as known at as_of."""


def industry(tables: Tables, spine: ir.Table) -> ir.Table:
    """Growth of the median inventory days of a customer's industry, year on year.

    One row per KEYS and `evaluated_day`: the first day on which enough companies of the industry had handed in
    their statements of a year, or on which an outlook was known that was stated in a year without so many.
    `industry_inventory_days_growth` is a share. The same companies are in both medians. On one day the later
    year counts, then the longer period, then the outlook for the customer's own region.

    Source: warning-signals.md, E08 and "When".
    """
    if "statements" not in tables and "industry_outlook" not in tables:
        nothing = spine.filter(ibis.literal(False))  # noqa: FBT003 - a literal of the expression
        return nothing.select(
            *KEYS, evaluated_day="as_of_day", industry_inventory_days_growth=ibis.null("float64")
        )
    people = tables.keep("industry_people", people_of(tables, spine))
    rows = _inventory_growths(tables, people, people.semi_join(spine, KEYS))
    order = [ibis.desc(rows[name]) for name in ("year", "months", "is_own", "value")]
    rows = _first(rows, (*KEYS, "evaluated_day"), order)
    return rows.select(*KEYS, "evaluated_day", industry_inventory_days_growth=rows.value)


def _inventory_growths(tables: Tables, people: ir.Table, asked: ir.Table) -> ir.Table:
    """Growths of inventory days from the book, and from outlooks stated in years that the book does not cover."""
    kinds = {
        "year": "int32",
        "months": "int64",
        "is_own": "int8",
        "evaluated_day": "int32",
        "value": "float64",
    }
    found = []
    if "statements" in tables:
        book = tables.keep("industry_book", _book_inventory(tables, people))
        own = asked.join(book, ["as_of_day", "industry"])
        found.append(own.mutate(is_own=0, evaluated_day=own.day))
    if "industry_outlook" in tables:
        stated = _outlooks(tables, asked, "inventory_days_growth").mutate(months=0)
        stated = stated.filter(stated.evaluated_day <= stated.as_of_day, stated.gone_day > stated.as_of_day)
        if found:
            stated = stated.anti_join(book, ["as_of_day", "industry", "year"])
        found.append(stated)
    return ibis.union(
        *(
            part.select(*KEYS, **{name: part[name].cast(kind) for name, kind in kinds.items()})
            for part in found
        )
    )


def over_industry(tables: Tables, spine: ir.Table) -> ir.Table:
    """Growth of sales and of pre-tax profit over the industry's median, in points.

    One row per KEYS, PERIOD and `evaluated_day`: the day on which the company's own growth and its industry's
    were both known. `pre_tax_profit_growth` is repeated, because F10 reads it beside its distance from the
    industry. The median is that of the book at as_of; where too few companies have handed in, sales are held
    against the newest outlook that counted when the company's own figures became known.

    Source: warning-signals.md, "When": industry medians.
    """
    pairs = tables.keep("industry_growths", _growths(tables, people_of(tables, spine)))
    own = pairs.semi_join(spine, KEYS)
    sales = joined_on(own, medians(pairs, "sales_growth", COHORT), COHORT)
    if "industry_outlook" in tables:
        sales = joined_on(sales, _outlook_then(tables, own), (*KEYS, *PERIOD))
        sales = sales.mutate(value=sales["median"].coalesce(sales.outlook))
    else:
        sales = sales.mutate(value=sales["median"])
    sales = sales.select(
        *KEYS, *PERIOD,
        evaluated_day=ibis.greatest(sales.evaluated_day, sales.day.fill_null(sales.evaluated_day)),
        sales_growth_over_industry=points(sales.sales_growth - sales.value),
        pre_tax_profit_growth=ibis.null("float64"),
        pre_tax_profit_growth_over_industry=ibis.null("float64"),
    ).filter(lambda t: t.sales_growth_over_industry.notnull())  # fmt: skip
    profit = own.join(medians(pairs, "pre_tax_profit_growth", COHORT), COHORT)
    profit = profit.select(
        *KEYS, *PERIOD,
        evaluated_day=ibis.greatest(profit.evaluated_day, profit.day),
        sales_growth_over_industry=ibis.null("float64"),
        pre_tax_profit_growth=profit.pre_tax_profit_growth,
        pre_tax_profit_growth_over_industry=points(profit.pre_tax_profit_growth - profit["median"]),
    ).filter(lambda t: t.pre_tax_profit_growth.notnull())  # fmt: skip
    return ibis.union(sales, profit)


def pay_medians(tables: Tables, people: ir.Table) -> ir.Table:
    """Median pay per employee of an industry and region.

    One row per COHORT and region with enough of `people`: `median`, in minor units per employee and period.

    Source: warning-signals.md, H13.
    """
    rows = at_moments(versions(tables), people)
    rows = rows.join(people, KEYS)
    rows = rows.mutate(pay=share(rows.payroll, rows.employees)).filter(lambda t: t.region.notnull())
    return medians(rows, "pay", (*COHORT, "region"))


def people_of(tables: Tables, spine: ir.Table) -> ir.Table:
    """Every customer of a known industry at the moments of the spine: KEYS, industry, region and employees.

    All of the book, not only the customers asked for: a median may not depend on who is asked for. A column that
    does not serve past dates is null in every row, and without `industry` there is no row.
    """
    kinds = {"industry": "string", "region": "string", "employees": "int64"}
    lacking = {name: ibis.null(kind) for name, kind in kinds.items() if name not in tables.profile_columns}
    if "industry" in lacking:
        nobody = spine.filter(ibis.literal(False))  # noqa: FBT003 - a literal of the expression
        return nobody.select(*KEYS, **{name: ibis.null(kind) for name, kind in kinds.items()})
    state = states(tables, spine)
    columns = {name: lacking.get(name, state[name]) for name in kinds}
    return state.select(*KEYS, **columns).filter(lambda t: t.industry.notnull())


def medians(rows: ir.Table, measure: str, by: Sequence[str]) -> ir.Table:
    """Median of a measure over the companies of a cohort, each with its newest period of the year that has one.

    One row per `by` with as many companies as policy asks: `median`, and `day`, the first on which so many were
    known. An even number of companies: the mean of the middle two.
    """
    enough: int = read_policy("statements")["industry_companies"]
    held = rows.filter(rows[measure].notnull(), rows.industry.notnull())
    held = _first(held, (*by, "customer_no"), [ibis.desc(held.event_day)])
    held = held.select(*by, "customer_no", "evaluated_day", value=held[measure])
    ranked = held.mutate(
        place=ibis.row_number().over(group_by=by, order_by=["value", "customer_no"]),
        arrival=ibis.row_number().over(group_by=by, order_by=["evaluated_day", "customer_no"]),
        companies=held.value.count().over(group_by=by),
    ).filter(lambda t: t.companies >= enough)
    is_low = ranked.place == (ranked.companies - 1) // 2
    is_high = ranked.place == ranked.companies // 2
    middle = ranked.group_by(*by).aggregate(
        low=ranked.value.max(where=is_low),
        high=ranked.value.max(where=is_high),
        day=ranked.evaluated_day.max(where=ranked.arrival == enough - 1),
    )
    return middle.select(*by, "day", median=(middle.low + middle.high) / 2)


def _growths(tables: Tables, people: ir.Table) -> ir.Table:
    """Growth of sales and pre-tax profit of every company of a known industry, as known at as_of."""
    rows = at_moments(year_pairs(tables), people).join(people, KEYS)
    return rows.select(
        *KEYS, *PERIOD, "year", "evaluated_day", "industry", "region",
        sales_growth=growth(rows.sales, rows.sales_before),
        pre_tax_profit_growth=growth(rows.pre_tax_profit, rows.pre_tax_profit_before),
    )  # fmt: skip


def _book_inventory(tables: Tables, people: ir.Table) -> ir.Table:
    """Growth of the median inventory days: one row per COHORT with enough companies, with `day` and `value`."""
    rows = at_moments(year_pairs(tables), people).join(people, KEYS)
    now, before = (days_of(rows, "inventory", "cost_of_sales", end) for end in ("", "_before"))
    rows = rows.mutate(now=now, before=before).filter(lambda t: t.now.notnull() & t.before.notnull())
    base = medians(rows, "before", COHORT).select(*COHORT, base="median")
    both = medians(rows, "now", COHORT).join(base, COHORT)
    value = (both["median"] - both.base) / both.base.nullif(0.0)
    return both.mutate(value=where(both.base > 0, points(value))).filter(lambda t: t.value.notnull())


def _outlooks(tables: Tables, members: ir.Table, figure: str) -> ir.Table:
    """Every version of every outlook that speaks for a customer's industry: for his region, or for all of it."""
    stated = tables["industry_outlook"]
    stated = stated.filter(stated[figure].notnull()).select(
        "industry",
        value=stated[figure],
        stated_region=stated.region,
        stated_day=stated.event_day,
        year=(month_of(stated.event_day) // 12).cast("int32"),
        evaluated_day=stated.known_day,
        gone_day=stated.until_day,
    )
    rows = members.join(stated, "industry")
    is_own = (rows.stated_region == rows.region).fill_null(False)  # noqa: FBT003
    return rows.mutate(is_own=is_own.cast("int8")).filter(rows.stated_region.isnull() | is_own)


def _outlook_then(tables: Tables, own: ir.Table) -> ir.Table:
    """Growth of sales stated for the industry, as known when a company's own figures became known.

    One row per KEYS and PERIOD with one that still counted: the newest for the company's region, else for all.
    """
    counts_for: int = read_policy("industry")["stale_after_days"]
    periods = own.select(*KEYS, *PERIOD, "industry", "region", at_day="evaluated_day")
    rows = _outlooks(tables, periods, "sales_growth")
    rows = rows.filter(
        rows.evaluated_day <= rows.at_day,
        rows.gone_day > rows.at_day,
        rows.stated_day >= rows.at_day - counts_for,
    )
    rows = _first(rows, (*KEYS, *PERIOD), [ibis.desc(rows.is_own), ibis.desc(rows.stated_day)])
    return rows.select(*KEYS, *PERIOD, outlook=rows.value)


def _first(rows: ir.Table, by: Sequence[str], order: Sequence[ir.Value]) -> ir.Table:
    """Return the first row of each group."""
    place = ibis.row_number().over(group_by=by, order_by=order)
    return rows.mutate(place=place).filter(lambda t: t.place == 0).drop("place")


INDUSTRY = MeasureTable(
    industry,
    (
        Measure(
            "industry_inventory_days_growth", "share", (),
            "Median inventory days of the industry on those of a year before, from the book or the bank's outlook.",
        ),
    ),
)  # fmt: skip
