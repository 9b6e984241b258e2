"""Words of plots, model card and monitor page, from features/policy/reports.yaml, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from features.policy import read_policy
from training.splits import Schedule

LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Wording:
    """The texts in one language, "en" or "zh"."""

    language: str

    def __call__(self, path: str, **values: object) -> str:
        """Return the text at a dotted path, with its values in place.

        Examples
        --------
        >>> Wording("en")("rules.recency"), Wording("zh")("horizon", days=90)
        ('Recency', '90 天')
        """
        node: Any = read_policy("reports")
        for part in path.split("."):
            node = node[part]
        return str(node[self.language]).format(**values)

    def knows(self, path: str, name: str) -> bool:
        """Whether there is a text of this name under a path."""
        node: Any = read_policy("reports")
        for part in path.split("."):
            node = node[part]
        return name in node

    def rule(self, name: str) -> str:
        """Return what a simple rule is called."""
        return self(f"rules.{name}")

    def model(self, target: str, horizon: int | None) -> str:
        """Return what a model predicts.

        Examples
        --------
        >>> Wording("en").model("churn", 90), Wording("en").model("response", None)
        ('Churn within 90 days', 'Response to an offer')
        """
        kind = "alone" if horizon is None else "within"
        return self(f"models.{target}.{kind}", days=horizon)

    def model_of(self, schedule: Schedule) -> str:
        """Return what the model of a schedule predicts."""
        return self.model(schedule.target, schedule.horizon)

    def pick(self, words: Mapping[str, str]) -> str:
        """Return the text of this language."""
        return words[self.language]
