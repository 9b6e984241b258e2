"""The factors of a customer in the answer: value, score, points, and the sum in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from serving.factors import Scored
from serving.points import Told
from serving.reasons import Texts

_COUNTED = {"current_contribution", "future_contribution", "growth_potential"}


class FactorTexts:
    """Writes factors in one language."""

    def __init__(self, texts: Texts, language: str) -> None:
        words = texts.content["factors"]
        self._names = {name: word[language] for name, word in words["names"].items()}
        parts = {**texts.content["families"], **words["parts"]}
        self._parts = {name: word[language] for name, word in parts.items()}
        self._start, self._sentence, self._unknown = (
            words[key][language] for key in ("start", "sentence", "unknown")
        )

    def blocks(self, scored: Scored) -> list[dict[str, Any]]:
        """Return per row the block `factors`: by name value, score, parts (start first) and text."""
        columns = {name: self._column(name, told) for name, told in scored.factors.items()}
        rows = len(scored.composite)
        return [{name: column[row] for name, column in columns.items()} for row in range(rows)]

    def _column(self, name: str, told: Told) -> list[dict[str, Any]]:
        points = {"start": told.start.tolist(), **{part: each.tolist() for part, each in told.parts.items()}}
        return [
            self._block(name, value, score, {part: each[row] for part, each in points.items()})
            for row, (value, score) in enumerate(zip(told.value.tolist(), told.score.tolist(), strict=True))
        ]

    def _block(self, name: str, value: float, score: float, points: Mapping[str, float]) -> dict[str, Any]:
        if math.isnan(score):
            parts: dict[str, int | None] = dict.fromkeys(points)
            text = self._unknown.format(name=self._names[name])
            return {"value": None, "score": None, "parts": parts, "text": text}
        whole = {part: int(each) for part, each in points.items()}
        shown = round(value) if name in _COUNTED or value.is_integer() else value
        return {
            "value": shown,
            "score": int(score),
            "parts": whole,
            "text": self._text(name, int(score), whole),
        }

    def _text(self, name: str, score: int, parts: Mapping[str, int]) -> str:
        """Write the sum: the start, then the parts by their size; parts of 0 are left out."""
        ordered = sorted(
            ((part, points) for part, points in parts.items() if part != "start" and points),
            key=lambda item: -abs(item[1]),
        )
        terms = [self._start.format(points=parts["start"])]
        terms += [
            f"{'+' if points > 0 else '-'} {abs(points)} {self._parts[part]}" for part, points in ordered
        ]
        return str(self._sentence.format(name=self._names[name], score=score, terms=" ".join(terms)))


def composite(value: float) -> int | None:
    """Return the composite score as JSON shows it."""
    return None if math.isnan(value) else int(value)
