"""What imports of public data sets share: finding the file, the report, and writing tables whole or not at all."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import yaml
from rich.console import Console
from rich.markup import escape

from features.tables import TABLES
from pipelines.intake import Language, Message

_SETTINGS_FILE = "bank.yaml"


class _PlainDumper(yaml.SafeDumper):
    """Writes a value that occurs twice out twice, as a person would."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


class ImportFailed(ValueError):  # noqa: N818  # it reads as what the user is told
    """A public data set cannot be imported; says what was expected, what came, where, and what to do."""

    def __init__(self, key: str, /, **values: str | int | Message) -> None:
        self.message = Message(f"imports.{key}", values)
        super().__init__(self.message.text())


@dataclass(frozen=True)
class LeftOut:
    """Rows of the source that no table holds, and why."""

    reason: Message
    rows: int


@dataclass(frozen=True)
class ImportReport:
    """What became of a source's rows: read = kept + left out, always. `tables` counts the rows written."""

    source: str
    read: int
    kept: int
    parts: tuple[LeftOut, ...]
    tables: Mapping[str, int]
    notes: tuple[Message, ...]
    out: Path

    def __post_init__(self) -> None:
        total = self.kept + sum(part.rows for part in self.parts)
        if total != self.read:
            raise ImportFailed("sums", source=self.source, read=self.read, sum=total)

    @property
    def left_out(self) -> dict[str, int]:
        """Rows that no table holds, by the reason in English."""
        return {part.reason.text(): part.rows for part in self.parts}

    def to_dict(self, language: Language = "en") -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return {
            "source": self.source,
            "read": self.read,
            "kept": self.kept,
            "left_out": {part.reason.text(language): part.rows for part in self.parts},
            "tables": dict(self.tables),
            "notes": [note.text(language) for note in self.notes],
            "out": str(self.out),
        }

    def show(self, console: Console, language: Language = "en") -> None:
        """Print the report for people."""

        def say(key: str, **values: str | int | Message) -> None:
            console.print(escape(Message(f"imports.{key}", values).text(language)))

        say("shown", source=self.source, read=f"{self.read:,}", kept=f"{self.kept:,}")
        for part in self.parts:
            say("left_out", rows=f"{part.rows:,}", reason=part.reason)
        for table, rows in self.tables.items():
            say("written", table=table, rows=f"{rows:,}")
        for note in self.notes:
            console.print(escape(note.text(language)))
        say("place", path=str(self.out))


def find_file(path: Path, names: Sequence[str]) -> Path:
    """Return the source's file: `path` itself, or the one of `names` that its folder holds.

    Raises
    ------
    ImportFailed
        If there is no such file, or it is neither Parquet nor CSV.
    """
    expected = ", ".join(names)
    if not path.exists():
        raise ImportFailed("no_path", expected=expected, path=str(path))
    if path.is_dir():
        inside = sorted(file.name for file in path.iterdir())
        found = [name for name in names if name in inside]
        if len(found) != 1:
            raise ImportFailed(
                "no_file", expected=expected, path=str(path), got=", ".join(inside) or "nothing"
            )
        return path / found[0]
    if path.suffix.lower() not in (".parquet", ".csv"):
        raise ImportFailed("form", path=str(path))
    return path


def require_columns(path: Path, names: Sequence[str], expected: Sequence[str]) -> None:
    """Hold a file's columns against those that the source has.

    Raises
    ------
    ImportFailed
        If one is missing.
    """
    missing = [name for name in expected if name not in names]
    if missing:
        raise ImportFailed("columns", path=path.name, missing=", ".join(missing), got=", ".join(names))


def require_count(path: Path, counted: str, expected: int, got: int) -> None:
    """Hold a count of a file against the published one: a sample, or an altered copy, is another data set.

    `counted` names what is counted: `rows`, `positives`, `customers`.

    Raises
    ------
    ImportFailed
        If they differ.
    """
    if got != expected:
        what = Message(f"imports.counted.{counted}")
        raise ImportFailed("count", path=path.name, what=what, expected=f"{expected:,}", got=f"{got:,}")


def read_parquet_or_csv(file: Path) -> pa.Table:
    """Read a whole file as published, Parquet or CSV with commas.

    Raises
    ------
    ImportFailed
        If it is neither.
    """
    try:
        return pacsv.read_csv(file) if file.suffix.lower() == ".csv" else pq.read_table(file)
    except (pa.ArrowException, OSError) as error:
        detail = " ".join(str(error).split()).replace(str(file), file.name)
        raise ImportFailed("unreadable", path=file.name, detail=detail[:300]) from error


def typed_column(file: Path, name: str, values: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    """Return a column with a value in every row, of the type that the source has.

    Raises
    ------
    ImportFailed
        If values are missing, or not of the type.
    """
    if values.null_count:
        raise ImportFailed(
            "values", path=file.name, column=name, expected="a value in every row", got="none in some"
        )
    try:
        return values.cast(wanted)
    except pa.ArrowException as error:
        detail = " ".join(str(error).split())[:200]
        raise ImportFailed("values", path=file.name, column=name, expected=str(wanted), got=detail) from error


def require_values(file: Path, column: str, values: pa.ChunkedArray, allowed: Sequence[str | int]) -> None:
    """Hold a column's values against those that the source has.

    Raises
    ------
    ImportFailed
        If there is another one; it names the first in order.
    """
    other = sorted(set(values.unique().to_pylist()) - set(allowed))
    if other:
        expected = ", ".join(str(value) for value in allowed)
        raise ImportFailed("values", path=file.name, column=column, expected=expected, got=str(other[0]))


def write_bank(out: Path, tables: Mapping[str, pa.Table], settings: Mapping[str, Any]) -> None:
    """Write tables as `out/<table>.parquet` and settings as `out/bank.yaml`; all of them or none.

    An earlier import in the same place is replaced.

    Raises
    ------
    ImportFailed
        If `out` holds anything that no import has written.
    """
    own = {_SETTINGS_FILE, *(f"{table}.parquet" for table in TABLES)}
    if out.exists():
        foreign = sorted({file.name for file in out.iterdir()} - own) if out.is_dir() else [out.name]
        if foreign:
            raise ImportFailed("occupied", path=str(out), got=", ".join(foreign))
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.parent / f".{out.name}.partial-{os.getpid()}"
    replaced = out.parent / f".{out.name}.replaced-{os.getpid()}"
    try:
        partial.mkdir()
        for name, table in tables.items():
            pq.write_table(table, partial / f"{name}.parquet", compression="zstd")
        body = yaml.dump(dict(settings), Dumper=_PlainDumper, allow_unicode=True, sort_keys=False)
        (partial / _SETTINGS_FILE).write_text(body, encoding="utf-8")
        if out.exists():
            out.rename(replaced)
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


def day_after(day: date) -> date:
    """Return the next day: the midnight that ends a day."""
    return date.fromordinal(day.toordinal() + 1)
