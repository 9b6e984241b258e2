"""Contact features: how often the bank and the customer speak, how, and how today's silence compares."""

from __future__ import annotations

from features.catalogue import Feature, Group
from features.policy import read_policy
from features.policy.cadence import cadences_in_words

_GROUP = Group("contact", "contact", ("contacts",), "contact.md, Contact intervals")
_NEVER = "no such contact known"
_OUT = "the log does not reach the window"
_TWO_DAYS = "fewer than two days with a contact in the window"
_NO_WARMTH = "no warmth noted in the window"
_HABIT = "contact_interval_mean_days_365d"
_USUAL_WARMTH = "contact_warmth_mean_365d"

CHANNELS = {"T": "telephone calls", "M": "meetings", "E": "e-mails", "S": "text messages", "B": "branch visits",
            "L": "letters"}  # fmt: skip
"""The letters of the contact calendar."""

GRACE_DAYS = int(read_policy("contact")["appointments"]["grace_days"])
"""An agreed date passed by more than so many days without a contact was moved."""


def _gaps() -> list[Feature]:
    add = _GROUP.feature
    gaps = [
        ("", "the last day with a contact held"),
        ("customer", "the last contact held that the customer began"),
        ("meeting", "the last meeting or branch visit held (channel M or B)"),
    ]
    return [
        *(
            add("contact", "gap", statistic=statistic, unit="days", null_means=_NEVER,
                usual=_HABIT if not statistic else None,
                definition=f"Days from {text} to as_of. Held: outcome is not 'not_reached'.")
            for statistic, text in gaps
        ),
        add("contact", "gap", statistic="over_habit", unit="ratio", null_means=_TWO_DAYS,
            definition="Days since the last contact over the customer's mean interval of 365 days."),
        add("contact", "gap", statistic="over_longest", unit="ratio", null_means=_TWO_DAYS,
            definition="Days since the last contact over the customer's longest interval of 365 days."),
        add("contact", "gap", statistic="moved", unit="days", null_means="no appointment moved in the window",
            definition="Days to as_of from the agreed date of the last appointment that was moved, as "
                       "contact_count_moved_365d counts them."),
        add("contact", "overdue", unit="days",
            null_means="no cadence applies to the customer, or the log does not reach before as_of",
            definition="Days since the customer's cadence was last fulfilled, minus the days it allows, never below 0; "
                       f"the largest over those that apply ({cadences_in_words()}; the rule about business only with "
                       "transactions on record). Fulfilled: on the day of the n-th newest call or meeting held, of the "
                       "last call, meeting or business, or of the last contact; at the earliest a year ago, or when "
                       "the log or the relationship began."),
    ]  # fmt: skip


def _intervals() -> list[Feature]:
    add = _GROUP.feature
    mean = "Mean days between consecutive contact days in the window: (last - first) / (days - 1)."
    return [
        *(
            add("contact", "interval", statistic="mean", window=f"{days}d", unit="days", null_means=_TWO_DAYS,
                usual=None if days == 365 else _HABIT, definition=mean)
            for days in (365, 90, 180)
        ),
        add("contact", "interval", statistic="median", window="365d", unit="days", null_means=_TWO_DAYS,
            definition="Median of the days between consecutive contact days in the window."),
        add("contact", "interval", statistic="deviation", window="365d", unit="days",
            null_means="fewer than three contact days in the window",
            definition="Population standard deviation of the days between consecutive contact days in the window."),
        *(
            add("contact", "interval", statistic="longest", window=f"{days}d", unit="days", null_means=_TWO_DAYS,
                definition="Longest time between consecutive contact days in the window.")
            for days in (365, 180)
        ),
        *(
            add("contact", "interval", statistic="trend", window=f"{days}d", unit="ratio",
                null_means=f"fewer than two contact days in the last {days} days",
                definition=f"Mean interval of the last {days} days over the mean interval of the last 365.")
            for days in (90, 180)
        ),
        add("contact", "cooling", window="365d", unit="flag",
            null_means="fewer than two contact days in the last 180 days, or than two days with warmth in 365",
            definition="1 if intervals lengthen (contact_interval_trend_180d above 1) while warmth falls "
                       "(contact_warmth_slope_365d below 0), else 0."),
    ]  # fmt: skip


def _counts() -> list[Feature]:
    add = _GROUP.feature
    of_window = [
        ("meeting", 180, "Meetings and branch visits held (channel M or B)"),
        *((f"channel_{letter.lower()}", 180, f"Contacts held on channel {letter} ({name})")
          for letter, name in CHANNELS.items()),
        ("cold", 180, "Contacts with a warmth below 0 noted, held or not,"),
        ("declined", 180, "Contacts in which the customer declined (outcome declined)"),
        ("interested", 180, "Contacts in which the customer showed interest (outcome interested)"),
        ("deal", 365, "Contacts that ended with a deal (outcome deal)"),
        ("collection", 180, "Contacts with the purpose collection_notice, whether or not they reached the customer,"),
    ]  # fmt: skip
    return [
        *(
            add("contact", "count", window=f"{days}d", unit="count", null_means=_OUT,
                definition=f"Contacts held in the last {days} days.")
            for days in (30, 90, 180, 365)
        ),
        *(
            add("contact", "count", statistic=statistic, window=f"{days}d", unit="count", null_means=_OUT,
                definition=f"{text} in the last {days} days.")
            for statistic, days, text in of_window
        ),
        add("contact", "count", statistic="moved", window="365d", unit="count", null_means=_OUT,
            definition="Appointments that were moved: next_agreed_on of a contact held in the last 365 days (of "
                       "several on one day the latest) lies after that day and passed by more than "
                       f"{GRACE_DAYS} days before as_of, and no contact was held from the day after that contact to "
                       f"{GRACE_DAYS} days after the agreed date."),
        add("contact", "manager", statistic="count", window="365d", unit="count", null_means=_OUT,
            definition="Different managers who held contacts with the customer in the last 365 days."),
        add("contact", "count", statistic="trend_90d_365d", unit="ratio", null_means="no contact held in 365 days",
            definition="Contacts held per observed day of the last 90 days over those per observed day of the last "
                       "365; observed: since contact_history_days began."),
    ]  # fmt: skip


