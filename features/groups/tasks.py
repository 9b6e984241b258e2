"""Tasks and referrals: what is still to be done, what came of offers, and whom the customer brought."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.groups.relations import people_states
from features.policy import read_policy
from features.windows import KEYS, Tables, Window, counted, customer_numbers, known, onto_spine, ratio

_POLICY = read_policy("tasks")
TAKEN_UP: tuple[str, ...] = tuple(_POLICY["taken_up"])
DECLINED: tuple[str, ...] = tuple(_POLICY["declined"])
ASKING: tuple[str, ...] = tuple(_POLICY["asking"])
YEAR = Window(365)
COUNTS = (
    "task_count_open",
    "task_count_overdue",
    "referral_count_365d",
    "referral_count_converted_365d",
    "product_declined_count_365d",
)


def tasks(tables: Tables, spine: ir.Table) -> ir.Table:
    """Open and overdue tasks, responses to plans and lists, products declined, referrals and what became of them.

    One row per (customer_id, as_of) of `spine`. A task done on or after as_of is open, its outcome unknown.

    Source: contact.md, "Tasks, plans and referrals".
    """
    rows = known(tables, "tasks", spine)
    joined = onto_spine(spine, _work(rows))
    joined = onto_spine(joined, _referrals(tables, spine, rows))
    return joined.select(
        *KEYS,
        **{name: counted(tables, "tasks", joined[name], joined.as_of_day) for name in COUNTS},
        task_gap_days=(joined.as_of_day - joined.last_day).cast("float64"),
        task_response_share_365d=ratio(joined.taken_up, joined.answered),
    )


def _work(rows: ir.Table) -> ir.Table:
    is_open = rows.done_day.isnull()
    is_recent = YEAR.holds(rows.done_day, rows.as_of_day)
    said = rows.outcome.lower()
    asked = is_recent & rows.kind.isin(ASKING)
    return rows.group_by(*KEYS).aggregate(
        task_count_open=rows.count(where=is_open),
        task_count_overdue=rows.count(where=is_open & (rows.due_day < rows.as_of_day)),
        last_day=rows.done_day.max(),
        answered=rows.count(where=asked & rows.outcome.notnull()),
        taken_up=rows.count(where=asked & said.isin(TAKEN_UP)),
        product_declined_count_365d=rows["product"].nunique(where=is_recent & said.isin(DECLINED)),
    )


def _referrals(tables: Tables, spine: ir.Table, rows: ir.Table) -> ir.Table:
    """Count the referred of a year and those of them with a relationship of their own, each once."""
    given = rows.filter(
        rows.kind == "referral",
        YEAR.holds(rows.done_day, rows.as_of_day),
        rows.referred_id.notnull(),
        rows.referred_id != rows.customer_id,
    ).select(*KEYS, other_id="referred_id")
    if "relations" in tables:
        links = known(tables, "relations", spine)
        links = links.filter(
            links.kind == "referred",
            YEAR.holds(links.since_day, links.as_of_day),
            links.other_id != links.customer_id,
        )
        given = given.union(links.select(*KEYS, "other_id"))
    given = given.distinct()
    numbers = customer_numbers(tables).select(other_id="customer_id", other_no="customer_no")
    given = given.left_join(numbers, "other_id").select(*KEYS, "other_id", "other_no")
    opened = people_states(tables, given.select(customer_no="other_no"), spine)
    opened = opened.filter(opened.opened_day.notnull())
    opened = opened.select("as_of_day", other_no="customer_no", is_there=ibis.literal(1))
    found = given.left_join(opened, ["other_no", "as_of_day"]).select(*KEYS, "is_there")
    return found.group_by(*KEYS).aggregate(
        referral_count_365d=found.count(), referral_count_converted_365d=found.is_there.count()
    )
