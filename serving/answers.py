"""From predictions to the contract's answer: a block per target, its reasons and its base.

Pure: equal inputs give equal answers, for one customer at the door and for every customer in a batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from features.signals.records import SignalCatalogue
from serving.bundle import Bundle, FeatureFrame, Predictions
from serving.errors import BundleError
from serving.factor_words import FactorTexts, composite
from serving.factors import Scored
from serving.groups import GroupTexts
from serving.known_blocks import KnownBlocks
from serving.model import Model, ModelOutput
from serving.online import OnlineRows, StoreAway
from serving.rank import strongest
from serving.reasons import BankWords, ReasonTexts, Texts
from serving.requests import LANGUAGES, PredictRequest
from serving.tables import FloatArray
from serving.target_blocks import target_blocks

Answer = dict[str, Any]

TARGETS = ("churn", "growth", "loyalty", "default", "response")
_EXACT = float(1 << 53)


class Answerer:
    """Writes the answers of one bundle, in every language.

    `headlines` holds the model of each target whose reasons are given: that of the shortest horizon.
    """

    def __init__(self, bundle: Bundle, texts: Texts, bank: BankWords, signals: SignalCatalogue) -> None:
        if bundle.release is None:
            raise BundleError(
                f"{bundle.directory}: expected release.json; got none. Export the bundle again."
            )
        self.bundle = bundle
        self.version = bundle.release.version
        self.headlines = _headlines(bundle)
        self._texts = texts
        self._reason_texts = {
            language: ReasonTexts(texts, bundle.manifest.features, bank, language) for language in LANGUAGES
        }
        self._groups = _group_texts(bundle, texts)
        has_factors = bundle.factors is not None
        self._factors = {language: FactorTexts(texts, language) for language in LANGUAGES if has_factors}
        self._known = {
            language: KnownBlocks(bundle, texts, bank, signals, language) for language in LANGUAGES
        }
        self._habits = _habit_columns(bundle)

    def answer(self, request: PredictRequest, rows: OnlineRows, new_id: Callable[[], str]) -> Answer:
        """Answer a request from the rows read for it, one prediction per id in the order asked.

        Parameters
        ----------
        new_id
            Gives each scored customer a prediction id that no other answer bears.

        Raises
        ------
        FrameError
            The rows lack a feature of the bundle.
        StoreAway
            A row bears a status that the contract does not know, or says nothing of warnings or of the class.
        """
        unscored = {
            place: self._unscored(customer_id, facts, request.language)
            for place, (customer_id, facts) in enumerate(zip(request.customer_ids, rows.facts, strict=True))
            if facts is None or facts.get("status") != "ok"
        }
        places = [place for place in range(len(request.customer_ids)) if place not in unscored]
        scored: dict[int, Answer] = {}
        if places:
            ids = tuple(request.customer_ids[place] for place in places)
            frame = FeatureFrame(ids, rows.published.as_of, rows.published.names, rows.values[places])
            answers = self.written(frame, self.bundle.predict(frame), request.reasons, request.language)
            self.tell_known(answers, [rows.facts[place] or {} for place in places], request.language)
            for answer in answers:
                answer["prediction_id"] = new_id()
            scored = dict(zip(places, answers, strict=True))
        else:
            self.bundle.columns(rows.published.names)
        return {
            "bundle_version": self.version,
            "as_of": rows.published.as_of,
            "language": request.language,
            "predictions": [
                scored[place] if place in scored else unscored[place] for place in range(len(rows.facts))
            ],
        }

    def written(
        self, frame: FeatureFrame, predictions: Predictions, reasons: int, language: str
    ) -> list[Answer]:
        """Write the answers of customers who can be scored, one per row of the frame.

        `prediction_id` is None: whoever gives the answer out names it.
        """
        answers: list[Answer] = [
            {"customer_id": customer_id, "status": "ok", "prediction_id": None}
            for customer_id in frame.customer_ids
        ]
        for target, models in self._by_target().items():
            for answer, block in zip(answers, target_blocks(models, predictions), strict=True):
                answer[target] = block
        if predictions.scored is not None:
            self._value(answers, predictions.scored, language)
        for answer in answers:
            answer["reasons"], answer["base"] = {}, {}
        values = frame.values.take(self.bundle.columns(frame.names), axis=1)
        for target, model in self.headlines.items():
            output = predictions.outputs[model.target.key]
            items_of = self._reasons(values, output, reasons, language)
            for answer, items, base in zip(answers, items_of, output.base.tolist(), strict=True):
                answer["reasons"][target] = items
                answer["base"][target] = base
        return answers

    def _value(self, answers: Sequence[Answer], scored: Scored, language: str) -> None:
        """Add the factors, the composite and, where it is known, the group."""
        told, composites = self._factors[language].blocks(scored), scored.composite.tolist()
        for answer, block, score in zip(answers, told, composites, strict=True):
            answer["factors"], answer["composite_score"] = block, composite(score)
        if self.bundle.groups is None:
            return
        for answer, number in zip(answers, self.bundle.groups.of(scored).tolist(), strict=True):
            if not math.isnan(number):
                answer["group"] = self._groups[language].block(int(number))

    def tell_known(
        self, answers: Sequence[Answer], facts: Sequence[Mapping[str, Any]], language: str
    ) -> None:
        """Add to each answer what the customer's facts tell: warnings, contact, tier and class, in words.

        Raises
        ------
        StoreAway
            The facts say nothing of warnings, or speak of what the bundle has no words for.
        """
        for answer, known in zip(answers, facts, strict=True):
            answer.update(self._known[language].of(known))

    def not_scorable(self, customer_id: str, reason: str, language: str) -> Answer:
        """Answer for a customer who is known but cannot be scored: closed, no_history or dormant."""
        text = self._texts.word("not_scorable", reason, language)
        return {"customer_id": customer_id, "status": "not_scorable", "reason": reason, "text": text}

    def _unscored(self, customer_id: str, facts: Mapping[str, Any] | None, language: str) -> Answer:
        if facts is None:
            return not_found(customer_id)
        status, reason = facts.get("status"), str(facts.get("reason"))
        if status != "not_scorable" or reason not in self._texts.content["not_scorable"]:
            raise StoreAway(f"online store: expected a known status of a row; got {status!r} ({reason!r})")
        return self.not_scorable(customer_id, reason, language)

    def _by_target(self) -> dict[str, list[Model]]:
        return {
            target: [model for model in self.bundle.models if model.target.target == target]
            for target in self.headlines
        }

    def _reasons(
        self, values: FloatArray, output: ModelOutput, count: int, language: str
    ) -> list[list[Answer]]:
        """Return the strongest features of each row with their texts, and all the rest as `other`."""
        ranking = strongest(output.contributions, self.bundle.is_protected, count)
        features, texts = self.bundle.manifest.features, self._reason_texts[language]
        told: list[list[Answer]] = []
        for row, places, effects, other in zip(
            values.tolist(),
            ranking.feature.tolist(),
            ranking.effect.tolist(),
            ranking.other.tolist(),
            strict=True,
        ):
            items: list[Answer] = []
            for place, effect in zip(places, effects, strict=True):
                if place < 0:
                    break
                feature, value = features[place], row[place]
                usual, is_own = self._usual(place, row)
                items.append(
                    {
                        "family": feature.family,
                        "feature": feature.name,
                        "value": plain(value),
                        "usual": None if usual is None else plain(usual),
                        "unit": feature.unit,
                        "effect": effect,
                        "text": texts.text(place, value, usual, is_own=is_own),
                    }
                )
            items.append({"family": "other", "effect": other})
            told.append(items)
        return told

    def _usual(self, place: int, row: Sequence[float]) -> tuple[float | None, bool]:
        """Return what a value is compared with: the customer's habit if known, else the reference median."""
        habit = self._habits[place]
        if habit is not None and not math.isnan(row[habit]):
            return row[habit], True
        feature = self.bundle.manifest.features[place]
        return (None if feature.unit == "code" else feature.median), False


