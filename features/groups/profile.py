"""Who the customer is, in the newest state before as_of; and whether the customer can be scored at all."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.definitions.profile import ORIENTATIONS
from features.groups.balance_stages import ASSETS, STALE_DAYS
from features.groups.transaction_stages import last_active_day
from features.windows import KEYS, Tables, known, onto_spine

STATUS = {0: "ok", 1: "closed", 2: "no_history", 3: "dormant"}
ACTIVE_DAYS = 180
DAYS_PER_MONTH = 30.4375
KINDS = ("micro", "corporate", "institution")
CARD_LEVELS = {"gold": 1.0, "platinum": 2.0, "diamond": 3.0}


def states(tables: Tables, moments: ir.Table) -> ir.Table:
    """Each customer's newest state known at as_of; one row per (customer_id, as_of) with one known.

    `moments` needs as_of and as_of_day only. Closing dates on or after as_of are null.
    """
    table = tables["customers"]
    rows = table.cross_join(moments.select("as_of", "as_of_day").distinct())
    rows = rows.filter(rows.known_day <= rows.as_of_day, rows.until_day > rows.as_of_day)
    newest = ibis.row_number().over(group_by=KEYS, order_by=[ibis.desc("event_day"), ibis.desc("known_day")])
    rows = rows.mutate(place=newest).filter(lambda t: t.place == 0)
    is_past = rows.closed_day < rows.as_of_day
    return rows.mutate(
        closed_day=ibis.ifelse(is_past, rows.closed_day, ibis.null("int32")),
        opened_day=ibis.ifelse(rows.opened_day < rows.as_of_day, rows.opened_day, ibis.null("int32")),
    ).drop("place")


def spine_of(tables: Tables, moments: ir.Table) -> ir.Table:
    """Customers known at each as_of, closed ones included: the rows that every feature group fills.

    One row per (customer_id, as_of), with `opened_day` (null: unknown).
    """
    return states(tables, moments).select("customer_id", "as_of", *KEYS, "opened_day")


def profile(tables: Tables, spine: ir.Table) -> ir.Table:
    """Tenure, age, kind, card level, credit line, household, size, orientation.

    One row per (customer_id, as_of) of `spine`. Columns that do not serve past dates are not read.

    Source: customers.md, "What is kept per customer"; contract.md, "customers without valid_from".
    """
    state = states(tables, spine)
    day = state.as_of_day
    columns: dict[str, ir.Value] = {f"is_{kind}": (state.kind == kind).cast("float64") for kind in KINDS}
    if "opened_on" in tables.profile_columns:
        columns["tenure_days"] = (day - state.opened_day).cast("float64")
    if "born_on" in tables.profile_columns:
        columns["age_years"] = (day - state.born_day).cast("float64") / 365.25
    if "card_level" in tables.profile_columns:
        level = state.card_level.cases(*CARD_LEVELS.items(), else_=ibis.null("float64"))
        columns["card_level"] = ibis.ifelse(state.card_level.isnull(), ibis.literal(0.0), level)
    if "credit_line" in tables.profile_columns:
        columns["credit_line"] = state.credit_line.cast("float64")
    if "manager_id" in tables.profile_columns:
        columns["is_managed"] = state.manager_id.notnull().cast("float64")
    columns |= _further(tables, state)
    return state.select(*KEYS, **columns)


def _further(tables: Tables, state: ir.Table) -> dict[str, ir.Value]:
    """Household, people employed, orientation, marketing and months in business, as far as the columns serve."""
    columns: dict[str, ir.Value] = {}
    if "household_id" in tables.profile_columns:
        columns["has_household"] = state.household_id.notnull().cast("float64")
    if "employees" in tables.profile_columns:
        columns["employee_count"] = state.employees.cast("float64")
    if "orientation" in tables.profile_columns:
        columns |= {f"is_{one}_oriented": (state.orientation == one).cast("float64") for one in ORIENTATIONS}
    if "marketing_opt_out" in tables.profile_columns:
        columns["is_opted_out"] = state.marketing_opt_out.cast("float64")
    if "born_on" in tables.profile_columns:
        months = (state.as_of_day - state.born_day).cast("float64") / DAYS_PER_MONTH
        columns["business_age_months"] = ibis.ifelse(state.kind == "retail", ibis.null("float64"), months)
    return columns


def status(tables: Tables, spine: ir.Table, min_tenure: int = 0) -> ir.Table:
    """Say whether each customer can be scored: `status_code` 0 ok, 1 closed, 2 no history, 3 dormant.

    One row per (customer_id, as_of) of `spine`. Active in the last 180 days: a customer-started transaction;
    without `transactions`, own-bank assets above 0; with neither table, a snapshot. Dormant: was active once.
    A tenure below `min_tenure` days counts as no history; an unknown one passes a `min_tenure` of 0.

    Source: contract.md, "Eligible for all three".
    """
    state = states(tables, spine)
    joined = onto_spine(state, _activity(tables, spine))
    tenure = (joined.as_of_day - joined.opened_day).fill_null(0)
    code = ibis.cases(
        (joined.closed_day.notnull(), 1),
        (joined.is_active.fill_null(False) & (tenure >= min_tenure), 0),  # noqa: FBT003
        (joined.is_active.isnull() | (tenure < min_tenure), 2),
        else_=3,
    )
    return joined.select(*KEYS, status_code=code.cast("float64"))


def _activity(tables: Tables, spine: ir.Table) -> ir.Table:
    """Per (customer_id, as_of) with any sign of life: `is_active` now; no row where there never was one."""
    if "transactions" in tables:
        days = last_active_day(tables, spine)
        return days.select(*KEYS, is_active=days.last_day >= days.as_of_day - ACTIVE_DAYS)
    if "balances" in tables:
        own = known(tables, "balances", spine)
        own = own.filter(own.bank.fill_null("own") == "own")
        assets = own.balance.sum(where=own["product"].isin(ASSETS)).fill_null(0)
        rows = own.group_by(*KEYS, "event_day").aggregate(asset=assets)
        last = rows.event_day.max().over(group_by=KEYS)
        rows = rows.mutate(last_day=last).filter(lambda t: t.asset > 0)
        is_recent = (rows.event_day == rows.last_day) & (rows.as_of_day - rows.event_day <= STALE_DAYS)
    elif "snapshots" not in tables:
        nobody = spine.filter(ibis.literal(False))  # noqa: FBT003
        return nobody.select(*KEYS, is_active=ibis.literal(True))  # noqa: FBT003
    else:
        rows = known(tables, "snapshots", spine)
        is_recent = ibis.literal(True)  # noqa: FBT003
    return rows.mutate(is_recent=is_recent).group_by(*KEYS).aggregate(is_active=lambda t: t.is_recent.any())
