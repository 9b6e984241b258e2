"""Defects of whole files: how each is written, and whether the table is rejected or what becomes of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.tables import TABLES
from tests.defects.good import CsvRow, csv_text, lean_rows, text_table, typed_table

ROWS = 3
Write = Callable[[str, Path], None]
"""Writes the file or folder of a table, with the defect, into a directory."""


@dataclass(frozen=True)
class FileDefect:
    """One kind of defect of a file.

    `rejected` is the reason for which the whole table is refused, "" where it is taken in; then `lost` is the
    number of its rows that are quarantined, `rule` why, and `rows` how many it has (None: as many as a good one).
    """

    name: str
    write: Write
    rejected: str = ""
    lost: int = 0
    rule: str = ""
    rows: int | None = None
    fits: Callable[[str], bool] = lambda _: True


def good(table: str) -> list[CsvRow]:
    return lean_rows(table, ROWS)


def text(table: str) -> str:
    return csv_text(good(table))


def header(table: str) -> list[str]:
    return list(good(table)[0])


def csv_as(change: Callable[[str, str], str | bytes]) -> Write:
    """A CSV file made from the good one's name and text."""

    def write(table: str, directory: Path) -> None:
        content = change(table, text(table))
        (directory / f"{table}.csv").write_bytes(content.encode() if isinstance(content, str) else content)

    return write


def renamed(change: Callable[[list[str]], list[str]]) -> Write:
    """A CSV file with another header over the good rows."""
    return csv_as(lambda table, good: ",".join(change(header(table))) + "\n" + good.split("\n", 1)[1])


def parquet_as(change: Callable[[str, pa.Table], pa.Table]) -> Write:
    """A Parquet file made from the good table."""

    def write(table: str, directory: Path) -> None:
        pq.write_table(change(table, typed_table(table, good(table))), directory / f"{table}.parquet")

    return write


def bytes_as(change: Callable[[bytes], bytes]) -> Write:
    """A Parquet file whose bytes are changed after it was written."""

    def write(table: str, directory: Path) -> None:
        file = directory / f"{table}.parquet"
        pq.write_table(typed_table(table, good(table)), file)
        file.write_bytes(change(file.read_bytes()))

    return write


def folder_of(change: Callable[[str, pa.Table], Iterable[pa.Table]]) -> Write:
    """A folder of Parquet files made from the good table."""

    def write(table: str, directory: Path) -> None:
        (directory / table).mkdir()
        for number, part in enumerate(change(table, typed_table(table, good(table)))):
            pq.write_table(part, directory / table / f"part-{number}.parquet")

    return write


def cast(kind: str, to: pa.DataType) -> Callable[[str, pa.Table], pa.Table]:
    """The table with its first column of a type (of the contract) made into another Arrow type, of any value."""

    def change(table: str, rows: pa.Table) -> pa.Table:
        name = next(
            column.name
            for column in TABLES[table].columns
            if column.type == kind and column.name in header(table)
        )
        value = {"list": ["a"], "struct": {"a": 1}}.get(str(to).split("<")[0], 1)
        values = [b"a" if pa.types.is_binary(to) else value] * rows.num_rows
        return rows.set_column(rows.column_names.index(name), name, pa.array(values, to))

    return change


def has(kind: str) -> Callable[[str], bool]:
    """Whether a lean table has a column of a type."""
    return lambda table: any(
        TABLES[table].column(name).type == kind for name in header(table) if name in TABLES[table].names
    )


def only(*tables: str) -> Callable[[str], bool]:
    return lambda table: table in tables


def without_last(table: str, good: str) -> str:
    """The last row loses its last value, as when the file was cut off while it was written."""
    return good.rstrip("\n").rsplit(",", 1)[0]


def shortened(_: str, good: str) -> str:
    first, second, *rest = good.split("\n")
    return "\n".join([first, second.rsplit(",", 1)[0], *rest])


def lengthened(_: str, good: str) -> str:
    first, second, *rest = good.split("\n")
    return "\n".join([first, f"{second},1", *rest])


def quoted(_: str, good: str) -> str:
    return "\n".join(
        ",".join(f'"{value}"' for value in line.split(",")) for line in good.rstrip("\n").split("\n")
    )


