"""The oracle's profile: what the newest state of a customer says."""

from __future__ import annotations

from datetime import date

from tests.handover import Bank
from tests.oracle_known import Known, serving_profile
from tests.oracle_numbers import Exact

Found = dict[str, Exact | float | None]

LEVELS = {None: 0, "gold": 1, "platinum": 2, "diamond": 3}
ORIENTATIONS = ("relationship", "value", "service")
NEEDED = {
    "tenure_days": "opened_on",
    "age_years": "born_on",
    "card_level": "card_level",
    "credit_line": "credit_line",
    "is_managed": "manager_id",
    "has_household": "household_id",
    "employee_count": "employees",
    **{f"is_{one}_oriented": "orientation" for one in ORIENTATIONS},
    "is_opted_out": "marketing_opt_out",
    "business_age_months": "born_on",
}


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
        "has_household": int(state.get("household_id") is not None),
        "employee_count": state.get("employees"),
        **{f"is_{one}_oriented": flag(state.get("orientation"), one) for one in ORIENTATIONS},
        "is_opted_out": flag(state.get("marketing_opt_out"), True),
        "business_age_months": months_in_business(state, as_of),
    }
    serving = serving_profile(bank)
    return {name: value for name, value in found.items() if NEEDED.get(name, "kind") in serving}


def flag(value: object, wanted: object) -> int | None:
    """1 if the value is the wanted one, 0 if it is another, None if there is none."""
    return None if value is None else int(value == wanted)


def months_in_business(state: Known, as_of: date) -> float | None:
    """Months from the founding; of people there are none."""
    born: date | None = state.get("born_on")
    return None if born is None or state["kind"] == "retail" else (as_of - born).days / 30.4375
