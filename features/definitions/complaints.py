"""Complaints of a customer: how many, how they were handled, what followed."""

from __future__ import annotations

from features.catalogue import Feature, Group
from features.policy import read_policy

_COMPLAINTS = Group("complaints", "complaints", ("complaints",), "contact.md, Complaints")
_SILENT = Group(
    "complaints", "complaints", ("transactions", "contacts"), "contact.md, Complaints: a complaint not voiced"
)
_OUT = "the table does not reach the window"
WINDOWS = (90, 180, 365)

_POLICY = read_policy("contact")
FOLLOW_UP_DAYS = int(_POLICY["follow_up"]["days"])
FOLLOW_UP_MINIMUM = int(_POLICY["follow_up"]["minimum_days"])
SILENT_DAYS = int(_POLICY["silent"]["days"])
if 2 * SILENT_DAYS > 365:
    raise ValueError(
        f"contact.yaml, silent.days: expected at most 182, as transactions are read for a year; got {SILENT_DAYS}. "
        "Lower it."
    )
SILENT_PERCENT = int(_POLICY["silent"]["turnover_percent"])


def _counts() -> list[Feature]:
    add = _COMPLAINTS.feature
    of_year = [
        (
            "unsatisfied",
            "Complaints of the last 365 days, resolved before as_of, that left the customer unsatisfied.",
        ),
        ("repeat", "Complaints of the last 365 days that repeat an earlier one (repeat_of)."),
        ("manager", "Complaints of the last 365 days about the manager."),
        ("bank", "Complaints of the last 365 days about the bank's business."),
    ]
    return [
        *(
            add("complaint", "count", window=f"{days}d", unit="count", null_means=_OUT,
                definition=f"Complaints received in the last {days} days.")
            for days in WINDOWS
        ),
        *(
            add("complaint", "severity", statistic="sum", window=f"{days}d", unit="score", null_means=_OUT,
                definition=f"Sum of the severities (1-5) of the complaints of the last {days} days; one without a "
                           "severity adds nothing.")
            for days in WINDOWS
        ),
        add("complaint", "count", statistic="open", unit="count", null_means=_OUT,
            definition="Complaints received before as_of and not resolved before it."),
        *(
            add("complaint", "count", statistic=statistic, window="365d", unit="count", null_means=_OUT,
                definition=text)
            for statistic, text in of_year
        ),
    ]  # fmt: skip


def _handling() -> list[Feature]:
    add = _COMPLAINTS.feature
    steps = [("response", "the first response", "answered"), ("resolution", "the resolution", "resolved")]
    return [
        add("complaint", "unsatisfied", statistic="share", window="365d", unit="share",
            null_means="no resolved complaint in the window that says whether the customer was satisfied",
            definition="Complaints of the last 365 days resolved before as_of with the customer unsatisfied, over "
                       "those that say whether the customer was satisfied."),
        *(
            add("complaint", measure, statistic=statistic, window="365d", unit="days",
                null_means=f"no complaint of the window {done} before as_of",
                definition=f"{word} days from receipt to {text}, over the complaints of the last 365 days that were "
                           f"{done} before as_of.")
            for measure, text, done in steps
            for statistic, word in (("mean", "Mean"), ("longest", "Most"))
        ),
        add("complaint", "open", statistic="oldest", unit="days", null_means="no open complaint",
            definition="Days from the oldest complaint that is still open to as_of."),
        add("complaint", "gap", unit="days", null_means="no complaint known",
            definition="Days from the last complaint to as_of."),
        add("complaint", "gap", statistic="resolved", unit="days", null_means="no complaint resolved before as_of",
            definition="Days from the last day on which a complaint was resolved to as_of."),
    ]  # fmt: skip


def _aftermath() -> list[Feature]:
    return [
        _COMPLAINTS.feature(
            "complaint", "contact", statistic="after", unit="ratio", tables=("contacts",),
            null_means=f"no complaint in the last 365 days, fewer than {FOLLOW_UP_MINIMUM} days since, or no contact "
                       f"in the {FOLLOW_UP_DAYS} days before it",
            definition=f"Contacts held per observed day of the {FOLLOW_UP_DAYS} days after the day of the last "
                       "complaint of the last 365 days, over those per observed day of as many days before it. "
                       "Observed: before as_of, and since the contact log and the relationship began. Below 1: the "
                       "bank withdrew."),
        _SILENT.feature(
            "complaint", "silent", unit="flag",
            null_means=f"the relationship or the transactions reach back no more than {SILENT_DAYS} days, or the "
                       "contact log does not reach before as_of",
            definition=f"1 if the turnover of the last {SILENT_DAYS} days (absolute amounts, customer-started) is at "
                       f"most {SILENT_PERCENT}% of that of as many days before them, which is above 0, and no contact "
                       "was held in those last days; else 0."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = (*_counts(), *_handling(), *_aftermath())

_BY_COLUMN = {
    "severity": tuple(f"complaint_severity_sum_{days}d" for days in WINDOWS),
    "satisfied": ("complaint_count_unsatisfied_365d", "complaint_unsatisfied_share_365d"),
    "repeat_of": ("complaint_count_repeat_365d",),
    "about": ("complaint_count_manager_365d", "complaint_count_bank_365d"),
    "first_response_at": ("complaint_response_mean_days_365d", "complaint_response_longest_days_365d"),
    "resolved_at": ("complaint_count_open", "complaint_open_oldest_days", "complaint_gap_resolved_days",
                    "complaint_resolution_mean_days_365d", "complaint_resolution_longest_days_365d"),
}  # fmt: skip

NEEDED_COLUMNS = {name: ("complaints", column) for column, names in _BY_COLUMN.items() for name in names} | {
    "complaint_silent": ("transactions", "started_by")
}
