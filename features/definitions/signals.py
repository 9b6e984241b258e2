"""Warning signals of a customer, recorded and computed together, as counts and severities."""

from __future__ import annotations

from features.catalogue import Feature, Group
from features.signals.records import CATEGORIES

TABLES = (
    "warning_signals", "statements", "repayments", "transactions", "balances", "holdings", "loans", "contacts",
    "facts", "needs", "industry_outlook",
)  # fmt: skip
"""Tables of which one is enough for a signal to be recorded or computed."""

_SIGNALS = Group(
    "signals", "warnings", (), "warning-signals.md, Features per customer and as-of date", any_of=TABLES
)
_OUT = "nothing recorded reaches as_of, and no signal could be evaluated"
_OPEN = "open at as_of: raised before it, and not closed before it"
_ONCE = "of a cluster of codes that see one fact only the most severe counts"
NEW_DAYS = (30, 90, 180)


def _counts() -> list[Feature]:
    add = _SIGNALS.feature
    return [
        add("signal", "count", statistic="open", unit="count", null_means=_OUT,
            definition=f"Codes with a signal {_OPEN}; a code counts once, recorded and computed, of the customer or of "
                       "the customer's industry or region."),
        *(
            add("signal", "count", statistic=f"open_{name}", unit="count", null_means=_OUT,
                definition=f"Codes {letter} with a signal open at as_of.")
            for letter, name in CATEGORIES.items()
        ),
        *(
            add("signal", "count", statistic="new", window=f"{days}d", unit="count", null_means=_OUT,
                definition=f"Codes with a signal raised in the last {days} days.")
            for days in NEW_DAYS
        ),
        add("signal", "count", statistic="novel", window="90d", unit="count", null_means=_OUT,
            definition="Codes with a signal raised in the last 90 days and none before."),
        add("signal", "count", statistic="evaluated", unit="count", null_means="never null", model_input=False,
            definition="Codes whose rule could be evaluated at least once by as_of; the others are not evaluated, "
                       "which is not 'no'."),
    ]  # fmt: skip


def _severities() -> list[Feature]:
    add = _SIGNALS.feature
    return [
        add("signal", "severity", statistic="open_max", unit="score", null_means="no open signal",
            definition="Highest severity (1-5) among the open signals; one recorded without a severity has that of "
                       "its record in signals.yaml."),
        add("signal", "severity", statistic="open_sum", unit="score", null_means=_OUT,
            definition=f"Sum of the severities of the open signals; {_ONCE}."),
        *(
            add("signal", "severity", statistic=f"open_sum_{name}", unit="score", null_means=_OUT,
                definition=f"Sum of the severities of the open {letter} signals; {_ONCE}, under its own category.")
            for letter, name in CATEGORIES.items()
        ),
        *(
            add("signal", "severity", statistic=f"sum_{name}", window="180d", unit="score", null_means=_OUT,
                definition=f"Sum of the severities of {letter} signals raised in the last 180 days, of a code the most "
                           f"severe; {_ONCE}, under its own category.")
            for letter, name in CATEGORIES.items()
        ),
        add("signal", "severity", statistic="open_change", window="90d", unit="score", null_means=_OUT,
            definition="Severity sum of the signals open at as_of minus that of those open 90 days before, as far as "
                       "they are known at as_of."),
        *(
            add("signal", "severity", statistic=f"open_change_{name}", window="90d", unit="score", null_means=_OUT,
                definition=f"Severity sum of the open {letter} signals minus that of those open 90 days before.")
            for letter, name in CATEGORIES.items()
        ),
        add("signal", "gap", unit="days", null_means="no signal known",
            definition="Days from the newest signal to as_of."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = (*_counts(), *_severities())
