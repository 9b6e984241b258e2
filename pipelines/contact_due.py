"""When each customer is to be contacted next, by which rule and on which channel: as published, codes and no words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir

from features.groups.cadence import cadence_due
from features.groups.profile import spine_of, states
from features.policy.cadence import CEILING_CONTACTS, CEILING_DAYS, CHANNEL
from features.tables import TABLES
from features.windows import KEYS, Tables, Window, known, onto_spine
from pipelines.contact_events import contact_events
from pipelines.engine import Bank, Engine

Entry = dict[str, Any]
Contacts = Mapping[str, Entry]
"""What is known of each customer's next contact, by id."""

_EPOCH = date(1970, 1, 1)
_CHANNELS = next(column.allowed for column in TABLES["contacts"].columns if column.name == "channel")
_YEAR = Window(365)
_WISHES = ("preferred_channel", "preferred_hours", "marketing_opt_out")


def due_contacts(bank: Bank, as_of: date) -> Contacts:
    """Find when every customer known at as_of is to be contacted, by customer id; none where the bank has no log.

    An entry holds `last_on` (the last contact held; null: none known), `rule` and `cadence_days` (null: no cadence
    applies), `due_on`, `days_overdue` (0 before it is due), `channel` and `hours` (the customer's wish, else the
    policy's channel and null), `is_opted_out` of marketing (null: not known), and `not_before`: the first date on which
    the bank may begin another contact, null where it may at once. `event` is what gives a reason to call, null where
    there is nothing (pipelines/contact_events.py).

    Source: contact.md, "Cadence"; policy/cadence.yaml.
    """
    if "contacts" not in bank.manifest.tables:
        return {}
    with Engine(bank) as engine:
        if "manager_id" not in engine.tables.profile_columns:
            return {}
        tables = engine.run_of([as_of])
        spine = engine.keep("spine", spine_of(tables, engine.moments([as_of])))
        rows = engine.fetch(_due(tables, spine)).to_pylist()
    events = contact_events(bank, as_of)
    return {
        row["customer_id"]: {**_entry(row, as_of), "event": events.get(row["customer_id"])} for row in rows
    }


def _due(tables: Tables, spine: ir.Table) -> ir.Table:
    contacts = known(tables, "contacts", spine)
    held = contacts.filter(contacts.outcome.fill_null("held") != "not_reached")
    last = held.group_by(*KEYS).aggregate(last_day=held.event_day.max())
    recent = held.filter(_YEAR.holds(held.event_day, held.as_of_day))
    joined = spine.select("customer_id", *KEYS)
    for part in (cadence_due(tables, spine, recent), last, _ceiling(contacts), _wishes(tables, spine)):
        joined = onto_spine(joined, part)
    return joined


def _ceiling(contacts: ir.Table) -> ir.Table:
    """Day of the n-th newest contact that the bank began in the last days, where there are so many."""
    begun = contacts.filter(
        contacts.direction.fill_null("bank") != "customer",
        Window(CEILING_DAYS).holds(contacts.event_day, contacts.as_of_day),
    )
    newest = ibis.row_number().over(group_by=KEYS, order_by=ibis.desc("event_day"))
    full = begun.mutate(place=newest).filter(lambda t: t.place == CEILING_CONTACTS - 1)
    return full.select(*KEYS, full_day=full.event_day)


def _wishes(tables: Tables, spine: ir.Table) -> ir.Table:
    """What the customer asked for; null of a column that the bank does not keep for past dates."""
    state = states(tables, spine)
    has = {name: name in tables.profile_columns for name in _WISHES}
    kinds = {"preferred_channel": "string", "preferred_hours": "string", "marketing_opt_out": "boolean"}
    return state.select(
        *KEYS, **{name: state[name] if has[name] else ibis.null(kinds[name]) for name in _WISHES}
    )


def _entry(row: Mapping[str, Any], as_of: date) -> Entry:
    due = None if row["due_day"] is None else _day(row["due_day"])
    free = None if row["full_day"] is None else _day(row["full_day"] + CEILING_DAYS)
    wish = row["preferred_channel"]
    return {
        "last_on": None if row["last_day"] is None else _day(row["last_day"]).isoformat(),
        "rule": row["rule"],
        "cadence_days": row["allowed"],
        "due_on": None if due is None else due.isoformat(),
        "days_overdue": None if due is None else max(0, (as_of - due).days),
        "channel": wish if wish in _CHANNELS else CHANNEL,
        "hours": row["preferred_hours"],
        "is_opted_out": None if row["marketing_opt_out"] is None else bool(row["marketing_opt_out"]),
        "not_before": None if free is None or free <= as_of else free.isoformat(),
    }


def _day(number: int) -> date:
    return _EPOCH + timedelta(days=number)
