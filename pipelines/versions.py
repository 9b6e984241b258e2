"""The registered versions: their list, and the recipes of the newest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pipelines.ledger import aliases_of, database_of, open_ledger
from pipelines.settings import MODEL_NAME, Home
from serving.champion import read_champion
from serving.manifest import MANIFEST, RELEASE, Manifest, Release, unseal
from training.wording import Wording


@dataclass(frozen=True)
class VersionRecord:
    """One registered version. `is_exported` is false where a run was killed before its bundle was in place."""

    version: str
    run_id: str
    created_at: str
    manifest_sha256: str
    aliases: tuple[str, ...]
    is_champion: bool
    is_exported: bool
    metrics: Mapping[str, Mapping[str, float | int | str | None]]

    def figures(self, language: str = "en") -> str:
        """Return one figure per model, in words."""
        words = Wording(language)
        shown = []
        for key, figures in self.metrics.items():
            for name in ("auc", "spearman"):
                if isinstance(value := figures.get(name), float):
                    shown.append(f"{key} {words(f'figures.{name}')} {value:.3f}")
                    break
        return " · ".join(shown)

    def to_dict(self) -> dict[str, Any]:
        """Return what a machine reads of it."""
        return asdict(self)


def versions(home: Home) -> list[VersionRecord]:
    """List the registered versions, oldest first; none where nothing was trained yet."""
    if not database_of(home).is_file():
        return []
    serving_version = read_champion(home.root).version if home.champion.is_file() else None
    with open_ledger(home) as ledger:
        aliases = aliases_of(ledger.client)
        found = ledger.client.search_model_versions(f"name = '{MODEL_NAME}'")
        rows = sorted(((int(item.version), item) for item in found), key=lambda row: row[0])
        return [_version(home, item, aliases, serving_version) for _, item in rows]


def last_recipes(home: Home) -> dict[str, dict[str, str]]:
    """Recipes of the newest version by model, as MLflow has them (texts); empty where there is none."""
    found = versions(home)
    if not found:
        return {}
    with open_ledger(home) as ledger:
        newest = ledger.client.get_model_version(MODEL_NAME, found[-1].version)
        params = ledger.client.get_run(newest.run_id).data.params
    recipes: dict[str, dict[str, str]] = {}
    for name, value in params.items():
        key, _, setting = name.partition("/recipe/")
        if setting:
            recipes.setdefault(key, {})[setting] = value
    return recipes


def _version(
    home: Home, item: Any, aliases: Mapping[str, tuple[str, ...]], serving_version: str | None
) -> VersionRecord:
    version = str(item.version)
    directory = home.bundles / version
    created_at = datetime.fromtimestamp(item.creation_timestamp / 1000, UTC).isoformat(timespec="seconds")
    metrics: Mapping[str, Mapping[str, float | int | str | None]] = {}
    if directory.is_dir():
        created_at = unseal((directory / RELEASE).read_bytes(), Release, RELEASE).created_at
        metrics = unseal((directory / MANIFEST).read_bytes(), Manifest, MANIFEST).lineage.metrics
    return VersionRecord(
        version=version, run_id=str(item.run_id), created_at=created_at,
        manifest_sha256=str(item.tags.get("manifest_sha256", "")), aliases=aliases.get(version, ()),
        is_champion=version == serving_version, is_exported=directory.is_dir(), metrics=metrics,
    )  # fmt: skip
