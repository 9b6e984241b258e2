"""What people read of the gate: its checks as a table, what refused in words, the groups, and the list of versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pipelines.champions import Entry, Standing, read_standing
from pipelines.overrides import say_override
from pipelines.settings import Home
from pipelines.terminal import Terminal
from pipelines.versions import VersionRecord, versions
from serving.manifest import MANIFEST, Manifest, unseal
from training.challenge import Check
from training.gate_words import sentence
from training.wording import Wording

if TYPE_CHECKING:
    from pipelines.promote import PromoteReport  # takes seconds to import: a listing needs it not

DIGEST = 12
"""How much of a digest people are shown."""


def show(report: PromoteReport, terminal: Terminal) -> None:
    """Print every check; in words those that refuse; and the groups that fairness was judged on."""
    words = Wording(terminal.language)
    if report.was_champion:
        terminal.say("gate_was", version=report.version)
        return
    against = words("gate.nobody")
    if report.replaced is not None:
        against = words("gate.champion", version=report.replaced)
    title = words("gate.title", version=report.version, against=against, until=report.data_until)
    columns = [
        words(f"gate.columns.{name}")
        for name in ("check", "model", "figure", "as_of", "rows", "value", "bound", "state")
    ]
    terminal.figures(title, columns, [_row(check, words) for check in _by_model(report.checks)])
    groups = [row for check in _by_model(report.checks) for row in _groups(check, words)]
    if groups:
        names = ("attribute", "group", "rows", "outcome", "forecast", "gap", "ranking", "high")
        headings = [words("gate.columns.model"), *(words(f"gate.groups.{name}") for name in names)]
        terminal.figures(words("gate.groups.title"), headings, groups)
    if report.is_promoted:
        for check in report.failed:
            _say_failed(check, terminal, words)


def _by_model(checks: Sequence[Check]) -> list[Check]:
    """All checks of a model together; models and checks in their order."""
    models = list(dict.fromkeys(check.model for check in checks))
    return sorted(checks, key=lambda check: models.index(check.model))


def show_outcome(report: PromoteReport, request_override: bool, terminal: Terminal) -> None:  # noqa: FBT001
    """Print what was decided; a refusal is printed by the command's error."""
    if report.is_promoted:
        before = "" if report.replaced is None else terminal.text("gate_before", version=report.replaced)
        terminal.say("gate_promoted", version=report.version, before=before)
        if report.override is not None:
            say_override(report.version, report.override, terminal)
        elif request_override:
            terminal.say("gate_not_needed")


def refusal(report: PromoteReport, terminal: Terminal) -> str:
    """Return why a promotion was refused: every check that failed, with its figures."""
    words = Wording(terminal.language)
    before = terminal.text("gate_nobody")
    if report.replaced is not None:
        before = terminal.text("gate_serves", version=report.replaced)
    lines = [terminal.text("gate_refused", version=report.version, before=before, failed=len(report.failed))]
    lines += [
        terminal.text(
            "gate_failed", check=words(f"gate.checks.{c.code}"), text=sentence(c, terminal.language)
        )
        for c in report.failed
    ]
    return "\n".join(lines)


def _say_failed(check: Check, terminal: Terminal, words: Wording) -> None:
    text = sentence(check, terminal.language)
    terminal.say("gate_failed", check=words(f"gate.checks.{check.code}"), text=text)


def _row(check: Check, words: Wording) -> list[str]:
    value = "" if check.value is None else _number(check.value)
    if check.interval is not None:
        value += f" [{_number(check.interval[0])}, {_number(check.interval[1])}]"
    return [
        words(f"gate.checks.{check.code}"),
        check.model,
        words(f"gate.figures.{check.figure}"),
        str(check.facts.get("as_of", "")),
        _counted(check),
        value,
        _allowed(check, words),
        words(f"gate.states.{check.state}"),
    ]


def _counted(check: Check) -> str:
    """Customers, and how many of them have the event."""
    rows, events = check.facts.get("rows"), check.facts.get("events")
    if rows is None:
        return ""
    return f"{rows:,}" if events is None else f"{rows:,} ({events:,})"


def _allowed(check: Check, words: Wording) -> str:
    low, high = check.bounds
    if check.code == "quality":
        return "" if low is None else words("gate.not_below")
    if low is not None and high is not None:
        return words("gate.between", low=f"{low:g}", high=f"{high:g}")
    if low is not None:
        return words("gate.at_least", low=f"{low:g}")
    return "" if high is None else words("gate.at_most", high=f"{high:g}")


