"""Complaints of a customer: how many, how they were handled, what followed."""

from __future__ import annotations

from features.catalogue import Feature, Group

_COMPLAINTS = Group("complaints", "complaints", ("complaints",), "contact.md, Complaints")
_OUT = "the table does not reach the window"


def _complaints() -> list[Feature]:
    add = _COMPLAINTS.feature
    return [
        add("complaint", "count", window="180d", unit="count", null_means=_OUT,
            definition="Complaints received in the last 180 days."),
        add("complaint", "count", statistic="open", unit="count", null_means=_OUT,
            definition="Complaints received before as_of and not resolved before it."),
        add("complaint", "count", statistic="unsatisfied", window="365d", unit="count", null_means=_OUT,
            definition="Complaints of the last 365 days, resolved before as_of, that left the customer unsatisfied."),
        add("complaint", "gap", unit="days", null_means="no complaint known",
            definition="Days from the last complaint to as_of."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_complaints())

NEEDED_COLUMNS = {
    "complaint_count_unsatisfied_365d": ("complaints", "satisfied"),
    "complaint_count_open": ("complaints", "resolved_at"),
}
