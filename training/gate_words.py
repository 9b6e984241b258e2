"""What a check of the gate found, in words, in both languages."""

from __future__ import annotations

from typing import Any

from training.challenge import Check
from training.wording import LANGUAGES, Wording


def described(check: Check) -> dict[str, Any]:
    """Return a check with its sentence in every language."""
    return {**check.to_dict(), "text": {each: sentence(check, each) for each in LANGUAGES}}


def sentence(check: Check, language: str) -> str:
    """Return what a check found, with its figures, in words."""
    words = Wording(language)
    name, horizon = _parts(check.model)
    values: dict[str, object] = {"model": words.model(name, horizon) if name else ""}
    values |= {key: _shown(value) for key, value in check.facts.items()}
    values |= {
        "value": _shown(check.value),
        "low_bound": _shown(check.bounds[0]),
        "high_bound": _shown(check.bounds[1]),
    }
    ends = check.interval or (None, None)
    values |= {"low": _shown(ends[0]), "high": _shown(ends[1])}
    if check.state == "not_measured":
        return words("gate.says.not_measured", figure=words(f"gate.figures.{check.figure}"), **values)
    return words(f"gate.says.{check.figure}", **values)


def _parts(key: str) -> tuple[str, int | None]:
    name, _, horizon = key.partition("_")
    return name, int(horizon) if horizon else None


def _shown(value: float | int | str | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else value