def _groups(check: Check, words: Wording) -> list[list[str]]:
    attribute = words(f"gate.groups.{check.figure.removeprefix('gap_')}") if check.groups else ""
    rows = []
    for group in check.groups:
        figures = [group.outcome, group.forecast, group.gap, group.ranking, group.high_share]
        shown = ["" if value is None else _number(value) for value in figures]
        name = group.name if group.is_judged else f"{group.name} ({words('gate.groups.small')})"
        rows.append([check.model, attribute, name, f"{group.rows:,}", *shown])
    return rows


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}"


@dataclass(frozen=True)
class Listed:
    """One version with its decisions, oldest first: how often it was promoted, brought back or refused, and overrides.

    `data_until` and `data_digest` are of the tables it was trained on; empty where its bundle is gone.
    """

    record: VersionRecord
    decisions: tuple[Entry, ...]
    data_until: str
    data_digest: str

    @property
    def aliases(self) -> tuple[str, ...]:
        """Its aliases; who is champion, the champion file says."""
        others = tuple(alias for alias in self.record.aliases if alias != "champion")
        return ("champion", *others) if self.record.is_champion else others

    def state(self, language: str) -> tuple[str, ...]:
        """Return its aliases in words, and whether it has no bundle."""
        missing = () if self.record.is_exported else (Wording(language)("versions.not_exported"),)
        return (*self.aliases, *missing)

    def to_dict(self) -> dict[str, Any]:
        """Return what machines read of it."""
        kinds = [entry.kind for entry in self.decisions]
        return {
            **self.record.to_dict(),
            "aliases": list(self.aliases),
            "data": {"until": self.data_until, "digest": self.data_digest},
            "promoted": kinds.count("promoted") + kinds.count("first"),
            "brought_back": kinds.count("rolled_back"),
            "refused": kinds.count("refused"),
            "decisions": [_decision(entry) for entry in self.decisions],
        }


def list_versions(home: Home) -> tuple[Listed, ...]:
    """List the registered versions with what was decided about each."""
    found = versions(home)
    if not found:
        return ()
    standing = read_standing(home)
    return tuple(_listed(home, record, standing) for record in found)


def _listed(home: Home, record: VersionRecord, standing: Standing) -> Listed:
    in_force = {entry.sequence for entry in standing.chain}
    decisions = tuple(
        entry
        for entry in standing.entries
        if entry.version == record.version and (entry.sequence in in_force or entry.kind == "refused")
    )
    if not record.is_exported:
        return Listed(record, decisions, "", "")
    data = unseal((home.bundles / record.version / MANIFEST).read_bytes(), Manifest, MANIFEST).lineage.data
    return Listed(record, decisions, data.until, data.digest)


def _decision(entry: Entry) -> Mapping[str, Any]:
    failed = _failed(entry)
    override = None if entry.override is None else asdict(entry.override)
    return {"kind": entry.kind, "at": entry.at, "by": entry.by, "failed": failed, "override": override}


def _failed(entry: Entry) -> list[str]:
    failed = (check for check in entry.checks if check["state"] == "failed")
    return list(dict.fromkeys(f"{c['code']}: {c['model']}" if c["model"] else c["code"] for c in failed))


def show_versions(found: Sequence[Listed], terminal: Terminal) -> None:
    """Print the list of versions."""
    names = ("version", "created", "aliases", "data", "figures", "history")
    columns = [terminal.text(f"versions_{name}") for name in names]
    rows = [
        [
            one.record.version,
            one.record.created_at,
            ", ".join(one.state(terminal.language)) or "-",
            f"{one.data_until} {one.data_digest[:DIGEST]}".strip() or "-",
            one.record.figures(terminal.language),
            "; ".join(_told(entry, terminal) for entry in one.decisions) or "-",
        ]
        for one in found
    ]
    terminal.figures(terminal.text("versions_title"), columns, rows)


def _told(entry: Entry, terminal: Terminal) -> str:
    at = entry.at[:10]
    if entry.kind == "promoted" and entry.override is not None:
        override = entry.override
        return terminal.text("kind_overridden", at=at, by=override.by, reason=override.reason)
    return terminal.text(f"kind_{entry.kind}", at=at, failed=", ".join(_failed(entry)))
