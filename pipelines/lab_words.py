"""How the lab's definitions and figures are called and written, in one language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from features.policy.lab import LabLimits
from pipelines.lab_report import LabReport, Part
from pipelines.terminal import Terminal
from training.lab import CHURN_CLAUSES, Definition
from training.lab_figures import Alarms, Lead
from training.lab_recommend import Judged, Judgement
from training.wording import Wording

_OF_CLAUSE = {
    "silence": ("inactive_run_days",),
    "drained": ("drained_share", "drained_minimum_fall"),
}
_DASH = "–"


@dataclass(frozen=True)
class LabWords:
    """The lab's words in one language; amounts in major units of the bank's currency."""

    words: Wording
    currency: str
    limits: LabLimits
    gap: int

    def __call__(self, path: str, **values: object) -> str:
        """Return the text at a dotted path below `lab`, with its values in place."""
        return self.words(f"lab.{path}", **values)

    def name(self, definition: Definition) -> str:
        """Say in words whom a definition calls, without the label's own name."""
        values = {name: self._threshold(name, value) for name, value in definition.thresholds}
        if definition.clause == "given":
            kind = "given_low" if values else "given_fall" if definition.target == "growth" else "given"
            return self(f"clauses.{kind}", **values)
        clauses: Iterable[str] = [definition.clause]
        if definition.clause == "whole":
            clauses = [clause for clause in CHURN_CLAUSES if set(_OF_CLAUSE.get(clause, ())) <= set(values)]
        if dict(definition.thresholds).get("drained_minimum_fall") == 0:
            clauses = ["drained_any" if clause == "drained" else clause for clause in clauses]
        return self("clauses.any").join(self(f"clauses.{clause}", **values) for clause in clauses)

    def short(self, definition: Definition) -> str:
        """Name a definition among those of other labels."""
        label = self.words.model(definition.target, definition.horizon)
        if definition.clause == "whole":
            return self("short.whole", label=label)
        return self("short.part", label=label, name=self.name(definition))

    def _threshold(self, name: str, value: float) -> str:
        if name == "drained_minimum_fall":
            return f"{value:,.0f} {self.currency}".rstrip()
        return f"{value:g}" if name.endswith("_days") else f"{100 * value:g}%"

    def lead(self, lead: Lead) -> tuple[str, str]:
        """Write a lead time, and how many events it was judged on; a dash where they are too few."""
        if lead.judged < self.limits.least_events:
            return _DASH, self("not_judged", judged=f"{lead.judged:,}", events=f"{lead.events:,}")
        low, middle, high = (lead.quantile(share) for share in (0.25, 0.5, 0.75))
        return f"{middle} [{low}, {high}]", self(
            "judged", judged=f"{lead.judged:,}", events=f"{lead.events:,}"
        )

    def alarms(self, alarms: Alarms) -> tuple[str, str]:
        """Write a share of false alarms, and how many were followed up; a dash where they are too few."""
        if alarms.followed < self.limits.least_events:
            return _DASH, self("not_followed", followed=f"{alarms.followed:,}")
        return percent(alarms.share), self(
            "followed", back=f"{alarms.back:,}", followed=f"{alarms.followed:,}"
        )

    def tests(self, judged: Judged) -> str:
        """Name the tests that a definition does not pass."""
        return self.listed([self(f"tests.{test.test}.name") for test in judged.failed])

    def measured(self, test: Judgement) -> str:
        """Say what a test measured, beside what it asks for."""
        if test.value is None:
            return self("tests.unmeasured", name=self(f"tests.{test.test}.name"))
        return self(f"tests.{test.test}.value", value=self._value(test), **self.asked(test.test))

    def asked(self, test: str) -> dict[str, str]:
        """Return what a test asks for, as its texts name it."""
        limits = self.limits
        return {
            "events": {"limit": str(limits.least_events)},
            "base_rate": {"low": percent(limits.base_rate_low), "high": percent(limits.base_rate_high)},
            "spread": {"limit": f"{limits.spread:g}"},
            "false_alarms": {"limit": percent(limits.false_alarms)},
            "lead": {"limit": str(self.gap)},
        }[test]

    @staticmethod
    def _value(test: Judgement) -> str:
        assert test.value is not None
        if test.test in {"base_rate", "false_alarms"}:
            return percent(test.value)
        return f"{test.value:.2f}" if test.test == "spread" else f"{test.value:,.0f}"

    def listed(self, texts: list[str]) -> str:
        """Join texts."""
        return (", " if self.words.language == "en" else "、").join(texts)


def percent(share: float | None) -> str:
    """Write a share in percent; what is neither none nor all never reads as 0% or 100%.

    Examples
    --------
    >>> percent(0.0), percent(0.0004), percent(0.256), percent(0.9999), percent(1.0), percent(None)
    ('0%', '<0.1%', '25.6%', '>99.9%', '100%', '–')
    """
    if share is None:
        return _DASH
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    if share < 0.001:
        return "<0.1%"
    return ">99.9%" if share > 0.999 else f"{100 * share:.1f}%"


def show(report: LabReport, terminal: Terminal) -> None:
    """Print each label's figures, of the policy's own definition or else the first tried, and what is recommended."""
    words = LabWords(Wording(terminal.language), report.currency, report.policy.limits, report.gap)
    terminal.figures(
        terminal.text("lab_figures"),
        terminal.text("lab_columns").split("|"),
        [_line(part, words) for part in report.parts],
    )
    for part in report.parts:
        best = part.recommendation.best
        text = words("reason.none", count=len(part.recommendation.tried))
        if part.is_given:
            text = words("summary.given")
        elif best is not None:
            text = words("summary.best") + ": " + words.name(best.finding.definition)
        terminal.say("lab_best", label=words.words.model(part.target, part.horizon), text=text)
    for reason in report.left_out:
        terminal.say("lab_left_out", reason=words.words.translated(reason))


def _line(part: Part, words: LabWords) -> list[str]:
    judged = part.recommendation.own or part.recommendation.tried[0]
    shares = judged.finding.shares
    measured = {test.test: test.value for test in judged.tests}
    lead = measured.get("lead")
    return [
        words.words.model(part.target, part.horizon),
        str(len(part.dates)),
        *(
            percent(share)
            for share in (judged.finding.mean_rate, min(shares, default=None), max(shares, default=None))
        ),
        percent(measured["false_alarms"]),
        _DASH if lead is None else f"{lead:.0f}",
        words("summary.yes") if judged.fits else words("summary.no", tests=words.tests(judged)),
    ]
