"""`bellwether targets`: what label definitions would call whom, before anything is trained on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import chain
from pathlib import Path

from features.policy import read_policy
from features.policy.lab import LabPolicy, read_lab
from pipelines.build import Progress, open_store
from pipelines.engine import Bank, Engine
from pipelines.errors import PipelineError
from pipelines.lab_page import write_lab_page
from pipelines.lab_report import LabReport, Part
from pipelines.lab_rows import LabReader, eligible_rows, falls_before, given_labels
from pipelines.labels import EXPRESSIONS, TARGETS, can_compute, first_day, previous_window
from pipelines.settings import Home, write_json
from pipelines.train import prepared_tables
from training.lab import Called
from training.lab_figures import Falls, finding, overlaps_of, pairs_wanted
from training.lab_recommend import recommend
from training.splits import Span, ripe_dates
from training.targets import LabelSettings

Wanted = tuple[str, int | None]
RECOMMENDED: Mapping[str, str] = {"churn": "whole", "growth": "shrunk", "loyalty": "low", "default": "late"}
"""The clause of each target among whose definitions one is recommended."""


def targets(home: Home, data: Path, language: str, progress: Progress | None = None) -> LabReport:
    """Try every definition of the grid on a bank's tables, and write the report: HTML for people, JSON for machines.

    Raises
    ------
    PipelineError
        The tables were refused, or no label can be shown: says why, target by target.
    """
    bank = open_store(home, prepared_tables(home, data, progress)).bank
    policy, own = read_lab(bank.manifest.data_until), read_policy("targets")
    settings = LabelSettings(bank.until_day, bank.manifest.currency_decimals, own["gap_days"], own)
    left_out: list[str] = []
    with Engine(bank) as engine:
        called = call_all(engine, policy, settings, left_out, progress)
        falls = falls_before(engine, policy, settings, pairs_wanted(chain(*called.values()), settings.gap))
        level = next((name for name in ("balances", "transactions") if name in engine.tables), "nothing")
    parts = tuple(_part_of(group, falls, policy, settings.gap) for group in called.values())
    folder = home.reports / "targets"
    files = (folder / "report.html", folder / "report.json")
    overlaps = overlaps_of(members(called))
    manifest = bank.manifest
    report = LabReport(
        parts,
        overlaps,
        tuple(left_out),
        level,
        policy,
        settings.gap,
        manifest.currency,
        manifest.data_until,
        *files,
    )
    write_lab_page(report, language)
    write_json(report.json, report.to_dict())
    return report


def call_all(
    engine: Engine,
    policy: LabPolicy,
    settings: LabelSettings,
    left_out: list[str],
    progress: Progress | None = None,
) -> dict[Wanted, list[Called]]:
    """Call by every definition of every label, in the order of the targets; why others are not goes to `left_out`.

    Raises
    ------
    PipelineError
        There is no label at all.
    """
    tell = progress or (lambda _text, _share: None)
    given = given_labels(engine, policy)
    wanted, refused = plan_dates(engine.bank, policy, frozenset(given))
    left_out += refused
    eligible = eligible_rows(engine, sorted({day for days in wanted.values() for day in days}))
    reader = LabReader(engine, policy, settings, eligible)
    called: dict[Wanted, list[Called]] = {}
    for place, ((target, horizon), dates) in enumerate(wanted.items()):
        tell(f"labels {target} {horizon}", place / len(wanted))
        group = reader.definitions(target, horizon, dates)
        if any(one.valid.any() for one in group):
            called[target, horizon] = group
        else:
            left_out.append(f"{target} at {horizon} days: no customer has a label at any as_of")
    called |= {(target, None): group for target, group in given.items()}
    if not called:
        raise PipelineError(f"targets: no label can be shown. {'; '.join(left_out)}")
    return dict(sorted(called.items(), key=lambda item: TARGETS.index(item[0][0])))


def plan_dates(
    bank: Bank, policy: LabPolicy, given: frozenset[str]
) -> tuple[dict[tuple[str, int], tuple[date, ...]], list[str]]:
    """Choose the as_of dates of each label that can be computed, and say of the others why not."""
    own = read_policy("targets")
    found, left_out = {}, []
    for target in TARGETS:
        if target in given:
            continue
        if target not in EXPRESSIONS or not can_compute(target, frozenset(bank.manifest.tables)):
            left_out.append(f"{target}: no label can be computed from these tables, and outcomes has none")
            continue
        span = Span(first_day(bank), bank.manifest.data_until)
        for horizon in own[target]["horizons"]:
            history = max(own["training"]["minimum_history_days"], previous_window(target, horizon, bank))
            days = ripe_dates(span, own["gap_days"] + horizon, history, policy.measures.as_of_dates)
            if days:
                found[target, horizon] = days
                continue
            left_out.append(
                f"{target} at {horizon} days: expected data of at least {history + own['gap_days'] + horizon} days "
                f"around the first of a month; got {span.first} to {span.until}"
            )
    return found, left_out


def _own(group: Sequence[Called]) -> Called | None:
    """Return the definition that `train` uses; None where its label is no event."""
    clauses = {*RECOMMENDED.values(), "given"}
    return next((one for one in group if one.definition.is_own and one.definition.clause in clauses), None)


def _part_of(group: Sequence[Called], falls: Falls, policy: LabPolicy, gap: int) -> Part:
    first, own = group[0].definition, _own(group)
    findings = tuple(finding(one, falls, gap, own) for one in group)
    is_given = first.clause == "given"
    clause = "given" if is_given else RECOMMENDED[first.target]
    judged = [each for each in findings if each.definition.clause == clause]
    return Part(first.target, first.horizon, findings, recommend(judged, policy.limits, gap), is_given)


def members(called: Mapping[tuple[str, int | None], Sequence[Called]]) -> list[Called]:
    """Choose which definitions are compared with each other: each target's own, and the clauses of the headline churn.

    Of a target whose label is no event, the middle threshold of the grid, at the first horizon that has dates.
    """
    chosen: list[Called] = []
    seen: set[str] = set()
    for (target, _), group in called.items():
        own = [one for one in group if one.definition.is_own]
        whole = [one for one in own if one.definition.clause == "whole"]
        if target == "churn" and whole:
            clauses = [one for one in own if one.definition.clause != "whole"]
            chosen += whole if target in seen else [*whole, *(clauses if len(clauses) > 1 else [])]
        elif target not in seen:
            chosen.append(own[0] if own else group[len(group) // 2])
        seen.add(target)
    return chosen
