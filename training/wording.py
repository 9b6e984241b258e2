"""Words of plots, model card and monitor page, from features/policy/reports.yaml, in one language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from features.policy import read_policy

LANGUAGES = ("en", "zh")
_SLOT = re.compile(r"\\{(\w+)\\}")


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
        return str(_node(path)[self.language]).format(**values)

    def all(self, path: str) -> tuple[str, ...]:
        """Return the texts of a list, in order."""
        return tuple(str(words[self.language]) for words in _node(path))

    def rule(self, name: str) -> str:
        """Return what a simple rule is called."""
        return self(f"rules.{name}")

    def segment(self, name: str, value: str) -> str:
        """Return what a part of the customers is called.

        Examples
        --------
        >>> Wording("en").segment("kind", "retail"), Wording("zh").segment("age", "30-44")
        ('Kind: retail', '年龄: 30-44')
        """
        values = read_policy("reports")["backtest"]["values"]
        known = values[value][self.language] if value in values else value
        return f"{self(f'backtest.names.{name}')}: {known}"

    def family(self, name: str) -> str:
        """Return what a family of features is called."""
        return str(read_policy("texts")["families"][name][self.language])

    def model(self, target: str, horizon: int | None) -> str:
        """Return what a model predicts.

        Examples
        --------
        >>> Wording("en").model("churn", 90), Wording("en").model("response", None)
        ('Churn within 90 days', 'Response to an offer')
        """
        kind = "alone" if horizon is None else "within"
        return self(f"models.{target}.{kind}", days=horizon)

    def translated(self, sentence: str) -> str:
        """Return an English sentence of the pipelines in this language; one without translation as it is.

        Examples
        --------
        >>> Wording("zh").translated("no table contacts"), Wording("en").translated("no table contacts")
        ('没有数据表 contacts', 'no table contacts')
        """
        for pattern in _node("sentences"):
            found = re.fullmatch(_SLOT.sub(r"(?P<\1>.+?)", re.escape(pattern["en"])), sentence)
            if found:
                values = found.groupdict()
                if "target" in values:
                    values["target"] = self(f"models.{values['target']}.alone")
                return str(pattern[self.language]).format(**values)
        return sentence


def _node(path: str) -> Any:
    node: Any = read_policy("reports")
    for part in path.split("."):
        node = node[part]
    return node