def not_found(customer_id: str) -> Answer:
    """Return the answer for a customer who is not there; nothing else may stand in it."""
    return {"customer_id": customer_id, "status": "not_found"}


def plain(value: float) -> float | int | None:
    """Return a feature's value as JSON shows it: null where not observed, whole numbers without a point.

    Examples
    --------
    >>> plain(71.0), plain(0.25), plain(float("nan"))
    (71, 0.25, None)
    """
    if math.isnan(value):
        return None
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def _headlines(bundle: Bundle) -> dict[str, Model]:
    found: dict[str, Model] = {}
    for target in TARGETS:
        models = [model for model in bundle.models if model.target.target == target]
        if models:
            found[target] = min(models, key=lambda model: model.target.horizon_days or 0)
    unknown = {model.target.target for model in bundle.models} - set(found)
    if unknown:
        raise BundleError(f"{bundle.directory}: expected targets among {TARGETS}; got {sorted(unknown)}")
    return found


def _group_texts(bundle: Bundle, texts: Texts) -> dict[str, GroupTexts]:
    if bundle.groups is None:
        return {}
    words = texts.content["factors"]
    return {language: GroupTexts(bundle.groups, words, language) for language in LANGUAGES}


def _habit_columns(bundle: Bundle) -> tuple[int | None, ...]:
    place = {name: column for column, name in enumerate(bundle.names)}
    return tuple(place.get(feature.usual or "") for feature in bundle.manifest.features)
