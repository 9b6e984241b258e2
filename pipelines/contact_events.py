"""What gives a reason to call each customer, found daily from the tables: codes and figures, no words.

Source: contact.md, "Contact events, four kinds"; policy/events.yaml.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir

from features.groups.profile import spine_of, states
from features.policy import read_policy
from features.store import day_number
from features.windows import KEYS, Tables, known
from pipelines.engine import Bank, Engine

Event = dict[str, Any]
_EPOCH = date(1970, 1, 1)
_KINDS = {"offer": "product", "news": "external", "holiday": "life_stage"}


def contact_events(bank: Bank, as_of: date) -> Mapping[str, Event]:
    """Find the most telling event of every customer known at as_of who has any, by customer id.

    An event holds `code`, `kind` (life_stage, behaviour, product, external), `on` (null: no day of its own), `amount`
    (minor units, null where there is none) and `detail`: a product, a channel, years, or the code of an offer, a piece
    of news or a holiday's date. Of several of one code the largest amount, else the nearest day is told.
    """
    policy = read_policy("events")
    with Engine(bank) as engine:
        tables = engine.run_of([as_of])
        spine = engine.keep("spine", spine_of(tables, engine.moments([as_of])))
        ids = spine.select("customer_id", *KEYS)
        found: dict[str, list[Event]] = defaultdict(list)
        for code, make in _FROM_TABLES.items():
            for row in _fetched(engine, ids, make(tables, spine, policy[code], as_of)):
                on = None if row["day"] is None else _day(row["day"]).isoformat()
                found[row["customer_id"]].append(_event(policy, code, on, row["amount"], row["detail"]))
        for person in engine.fetch(_people(tables, spine)).to_pylist():
            found[person["customer_id"]] += _of_person(policy, person, as_of)
    place = {code: number for number, code in enumerate(policy["order"])}
    return {
        customer_id: min(events, key=lambda event: place[event["code"]])
        for customer_id, events in found.items()
        if events
    }


def _fetched(engine: Engine, ids: ir.Table, rows: ir.Table | None) -> list[Mapping[str, Any]]:
    """One row per customer: the first by `first` (lowest)."""
    if rows is None:
        return []
    newest = ibis.row_number().over(group_by=KEYS, order_by=[rows["first"], rows.day, rows.detail])
    one = rows.mutate(place=newest).filter(lambda t: t.place == 0).drop("place", "first")
    found: list[Mapping[str, Any]] = engine.fetch(ids.join(one, KEYS)).to_pylist()
    return found


def _moved(sign: int) -> Callable[..., ir.Table | None]:
    """Return what finds the largest transaction of the customer's own, out of the accounts (-1) or into them (1)."""

    def found(tables: Tables, spine: ir.Table, rule: Mapping[str, Any], as_of: date) -> ir.Table | None:
        if "transactions" not in tables:
            return None
        rows = known(tables, "transactions", spine)
        size = rows.amount * sign
        least = rule["least"] * 10**tables.currency_decimals
        rows = rows.filter(
            rows.started_by == "customer", size >= least, rows.event_day >= day_number(as_of) - rule["days"]
        )
        return _shaped(rows, rows.event_day, rows.amount.abs(), ibis.null("string"), first=-rows.amount.abs())

    return found


def _maturing(tables: Tables, spine: ir.Table, rule: Mapping[str, Any], as_of: date) -> ir.Table | None:
    if "holdings" not in tables:
        return None
    rows, day = known(tables, "holdings", spine), day_number(as_of)
    rows = rows.filter(
        rows.closed_day.isnull(), rows.matures_day >= day, rows.matures_day < day + rule["ahead"]
    )
    return _shaped(rows, rows.matures_day, rows.amount, rows["product"], first=rows.matures_day)


def _repayment(tables: Tables, spine: ir.Table, rule: Mapping[str, Any], as_of: date) -> ir.Table | None:
    if "repayments" not in tables:
        return None
    rows, day = known(tables, "repayments", spine), day_number(as_of)
    rows = rows.filter(rows.paid_day.isnull(), rows.event_day >= day, rows.event_day < day + rule["ahead"])
    owed = rows.due_principal.fill_null(0) + rows.due_interest.fill_null(0)
    return _shaped(rows, rows.event_day, owed, ibis.null("string"), first=rows.event_day)


def _first_channel(tables: Tables, spine: ir.Table, rule: Mapping[str, Any], as_of: date) -> ir.Table | None:
    if "transactions" not in tables:
        return None
    rows, day = known(tables, "transactions", spine), day_number(as_of)
    rows = rows.filter(rows.started_by == "customer", rows.event_day < day)
    since = rows.group_by(*KEYS).aggregate(since=rows.event_day.min())
    first = rows.filter(rows.channel.notnull()).group_by(*KEYS, "channel").aggregate(day=rows.event_day.min())
    new = first.filter(first.day >= day - rule["days"]).join(since, KEYS)
    new = new.filter(new.since <= day - rule["known"])
    return _shaped(new, new.day, ibis.null("int64"), new.channel, first=-new.day)


