"""Where a bank's tables lie: which files belong to which table, and the digest of all of them.

A source is a directory. A database would be found here too, as another way to fill `Source`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from features.tables import TABLES
from pipelines.intake.settings import BankSettings, read_settings
from pipelines.intake.words import IntakeError, Message

Form = Literal["parquet", "csv"]
SETTINGS_FILE = "bank.yaml"


@dataclass(frozen=True)
class SourceTable:
    """The files of one table, all of one form, in the order of their names."""

    name: str
    form: Form
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Source:
    """A bank's tables as found: what belongs to the contract, what does not, and the digest of the former."""

    root: Path
    settings: BankSettings
    tables: Mapping[str, SourceTable]
    rejected: Mapping[str, Message]
    ignored: tuple[str, ...]
    digest: str

    def name_of(self, file: Path) -> str:
        """Return a file's name as people know it: its path inside the directory."""
        return file.relative_to(self.root).as_posix()


def find_source(root: Path) -> Source:
    """Find a bank's tables in a directory.

    Raises
    ------
    IntakeError
        If there is no such directory, no `customers`, no further table about customers, or `bank.yaml` cannot
        be read.
    """
    if not root.exists():
        raise IntakeError("no_source", path=str(root))
    if not root.is_dir():
        raise IntakeError("not_directory", path=str(root))
    found, ignored = _list_files(root)
    tables: dict[str, SourceTable] = {}
    rejected: dict[str, Message] = {}
    for name in TABLES:
        forms = found.get(name, {})
        if len(forms) > 1:
            rejected[name] = Message("rejected.two_forms", {"table": name, "forms": ", ".join(sorted(forms))})
        for form, files in forms.items():
            if name not in rejected and not files:
                rejected[name] = Message("rejected.no_files", {"table": name})
            elif name not in rejected:
                tables[name] = SourceTable(name, "csv" if form.endswith(".csv") else "parquet", tuple(files))
    _require_tables(root, [name for name in TABLES if name in found])
    settings_file = root / SETTINGS_FILE
    content = settings_file.read_bytes() if settings_file.is_file() else None
    settings = read_settings(content)
    every_file = [file for forms in found.values() for files in forms.values() for file in files]
    every_file += [settings_file] if content is not None else []
    return Source(root, settings, tables, rejected, tuple(ignored), _digest(root, every_file))


def _list_files(root: Path) -> tuple[dict[str, dict[str, list[Path]]], list[str]]:
    """List what lies in the directory: files by table and form, and the names that no table has."""
    found: dict[str, dict[str, list[Path]]] = {}
    ignored: list[str] = []
    for entry in sorted(root.iterdir()):
        if entry.name.startswith(".") or entry.name == SETTINGS_FILE:
            continue
        if entry.is_dir() and entry.name in TABLES:
            inside = [file for file in sorted(entry.iterdir()) if not file.name.startswith(".")]
            parts = [file for file in inside if file.suffix == ".parquet" and file.is_file()]
            found.setdefault(entry.name, {})[f"{entry.name}/"] = parts
            ignored += [f"{entry.name}/{file.name}" for file in inside if file not in parts]
        elif entry.is_file() and entry.stem in TABLES and entry.suffix in (".parquet", ".csv"):
            found.setdefault(entry.stem, {})[entry.name] = [entry]
        else:
            ignored.append(f"{entry.name}/" if entry.is_dir() else entry.name)
    return found, ignored


def _require_tables(root: Path, names: list[str]) -> None:
    if not names:
        raise IntakeError("empty", path=str(root))
    if "customers" not in names:
        raise IntakeError("no_customers", path=str(root), got=", ".join(names))
    if not any(TABLES[name].is_event for name in names):
        raise IntakeError("no_further", path=str(root), got=", ".join(names))


def _digest(root: Path, files: Iterable[Path]) -> str:
    """SHA-256 over the names and contents of files."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0")
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
