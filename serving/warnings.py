"""Warnings in words: codes and figures of the facts, with the texts of signals.yaml in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from features.signals.evidence import written
from features.signals.records import Signal, SignalCatalogue
from serving.reasons import BankWords, NumberWriter, Texts

Block = dict[str, Any]


class WarningTexts:
    """Writes warnings of one bundle's catalogue of signals, in one language."""

    def __init__(self, catalogue: SignalCatalogue, texts: Texts, bank: BankWords, language: str) -> None:
        self._catalogue = catalogue
        self._language = language
        self._units = catalogue.units
        self._writer = NumberWriter(texts, bank, language)
        self._unknown = texts.word("figures", "unknown", language)
        self._measures = {
            name: {"kind": advice.kind, "text": advice.words[language]}
            for name, advice in catalogue.advice.items()
        }

    def blocks(self, entries: Sequence[Mapping[str, Any]]) -> list[Block]:
        """Write the warnings of one customer in the order of the facts.

        `evidence` shows the figures that tripped a computed signal beside their limits; of a recorded one it is
        what was recorded, null where nothing was.
        """
        return [self._block(entry) for entry in entries]

    def _block(self, entry: Mapping[str, Any]) -> Block:
        code: str = entry["code"]
        is_computed = entry["source"] == "computed"
        on = date.fromisoformat(entry["evaluated_on" if is_computed else "raised_on"])
        signal = self._catalogue.named(code, entry["kind"], on)
        return {
            "code": code,
            "category": code[0],
            "title": signal.titles[self._language],
            "severity": entry["severity"],
            "raised_on": entry["raised_on"],
            "evidence": self._evidence(signal, entry["figures"]) if is_computed else entry["evidence"],
            "measures": [self._measures[name] for name in signal.advice],
        }

    def _evidence(self, signal: Signal, figures: Mapping[str, float | None]) -> str | None:
        return None if signal.rule is None else written(signal.rule, self._language, figures, self._figure)

    def _figure(self, measure: str, value: float | None) -> str:
        return self._unknown if value is None else self._writer.in_unit(self._units[measure], value)
