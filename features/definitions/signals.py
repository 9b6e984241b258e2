"""Warning signals of a customer, as counts and severities."""

from __future__ import annotations

from features.catalogue import Feature, Group

SIGNAL_CATEGORIES = {"E": "environment", "F": "finance", "M": "operations", "H": "hazard"}

_SIGNALS = Group("signals", "warnings", ("warning_signals",), "warning-signals.md, Features per customer")
_OUT = "the table does not reach the window"


def _signals() -> list[Feature]:
    add = _SIGNALS.feature
    return [
        add("signal", "count", statistic="open", unit="count", null_means=_OUT,
            definition="Signals recorded for the customer, raised before as_of and not closed before it."),
        add("signal", "severity", statistic="open_max", unit="score", null_means="no open signal with a severity",
            definition="Highest recorded severity (1-5) among the open signals."),
        *(
            add("signal", "severity", statistic=f"sum_{name}", window="180d", unit="score", null_means=_OUT,
                definition=f"Sum of recorded severities of {code} signals raised in the last 180 days; signals "
                           "without a severity add nothing.")
            for code, name in SIGNAL_CATEGORIES.items()
        ),
        *(
            add("signal", "count", statistic="new", window=f"{days}d", unit="count", null_means=_OUT,
                definition=f"Signals raised in the last {days} days.")
            for days in (30, 90)
        ),
        add("signal", "gap", unit="days", null_means="no signal known",
            definition="Days from the newest signal to as_of."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_signals())

NEEDED_COLUMNS = {
    feature.name: ("warning_signals", "severity")
    for feature in FEATURES
    if feature.name.startswith("signal_severity")
}
