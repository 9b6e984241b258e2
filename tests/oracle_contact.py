"""The oracle's contacts: plain lists of rows, counted by hand as it were.

A day is spoken of as its distance back from as_of: 1 is the day before, 365 the first day of a year's window.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from statistics import median

from tests.handover import Bank
from tests.oracle_known import Known, first_day, local_day, serving_profile
from tests.oracle_numbers import Exact, deviation, gaps, mean, ratio, slope

Found = dict[str, Exact | float | None]
Dated = list[tuple[int, Known]]

MEETINGS = ("M", "B")
MONTH, QUARTER, YEAR = 30, 91, 365
ASKED = {"diamond": (2, 1), "platinum": (4, 2)}
"""Calls or meetings a month."""


@dataclass(frozen=True)
class Person:
    """One customer at as_of: the newest state and the known rows of every table that the bank has."""

    bank: Bank
    state: Known
    rows: Mapping[str, list[Known]]
    as_of: date

    def dated(self, table: str, column: str) -> Dated:
        """Rows of a table with how long ago they were; none where the bank has no such table."""
        return [(self.ago(row[column]), row) for row in self.rows.get(table, [])]

    def ago(self, moment: date) -> int:
        return (self.as_of - local_day(moment, self.bank.zone)).days

    def reaches(self, table: str) -> bool:
        """Whether the table begins before as_of."""
        first = first_day(self.bank, table)
        return first is not None and first < self.as_of

    def history(self, table: str) -> int:
        """Days of the table in which the relationship existed."""
        first = first_day(self.bank, table)
        if first is None:
            return 0
        return max(0, (self.as_of - max(first, self.state.get("opened_on") or first)).days)

    @cached_property
    def contacts(self) -> Dated:
        return self.dated("contacts", "occurred_at")

    @cached_property
    def held(self) -> Dated:
        """Contacts that reached the customer, or may have."""
        return [(back, row) for back, row in self.contacts if row.get("outcome") != "not_reached"]


def where(rows: Dated, days: int, **wanted: object) -> list[Known]:
    """Rows of the window whose columns hold what is wanted; a tuple means any of its values."""
    return [
        row
        for back, row in rows
        if back <= days
        and all(
            row.get(column) in value if isinstance(value, tuple) else row.get(column) == value
            for column, value in wanted.items()
        )
    ]


def stated(rows: Dated, days: int, column: str) -> list[Known]:
    """Rows of the window in which the column says something."""
    return [row for back, row in rows if back <= days and row.get(column) is not None]


def newest(rows: Dated, **wanted: object) -> int | None:
    return min((back for back, row in rows if where([(back, row)], back, **wanted)), default=None)


def part_of(part: list[Known], whole: list[Known]) -> Fraction | None:
    return ratio(len(part), len(whole))


def contact_features(person: Person) -> Found:
    """Every feature of the group `contact` but the visible signs."""
    counts = contact_counts(person)
    if not person.reaches("contacts"):
        counts = dict.fromkeys(counts)
    found = {**counts, **contact_rhythm(person), **contact_shares(person), **contact_warmth(person)}
    found["contact_gap_moved_days"] = min((back for back in moved(person)), default=None)
    found["contact_cooling_365d"] = cooling(person)
    found["contact_history_days"] = person.history("contacts")
    if "manager_id" in serving_profile(person.bank):
        found["contact_overdue_days"] = overdue(person)
    return found


def contact_counts(person: Person) -> Found:
    """Counts, 0 where the log reaches and holds nothing."""
    held, every = person.held, person.contacts
    found: Found = {f"contact_count_{days}d": len(where(held, days)) for days in (30, 90, 180, 365)}
    for letter in "TMESBL":
        found[f"contact_count_channel_{letter.lower()}_180d"] = len(where(held, 180, channel=letter))
    managers = {row["manager_id"] for row in stated(held, 365, "manager_id")}
    return found | {
        "contact_count_meeting_180d": len(where(held, 180, channel=MEETINGS)),
        "contact_count_cold_180d": len(where(every, 180, warmth=(-2, -1))),
        "contact_count_declined_180d": len(where(held, 180, outcome="declined")),
        "contact_count_interested_180d": len(where(held, 180, outcome="interested")),
        "contact_count_deal_365d": len(where(held, 365, outcome="deal")),
        "contact_count_collection_180d": len(where(every, 180, purpose="collection_notice")),
        "contact_count_moved_365d": len(moved(person)),
        "contact_manager_count_365d": len(managers),
    }


def contact_rhythm(person: Person) -> Found:
    """Intervals, and today's silence against them."""
    days = {window: {back for back, _ in person.held if back <= window} for window in (90, 180, 365)}
    between = {window: gaps(days[window]) for window in days}
    habit, last = mean(between[365]), newest(person.held)
    history = person.history("contacts")
    found: Found = {
        "contact_gap_days": last,
        "contact_gap_customer_days": newest(person.held, direction="customer"),
        "contact_gap_meeting_days": newest(person.held, channel=MEETINGS),
        "contact_gap_over_habit": ratio(last, habit),
        "contact_gap_over_longest": ratio(last, max(between[365], default=None)),
        "contact_interval_median_days_365d": Fraction(median(between[365])) if between[365] else None,
        "contact_interval_deviation_days_365d": deviation(between[365]) if len(between[365]) > 1 else None,
        "contact_count_trend_90d_365d": ratio(
            len(where(person.held, 90)) * min(365, history), len(where(person.held, 365)) * min(90, history)
        ),
    }
    for window, intervals in between.items():
        found[f"contact_interval_mean_days_{window}d"] = mean(intervals)
        if window > 90:
            found[f"contact_interval_longest_days_{window}d"] = max(intervals, default=None)
        if window < 365:
            found[f"contact_interval_trend_{window}d"] = ratio(mean(intervals), habit)
    return found