def _shares() -> list[Feature]:
    add = _GROUP.feature
    no_direction = "no contact held with a known direction in the window"
    of_year = [
        ("meeting", "no contact held in the window", "Meetings and branch visits (M or B) over all contacts held"),
        ("declined", "no contact held with an outcome in the window",
         "Contacts with the outcome declined over those held with an outcome"),
        ("decision_maker", "no contact held with a known role in the window",
         "Contacts held with the decision maker over those with a known role"),
        ("sale", "no contact held with a known purpose in the window",
         "Contacts held for a sale over those with a known purpose"),
        ("care", "no contact held with a known purpose in the window",
         "Contacts held for care over those with a known purpose"),
    ]  # fmt: skip
    return [
        *(
            add("contact", "reach", window=f"{days}d", unit="share",
                null_means="no attempt with an outcome in the window",
                definition="Attempts not begun by the customer, with an outcome other than not_reached, over such "
                           f"attempts with any outcome, last {days} days.")
            for days in (90, 180, 365)
        ),
        *(
            add("contact", "customer", statistic="share", window=f"{days}d", unit="share", null_means=no_direction,
                definition=f"Contacts held that the customer began, over those with a known direction, last {days} "
                           "days.")
            for days in (180, 365)
        ),
        add("contact", "customer", statistic="share_change", window="180d", unit="share", null_means=no_direction,
            definition="contact_customer_share_180d minus contact_customer_share_365d."),
        *(
            add("contact", measure, statistic="share", window="365d", unit="share", null_means=null,
                definition=f"{text}, last 365 days.")
            for measure, null, text in of_year
        ),
        add("contact", "channel", statistic="concentration", window="365d", unit="share",
            null_means="no contact held in the window",
            definition="Sum of the squared shares of the six channels among the contacts held in the last 365 days: 1 "
                       "if all are on one channel."),
    ]  # fmt: skip


def _warmth() -> list[Feature]:
    add = _GROUP.feature
    return [
        *(
            add("contact", "warmth", statistic="mean", window=f"{days}d", unit="score", null_means=_NO_WARMTH,
                usual=_USUAL_WARMTH if days == 180 else None,
                definition=f"Mean warmth (-2..2) noted in the last {days} days.")
            for days in (180, 365)
        ),
        add("contact", "warmth", statistic="last", unit="score", null_means="no warmth ever noted",
            usual=_USUAL_WARMTH,
            definition="Mean warmth noted on the last day on which any was noted."),
        add("contact", "warmth", statistic="last_change", window="365d", unit="score", null_means=_NO_WARMTH,
            definition="Warmth of the last day on which any was noted minus the mean warmth of the last 365 days."),
        add("contact", "warmth", statistic="trend", window="90d", unit="score",
            null_means="no warmth noted in the last 90 days",
            definition="Mean warmth of the last 90 days minus that of the last 365."),
        add("contact", "warmth", statistic="slope", window="365d", unit="score",
            null_means="fewer than two days with warmth noted in the window",
            definition="Least-squares slope of the warmth noted in the last 365 days, per 30 days."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = (
    *_gaps(),
    *_intervals(),
    *_counts(),
    *_shares(),
    *_warmth(),
    _GROUP.feature(
        "contact", "history", unit="days", null_means="never null", model_input=False,
        definition="Days of the log that can hold contacts of this customer: from the later of its first day "
                   "and the day the relationship opened, to as_of."),
)  # fmt: skip

_BY_COLUMN = {
    "direction": ("contact_gap_customer_days", "contact_customer_share_180d", "contact_customer_share_365d",
                  "contact_customer_share_change_180d"),
    "outcome": ("contact_reach_90d", "contact_reach_180d", "contact_reach_365d", "contact_count_declined_180d",
                "contact_count_interested_180d", "contact_count_deal_365d", "contact_declined_share_365d"),
    "purpose": ("contact_count_collection_180d", "contact_sale_share_365d", "contact_care_share_365d"),
    "with_role": ("contact_decision_maker_share_365d",),
    "next_agreed_on": ("contact_count_moved_365d", "contact_gap_moved_days"),
    "manager_id": ("contact_manager_count_365d",),
    "warmth": ("contact_count_cold_180d", "contact_cooling_365d",
               *(feature.name for feature in FEATURES if feature.name.startswith("contact_warmth"))),
}  # fmt: skip

NEEDED_COLUMNS = {
    "contact_overdue_days": ("customers", "manager_id"),
    **{name: ("contacts", column) for column, names in _BY_COLUMN.items() for name in names},
}
