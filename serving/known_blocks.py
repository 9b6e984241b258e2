"""The answer's blocks of what is known of a customer and is no number of a model: warnings, contact, tier, class.

They are published as codes and figures in the facts of the customer's row; words are added here, in one language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.policy import parse_policy
from features.signals.records import SignalCatalogue
from serving.bundle import Bundle
from serving.classes import CLASSES_DOCUMENT, ClassTexts
from serving.event_words import EVENTS_DOCUMENT, EventTexts
from serving.online import StoreAway
from serving.reasons import BankWords, Texts
from serving.tiers import TIERS_DOCUMENT, TierTexts
from serving.warnings import WarningTexts

Block = dict[str, Any]
Facts = Mapping[str, Any]


class KnownBlocks:
    """Writes the blocks of one bundle in one language; a bundle older than a block's policy has no words for it."""

    def __init__(
        self, bundle: Bundle, texts: Texts, bank: BankWords, signals: SignalCatalogue, language: str
    ) -> None:
        self._texts, self._language = texts, language
        self._warnings = WarningTexts(signals, texts, bank, language)
        self._classes = None
        if CLASSES_DOCUMENT in bundle.documents:
            self._classes = ClassTexts(bundle.documents, texts, bank, language)
        events, tiers = (bundle.documents.get(name) for name in (EVENTS_DOCUMENT, TIERS_DOCUMENT))
        self._events = None
        if events is not None:
            self._events = EventTexts(parse_policy(events, EVENTS_DOCUMENT), texts, bank, language)
        self._tiers = None if tiers is None else TierTexts(parse_policy(tiers, TIERS_DOCUMENT), language)

    def of(self, facts: Facts) -> Block:
        """Return the blocks of one customer's facts, each where there is something to tell; warnings always.

        Raises
        ------
        StoreAway
            The facts say nothing of warnings, or speak of what this bundle has no words for.
        """
        warnings = facts.get("warnings")
        if not isinstance(warnings, list):
            raise StoreAway(
                "online store: expected warnings in the facts of a row; got none. Publish the features again."
            )
        blocks: Block = {"warnings": self._warnings.blocks(warnings)}
        contact, tier, held = (facts.get(name) for name in ("contact", "tier", "class"))
        if contact is not None:
            blocks["contact"] = self._contact(contact)
        if tier is not None and self._tiers is not None:
            blocks["tier"] = self._tiers.block(tier)
        if held is not None and self._classes is not None:
            blocks["class"] = self._classes.block(held)
        return blocks

    def _contact(self, entry: Facts) -> Block:
        rule, event = entry["rule"], entry.get("event")
        words = None if rule is None else self._texts.word("cadences", rule, self._language)
        block = {name: value for name, value in entry.items() if name != "event"} | {"rule": words}
        if event is not None and self._events is not None:
            block["event"] = self._events.block(event)
        return block
