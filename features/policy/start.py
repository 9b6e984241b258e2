"""What is wrong in a policy file is found before a command starts, not in the middle of its work."""

from __future__ import annotations

from datetime import date

from features.classes.reading import read_classes
from features.policy import policy_names, read_policy
from features.policy.gate import read_gate
from features.policy.lab import read_lab
from features.policy.rates import read_rates


def check_policy() -> None:
    """Read every policy file, and those with a reader of their own through it.

    Raises
    ------
    PolicyError
        With file, line and remedy.
    """
    for name in policy_names():
        read_policy(name)
    read_rates()
    read_classes()
    read_lab(date.max)
    read_gate(date.max)
