"""What the definition lab found, for the page, for machines and for the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from features.policy.lab import LabPolicy
from training.lab import Definition
from training.lab_figures import Finding, Overlap
from training.lab_recommend import Judged, Recommendation

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, eq=False)
class Part:
    """One target and horizon: every definition's figures, and which is recommended."""

    target: str
    horizon: int | None
    findings: tuple[Finding, ...]
    recommendation: Recommendation
    is_given: bool

    @property
    def key(self) -> str:
        """Name of the model that would learn it, such as churn_90."""
        return self.target if self.horizon is None else f"{self.target}_{self.horizon}"

    @property
    def dates(self) -> tuple[date, ...]:
        """The as_of dates, oldest first."""
        return tuple(day_of(rate.day) for rate in self.findings[0].rates)


@dataclass(frozen=True, eq=False)
class LabReport:
    """What the lab found. `level`: what lead times look at, balances, turnover or nothing."""

    parts: tuple[Part, ...]
    overlaps: tuple[Overlap, ...]
    left_out: tuple[str, ...]
    level: str
    policy: LabPolicy
    gap: int
    currency: str
    until: date
    html: Path
    json: Path

    def to_dict(self) -> dict[str, Any]:
        """Return the `targets --json` object."""
        return {
            "labels": {part.key: _part(part) for part in self.parts},
            "overlaps": [_overlap(each) for each in self.overlaps],
            "lead_by": self.level,
            "left_out": list(self.left_out),
            "report": str(self.html),
        }


def day_of(number: int) -> date:
    """Return the date of a day number."""
    return EPOCH + timedelta(days=number)


def _part(part: Part) -> dict[str, Any]:
    recommendation = part.recommendation
    return {
        "dates": [day.isoformat() for day in part.dates],
        "given": part.is_given,
        "recommended": recommendation.best.finding.definition.key if recommendation.best else None,
        "fits": sum(judged.fits for judged in recommendation.tried),
        "own": _tests(recommendation.own) if recommendation.own else None,
        "nearest": _tests(recommendation.nearest) if recommendation.nearest else None,
        "definitions": [_finding(each) for each in part.findings],
    }


def _tests(judged: Judged) -> dict[str, Any]:
    tests = {test.test: {"value": test.value, "holds": test.holds} for test in judged.tests}
    return {"definition": judged.finding.definition.key, "fits": judged.fits, "tests": tests}


def _definition(definition: Definition) -> dict[str, Any]:
    return {
        "definition": definition.key,
        "clause": definition.clause,
        "thresholds": dict(definition.thresholds),
        "own": definition.is_own,
    }


def _finding(found: Finding) -> dict[str, Any]:
    lead, alarms = found.lead, found.alarms
    return {
        **_definition(found.definition),
        "base_rate": found.mean_rate,
        "events": found.events,
        "by_date": {
            day_of(rate.day).isoformat(): {"rows": rate.rows, "events": rate.events} for rate in found.rates
        },
        "lead_days": {
            "events": lead.events,
            "judged": lead.judged,
            "quartiles": [lead.quantile(share) for share in (0.25, 0.5, 0.75)],
            "counts": {str(days): count for days, count in lead.counts.items()},
            "fell_share": lead.fell_share,
            "others_share": lead.others_share,
        },
        "false_alarms": {"followed": alarms.followed, "back": alarms.back, "share": alarms.share},
        "jaccard_with_own": found.with_own.jaccard if found.with_own else None,
    }


def _overlap(each: Overlap) -> dict[str, Any]:
    return {
        "first": each.first.key,
        "second": each.second.key,
        "rows": each.rows,
        "first_events": each.first_events,
        "second_events": each.second_events,
        "both": each.both,
        "jaccard": each.jaccard,
    }
