"""`bellwether promote` and `rollback`: a challenger becomes champion through the gate, and back in one step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from features.policy.gate import GatePolicy, read_gate
from pipelines.build import Progress, open_store
from pipelines.champions import (
    Entry,
    Standing,
    install,
    mend,
    next_entry,
    read_standing,
    record_refusal,
)
from pipelines.errors import PipelineError
from pipelines.evidence import Pair, read_case
from pipelines.ledger import open_ledger, registry_lock
from pipelines.settings import Home
from pipelines.train import prepared_tables
from pipelines.versions import VersionRecord, versions
from serving.bundle import Bundle
from serving.champion import Champion, Override
from serving.errors import BundleError
from training.challenge import Case, Check
from training.gate_words import described
from training.promote import failed, judge

LONGEST_NAME = 100


@dataclass(frozen=True)
class Request:
    """What a user asks for: a version, and perhaps newer tables, or to go against the gate (all three, or none)."""

    version: str
    data: Path | None = None
    is_override: bool = False
    reason: str | None = None
    by: str | None = None


@dataclass(frozen=True)
class PromoteReport:
    """What became of a request. `override` is there where it was needed; `is_promoted` is false of a refusal."""

    version: str
    replaced: str | None
    checks: tuple[Check, ...]
    is_promoted: bool
    was_champion: bool = False
    override: Override | None = None
    data_digest: str = ""
    data_until: str = ""

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that refuse."""
        return failed(self.checks)

    def to_dict(self) -> dict[str, Any]:
        """Return the `promote --json` object."""
        return {
            "version": self.version,
            "promoted": self.is_promoted,
            "was_champion": self.was_champion,
            "champion_before": self.replaced,
            "failed": [f"{check.code}: {check.model}" for check in self.failed],
            "override": None if self.override is None else asdict(self.override),
            "data": {"digest": self.data_digest, "until": self.data_until},
            "checks": [described(check) for check in self.checks],
        }


def promote(home: Home, request: Request, progress: Progress | None = None) -> PromoteReport:
    """Hold a version against the champion, and make it the champion where no check fails or somebody answers for it.

    A refusal is recorded and changes nothing else.

    Raises
    ------
    PipelineError
        There is no such version, its bundle or the tables are not there, the override is incomplete, or the champion
        changed meanwhile.
    BundleError
        The version's bundle is damaged.
    """
    now = datetime.now(UTC)
    policy = read_gate(now.date())
    _check_override(request, policy)
    record = _version(home, request.version)
    standing = read_standing(home)
    champion = standing.champion
    if champion is not None and champion.version == request.version:
        return PromoteReport(request.version, champion.version, (), is_promoted=False, was_champion=True)
    challenger = Bundle.load(home.bundles / record.version, record.manifest_sha256)
    before, obstacle = _champion_bundle(home, champion)
    store = open_store(home, _tables(home, request.data, challenger, before, progress))
    case = read_case(store, Pair(challenger, before), policy, progress)
    if obstacle:
        case = Case(
            case.outcomes, case.scores, {**case.obstacles, "": ("champion_damaged", {})}, has_champion=True
        )
    checks = judge(case, policy)
    refused = failed(checks)
    manifest = store.bank.manifest
    report = PromoteReport(
        request.version, None if champion is None else champion.version, checks,
        is_promoted=not refused or request.is_override, override=_override(request, refused),
        data_digest=manifest.digest, data_until=manifest.data_until.isoformat(),
    )  # fmt: skip
    _carry_out(home, record, report, standing, now)
    return report