def _dormant(tables: Tables, spine: ir.Table, rule: Mapping[str, Any], as_of: date) -> ir.Table | None:
    if "transactions" not in tables:
        return None
    rows, day = known(tables, "transactions", spine), day_number(as_of)
    rows = rows.filter(rows.started_by == "customer", rows.event_day < day)
    last = rows.group_by(*KEYS).aggregate(day=rows.event_day.max())
    last = last.filter(last.day <= day - rule["days"])
    return _shaped(last, last.day, ibis.null("int64"), ibis.null("string"), first=last.day)


def _shaped(
    rows: ir.Table, day: ir.Value, amount: ir.Value, detail: ir.Value, *, first: ir.Value
) -> ir.Table:
    return rows.select(
        *KEYS,
        day=day.cast("int32"),
        amount=amount.cast("int64"),
        detail=detail.cast("string"),
        first=first.cast("int64"),
    )


_FROM_TABLES: Mapping[str, Callable[..., ir.Table | None]] = {
    "large_out": _moved(-1),
    "large_in": _moved(1),
    "maturing": _maturing,
    "repayment_due": _repayment,
    "first_channel": _first_channel,
    "dormant": _dormant,
}
"""Code of an event -> what finds it in the tables."""


def _people(tables: Tables, spine: ir.Table) -> ir.Table:
    """Who each customer is, and which products he or she holds, as one text of names."""
    state = states(tables, spine)
    has = "industry" in tables.profile_columns
    people = state.filter(state.closed_day.isnull()).select(
        *KEYS, "customer_id", "kind", "born_day", "opened_day",
        industry=state.industry if has else ibis.null("string"),
    )  # fmt: skip
    if "holdings" not in tables:
        return people.mutate(held=ibis.null("string"))
    rows = known(tables, "holdings", spine)
    rows = rows.filter(rows.closed_day.isnull()).select(*KEYS, "product").distinct()
    held = rows.group_by(*KEYS).aggregate(held=rows["product"].group_concat("|"))
    return people.left_join(held, KEYS).drop(*(f"{name}_right" for name in KEYS))


def _of_person(policy: Mapping[str, Any], person: Mapping[str, Any], as_of: date) -> Iterator[Event]:
    """Events that hang on dates and on what the bank has written down for everyone."""
    if person["kind"] == "retail" and person["born_day"] is not None:
        on = next_anniversary(_day(person["born_day"]), as_of)
        if (on - as_of).days < policy["birthday"]["ahead"]:
            yield _event(policy, "birthday", on.isoformat(), None, None)
    if person["opened_day"] is not None:
        opened, rule = _day(person["opened_day"]), policy["anniversary"]
        on = next_anniversary(opened, as_of)
        if on.year - opened.year in rule["years"] and (on - as_of).days < rule["ahead"]:
            yield _event(policy, "anniversary", on.isoformat(), None, str(on.year - opened.year))
    for code, section in (("offer", "offers"), ("news", "news")):
        for one in policy[section]:
            if one["from"] <= as_of < one["until"] and _touches(one, person):
                yield _event(policy, code, None, None, one["code"])
    for holiday in policy["holidays"]["days"]:
        if 0 <= (holiday["date"] - as_of).days < policy["holidays"]["ahead"]:
            yield _event(policy, "holiday", holiday["date"].isoformat(), None, holiday["date"].isoformat())


def _touches(one: Mapping[str, Any], person: Mapping[str, Any]) -> bool:
    held = set((person["held"] or "").split("|"))
    holds: Sequence[str] = one.get("holds", ())
    industries: Sequence[str] = one.get("industries", ())
    return (not holds or bool(held & set(holds))) and (not industries or person["industry"] in industries)


def next_anniversary(day: date, as_of: date) -> date:
    """Return the first return of a day on or after as_of; of 29 February the 28th in other years.

    Examples
    --------
    >>> next_anniversary(date(1990, 11, 3), date(2026, 11, 3)), next_anniversary(date(1992, 2, 29), date(2026, 11, 3))
    (datetime.date(2026, 11, 3), datetime.date(2027, 2, 28))
    """
    for year in (as_of.year, as_of.year + 1):
        try:
            found = day.replace(year=year)
        except ValueError:
            found = date(year, 2, 28)
        if found >= as_of:
            return found
    raise AssertionError("a day returns within a year")


def _event(
    policy: Mapping[str, Any], code: str, on: str | None, amount: int | None, detail: str | None
) -> Event:
    kind = _KINDS.get(code) or policy[code]["kind"]
    return {"code": code, "kind": kind, "on": on, "amount": amount, "detail": detail}


def _day(number: int) -> date:
    return _EPOCH + timedelta(days=number)
