"""Relations: to whom a customer is tied, and what those whom he influences hold at the bank."""

from __future__ import annotations

from dataclasses import replace

import ibis
import ibis.expr.types as ir

from features.definitions.relations import GROUP_LINKS, SUPPLY_LINKS
from features.groups.balance_stages import ASSETS
from features.groups.levels import levels
from features.groups.profile import states
from features.windows import KEYS, Tables, customer_numbers, onto_spine, reached

TIES = (*GROUP_LINKS, *SUPPLY_LINKS)
COUNTS = ("guarantor", "guarantee", "group", "supply", "referred", "closed")
FLAGS = ("is_referred", "has_competitor_insider")


def relations(tables: Tables, spine: ir.Table) -> ir.Table:
    """Links by kind, linked customers who have left, and the worth of the influenced ones.

    One row per (customer_id, as_of) of `spine`. A relation may be recorded for either of the two; each other one
    is counted once. Nobody is related to himself. Null where no relation of anybody is known: the register does
    not begin until later.

    Source: five-factor.md, "influence on other customers (referrals given, group and supply-chain links)".
    """
    links = tables.keep("relations_links", _links(tables, spine))
    state = people_states(tables, links.select(customer_no="other_no"), spine)
    state = state.select("as_of_day", "opened_day", "closed_day", other_no="customer_no")
    met = links.left_join(state, ["other_no", "as_of_day"])
    met = met.drop(*(name for name in met.columns if name.endswith("_right")))
    joined = onto_spine(spine, _counts(met))
    if "balances" in tables:
        joined = onto_spine(joined, _assets(tables, links))
    is_listed = _is_listed(tables, joined)
    columns = {f"relation_count_{name}": joined[name] for name in COUNTS} | {
        name: joined[name] for name in FLAGS
    }
    assets = {"relation_asset_sum": joined.assets.cast("float64")} if "balances" in tables else {}
    return joined.select(
        *KEYS,
        **{
            name: ibis.ifelse(is_listed, value.cast("float64").fill_null(0.0), ibis.null("float64"))
            for name, value in columns.items()
        },
        relation_count_new=ibis.ifelse(joined.dated > 0, joined.new.cast("float64"), ibis.null("float64")),
        **assets,
    )


def people_states(tables: Tables, people: ir.Table, moments: ir.Table) -> ir.Table:
    """The newest states of some customers only, at every as_of of `moments`; `people` has customer_no."""
    return states(_own(tables, "customers", people), moments)


def _links(tables: Tables, spine: ir.Table) -> ir.Table:
    """Known relations seen from both sides: `is_own` where recorded for the customer, else for the other.

    `other_no` is null where the other is no customer of the bank.
    """
    table = tables["relations"].filter(lambda t: t.customer_id != t.other_id)
    numbers = customer_numbers(tables).select(other_id="customer_id", other_no="customer_no")
    both = table.left_join(numbers, "other_id")
    shared = ("kind", "since_day", "known_day", "until_day")
    own = both.select("customer_no", "other_id", "other_no", *shared, is_own=True)
    back = both.filter(both.other_no.notnull())
    back = back.select(
        *shared, customer_no="other_no", other_id="customer_id", other_no="customer_no", is_own=False
    )
    rows = own.union(back.select(*own.columns)).join(spine.select(*KEYS), "customer_no")
    rows = rows.filter(rows.known_day <= rows.as_of_day, rows.until_day > rows.as_of_day)
    is_influence = rows.kind.isin(TIES) | ((rows.kind == "referred") & rows.is_own)
    return rows.select(
        *KEYS, "other_id", "other_no", "kind", "is_own", "since_day", is_influence=is_influence
    )


def _counts(met: ir.Table) -> ir.Table:
    def others(where: ir.BooleanValue) -> ir.IntegerScalar:
        return met.other_id.nunique(where=where)

    has_dates = met.is_influence & met.since_day.notnull() & met.opened_day.notnull()
    total = met.group_by(*KEYS).aggregate(
        guarantor=others((met.kind == "guarantor") & met.is_own),
        guarantee=others((met.kind == "guarantor") & ~met.is_own),
        group=others(met.kind.isin(GROUP_LINKS)),
        supply=others(met.kind.isin(SUPPLY_LINKS)),
        referred=others((met.kind == "referred") & met.is_own),
        is_referred=met.count(where=(met.kind == "referred") & ~met.is_own),
        has_competitor_insider=met.count(where=met.kind == "competitor_insider"),
        closed=others(met.closed_day.notnull()),
        dated=met.count(where=has_dates),
        new=others(has_dates & (met.opened_day >= met.since_day)),
    )
    return total.mutate(**{name: (total[name] > 0).cast("int64") for name in FLAGS})


def _assets(tables: Tables, links: ir.Table) -> ir.Table:
    """Sum of the influenced customers' last reported assets; they need not be on the spine themselves."""
    pairs = links.filter(links.is_influence, links.other_no.notnull()).select(*KEYS, "other_no").distinct()
    others = pairs.select("as_of_day", customer_no="other_no").distinct()
    newest = levels(_own(tables, "balances", others), others, {"asset": ASSETS})
    newest = newest.select("as_of_day", "asset_0", other_no="customer_no")
    held = pairs.join(newest, ["other_no", "as_of_day"])
    return held.group_by(*KEYS).aggregate(assets=held.asset_0.sum())


def _own(tables: Tables, name: str, people: ir.Table) -> Tables:
    """The tables with one of them cut down to some customers; its stages are nobody else's."""
    some = tables[name].semi_join(people, "customer_no")
    return replace(
        tables,
        expressions={**tables.expressions, name: some},
        once=lambda _, stage: stage(),
        share=lambda _, stage: stage(),
    )


def _is_listed(tables: Tables, joined: ir.Table) -> ir.BooleanValue:
    """Say whether the register holds anything at as_of: relations without a date are known always."""
    first = tables["relations"].known_day.min()
    listed = (joined.as_of_day >= first.as_scalar()).fill_null(False)  # noqa: FBT003 - a literal of the expression
    return listed | reached(tables, "relations", joined.as_of_day)
