"""Who serves, who served before, and who decided so: a record that only grows, and the champion file, written last.

The champion file is the truth. It names the entry of the record that put its version there; from that entry one walks
back to every champion before. An entry that a killed command left is on no such way: it says what was tried, and the
next promotion or rollback takes back what else it left.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pipelines.errors import PipelineError
from pipelines.ledger import Ledger, aliases_of
from pipelines.settings import MODEL_NAME, Home, write_json
from serving.champion import Champion, Override, read_champion
from serving.errors import BundleError

CHAMPION = "champion"
_TAG = "promotion"


@dataclass(frozen=True)
class Entry:
    """One decision about the champion.

    `kind`: "first" (the first version, which serves because there was none), "promoted", "rolled_back", or "refused",
    which changes nothing. `previous` is the entry in force before; `below` the one that a rollback returns to; null:
    there is none. `override` belongs to the version and comes back with it. `checks` is what the gate saw.
    """

    sequence: int
    kind: Literal["first", "promoted", "rolled_back", "refused"]
    at: str
    version: str
    manifest_sha256: str
    replaced: str | None
    previous: int | None
    below: int | None
    override: Override | None = None
    by: str | None = None
    checks: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Entry:
        """Read an entry."""
        given = content["override"]
        override = None if given is None else Override(given["reason"], given["by"], tuple(given["failed"]))
        return cls(**{**content, "override": override, "checks": tuple(content["checks"])})


@dataclass(frozen=True)
class Standing:
    """What is in force: the champion file's content, its entry, and every entry ever written, oldest first."""

    champion: Champion | None
    entry: Entry | None
    entries: tuple[Entry, ...]

    @property
    def chain(self) -> tuple[Entry, ...]:
        """The entries that took effect, newest first."""
        places = {entry.sequence: entry for entry in self.entries}
        found, at = [], self.entry
        while at is not None:
            found.append(at)
            at = None if at.previous is None else places[at.previous]
        return tuple(found)

    def below(self) -> Entry | None:
        """Return the entry that a rollback returns to."""
        if self.entry is None or self.entry.below is None:
            return None
        return next(entry for entry in self.entries if entry.sequence == self.entry.below)


def read_standing(home: Home) -> Standing:
    """Read who serves, and the record.

    Raises
    ------
    BundleError
        The champion file is no champion file.
    PipelineError
        The record is damaged, or lacks the entry that the champion file names.
    """
    entries = _read_record(home.promotions)
    if not home.champion.is_file():
        if any(entry.previous is not None for entry in entries):
            raise PipelineError(
                f"{home.champion}: expected the champion file, for {home.promotions} tells of champions; got none. "
                "Bring it back from a copy."
            )
        return Standing(None, None, entries)
    champion = read_champion(home.root)
    if champion.sequence is None:
        first = [entry for entry in entries if entry.kind == "first" and entry.version == champion.version]
        return Standing(champion, first[-1] if first else None, entries)
    entry = next((entry for entry in entries if entry.sequence == champion.sequence), None)
    if entry is None or entry.version != champion.version:
        raise PipelineError(
            f"{home.promotions}: expected entry {champion.sequence} about version {champion.version}, which "
            f"{home.champion} names; got {'none' if entry is None else f'one about {entry.version}'}. "
            "Bring the record back from a copy: it and the champion file belong together."
        )
    return Standing(champion, entry, entries)


def _read_record(path: Path) -> tuple[Entry, ...]:
    """Entries of the record; a last line without its end was never acknowledged and does not count."""
    if not path.is_file():
        return ()
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    try:
        return tuple(Entry.of(json.loads(line)) for line in lines)
    except (ValueError, TypeError, KeyError) as error:
        raise PipelineError(
            f"{path}: expected one entry per line; got {error!r}. Bring the record back from a copy."
        ) from error


def install(home: Home, ledger: Ledger, entry: Entry) -> Entry:
    """Make an entry's version the champion: record, tag, alias, and last, in one step, the champion file.

    Call it under the registry's lock. A process that is killed leaves the champion before or this one, never a mixture:
    only the last step changes who serves.
    """
    _append(home.promotions, entry)
    ledger.client.set_model_version_tag(MODEL_NAME, entry.version, f"{_TAG}/{entry.sequence}", _tag(entry))
    ledger.client.set_registered_model_alias(MODEL_NAME, CHAMPION, entry.version)
    override = None if entry.override is None else asdict(entry.override)
    content = {"version": entry.version, "manifest_sha256": entry.manifest_sha256, "sequence": entry.sequence}
    write_json(home.champion, {**content, "since": entry.at, "override": override})
    return entry


def record_refusal(home: Home, entry: Entry) -> None:
    """Keep what the gate saw of a version that it refused; nothing else changes."""
    _append(home.promotions, entry)


def next_entry(home: Home, entry: Entry) -> Entry:
    """Give an entry its number and what it stands on; the first one also records who served before."""
    standing = read_standing(home)
    if standing.champion is not None and standing.entry is None:
        first = Entry(
            sequence=_next(standing.entries), kind="first", at=_exported_at(home, standing.champion.version),
            version=standing.champion.version, manifest_sha256=standing.champion.manifest_sha256,
            replaced=None, previous=None, below=None,
        )  # fmt: skip
        _append(home.promotions, first)
        standing = Standing(standing.champion, first, (*standing.entries, first))
    replaced = None if standing.champion is None else standing.champion.version
    previous = None if standing.entry is None else standing.entry.sequence
    below = previous if entry.kind == "promoted" else entry.below
    return replace(entry, sequence=_next(standing.entries), replaced=replaced, previous=previous, below=below)


def mend(home: Home, ledger: Ledger) -> None:
    """Take back what a killed promotion left: the alias follows the champion file, tags of what never was go.

    Call it under the registry's lock, before anything is written.
    """
    standing = read_standing(home)
    if standing.champion is None:
        return
    version = standing.champion.version
    if CHAMPION not in aliases_of(ledger.client).get(version, ()):
        ledger.client.set_registered_model_alias(MODEL_NAME, CHAMPION, version)
    in_force = {entry.sequence for entry in standing.chain}
    for entry in standing.entries:
        if entry.sequence not in in_force and entry.kind in {"promoted", "rolled_back"}:
            tags = ledger.client.get_model_version(MODEL_NAME, entry.version).tags
            if f"{_TAG}/{entry.sequence}" in tags:
                ledger.client.delete_model_version_tag(MODEL_NAME, entry.version, f"{_TAG}/{entry.sequence}")


def _next(entries: Sequence[Entry]) -> int:
    return entries[-1].sequence + 1 if entries else 1


def _append(path: Path, entry: Entry) -> None:
    """Write one line and see it onto the disk; what a broken write left behind the last line is cut off first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(asdict(entry), ensure_ascii=False, allow_nan=False, sort_keys=True) + "\n"
    with path.open("ab+") as file:
        file.seek(0)
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
        file.write(line.encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())


def _tag(entry: Entry) -> str:
    shown = {"kind": entry.kind, "at": entry.at, "replaced": entry.replaced, "by": entry.by}
    override = None if entry.override is None else asdict(entry.override)
    return json.dumps({**shown, "override": override}, ensure_ascii=False, sort_keys=True)


def _exported_at(home: Home, version: str) -> str:
    """When a version was registered, as its release says; "" where its bundle is gone."""
    from serving.manifest import RELEASE, Release, unseal

    try:
        return unseal((home.bundles / version / RELEASE).read_bytes(), Release, RELEASE).created_at
    except (OSError, BundleError):
        return ""
