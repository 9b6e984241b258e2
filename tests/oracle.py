"""An independent computation of every feature, from the raw tables, in plain Python.

Written from the definitions of the catalogue and the contract, not from the product's expressions: lists,
dicts, dates and fractions. Slow on purpose. Where it and the product differ, one of the two is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from tests.handover import Bank
from tests.oracle_balances import balance_features
from tests.oracle_known import Known, by_customer, first_day, known_rows, local_day, serving_profile, states
from tests.oracle_numbers import Exact, Value, answer, deviation, gaps, mean, ratio
from tests.oracle_transactions import transaction_features

Found = dict[str, Exact | float | None]

MEETINGS = ("M", "B")
LEVELS = {None: 0, "gold": 1, "platinum": 2, "diamond": 3}
SIGNAL_SUMS = {"E": "environment", "F": "finance", "M": "operations", "H": "hazard"}
NEEDED = {
    "tenure_days": "opened_on",
    "age_years": "born_on",
    "card_level": "card_level",
    "credit_line": "credit_line",
    "is_managed": "manager_id",
}


def oracle_features(bank: Bank, as_of: date) -> dict[str, dict[str, Value]]:
    """Every feature that the bank's tables can fill, per customer of the spine at as_of.

    A text attribute of `snapshots` stays a text: its code is the product's own business.
    """
    customers = states(bank, as_of)
    rows = {
        table: by_customer(known_rows(bank, table, as_of)) for table in bank.tables if table != "customers"
    }
    found = {}
    for customer_id, state in customers.items():
        own = {table: of_all.get(customer_id, []) for table, of_all in rows.items()}
        features = {**profile_features(bank, state, as_of), **_logged_features(bank, state, own, as_of)}
        found[customer_id] = {name: answer(value) for name, value in features.items()}
    return found


def _logged_features(bank: Bank, state: Known, own: Mapping[str, list[Known]], as_of: date) -> Found:
    found: Found = {}
    if "contacts" in own:
        history, is_reached = history_days(bank, "contacts", state, as_of), reaches(bank, "contacts", as_of)
        found |= contact_features(own["contacts"], as_of, bank.zone, history, is_reached=is_reached)
    if "balances" in own:
        found |= balance_features(own["balances"], as_of, history_days(bank, "balances", state, as_of))
    if "transactions" in own:
        history, is_reached = (
            history_days(bank, "transactions", state, as_of),
            reaches(bank, "transactions", as_of),
        )
        found |= transaction_features(own["transactions"], as_of, bank.zone, history, is_reached=is_reached)
    if "warning_signals" in own:
        found |= signal_features(
            own["warning_signals"], as_of, is_reached=reaches(bank, "warning_signals", as_of)
        )
    if "complaints" in own:
        is_reached = reaches(bank, "complaints", as_of)
        found |= complaint_features(own["complaints"], as_of, bank.zone, is_reached=is_reached)
    if "snapshots" in own:
        found |= snapshot_features(bank, own["snapshots"])
    return found


def reaches(bank: Bank, table: str, as_of: date) -> bool:
    """Whether the table's first day lies before as_of, so that an empty window means nothing happened."""
    first = first_day(bank, table)
    return first is not None and first < as_of


def history_days(bank: Bank, table: str, state: Known, as_of: date) -> int:
    """Days of the table that can hold rows of the customer; 0 where the table starts later."""
    first = first_day(bank, table)
    if first is None:
        return 0
    return max(0, (as_of - max(first, state.get("opened_on") or first)).days)


def unless(found: Found, *, is_reached: bool) -> Found:
    """The features, or null for all of them where the table does not reach the window."""
    return found if is_reached else dict.fromkeys(found)


