"""Industry: what is said of the customer's line of business, at large or in his region."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.groups.profile import states
from features.policy import read_policy
from features.windows import KEYS, Tables, known_of_all, onto_spine

STALE_DAYS: int = int(read_policy("industry")["stale_after_days"])
FIGURES = ("outlook", "sales_growth", "inventory_days_growth", "event_day")


def industry(tables: Tables, spine: ir.Table) -> ir.Table:
    """Outlook, its change, growth of sales and of inventory days, and the age of the statement.

    One row per (customer_id, as_of) of `spine`. A statement for the customer's own region goes before one for the
    industry at large, as long as it counts at all.

    Source: five-factor.md, "industry, macro and rate changes that change product demand"; contract.md,
    industry_outlook.
    """
    if "industry" not in tables.profile_columns:
        return spine.select(*KEYS)
    state = states(tables, spine)
    has_region = "region" in tables.profile_columns
    people = state.select(*KEYS, "industry", region=state.region if has_region else ibis.null("string"))
    rows = known_of_all(tables, "industry_outlook", spine)
    joined = onto_spine(onto_spine(spine, _stated(people, rows, 0)), _stated(people, rows, 180))
    return joined.select(
        *KEYS,
        industry_outlook_level=joined.outlook_0.cast("float64"),
        industry_outlook_change_180d=joined.outlook_0.cast("float64") - joined.outlook_180.cast("float64"),
        industry_sales_growth=joined.sales_growth_0.cast("float64"),
        industry_inventory_growth=joined.inventory_days_growth_0.cast("float64"),
        industry_outlook_age_days=(joined.as_of_day - joined.event_day_0).cast("float64"),
    )


def _stated(people: ir.Table, rows: ir.Table, ago: int) -> ir.Table:
    """The statement that holds for each customer some days before as_of; columns `<figure>_<ago>`."""
    day = rows.as_of_day - ago
    fresh = rows.filter(rows.event_day < day, rows.event_day >= day - STALE_DAYS)
    last = fresh.event_day.max().over(group_by=("industry", "region", "as_of_day"))
    newest = fresh.mutate(last_day=last).filter(lambda t: t.event_day == t.last_day)
    newest = newest.select("industry", "region", "as_of_day", *FIGURES)
    at_large = newest.filter(newest.region.isnull()).drop("region")
    regional = newest.filter(newest.region.notnull())
    here = people.left_join(regional, ["industry", "region", "as_of_day"])
    here = here.select(*KEYS, "industry", **{f"own_{name}": here[name] for name in FIGURES})
    both = here.left_join(at_large, ["industry", "as_of_day"])
    is_own = both.own_event_day.notnull()
    return both.select(
        *KEYS, **{f"{name}_{ago}": ibis.ifelse(is_own, both[f"own_{name}"], both[name]) for name in FIGURES}
    )