def contact_shares(person: Person) -> Found:
    """Parts of the attempts, or of the contacts held."""
    held = person.held
    found: Found = {}
    for days in (90, 180, 365):
        tries = [
            row for row in stated(person.contacts, days, "outcome") if row.get("direction") != "customer"
        ]
        found[f"contact_reach_{days}d"] = part_of([r for r in tries if r["outcome"] != "not_reached"], tries)
    for days in (180, 365):
        own = where(held, days, direction="customer")
        found[f"contact_customer_share_{days}d"] = part_of(own, stated(held, days, "direction"))
    half, year = found["contact_customer_share_180d"], found["contact_customer_share_365d"]
    per_channel = Counter(row["channel"] for row in where(held, 365)).values()
    return found | {
        "contact_customer_share_change_180d": difference(half, year),
        "contact_meeting_share_365d": part_of(where(held, 365, channel=MEETINGS), where(held, 365)),
        "contact_declined_share_365d": part_of(
            where(held, 365, outcome="declined"), stated(held, 365, "outcome")
        ),
        "contact_decision_maker_share_365d": part_of(
            where(held, 365, with_role="decision_maker"), stated(held, 365, "with_role")
        ),
        "contact_sale_share_365d": part_of(where(held, 365, purpose="sale"), stated(held, 365, "purpose")),
        "contact_care_share_365d": part_of(where(held, 365, purpose="care"), stated(held, 365, "purpose")),
        "contact_channel_concentration_365d": ratio(
            sum(count * count for count in per_channel), sum(per_channel) ** 2
        ),
    }


def difference(one: Exact | float | None, other: Exact | float | None) -> Exact | float | None:
    return None if one is None or other is None else one - other


def contact_warmth(person: Person) -> Found:
    """Warmth as noted, whether or not the customer was reached."""
    noted = [(back, row["warmth"]) for back, row in person.contacts if row.get("warmth") is not None]
    means = {days: mean([warmth for back, warmth in noted if back <= days]) for days in (90, 180, 365)}
    last_day = min((back for back, _ in noted), default=None)
    last = mean([warmth for back, warmth in noted if back == last_day])
    return {
        "contact_warmth_mean_180d": means[180],
        "contact_warmth_mean_365d": means[365],
        "contact_warmth_last": last,
        "contact_warmth_last_change_365d": difference(last, means[365]),
        "contact_warmth_trend_90d": difference(means[90], means[365]),
        "contact_warmth_slope_365d": warmth_slope(person),
    }


def warmth_slope(person: Person) -> Fraction | None:
    """Change of the warmth noted in a year, per 30 days; None where it was all noted on one day."""
    points = [(-back, row["warmth"]) for back, row in person.contacts
              if back <= 365 and row.get("warmth") is not None]  # fmt: skip
    if len({day for day, _ in points}) < 2:
        return None
    daily = slope(points)
    return None if daily is None else 30 * daily


def cooling(person: Person) -> int | None:
    """Whether intervals lengthen while warmth falls."""
    half, year = (mean(gaps(back for back, _ in person.held if back <= days)) for days in (180, 365))
    falls = warmth_slope(person)
    if half is None or year is None or falls is None:
        return None
    return int(half > year and falls < 0)


def moved(person: Person) -> list[int]:
    """How long ago the appointments were to be that passed, with 3 days of grace, and nobody was spoken to."""
    spoken = {person.as_of - timedelta(days=back) for back, _ in person.held}
    agreed: dict[date, date] = {}
    for back, row in person.held:
        if back <= 365 and row.get("next_agreed_on") is not None:
            day = person.as_of - timedelta(days=back)
            agreed[day] = max(agreed.get(day, row["next_agreed_on"]), row["next_agreed_on"])
    found = []
    for day, appointment in agreed.items():
        end = appointment + timedelta(days=3)
        if day < appointment and end < person.as_of and not any(day < other <= end for other in spoken):
            found.append((person.as_of - appointment).days)
    return found


def overdue(person: Person) -> int | None:
    """Days past the cadence that is most overdue; None where none applies."""
    history = person.history("contacts")
    if history == 0:
        return None
    level = person.state.get("card_level") if "card_level" in serving_profile(person.bank) else None
    longest = min(history, YEAR)
    late: list[int] = []

    def add(fulfilled: list[int], allowed: int) -> None:
        late.append(max(0, min([*fulfilled, longest]) - allowed))

    if person.state.get("manager_id") is not None:
        add([back for back, _ in person.held], QUARTER)
    calls = sorted(back for back, row in person.held if row["channel"] == "T")
    meetings = sorted(back for back, row in person.held if row["channel"] in MEETINGS)
    if level in ASKED:
        of_calls, of_meetings = ASKED[level]
        add([*calls[of_calls - 1 : of_calls], *meetings[of_meetings - 1 : of_meetings]], MONTH)
    if level == "gold" and "transactions" in person.rows:
        business = [back for back, _ in business_days(person)]
        add([*calls, *meetings, *business], 7)
    return max(late, default=None)


def business_days(person: Person) -> list[tuple[int, int]]:
    """What the customer did: (how long ago, absolute amount)."""
    return [(back, abs(row["amount"])) for back, row in person.dated("transactions", "occurred_at")
            if row.get("started_by") == "customer"]  # fmt: skip
