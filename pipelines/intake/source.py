"""Where a bank's tables lie: which files belong to which table, and the digest of all of them.

A source is a directory, or a DuckDB file with tables of the contract's names. Beside either there may be
`bank.yaml`, and a folder `corrected/` with rows that were quarantined before and have been mended since.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from features.tables import TABLES
from pipelines.intake.database import is_database, list_tables, write_ahead_log
from pipelines.intake.settings import BankSettings, read_settings
from pipelines.intake.words import IntakeError, Message

Form = Literal["parquet", "csv", "database"]
FORM_NAMES: Mapping[Form, str] = {"csv": "CSV", "parquet": "Parquet", "database": "DuckDB"}
SETTINGS_FILE = "bank.yaml"
CORRECTED = "corrected"
_SERVERS = ("postgresql:", "postgres:")


@dataclass(frozen=True)
class SourceFile:
    """A file with rows of one table, or that table of a DuckDB file; `name` is what people call it.

    `is_corrected`: it lies in `corrected/` and holds mended rows.
    """

    path: Path
    name: str
    form: Form
    is_corrected: bool = False


@dataclass(frozen=True)
class SourceTable:
    """The files of one table: the bank's own in the order of their names, then those with mended rows."""

    name: str
    files: tuple[SourceFile, ...]


@dataclass(frozen=True)
class Source:
    """A bank's tables as found: what belongs to the contract, what does not, and the digest of the former.

    `database` is the DuckDB file that the tables lie in, None for a directory.
    """

    root: Path
    settings: BankSettings
    tables: Mapping[str, SourceTable]
    rejected: Mapping[str, Message]
    ignored: tuple[str, ...]
    digest: str
    database: Path | None = None
    _stamps: Mapping[Path, tuple[int, int]] = field(default_factory=dict)

    def refuse_changes(self) -> None:
        """Make sure that no file has changed since its digest was taken.

        Raises
        ------
        IntakeError
            If one has.
        """
        for path, stamp in self._stamps.items():
            if _stamp(path) != stamp:
                raise IntakeError("changed", file=path.name)


@dataclass
class _Found:
    """What a look at a place has found: files by table and form, other names, and tables nobody can read."""

    forms: dict[str, dict[str, list[SourceFile]]] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    rejected: dict[str, Message] = field(default_factory=dict)

    def add(self, table: str, form: str, files: list[SourceFile]) -> None:
        self.forms.setdefault(table, {})[form] = files


def find_source(place: Path) -> Source:
    """Find a bank's tables in a directory or a DuckDB file.

    Raises
    ------
    IntakeError
        If there is no such place, no `customers`, no further table about customers, or `bank.yaml` cannot be
        read.
    """
    if str(place).startswith(_SERVERS):
        raise IntakeError("no_server")
    try:
        return _find(place)
    except OSError as error:
        raise IntakeError(
            "unreadable", path=str(place), detail=error.strerror or type(error).__name__
        ) from error


def _find(place: Path) -> Source:
    if not place.exists():
        raise IntakeError("no_source", path=str(place))
    is_file = place.is_file()
    if is_file and not is_database(place):
        raise IntakeError("not_directory", path=str(place))
    root = place.parent if is_file else place
    found = _list_database(place) if is_file else _list_directory(root)
    _require_tables(place, [name for name in TABLES if name in found.forms])
    tables = _tables(found)
    _add_corrected(root, tables, found)
    settings_file = root / SETTINGS_FILE
    content = settings_file.read_bytes() if settings_file.is_file() else None
    settings = read_settings(content)
    paths = [file.path for forms in found.forms.values() for files in forms.values() for file in files]
    paths += [file.path for table in tables.values() for file in table.files if file.is_corrected]
    paths += [settings_file] if content is not None else []
    paths += write_ahead_log(place) if is_file else []
    digest, stamps = _digest(root, sorted(set(paths)), tables, found.rejected)
    return Source(
        root,
        settings,
        tables,
        found.rejected,
        tuple(found.ignored),
        digest,
        place if is_file else None,
        stamps,
    )


def _list_database(file: Path) -> _Found:
    found = _Found()
    for name in list_tables(file):
        if name in TABLES:
            found.add(name, "table", [SourceFile(file, f"{file.name}/{name}", "database")])
        else:
            found.ignored.append(name)
    return found


