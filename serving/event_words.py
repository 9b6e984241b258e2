"""The event that gives a reason to call, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.reasons import BankWords, NumberWriter, Texts

EVENTS_DOCUMENT = "policy/events.yaml"


class EventTexts:
    """Writes events in one language; `content` is what the bundle carries as `events.yaml`."""

    def __init__(self, content: Mapping[str, Any], texts: Texts, bank: BankWords, language: str) -> None:
        self._sentences = {code: words[language] for code, words in content["texts"].items()}
        details = {**content["products"], **content["channels"]}
        self._details = {name: words[language] for name, words in details.items()}
        for section in ("offers", "news"):
            self._details |= {one["code"]: one["title"][language] for one in content[section]}
        days = content["holidays"]["days"]
        self._details |= {one["date"].isoformat(): one["title"][language] for one in days}
        self._writer = NumberWriter(texts, bank, language)

    def block(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer's block of an event: code, kind, on, amount (minor units) and the reason in words."""
        code, amount, detail = event["code"], event["amount"], event["detail"]
        sentence = self._sentences[code]
        if amount is None and f"{code}_unknown" in self._sentences:
            sentence = self._sentences[f"{code}_unknown"]
        text = sentence.format(
            amount="" if amount is None else self._writer.in_unit("money", float(amount)),
            date=event["on"],
            detail="" if detail is None else self._details.get(detail, detail),
        )
        return {"code": code, "kind": event["kind"], "on": event["on"], "amount": amount, "text": text}