def each_line(change: Callable[[str], str]) -> Callable[[str, str], str]:
    return lambda _, good: "".join(change(line) + "\n" for line in good.rstrip("\n").split("\n"))


def stray_quote(_: str, good: str) -> str:
    """The last value of the first row is opened by a quote, closed, and goes on."""
    first, second, *rest = good.split("\n")
    return "\n".join([first, second.rsplit(",", 1)[0] + ',"a"b', *rest])


def open_quote(_: str, good: str) -> str:
    first, second, *rest = good.split("\n")
    return "\n".join([first, second.rsplit(",", 1)[0] + ',"a', *rest])


def swapped_parts(table: str, rows: pa.Table) -> list[pa.Table]:
    """Columns in another order, and one more in the second part."""
    second = rows.slice(1).select(rows.column_names[::-1])
    return [rows.slice(0, 1), second.append_column("mood", pa.array(["gay"] * second.num_rows))]


def two_units(table: str, rows: pa.Table) -> list[pa.Table]:
    """Amounts as whole minor units in one part, as decimals of major units in the other."""
    name = TABLES[table].money[0]
    at = rows.column_names.index(name)
    second = rows.slice(1)
    major = pa.array([12.5] * second.num_rows).cast(pa.decimal128(18, 2))
    return [rows.slice(0, 1), second.set_column(at, name, major)]


def one_cased(table: str, rows: pa.Table) -> list[pa.Table]:
    other = rows.slice(1)
    return [rows.slice(0, 1).append_column("mood", pa.array(["gay"])),
            other.append_column("Mood", pa.array(["gay"] * other.num_rows))]  # fmt: skip


def one_numbered(table: str, rows: pa.Table) -> list[pa.Table]:
    return [rows.slice(0, 1), cast("id", pa.int64())(table, rows.slice(1))]


def truncated_part(table: str, directory: Path) -> None:
    folder_of(lambda _, rows: [rows.slice(0, 1), rows.slice(1)])(table, directory)
    part = directory / table / "part-1.parquet"
    part.write_bytes(part.read_bytes()[:-9])


def empty_folder(table: str, directory: Path) -> None:
    (directory / table).mkdir()


def csv_folder(table: str, directory: Path) -> None:
    (directory / table).mkdir()
    (directory / table / "part-0.csv").write_text(text(table), encoding="utf-8")


def two_forms(table: str, directory: Path) -> None:
    csv_as(lambda _, good: good)(table, directory)
    parquet_as(lambda _, rows: rows)(table, directory)


def link_to(name: str, *, is_there: bool) -> Write:
    """A link to a file outside of the directory."""

    def write(table: str, directory: Path) -> None:
        outside = directory.parent / "outside"
        outside.mkdir(exist_ok=True)
        target = outside / name.format(table=table)
        if is_there:
            target.write_text(text(table), encoding="utf-8")
        (directory / f"{table}.csv").symlink_to(target)

    return write


def link_to_itself(table: str, directory: Path) -> None:
    (directory / f"{table}.csv").symlink_to(directory / f"{table}.csv")


def extra_column(table: str, good: str) -> str:
    return each_line(lambda line: f"{line},mood" if line.startswith(header(table)[0]) else f"{line},gay")(
        table, good
    )


def snapshots_with(name: str, values: Iterable[str]) -> Write:
    """A CSV file of snapshots with one more column."""

    def write(table: str, directory: Path) -> None:
        rows = [{**row, name: value} for row, value in zip(good(table), values, strict=True)]
        (directory / f"{table}.csv").write_text(csv_text(rows), encoding="utf-8")

    return write


def two_kinds(table: str, rows: pa.Table) -> list[pa.Table]:
    other = rows.slice(1)
    return [rows.slice(0, 1).append_column("x", pa.array([1])),
            other.append_column("x", pa.array(["one"] * other.num_rows))]  # fmt: skip


def as_text(table: str, _: pa.Table) -> pa.Table:
    return text_table(good(table))


SNAPSHOTS = only("snapshots")
HAS_ID, HAS_MONEY, HAS_ENUM, HAS_DATE, HAS_MOMENT = map(has, ("id", "money", "enum", "date", "timestamp"))
HAS_TEXT = has("text")
