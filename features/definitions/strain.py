"""Signs of a strained relationship: those that reviewers and managers record, and those visible in data."""

from __future__ import annotations

from features.catalogue import Feature, Group
from features.policy import read_policy

_SOURCE = "contact.md, Signs of a strained relationship"
_RECORDED = Group("strain", "contact", ("strain_signs",), _SOURCE)
# Two of the four visible signs are read from the contact log: computed in its pass, not in one of their own.
_VISIBLE = Group("contact", "contact", ("contacts",), _SOURCE)
_OUT = "the table does not reach the window"

_POLICY = read_policy("contact")["strain"]
MANAGER_SIDE: tuple[int, ...] = tuple(_POLICY["manager_side"])
VISIBLE: dict[str, int] = {
    name: _POLICY[name] for name in ("moved_appointment", "cooling", "complaint", "other_bank")
}
"""The signs that data show -> their codes."""
OTHER_BANK_SIGNALS: tuple[str, ...] = tuple(_POLICY["other_bank_signals"])


def _features() -> list[Feature]:
    visible = (
        f"{VISIBLE['moved_appointment']} an appointment agreed for a day of the last 180 was moved, as "
        f"contact_count_moved_365d has it; {VISIBLE['cooling']} contact_cooling_365d is 1; {VISIBLE['complaint']} a "
        "complaint in the last 180 days (in complaints, or a contact with the purpose or outcome complaint); "
        f"{VISIBLE['other_bank']} a warning signal {', '.join(OTHER_BANK_SIGNALS)} recorded in the last 180 days. "
        "What the bank has no table for is not seen."
    )
    return [
        *(
            _RECORDED.feature(
                "strain", "count", statistic="recorded", window=f"{days}d", unit="count", null_means=_OUT,
                definition="Recorded signs of strain on the manager's side (codes "
                           f"{', '.join(map(str, MANAGER_SIDE))}), noted in the last {days} days.")
            for days in (180, 365)
        ),
        _RECORDED.feature(
            "strain", "count", statistic="codes", window="365d", unit="count", null_means=_OUT,
            definition="Different codes (1 to 13) among the signs of strain recorded in the last 365 days."),
        _RECORDED.feature(
            "strain", "gap", unit="days", null_means="no sign of strain recorded",
            definition="Days from the last recorded sign of strain to as_of."),
        _VISIBLE.feature(
            "strain", "count", statistic="visible", window="180d", unit="count", null_means=_OUT,
            definition=f"Signs of strain visible in data, each counted once: {visible}"),
        _VISIBLE.feature(
            "strain", "count", statistic="any", window="180d", unit="count", tables=("strain_signs",), null_means=_OUT,
            definition="Different signs of strain (1 to 13) that are visible in data, as strain_count_visible_180d has "
                       "them, or were recorded in the last 180 days."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_features())
