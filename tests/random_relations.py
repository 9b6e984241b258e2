"""Rows of a random bank about what surrounds a customer: links, needs, tasks, facts, managers, industry, market.

A table about no single customer comes with the first customer, whose id is `0`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from tests.chance import Chance, midnight_of

Record = dict[str, Any]

AMOUNTS = (None, 0, 1, 12_345, 99_999_999_999)
SIXTEENTHS = (0.0, 0.0625, 0.125, 0.1875, 0.25)
OTHERS = ("0", "0001", "2", "0003", "4", "0005", "6", "0007", "8", "0009", "outsider", "1")
LINKS = (
    "guarantor", "guarantor", "shareholder", "affiliate", "parent", "subsidiary", "buyer", "supplier",
    "referred", "referred", "competitor_insider",
)  # fmt: skip
WORDS = (
    "deal",
    "Deal",
    "interested",
    "declined",
    "DECLINED",
    "拒绝",
    "成交",
    "no",
    "not_reached",
    "later",
    None,
)
CODES = (
    "headcount_on_payroll", "headcount_on_payroll", "headcount_on_payroll", "file_completeness", "litigation",
    "exit_list", "child_at_school", "anniversary", "manager_change_asked", "bank_enquiry", "taxpayer", "of old",
)  # fmt: skip
MANAGERS = ("m1", "0007", "m2", "m3")
INDUSTRIES = ("steel", "food", "Food")
REGIONS = ("north", "süd")
SERIES = (
    "policy_rate",
    "term_deposit_12m",
    "term_deposit_12m_elsewhere",
    "wealth_90d",
    "wealth_90d_elsewhere",
    "x",
)


def profile_columns(chance: Chance) -> Record:
    """What a state of a customer says of household, size, orientation, industry and region."""
    return {
        "household_id": chance.one(None, "h1", "h2"),
        "employees": chance.one(None, 0, 5, 300),
        "orientation": chance.one(None, "relationship", "value", "service"),
        "marketing_opt_out": chance.one(None, True, False),
        "industry": chance.one(None, *INDUSTRIES),
        "region": chance.one(None, *REGIONS),
    }


def relations(chance: Chance, person: str) -> Iterator[Record]:
    for other, kind in sorted(
        {(chance.one(*OTHERS), chance.one(*LINKS)) for _ in range(chance.one(0, 0, 1, 3, 6))}
    ):
        since = chance.one(None, chance.day(), chance.day(), chance.day() - timedelta(days=800))
        yield {
            "customer_id": person,
            "other_id": other,
            "kind": kind,
            "since": since,
            "share": chance.one(None, 0.5),
            "recorded_at": None if since is None else chance.recorded(midnight_of(since)),
        }


def needs(chance: Chance, person: str) -> Iterator[Record]:
    for _ in range(chance.one(0, 0, 1, 2, 5)):
        day = chance.day()
        yield {
            "need_id": chance.next_id("n"),
            "customer_id": person,
            "noted_on": day,
            "kind": chance.one("expansion", "new_project", "product", "credit_request"),
            "product": chance.one(None, "fund", "fund", "loan"),
            "amount": chance.one(*AMOUNTS),
            "recorded_at": chance.recorded(midnight_of(day)),
        }


def tasks(chance: Chance, person: str) -> Iterator[Record]:
    for _ in range(chance.one(0, 1, 2, 4, 8)):
        day = chance.day() - timedelta(days=chance.one(0, 0, 30))
        as_of = chance.one(*chance.as_ofs)
        done = max(day, chance.day()) if chance.likely(0.7) else None
        yield {
            "task_id": chance.next_id("j"),
            "customer_id": person,
            "kind": chance.one("call", "cross_sell", "plan", "plan", "directed", "referral", "referral"),
            "product": chance.one(None, "fund", "loan"),
            "created_on": day,
            "due_on": chance.one(None, day, day + timedelta(days=30), as_of, as_of - timedelta(days=1)),
            "done_on": done,
            "outcome": chance.one(*WORDS) if done or chance.likely(0.1) else None,
            "referred_id": chance.one(None, person, *OTHERS) if done or chance.likely(0.1) else None,
            "recorded_at": chance.recorded(midnight_of(day)),
        }


def facts(chance: Chance, person: str) -> Iterator[Record]:
    noted = {(chance.one(*CODES), chance.day()) for _ in range(chance.one(0, 1, 3, 9))}
    for code, day in sorted(noted):
        edge = chance.one(*chance.as_ofs) - timedelta(days=chance.one(0, 180) + chance.one(-1, 0, 0, 1))
        yield {
            "customer_id": person,
            "code": code,
            "noted_on": day,
            "value": chance.one(None, 0.0, 1.0, 0.25, 48.0, 64.0),
            "valid_until": chance.one(None, None, max(day, edge), max(day, edge), day + timedelta(days=92)),
            "recorded_at": chance.recorded(midnight_of(day)),
        }


def managers(chance: Chance, person: str) -> Iterator[Record]:
    for manager in MANAGERS[:3] if person == "0" else ():
        for day in sorted(
            {chance.day() - timedelta(days=chance.one(0, 300)) for _ in range(chance.one(1, 2))}
        ):
            yield {
                "manager_id": manager,
                "valid_from": day,
                "ability": chance.one(None, 0.5),
                "left_on": chance.one(None, max(day, chance.day()), max(day, chance.day())),
                "recorded_at": chance.recorded(midnight_of(day)),
            }


def statement_day(chance: Chance) -> date:
    """A day, or one at the edge of what an outlook is still good for, now or half a year before."""
    edge = chance.one(*chance.as_ofs) - timedelta(days=396 + chance.one(0, 180) + chance.one(-1, 0, 1))
    day: date = chance.one(chance.day(), chance.day(), edge)
    return day


def industry_outlook(chance: Chance, person: str) -> Iterator[Record]:
    places = [(industry, region) for industry in INDUSTRIES for region in (None, *REGIONS)]
    for industry, region in places if person == "0" else ():
        for day in sorted({statement_day(chance) for _ in range(chance.one(0, 2, 6))}):
            yield {
                "industry": industry,
                "region": region,
                "stated_on": day,
                "outlook": chance.one(-2.0, -0.5, 0.0, 0.5, 1.0),
                "sales_growth": chance.one(None, -0.25, *SIXTEENTHS),
                "inventory_days_growth": chance.one(None, -0.5, *SIXTEENTHS),
                "recorded_at": chance.recorded(midnight_of(day)),
            }


def market(chance: Chance, person: str) -> Iterator[Record]:
    for series in SERIES if person == "0" else ():
        early = min(chance.as_ofs) - timedelta(days=500)
        for day in sorted(
            {chance.one(early, chance.day(), chance.day()) for _ in range(chance.one(1, 6, 12))}
        ):
            yield {
                "series": series,
                "stated_on": day,
                "value": chance.one(*SIXTEENTHS),
                "recorded_at": chance.recorded(midnight_of(day)),
            }


def other_link(chance: Chance, row: Record) -> Record:
    since = row["since"] and row["since"] + timedelta(days=chance.one(-1, 0, 30))
    return {"since": since, "share": 0.25 if row["share"] != 0.25 else 0.75}


def other_outcome(chance: Chance, row: Record) -> Record:
    done = max(row["created_on"], chance.day())
    product = "fund" if row["product"] != "fund" else "wealth"
    return {"done_on": done, "outcome": chance.one(*WORDS), "product": product}


def other_need(chance: Chance, row: Record) -> Record:
    return {"amount": (row["amount"] or 0) + chance.one(1, 500), "kind": chance.one("product", "expansion")}


def other_fact(chance: Chance, row: Record) -> Record:
    value = 32.0 if row["value"] != 32.0 else 16.0
    return {"value": value, "valid_until": chance.one(None, max(row["noted_on"], chance.day()))}


def other_leaving(chance: Chance, row: Record) -> Record:
    ability = 0.25 if row["ability"] != 0.25 else 0.75
    return {"ability": ability, "left_on": chance.one(None, max(row["valid_from"], chance.day()))}


MAKERS: Mapping[str, Callable[[Chance, str], Iterator[Record]]] = {
    "relations": relations,
    "needs": needs,
    "tasks": tasks,
    "facts": facts,
    "managers": managers,
    "industry_outlook": industry_outlook,
    "market": market,
}
CORRECTIONS: Mapping[str, Callable[[Chance, Record], Record]] = {
    "relations": other_link,
    "needs": other_need,
    "tasks": other_outcome,
    "facts": other_fact,
    "managers": other_leaving,
    "industry_outlook": lambda _, row: {"sales_growth": (row["sales_growth"] or 0.0) + 0.0625},
    "market": lambda _, row: {"value": row["value"] + 0.0625},
}
"""What a correction changes in a row."""
