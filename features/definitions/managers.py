"""Manager features: who looks after the customer, since when, and how much else he has to do."""

from __future__ import annotations

from features.catalogue import Feature, Group

_GROUP = Group("managers", "contact", ("customers",), "contact.md, Complaints; customers.md, VIP card levels")
_NONE = "no manager named in the newest state"


def _features() -> list[Feature]:
    add = _GROUP.feature
    return [
        add("manager", "change", statistic="count", window="365d", unit="count",
            null_means="no manager ever named",
            definition="States that began in the last 365 days and name another manager than the last one named "
                       "before."),
        add("manager", "change", statistic="gap", unit="days", null_means="never another manager",
            definition="Days from the beginning of the last state that names another manager than the one before, to "
                       "as_of."),
        add("manager", "tenure", unit="days", null_means=_NONE,
            definition="Days from the first state that names the present manager, no other one since, to as_of."),
        add("manager", "load", statistic="count", unit="count", null_means=_NONE,
            definition="Customers, not closed, whose newest state names the same manager."),
        add("manager", "has", statistic="left", unit="flag", tables=("managers",),
            null_means="no manager named in the newest state, or the bank knows nothing of that manager",
            definition="1 if the manager of the newest state left before as_of, else 0."),
        add("manager", "change", statistic="asked_count", window="365d", unit="count", tables=("facts",),
            null_means="the facts do not reach the window",
            definition="Days of the last 365 on which it was noted that the customer asked for another manager."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_features())

NEEDED_COLUMNS = {
    **{feature.name: ("customers", "manager_id") for feature in FEATURES if "facts" not in feature.tables},
    "manager_change_count_365d": ("customers", "manager_id", "valid_from"),
    "manager_change_gap_days": ("customers", "manager_id", "valid_from"),
}