def _list_directory(root: Path) -> _Found:
    """List what lies in the directory. A link that leads nowhere stands for the file it should be."""
    found = _Found()
    for entry in sorted(root.iterdir()):
        if entry.name.startswith(".") or entry.name in (SETTINGS_FILE, CORRECTED):
            continue
        if entry.is_dir() and entry.name in TABLES:
            _list_folder(entry, found)
        elif entry.stem in TABLES and entry.suffix in (".parquet", ".csv") and _is_file(entry):
            form: Form = "csv" if entry.suffix == ".csv" else "parquet"
            found.add(entry.stem, entry.name, [SourceFile(entry, entry.name, form)])
        else:
            found.ignored.append(f"{entry.name}/" if entry.is_dir() else entry.name)
    return found


def _list_folder(folder: Path, found: _Found) -> None:
    try:
        inside = [file for file in sorted(folder.iterdir()) if not file.name.startswith(".")]
    except OSError as error:
        found.rejected[folder.name] = unreadable(f"{folder.name}/", "Parquet", error)
        inside = []
    parts = [file for file in inside if file.suffix == ".parquet" and _is_file(file)]
    names = [f"{folder.name}/{file.name}" for file in parts]
    files = [SourceFile(path, name, "parquet") for path, name in zip(parts, names, strict=True)]
    found.add(folder.name, f"{folder.name}/", files)
    found.ignored += [f"{folder.name}/{file.name}" for file in inside if file not in parts]


def _is_file(entry: Path) -> bool:
    return entry.is_file() or (entry.is_symlink() and not entry.exists())


def _tables(found: _Found) -> dict[str, SourceTable]:
    """Tables of one form; the others are rejected."""
    tables = {}
    for name in TABLES:
        forms = found.forms.get(name, {})
        files = [file for several in forms.values() for file in several]
        if len(forms) > 1:
            named = ", ".join(sorted(forms))
            found.rejected[name] = Message("rejected.two_forms", {"table": name, "forms": named})
        elif forms and not files:
            found.rejected.setdefault(name, Message("rejected.no_files", {"table": name}))
        elif forms:
            tables[name] = SourceTable(name, tuple(files))
    return tables


def _add_corrected(root: Path, tables: dict[str, SourceTable], found: _Found) -> None:
    """Give tables their mended rows: `corrected/<table>.csv` or `corrected/<table>-<anything>.csv`."""
    folder = root / CORRECTED
    if not folder.is_dir():
        return
    for entry in sorted(folder.iterdir()):
        name = f"{CORRECTED}/{entry.name}"
        table = entry.stem.split("-")[0]
        if table in tables and entry.suffix == ".csv" and _is_file(entry):
            mended = SourceFile(entry, name, "csv", is_corrected=True)
            tables[table] = SourceTable(table, (*tables[table].files, mended))
        elif not entry.name.startswith("."):
            found.ignored.append(name)


def _require_tables(place: Path, names: list[str]) -> None:
    if not names:
        raise IntakeError("empty", path=str(place))
    if "customers" not in names:
        raise IntakeError("no_customers", path=str(place), got=", ".join(names))
    if not any(TABLES[name].is_event for name in names):
        raise IntakeError("no_further", path=str(place), got=", ".join(names))


def unreadable(name: str, form: str, error: Exception, root: Path | None = None) -> Message:
    """Return the refusal of a file that cannot be read, without the machine's own paths."""
    text = (isinstance(error, OSError) and error.strerror) or str(error)
    detail = " ".join(text.split())
    if root is not None:
        detail = detail.replace(f"{root}/", "")
    return Message("rejected.unreadable", {"file": name, "form": form, "detail": detail[:300]})


def _digest(
    root: Path, paths: Iterable[Path], tables: dict[str, SourceTable], rejected: dict[str, Message]
) -> tuple[str, dict[Path, tuple[int, int]]]:
    """SHA-256 over the names and contents of files, and when each was written; a table nobody can read goes."""
    digest = hashlib.sha256()
    stamps = {}
    for path in paths:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        try:
            stamps[path] = _stamp(path)
            with path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        except OSError as error:
            digest.update(b"unreadable")
            for table in [table for table in tables.values() if path in [file.path for file in table.files]]:
                file = next(file for file in table.files if file.path == path)
                rejected[table.name] = unreadable(file.name, FORM_NAMES[file.form], error)
                del tables[table.name]
    return digest.hexdigest(), stamps


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
