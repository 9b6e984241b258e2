"""What people are told of a version that was promoted against the gate, wherever the version is named."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from features.policy import read_policy
from pipelines.terminal import Terminal
from serving.champion import Champion, Override
from training.wording import Wording


def override_text(override: Override, language: str) -> str:
    """Say by whom and why, and which checks had failed."""
    reasons = read_policy("gate")["reasons"]
    reason = override.reason
    if reason in reasons:
        reason = f"{reason} - {reasons[reason][language]}"
    return Wording(language)(
        "gate.override", by=override.by, reason=reason, failed=", ".join(override.failed)
    )


def say_override(version: str, override: Override, terminal: Terminal) -> None:
    """Print that a version was promoted against the gate."""
    terminal.say("overridden", version=version, text=override_text(override, terminal.language))


def champion_note(champion: Champion, terminal: Terminal) -> dict[str, Any]:
    """Print, of a champion promoted against the gate, that it was; return the override for machines, or null."""
    if champion.override is None:
        return {"override": None}
    say_override(champion.version, champion.override, terminal)
    return {"override": asdict(champion.override)}
