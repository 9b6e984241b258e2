"""What the plots of a trained model share: model and words, how numbers are written, and the colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from features.definitions import FEATURES
from features.policy import policy_text
from serving.reasons import BankWords, NumberWriter, Texts
from training.run import TrainedTarget
from training.wording import Wording

MODEL_BLUE, INK, GREY, LIGHT = "#0b5a9c", "#222222", "#8a8a8a", "#e5e5e5"
_TITLE: Mapping[str, Any] = {"fontsize": 12, "fontweight": "bold"}
_SUBTITLE: Mapping[str, Any] = {"fontsize": 9, "color": "#555555"}
_UNITS: Mapping[str, str] = {feature.name: feature.unit for feature in FEATURES}


@dataclass(frozen=True)
class Currency:
    """How amounts stand on axes: in major units of `decimals` decimals; as they are where no code is known."""

    code: str = ""
    decimals: int = 0

    @property
    def unit(self) -> float:
        """How many minor units one unit on an axis is."""
        return 10.0**self.decimals if self.code else 1.0


MINOR_UNITS = Currency()


@dataclass(frozen=True, eq=False)
class Page:
    """One plot to be drawn: the model, in which words, and where its title and texts come from."""

    model: TrainedTarget
    words: Wording
    titles: Mapping[str, Mapping[str, str]]
    currency: Currency

    def head(self, axes: Axes | Figure, what: str) -> str:
        """Put title and subtitle over the axes, or over the whole figure; return the title."""
        words, model = self.words, self.model
        title = (
            f"{words.model(model.schedule.target, model.schedule.horizon)}: {words(f'plots.{what}.title')}"
        )
        tested = words(f"plots.{model.validation}", day=model.schedule.test, rows=f"{len(model.test):,}")
        for text, above, style in ((title, 24, _TITLE), (tested, 9, _SUBTITLE)):
            if isinstance(axes, Figure):
                place = 1.0 - (44 - above) / 72 / axes.get_figheight()
                axes.text(0.02, place, text, **style)
            else:
                axes.annotate(text, (0.0, 1.0), xycoords="axes fraction", xytext=(0, above),
                              textcoords="offset points", **style)  # fmt: skip
        return title

    def title(self, feature: str) -> str:
        """Return what a feature is called."""
        return self.titles[feature][self.words.language]

    def value(self, feature: str, value: float) -> str:
        """Write a value of a feature with its unit, as reasons do; amounts in the bank's currency."""
        return _writer(self.currency, self.words.language).in_unit(_UNITS.get(feature, "number"), value)

    def amount(self, value: float) -> str:
        """Write an amount of minor units in the bank's currency."""
        return _writer(self.currency, self.words.language).in_unit("money", value)

    @property
    def amount_unit(self) -> str:
        """What amounts are counted in."""
        return self.currency.code or self.words("plots.minor_units")


@cache
def _writer(currency: Currency, language: str) -> NumberWriter:
    bank = BankWords(currency=currency.code, currency_decimals=currency.decimals if currency.code else 0)
    return NumberWriter(Texts.parse(policy_text("texts")), bank, language)


def percent(value: float, _: object) -> str:
    """Write a share on an axis."""
    return f"{100 * value:.10g}%"


def whole(value: float, _: object) -> str:
    """Write a whole number on an axis."""
    return f"{value:,.0f}"