def rollback(home: Home, by: str | None = None) -> Entry:
    """Put the champion before back, in one step; once more goes one further back.

    Raises
    ------
    PipelineError
        There is no champion before, or its bundle is not there.
    BundleError
        Its bundle is damaged.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    _below(read_standing(home))
    with registry_lock(home), open_ledger(home) as ledger:
        mend(home, ledger)
        below = _below(read_standing(home))
        Bundle.load(home.bundles / below.version, below.manifest_sha256)
        entry = Entry(
            sequence=0, kind="rolled_back", at=now, version=below.version, manifest_sha256=below.manifest_sha256,
            replaced=None, previous=None, below=below.below, override=below.override, by=by,
        )  # fmt: skip
        return install(home, ledger, next_entry(home, entry))


def _below(standing: Standing) -> Entry:
    below = standing.below()
    if below is None:
        name = "none" if standing.champion is None else f"version {standing.champion.version}"
        raise PipelineError(
            f"rollback: expected a champion before the present one; got {name}, and nothing before it. "
            "Promote another version; `bellwether versions` lists them."
        )
    return below


def _check_override(request: Request, policy: GatePolicy) -> None:
    """Refuse an override that nobody answers for: --override, --reason and --by go together."""
    given = (request.is_override, request.reason is not None, request.by is not None)
    if any(given) and not all(given):
        raise PipelineError(
            "promote: expected --override, --reason CODE and --by NAME together, or none of them. "
            f"Codes: {', '.join(policy.reasons)} (features/policy/gate.yaml)."
        )
    if request.reason is not None and request.reason not in policy.reasons:
        raise PipelineError(
            f"promote: expected --reason as one of {', '.join(policy.reasons)} (features/policy/gate.yaml); "
            f"got {request.reason!r}."
        )
    name = request.by
    if name is not None and (not name.strip() or len(name) > LONGEST_NAME or not name.isprintable()):
        raise PipelineError(
            f"promote: expected --by as a name of 1 to {LONGEST_NAME} characters; got {name!r}."
        )


def _version(home: Home, version: str) -> VersionRecord:
    known = {record.version: record for record in versions(home)}
    if version not in known:
        listed = ", ".join(known) or "none: train first"
        raise PipelineError(f"promote: expected a registered version ({listed}); got {version!r}.")
    if not known[version].is_exported:
        raise PipelineError(
            f"promote: expected a bundle of version {version}; its run was stopped before one was written. "
            "Train again and promote the version that comes of it."
        )
    return known[version]


def _champion_bundle(home: Home, champion: Champion | None) -> tuple[Bundle | None, bool]:
    """Load the champion's bundle; and say whether there is one that does not load."""
    if champion is None:
        return None, False
    try:
        return Bundle.load(home.bundles / champion.version, champion.manifest_sha256), False
    except BundleError:
        return None, True


def _tables(
    home: Home, data: Path | None, challenger: Bundle, champion: Bundle | None, progress: Progress | None
) -> Path:
    """Return the tables to compare on: those given, else the newest that either bundle was trained on."""
    if data is not None:
        return prepared_tables(home, data, progress)
    bundles = [bundle for bundle in (challenger, champion) if bundle is not None]
    newest = max(bundles, key=lambda bundle: bundle.manifest.lineage.data.until).manifest.lineage.data
    prepared = home.tables / newest.digest
    if not prepared.is_dir():
        raise PipelineError(
            f"promote: expected the prepared tables that were trained on (data until {newest.until}) in {prepared}; "
            "they are gone. Name the bank's tables with --data DIR."
        )
    return prepared


def _override(request: Request, refused: Sequence[Check]) -> Override | None:
    """Return who goes against the gate; nobody where it does not refuse."""
    if not refused or request.reason is None or request.by is None:
        return None
    names = dict.fromkeys(f"{check.code}: {check.model}" if check.model else check.code for check in refused)
    return Override(request.reason, request.by, tuple(names))


def _carry_out(
    home: Home, record: VersionRecord, report: PromoteReport, standing: Standing, now: datetime
) -> None:
    """Record a decision, and where it is to promote, move the champion: only if it is still the one compared with."""
    entry = Entry(
        sequence=0, kind="promoted" if report.is_promoted else "refused", at=now.isoformat(timespec="seconds"),
        version=report.version, manifest_sha256=record.manifest_sha256, replaced=None, previous=None, below=None,
        override=report.override, by=None if report.override is None else report.override.by,
        checks=tuple(described(check) for check in report.checks),
    )  # fmt: skip
    with registry_lock(home), open_ledger(home) as ledger:
        mend(home, ledger)
        found = read_standing(home).champion
        if found != standing.champion:
            raise PipelineError(
                f"promote {report.version}: expected the champion that it was compared with "
                f"({report.replaced}); somebody made {found.version if found else 'nothing'} the champion meanwhile. "
                "Run it again."
            )
        numbered = next_entry(home, entry)
        if report.is_promoted:
            install(home, ledger, numbered)
        else:
            record_refusal(home, replace(numbered, previous=None, below=None))
