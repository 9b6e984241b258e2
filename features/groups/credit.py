"""Credit: the line and its use, loans running, guarantees both ways, enquiries; instalments are in `arrears`."""

from __future__ import annotations

from dataclasses import replace

import ibis
import ibis.expr.types as ir

from features.groups.arrears import arrears
from features.groups.balance_stages import LIABILITIES
from features.groups.codes import fact_codes
from features.groups.levels import levels
from features.groups.profile import states
from features.policy import read_policy
from features.windows import KEYS, Tables, Window, counted, customer_numbers, exact, known, onto_spine, ratio

HIGHEST_RATE: int = int(read_policy("credit")["highest_rate"])
ENQUIRY = fact_codes("enquiry")
RATE_UNITS = 10**8
"""Rates are whole numbers of this part of 1, so that their weighted sum is exact."""

CHANGES = (90, 180)
_LOAN_COUNTS = (
    "loan_running_count",
    "loan_running_amount",
    "loan_maturing_count_90d",
    "loan_maturing_amount_90d",
)
_GUARANTEE_COUNTS = ("guarantee_given_count", "guarantee_given_amount", "guarantor_count")


def credit(tables: Tables, spine: ir.Table) -> ir.Table:
    """What the customer borrows, guarantees and repays.

    One row per (customer_id, as_of) of `spine`; the features whose tables the bank has. Money in minor units.

    Source: balances.md, "Credit".
    """
    makers = {"balances": _used, "loans": _loans, "repayments": arrears, "facts": _enquiries}
    joined = spine.select(*KEYS)
    for name, maker in makers.items():
        if name in tables:
            joined = onto_spine(joined, maker(tables, spine))
    return joined


def _used(tables: Tables, spine: ir.Table) -> ir.Table:
    """Use of the credit line now and before, and guarantees on the last reporting date."""
    products = {"used": LIABILITIES, "guarantee": ("guarantee",)}
    joined = onto_spine(spine, levels(tables, spine, products, (0, *CHANGES)))
    columns: dict[str, ir.Value] = {"guarantee_balance_level": joined.guarantee_0.cast("float64")}
    if "credit_line" in tables.profile_columns:
        joined = onto_spine(joined, states(tables, spine).select(*KEYS, "credit_line"))
        columns["credit_utilisation"] = ratio(joined.used_0, joined.credit_line)
        for days in CHANGES:
            change = joined.used_0 - joined[f"used_{days}"]
            columns[f"credit_utilisation_change_{days}d"] = ratio(change, joined.credit_line)
    return joined.select(*KEYS, **columns)


def _loans(tables: Tables, spine: ir.Table) -> ir.Table:
    """Loans of the customer that run at as_of, and those of others that the customer guarantees."""
    rows = known(tables, "loans", spine)
    joined = onto_spine(spine, _borrowed(rows))
    for part in (_guaranteed(tables, spine), _guarantors(tables, rows)):
        joined = onto_spine(joined, part)
    day = joined.as_of_day
    return joined.select(
        *KEYS,
        **{name: counted(tables, "loans", joined[name], day) for name in (*_LOAN_COUNTS, *_GUARANTEE_COUNTS)},
        loan_to_value=ratio(joined.secured, joined.collateral),
        loan_inventory_share=ratio(joined.inventory, joined.stated),
        loan_rate_mean=ratio(joined.interest, exact(joined.rated) * exact(ibis.literal(RATE_UNITS))),
        loan_gap_days=(day - joined.last_day).cast("float64"),
    )


def _borrowed(rows: ir.Table) -> ir.Table:
    """Counts and sums of the customer's own loans; one row per KEYS with a loan."""
    is_running = rows.matures_day >= rows.as_of_day
    is_soon = is_running & (rows.matures_day < rows.as_of_day + 90)
    has_value = is_running & (rows.collateral_value > 0)
    has_rate = is_running & (rows.rate.abs() <= HIGHEST_RATE)
    units = ibis.ifelse(has_rate, (rows.rate * RATE_UNITS + 0.5).floor(), ibis.null("float64")).cast("int64")
    return rows.group_by(*KEYS).aggregate(
        loan_running_count=rows.count(where=is_running),
        loan_running_amount=rows.amount.sum(where=is_running),
        loan_maturing_count_90d=rows.count(where=is_soon),
        loan_maturing_amount_90d=rows.amount.sum(where=is_soon),
        secured=rows.amount.sum(where=has_value),
        collateral=rows.collateral_value.sum(where=has_value),
        inventory=rows.count(where=is_running & (rows.collateral == "inventory")),
        stated=rows.count(where=is_running & rows.collateral.notnull()),
        interest=(exact(rows.amount) * exact(units)).sum(),
        rated=rows.amount.sum(where=has_rate),
        last_day=rows.granted_day.max(),
    )


def _guaranteed(tables: Tables, spine: ir.Table) -> ir.Table:
    """Count running loans of others that name the customer as guarantor; one row per KEYS with one."""
    loans = tables["loans"]
    numbers = customer_numbers(tables).select(guarantor_id="customer_id", guarantor_no="customer_no")
    named = loans.join(numbers, "guarantor_id")
    named = named.filter(named.guarantor_no != named.customer_no).drop("customer_no")
    others = replace(
        tables, expressions={**tables.expressions, "loans": named.rename(customer_no="guarantor_no")}
    )
    rows = known(others, "loans", spine)
    rows = rows.filter(rows.matures_day >= rows.as_of_day)
    return rows.group_by(*KEYS).aggregate(
        guarantee_given_count=rows.count(), guarantee_given_amount=rows.amount.sum()
    )


def _guarantors(tables: Tables, rows: ir.Table) -> ir.Table:
    """Count other customers, known at as_of, who guarantee the customer's running loans."""
    customers = tables["customers"]
    first = customers.group_by(guarantor_id=customers.customer_id, guarantor_no=customers.customer_no)
    named = rows.join(first.aggregate(first_day=customers.known_day.min()), "guarantor_id")
    named = named.filter(
        named.matures_day >= named.as_of_day,
        named.first_day <= named.as_of_day,
        named.guarantor_no != named.customer_no,
    )
    return named.group_by(*KEYS).aggregate(guarantor_count=named.guarantor_no.nunique())


def _enquiries(tables: Tables, spine: ir.Table) -> ir.Table:
    """Days on which another bank asked about the customer."""
    rows = known(tables, "facts", spine)
    rows = rows.filter(
        rows.code.isin(ENQUIRY),
        rows.value.fill_null(1.0) != 0.0,
        Window(90).holds(rows.event_day, rows.as_of_day),
    )
    total = rows.group_by(*KEYS).aggregate(asked=rows.event_day.nunique())
    joined = onto_spine(spine, total)
    return joined.select(*KEYS, enquiry_count_90d=counted(tables, "facts", joined.asked, joined.as_of_day))
