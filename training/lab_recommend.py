"""Which definition the lab recommends, and why: a stated rule over its figures, the same for every bank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from features.policy.lab import LabLimits
from training.lab_figures import Finding

Test = Literal["events", "base_rate", "spread", "false_alarms", "lead"]
TESTS: tuple[Test, ...] = ("events", "base_rate", "spread", "false_alarms", "lead")


@dataclass(frozen=True)
class Judgement:
    """One test of one definition: what was measured (None: too little to measure it on), and whether it holds."""

    test: Test
    value: float | None
    holds: bool


@dataclass(frozen=True)
class Judged:
    """A definition's figures with every test."""

    finding: Finding
    tests: tuple[Judgement, ...]

    @property
    def fits(self) -> bool:
        """Whether every test holds."""
        return all(test.holds for test in self.tests)

    @property
    def failed(self) -> tuple[Judgement, ...]:
        """Tests that do not hold."""
        return tuple(test for test in self.tests if not test.holds)


@dataclass(frozen=True)
class Recommendation:
    """What is recommended for one target and horizon. `best`: None where no definition fits.

    `tried`: all definitions judged, as given; `own`: the policy's among them; `nearest`: where none fits, the one
    that fails the fewest tests (the least strict of them).
    """

    tried: tuple[Judged, ...]
    best: Judged | None
    own: Judged | None
    nearest: Judged | None

    def failing(self, test: Test) -> int:
        """How many definitions fail a test."""
        return sum(any(each.test == test for each in judged.failed) for judged in self.tried)


def judge_finding(finding: Finding, limits: LabLimits, gap: int) -> Judged:
    """Hold a definition against the limits.

    - events: at every as_of at least so many customers have the event, and as many have not;
    - base_rate: its mean lies within bounds;
    - spread: the highest base rate of an as_of is at most so many times the lowest; not measured on a single as_of;
    - false_alarms: of those followed up, at most a share came back;
    - lead: in the median, the fall began longer before the event than the gap, so that there is something to see;
      asked only where the event has a day of its own.

    The last two are measured on at least as many customers as the first asks for; on fewer they do not hold,
    because a recommendation rests on what was seen.

    Source: own choice; the numbers are policy (features/policy/lab.yaml, limits).
    """
    least = float(min((min(rate.events, rate.rows - rate.events) for rate in finding.rates), default=0))
    mean, shares = finding.mean_rate, finding.shares
    spread = max(shares) / min(shares) if len(shares) > 1 and min(shares) > 0 else None
    alarms = finding.alarms.share if finding.alarms.followed >= limits.least_events else None
    lead = finding.lead.quantile(0.5) if finding.lead.judged >= limits.least_events else None
    is_common = mean is not None and limits.base_rate_low <= mean <= limits.base_rate_high
    tests = [
        Judgement("events", least, least >= limits.least_events),
        Judgement("base_rate", mean, is_common),
        Judgement("spread", spread, spread is not None and spread <= limits.spread),
        Judgement("false_alarms", alarms, alarms is not None and alarms <= limits.false_alarms),
    ]
    if finding.definition.has_moment:
        tests.append(
            Judgement("lead", None if lead is None else float(lead), lead is not None and lead > gap)
        )
    return Judged(finding, tuple(tests))


def recommend(findings: Sequence[Finding], limits: LabLimits, gap: int) -> Recommendation:
    """Recommend the least strict definition that holds every test: the one with the highest mean base rate.

    Where two call equally many, the policy's own comes first, then the order given.
    """
    tried = tuple(judge_finding(finding, limits, gap) for finding in findings)
    fitting = [judged for judged in tried if judged.fits]
    best = max(fitting, key=_order, default=None)
    nearest = max(tried, key=lambda judged: (-len(judged.failed), *_order(judged)), default=None)
    own = next((judged for judged in tried if judged.finding.definition.is_own), None)
    return Recommendation(tried, best, own, nearest if best is None else None)


def _order(judged: Judged) -> tuple[float, bool]:
    return judged.finding.mean_rate or 0.0, judged.finding.definition.is_own
