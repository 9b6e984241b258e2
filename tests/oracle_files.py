"""The oracle's managers and facts: the history of a customer's states, and what is noted in the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise

from tests.handover import Bank
from tests.oracle_known import Known, by_customer, event_of, first_day, known_rows, serving_profile
from tests.oracle_numbers import Exact

Found = dict[str, Exact | float | None]
Rows = Mapping[str, Mapping[str, list[Known]]]

NEGATIVE = {
    "declining_trend", "adjust_judged", "criminal_record", "listed_vice", "poor_credit", "litigation",
    "malicious_arrears", "dishonest_debtor", "debt_evasion", "loan_loss", "loan_restructured", "loan_converted",
    "exit_list", "negative_list",
}  # fmt: skip
LIFE = {"child_at_school", "anniversary", "marriage", "child_born", "moved_house", "retirement"}


def file_features(bank: Bank, customers: Mapping[str, Known], rows: Rows, as_of: date) -> dict[str, Found]:
    """Every feature of the groups `managers` and `facts`, as far as the bank has the tables."""
    found: dict[str, Found] = {one: {} for one in customers}
    if "manager_id" in serving_profile(bank):
        history = by_customer(known_rows(bank, "customers", as_of))
        load = Counter(state["manager_id"] for state in customers.values() if state.get("closed_on") is None)
        left = managers_left(bank, as_of) if "managers" in bank.tables else None
        for one, state in customers.items():
            manager = state["manager_id"]
            found[one] |= changes(bank, history[one], manager, as_of)
            found[one]["manager_load_count"] = None if manager is None else load[manager]
            if left is not None:
                found[one]["manager_has_left"] = left.get(manager)
    if "facts" in rows:
        first = first_day(bank, "facts")
        for one in customers:
            found[one] |= fact_features(
                rows["facts"].get(one, []), as_of, is_reached=bool(first and first < as_of)
            )
    return found


def changes(bank: Bank, history: list[Known], manager: str | None, as_of: date) -> Found:
    """When the customer got another manager; states without one are passed over."""
    named = [state for state in history if state["manager_id"] is not None]
    ago: dict[int, int] = {}
    for place, state in enumerate(named):
        begun = event_of("customers", state)
        if begun is not None:
            ago[place] = (as_of - begun).days
    order = sorted(ago, key=lambda place: -ago[place])
    new = [ago[b] for a, b in pairwise(order) if named[a]["manager_id"] != named[b]["manager_id"]]
    since = new[-1] if new else max(ago.values(), default=None)
    found: Found = {"manager_tenure_days": None if manager is None else since}
    if "valid_from" in bank.header("customers"):
        found["manager_change_count_365d"] = sum(back <= 365 for back in new) if named else None
        found["manager_change_gap_days"] = new[-1] if new else None
    return found


def managers_left(bank: Bank, as_of: date) -> dict[str | None, int]:
    """Whether each manager has left, by his newest row."""
    newest: dict[str | None, Known] = {}
    for row in sorted(known_rows(bank, "managers", as_of), key=lambda row: row["valid_from"]):
        newest[row["manager_id"]] = row
    return {manager: int(row.get("left_on") is not None) for manager, row in newest.items()}


def fact_features(rows: list[Known], as_of: date, *, is_reached: bool) -> Found:
    """What is in force in the file, what is new in it, and how old it is."""
    now = in_force(rows, as_of)
    yes = {code for code, value in now.items() if value != 0}
    year = [row for row in rows if (as_of - row["noted_on"]).days <= 365 and row.get("value") != 0]
    asked = [row for row in year if row["code"] == "manager_change_asked"]
    counts: Found = {
        "fact_count": len(now),
        "fact_count_negative": len(yes & NEGATIVE),
        "fact_count_life_365d": sum(row["code"] in LIFE for row in year),
        "manager_change_asked_count_365d": len(asked),
    }
    people = now.get("headcount_on_payroll")
    before = in_force([row for row in rows if (as_of - row["noted_on"]).days > 180], as_of - timedelta(180))
    then = before.get("headcount_on_payroll")
    trend = None if people is None or not then else people / then
    return {
        **{name: value if is_reached else None for name, value in counts.items()},
        "file_completeness": now.get("file_completeness"),
        "file_gap_days": min(((as_of - row["noted_on"]).days for row in rows), default=None),
        "headcount_level": people,
        "headcount_trend_180d": trend,
    }


def in_force(rows: list[Known], day: date) -> dict[str, float | None]:
    """The value of each code whose newest note still holds on the day."""
    newest = {row["code"]: row for row in sorted(rows, key=lambda row: row["noted_on"])}
    return {
        code: row.get("value")
        for code, row in newest.items()
        if row.get("valid_until") is None or row["valid_until"] >= day
    }
