"""The oracle's complaints and signs of strain, and all that it knows of how a customer is spoken with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from tests.handover import Bank
from tests.oracle_contact import (
    Found,
    Person,
    business_days,
    contact_features,
    cooling,
    moved,
    newest,
    part_of,
    stated,
    where,
)
from tests.oracle_known import Known
from tests.oracle_numbers import mean, ratio


def relationship_features(bank: Bank, state: Known, rows: Mapping[str, list[Known]], as_of: date) -> Found:
    """Every feature of contacts, complaints and strain for one customer, as far as the bank's tables go."""
    person = Person(bank, state, rows, as_of)
    found: Found = {}
    if "contacts" in rows:
        found |= {**contact_features(person), **visible_signs(person)}
    if "complaints" in rows:
        found |= complaint_features(person)
    if "contacts" in rows and "transactions" in rows:
        found["complaint_silent"] = silent_complaint(person)
    if "strain_signs" in rows:
        found |= recorded_signs(person)
    return found


def complaint_features(person: Person) -> Found:
    """Every feature that needs the table of complaints."""
    dated = person.dated("complaints", "received_at")
    year = where(dated, 365)
    still_open = [back for back, row in dated if row.get("resolved_at") is None]
    unsatisfied = [row for row in year if row.get("satisfied") is False]
    counts: Found = {"complaint_count_open": len(still_open)}
    for days in (90, 180, 365):
        rows = where(dated, days)
        counts[f"complaint_count_{days}d"] = len(rows)
        counts[f"complaint_severity_sum_{days}d"] = sum(row.get("severity") or 0 for row in rows)
    counts["complaint_count_unsatisfied_365d"] = len(unsatisfied)
    counts["complaint_count_repeat_365d"] = len(stated(dated, 365, "repeat_of"))
    for whom in ("manager", "bank"):
        counts[f"complaint_count_{whom}_365d"] = len(where(dated, 365, about=whom))
    if not person.reaches("complaints"):
        counts = dict.fromkeys(counts)
    found: Found = {
        "complaint_unsatisfied_share_365d": part_of(unsatisfied, stated(dated, 365, "satisfied")),
        "complaint_open_oldest_days": max(still_open, default=None),
        "complaint_gap_days": newest(dated),
        "complaint_gap_resolved_days": min(
            (person.ago(row["resolved_at"]) for row in stated(dated, 10**6, "resolved_at")), default=None
        ),
        **time_taken(person, year),
    }
    if "contacts" in person.rows:
        found["complaint_contact_after"] = contact_after(person, newest(dated))
    return counts | found


def time_taken(person: Person, year: list[Known]) -> Found:
    """Days to answer and to resolve."""
    found: Found = {}
    for step, column in (("response", "first_response_at"), ("resolution", "resolved_at")):
        taken = [person.ago(row["received_at"]) - person.ago(row[column]) for row in year if row.get(column)]
        found[f"complaint_{step}_mean_days_365d"] = mean(taken)
        found[f"complaint_{step}_longest_days_365d"] = max(taken, default=None)
    return found


def contact_after(person: Person, complaint: int | None) -> Fraction | None:
    """Contacts per day after the last complaint, so long ago, over those before it: 60 days on each side."""
    if complaint is None or complaint > 365:
        return None
    days_after, days_before = min(60, complaint - 1), min(60, person.history("contacts") - complaint)
    if days_after < 30 or days_before <= 0:
        return None
    after = sum(complaint - 60 <= back < complaint for back, _ in person.held)
    before = sum(complaint < back <= complaint + 60 for back, _ in person.held)
    return ratio(Fraction(after, days_after), Fraction(before, days_before))


def silent_complaint(person: Person) -> int | None:
    """Whether turnover fell to half or less while nobody spoke with the customer for 90 days."""
    if person.history("transactions") <= 90 or not person.reaches("contacts"):
        return None
    business = business_days(person)
    recent = sum(amount for back, amount in business if back <= 90)
    before = sum(amount for back, amount in business if 90 < back <= 180)
    return int(before > 0 and 2 * recent <= before and not where(person.held, 90))


def recorded_signs(person: Person) -> Found:
    """Every feature of the group `strain`."""
    dated = person.dated("strain_signs", "noted_on")
    counts: Found = {
        f"strain_count_recorded_{days}d": len(where(dated, days, code=tuple(range(1, 11))))
        for days in (180, 365)
    }
    counts["strain_count_codes_365d"] = len({row["code"] for row in where(dated, 365)})
    if not person.reaches("strain_signs"):
        counts = dict.fromkeys(counts)
    return {**counts, "strain_gap_days": newest(dated)}


def visible_signs(person: Person) -> Found:
    """How many of the signs 8, 11, 12, 13 are seen, and how many of all 13 are seen or recorded."""
    complaints = where(person.dated("complaints", "received_at"), 180)
    talks = where(person.contacts, 180, purpose="complaint") + where(
        person.contacts, 180, outcome="complaint"
    )
    other_banks = where(person.dated("warning_signals", "raised_on"), 180, code="M46")
    is_seen = {
        8: any(back <= 180 for back in moved(person)),
        11: cooling(person) == 1,
        12: bool(complaints or talks),
        13: bool(other_banks),
    }
    signs = {code for code, seen in is_seen.items() if seen}
    found: Found = {"strain_count_visible_180d": len(signs)}
    if "strain_signs" in person.rows:
        signs |= {row["code"] for row in where(person.dated("strain_signs", "noted_on"), 180)}
        found["strain_count_any_180d"] = len(signs)
    return found if person.reaches("contacts") else dict.fromkeys(found)
