"""Fact features: how complete and how fresh the customer's file is, and what it says of him."""

from __future__ import annotations

from features.catalogue import Feature, Group

_GROUP = Group("facts", "profile", ("facts",), "customers.md, Files; policy/facts.yaml (the codes)")
_OUT = "the table does not reach the window"
_IN_FORCE = "In force: the newest of its code, and its valid_until has not passed"


def _features() -> list[Feature]:
    add = _GROUP.feature
    return [
        add("file", "completeness", unit="share", null_means="no completeness in force",
            definition=f"Completeness of the file as noted. {_IN_FORCE}."),
        add("file", "gap", unit="days", null_means="no fact known",
            definition="Days from the last day on which a fact of any code was noted to as_of."),
        add("fact", "count", unit="count", null_means=_OUT,
            definition=f"Facts in force. {_IN_FORCE}."),
        add("fact", "count", statistic="negative", unit="count", null_means=_OUT,
            definition=f"Facts in force that are negative (policy/facts.yaml) and not noted as 0. {_IN_FORCE}."),
        add("fact", "count", statistic="life", window="365d", unit="count", null_means=_OUT,
            definition="Events in the customer's life (policy/facts.yaml) noted in the last 365 days and not as 0."),
        add("headcount", "level", unit="count", null_means="no headcount in force",
            definition=f"People on the payroll as noted. {_IN_FORCE}."),
        add("headcount", "trend", window="180d", unit="ratio",
            null_means="no headcount in force now or 180 days before, or it was zero then",
            definition="People on the payroll now, over those by the fact in force 180 days before as_of."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_features())

NEEDED_COLUMNS = {
    "file_completeness": ("facts", "value"),
    "headcount_level": ("facts", "value"),
    "headcount_trend_180d": ("facts", "value"),
}
