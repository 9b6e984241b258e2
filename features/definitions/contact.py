"""Contact features: how often the bank and the customer speak, and how today's silence compares."""

from __future__ import annotations

from features.catalogue import Feature, Group

_GROUP = Group("contact", "contact", ("contacts",), "contact.md, Contact intervals")
_NEVER = "no such contact known"
_TWO_DAYS = "fewer than two days with a contact in the window"
_HABIT = "contact_interval_mean_days_365d"


def _features() -> list[Feature]:
    add = _GROUP.feature
    gaps = [
        ("gap", "", "the last day with a contact held"),
        ("gap", "customer", "the last contact held that the customer began"),
        ("gap", "meeting", "the last meeting or branch visit held (channel M or B)"),
    ]
    return [
        *(
            add("contact", measure, statistic=statistic, unit="days", null_means=_NEVER,
                usual=_HABIT if not statistic else None,
                definition=f"Days from {text} to as_of. Held: outcome is not 'not_reached'.")
            for measure, statistic, text in gaps
        ),
        add("contact", "interval", statistic="mean", window="365d", unit="days", null_means=_TWO_DAYS,
            definition="Mean days between consecutive contact days in the window: (last - first) / (days - 1)."),
        add("contact", "interval", statistic="deviation", window="365d", unit="days",
            null_means="fewer than three contact days in the window",
            definition="Population standard deviation of the days between consecutive contact days in the window."),
        add("contact", "interval", statistic="longest", window="365d", unit="days", null_means=_TWO_DAYS,
            definition="Longest time between consecutive contact days in the window."),
        add("contact", "interval", statistic="trend", window="90d", unit="ratio",
            null_means="fewer than two contact days in the last 90 days",
            definition="Mean interval of the last 90 days over the mean interval of the last 365."),
        add("contact", "gap", statistic="over_habit", unit="ratio", null_means=_TWO_DAYS,
            definition="Days since the last contact over the customer's mean interval of 365 days."),
        *(
            add("contact", "count", window=f"{days}d", unit="count", null_means="the log does not reach the window",
                definition=f"Contacts held in the last {days} days.")
            for days in (30, 90, 365)
        ),
        add("contact", "count", statistic="meeting", window="180d", unit="count",
            null_means="the log does not reach the window",
            definition="Meetings and branch visits held (channel M or B) in the last 180 days."),
        add("contact", "reach", window="180d", unit="share", null_means="no attempt with an outcome in the window",
            definition="Attempts not begun by the customer, with an outcome other than not_reached, over such "
                       "attempts with any outcome, last 180 days."),
        add("contact", "customer", statistic="share", window="365d", unit="share",
            null_means="no contact held with a known direction in the window",
            definition="Contacts held that the customer began, over those with a known direction, last 365 days."),
        add("contact", "warmth", statistic="mean", window="180d", unit="score",
            null_means="no warmth noted in the window", usual="contact_warmth_mean_365d",
            definition="Mean warmth (-2..2) noted in the last 180 days."),
        add("contact", "warmth", statistic="mean", window="365d", unit="score",
            null_means="no warmth noted in the window",
            definition="Mean warmth (-2..2) noted in the last 365 days."),
        add("contact", "warmth", statistic="last", unit="score", null_means="no warmth ever noted",
            usual="contact_warmth_mean_365d",
            definition="Mean warmth noted on the last day on which any was noted."),
        add("contact", "warmth", statistic="trend", window="90d", unit="score",
            null_means="no warmth noted in the last 90 days",
            definition="Mean warmth of the last 90 days minus that of the last 365."),
        add("contact", "history", unit="days", null_means="never null", model_input=False,
            definition="Days of the log that can hold contacts of this customer: from the later of its first day "
                       "and the day the relationship opened, to as_of."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_features())

NEEDED_COLUMNS = {
    "contact_gap_customer_days": ("contacts", "direction"),
    "contact_customer_share_365d": ("contacts", "direction"),
    "contact_reach_180d": ("contacts", "outcome"),
    **{
        feature.name: ("contacts", "warmth")
        for feature in FEATURES
        if feature.name.startswith("contact_warmth")
    },
}