def contact_features(
    rows: list[Known], as_of: date, zone: str, history: int, *, is_reached: bool
) -> dict[str, Exact | float | None]:
    """Every feature of the group `contact` for one customer."""
    dated = [((as_of - local_day(row["occurred_at"], zone)).days, row) for row in rows]
    held = [(back, row) for back, row in dated if row.get("outcome") != "not_reached"]
    habit = mean(gaps(back for back, _ in held if back <= 365))
    recent_habit = mean(gaps(back for back, _ in held if back <= 90))
    between = gaps(back for back, _ in held if back <= 365)
    attempts = [
        row["outcome"]
        for back, row in dated
        if back <= 180 and row.get("direction") != "customer" and row.get("outcome") is not None
    ]
    directions = [row["direction"] for back, row in held if back <= 365 and row.get("direction") is not None]
    last = min((back for back, _ in held), default=None)
    counts: Found = {
        f"contact_count_{days}d": sum(back <= days for back, _ in held) for days in (30, 90, 365)
    }
    counts["contact_count_meeting_180d"] = sum(
        back <= 180 and row["channel"] in MEETINGS for back, row in held
    )
    return {
        "contact_gap_days": last,
        "contact_gap_customer_days": min(
            (back for back, row in held if row.get("direction") == "customer"), default=None
        ),
        "contact_gap_meeting_days": min(
            (back for back, row in held if row["channel"] in MEETINGS), default=None
        ),
        "contact_interval_mean_days_365d": habit,
        "contact_interval_deviation_days_365d": deviation(between) if len(between) >= 2 else None,
        "contact_interval_longest_days_365d": max(between, default=None),
        "contact_interval_trend_90d": ratio(recent_habit, habit),
        "contact_gap_over_habit": ratio(last, habit),
        **unless(counts, is_reached=is_reached),
        "contact_reach_180d": ratio(sum(outcome != "not_reached" for outcome in attempts), len(attempts)),
        "contact_customer_share_365d": ratio(directions.count("customer"), len(directions)),
        **warmth_features(dated),
        "contact_history_days": history,
    }


def warmth_features(dated: list[tuple[int, Known]]) -> Found:
    """Warmth as noted, whether or not the customer was reached."""
    noted = [(back, row["warmth"]) for back, row in dated if row.get("warmth") is not None]
    last = min((back for back, _ in noted), default=None)
    means = {days: mean([warmth for back, warmth in noted if back <= days]) for days in (90, 180, 365)}
    quarter, year = means[90], means[365]
    return {
        "contact_warmth_mean_180d": means[180],
        "contact_warmth_mean_365d": year,
        "contact_warmth_last": mean([warmth for back, warmth in noted if back == last]),
        "contact_warmth_trend_90d": None if quarter is None or year is None else quarter - year,
    }


def signal_features(rows: list[Known], as_of: date, *, is_reached: bool) -> Found:
    """Every feature of the group `signals` for one customer."""
    dated = [((as_of - row["raised_on"]).days, row) for row in rows]
    still_open = [row for row in rows if row.get("closed_on") is None]
    counts: Found = {"signal_count_open": len(still_open)}
    for letter, name in SIGNAL_SUMS.items():
        counts[f"signal_severity_sum_{name}_180d"] = sum(
            row.get("severity") or 0 for back, row in dated if back <= 180 and row["code"].startswith(letter)
        )
    for days in (30, 90):
        counts[f"signal_count_new_{days}d"] = sum(back <= days for back, _ in dated)
    severities = [row["severity"] for row in still_open if row.get("severity") is not None]
    return {
        **unless(counts, is_reached=is_reached),
        "signal_severity_open_max": max(severities, default=None),
        "signal_gap_days": min((back for back, _ in dated), default=None),
    }


def complaint_features(rows: list[Known], as_of: date, zone: str, *, is_reached: bool) -> Found:
    """Every feature of the group `complaints` for one customer."""
    dated = [((as_of - local_day(row["received_at"], zone)).days, row) for row in rows]
    counts: Found = {
        "complaint_count_180d": sum(back <= 180 for back, _ in dated),
        "complaint_count_open": sum(row.get("resolved_at") is None for row in rows),
        "complaint_count_unsatisfied_365d": sum(
            back <= 365 and row.get("resolved_at") is not None and row.get("satisfied") is False
            for back, row in dated
        ),
    }
    gap = min((back for back, _ in dated), default=None)
    return {**unless(counts, is_reached=is_reached), "complaint_gap_days": gap}


def profile_features(bank: Bank, state: Known, as_of: date) -> Found:
    """Every feature of the group `profile` that the bank's customers table may serve."""
    born, opened = state.get("born_on"), state.get("opened_on")
    found: Found = {
        "tenure_days": None if opened is None else (as_of - opened).days,
        "age_years": None if born is None else (as_of - born).days / 365.25,
        **{f"is_{kind}": int(state["kind"] == kind) for kind in ("micro", "corporate", "institution")},
        "card_level": LEVELS[state.get("card_level")],
        "credit_line": state.get("credit_line"),
        "is_managed": int(state.get("manager_id") is not None),
    }
    serving = serving_profile(bank)
    return {name: value for name, value in found.items() if NEEDED.get(name, "kind") in serving}


def snapshot_features(bank: Bank, rows: list[Known]) -> dict[str, Any]:
    """The bank's own attributes in the newest snapshot; true and false are 1 and 0."""
    newest: Known = max(rows, key=lambda row: row["as_of"], default={})
    columns = set(bank.header("snapshots")) - {"customer_id", "as_of", "recorded_at", "sex", "gender"}
    values = {column: newest.get(column) for column in columns}
    return {column: int(value) if isinstance(value, bool) else value for column, value in values.items()}
