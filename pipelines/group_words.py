"""What the report of groups calls things in one language: factors, groups, tiers, amounts."""

from __future__ import annotations

from math import isnan

from features.policy import read_policy
from pipelines.errors import PipelineError
from pipelines.group_report import TIERS_DOWN, GroupReport
from serving.bundle import Bundle
from serving.champion import BANK_DOCUMENT, TEXTS_DOCUMENT
from serving.groups import GroupTexts
from serving.reasons import BankWords, NumberWriter, Texts
from training.group_plots import MatrixTexts
from training.wording import Wording

DASH = "\N{EN DASH}"


class GroupWords:
    """Words of a report in one language: those of answers as the bundle has them, the others from today's policy."""

    def __init__(self, report: GroupReport, language: str) -> None:
        texts, bank = _documents(report.bundle)
        words = texts.content["factors"]
        self.language = language
        self._words = Wording(language)
        self._numbers = NumberWriter(texts, bank, language)
        self.factors: dict[str, str] = {name: word[language] for name, word in words["names"].items()}
        names = GroupTexts(report.groups, words, language)
        self.groups = {number: names.name(number) for number in report.groups.numbers}
        self._tiers = read_policy("tiers")["tiers"]
        horizons = [spec.horizon_days for spec in report.bundle.manifest.targets if spec.target == "churn"]
        days = min((horizon for horizon in horizons if horizon is not None), default=None)
        self.risk = self("churn") if days is None else self("churn_within", days=days)

    def __call__(self, path: str, **values: object) -> str:
        """Return the text at a dotted path below `groups`, with its values in place."""
        return self._words(f"groups.{path}", **values)

    def listed(self, texts: list[str]) -> str:
        """Join texts."""
        return (", " if self.language == "en" else "、").join(texts)

    def tier(self, code: str) -> str:
        """Return what a tier is called."""
        return str(self._tiers[code]["name"][self.language])

    def strategy(self, code: str) -> list[str]:
        """Return how a tier is served, line by line."""
        return [str(line[self.language]) for line in self._tiers[code]["strategy"]]

    def tiers_and_none(self) -> list[str]:
        """Names of the tiers, the highest first, and last of those in none."""
        return [*map(self.tier, TIERS_DOWN), self("moves.none")]

    def money(self, minor: float) -> str:
        """Write an amount of minor units in the bank's currency."""
        return self._numbers.in_unit("money", minor)

    def matrix(self, title: str) -> MatrixTexts:
        """Return the words of the market matrix."""
        return MatrixTexts(title, self._words, self.factors, self.groups, self.risk)

    @property
    def plain(self) -> Wording:
        """Words of all reports."""
        return self._words


def points(score: float) -> str:
    """Write a mean score in whole points; a dash where there is none.

    Examples
    --------
    >>> points(512.4), points(1000.0), points(float("nan"))
    ('512', '1,000', '–')
    """
    return DASH if isnan(score) else f"{score:,.0f}"


def percent(share: float) -> str:
    """Write a share; a dash where there is none.

    Examples
    --------
    >>> percent(0.1234), percent(float("nan"))
    ('12.3%', '–')
    """
    return DASH if isnan(share) else f"{share:.1%}"


def _documents(bundle: Bundle) -> tuple[Texts, BankWords]:
    try:
        return Texts.parse(bundle.documents[TEXTS_DOCUMENT]), BankWords.from_json(
            bundle.documents[BANK_DOCUMENT]
        )
    except (KeyError, ValueError) as error:
        raise PipelineError(
            f"{bundle.directory}: expected {TEXTS_DOCUMENT} and {BANK_DOCUMENT}; got {error}. Train the bundle again."
        ) from error
