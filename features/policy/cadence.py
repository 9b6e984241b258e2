"""Cadence: how often whom has to be spoken to, at least; from cadence.yaml."""

from __future__ import annotations

from dataclasses import dataclass

from features.policy import read_policy

_POLICY = read_policy("cadence")


@dataclass(frozen=True)
class Level:
    """What one card level asks for: so many calls, or so many meetings, within `days`."""

    days: int
    calls: int
    meetings: int


LEVELS: dict[str, Level] = {name: Level(**law) for name, law in _POLICY["levels"].items()}
"""Card level -> its cadence."""

QUIET_DAYS: dict[str, int] = {name: int(law["days"]) for name, law in _POLICY["quiet"].items()}
"""Card level -> days without business after which a call is due."""

CHANNEL: str = str(_POLICY["channel"])
"""Channel that is suggested where the customer prefers none."""

CEILING_CONTACTS: int = int(_POLICY["ceiling"]["contacts"])
CEILING_DAYS: int = int(_POLICY["ceiling"]["days"])
"""The bank begins no more than so many contacts in so many days."""

MANAGED_DAYS: int = int(_POLICY["managed"]["days"])
"""Days within which every managed customer is reached."""


def cadences_in_words() -> str:
    """Say the cadences in one line.

    Examples
    --------
    >>> cadences_in_words().split("; ")[0]
    'diamond 2 calls or 1 meetings in 30 days'
    """
    of_levels = [
        f"{name} {level.calls} calls or {level.meetings} meetings in {level.days} days"
        for name, level in LEVELS.items()
    ]
    of_quiet = [
        f"{name} a call or meeting within {days} days without business" for name, days in QUIET_DAYS.items()
    ]
    return "; ".join([*of_levels, *of_quiet, f"every managed customer any contact in {MANAGED_DAYS} days"])
