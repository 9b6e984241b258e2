"""Reading CSV strictly: every value as text, rows of the wrong length apart, a stray quote refused."""

import codecs
import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from pipelines.intake.words import TableRejected

_BLOCK = 1 << 22
_QUOTE = ord('"')
_BESIDE_QUOTES = np.zeros(256, dtype=bool)
_BESIDE_QUOTES[[ord(character) for character in ',\n\r"']] = True


@dataclass(frozen=True, eq=False)
class CsvRows:
    """A CSV file: its header; rows as columns c0, c1, ... of text and `row_no`, empty values as null.

    `ragged` are the rows with the wrong number of values: (row_no, text).
    """

    names: tuple[str, ...]
    rows: pa.Table
    ragged: tuple[tuple[int, str], ...]


def read_csv(file: Path, name: str) -> CsvRows:
    """Read a CSV file in UTF-8; blank lines are no rows.

    Raises
    ------
    TableRejected
        If a quoted value does not end where it should: what follows could be read in several ways.
    OSError, pa.ArrowException
        If it cannot be read.
    """
    try:
        if not _is_strict(file):
            _refuse_bad_quotes(file, name)
        names, has_rows = _header(file)
    except (UnicodeDecodeError, csv.Error) as error:
        raise pa.ArrowInvalid(str(error)) from error
    if names and not has_rows:
        columns = [pa.array([], pa.string()) for _ in names]
        return CsvRows(names, _numbered(columns, 0, ()), ())
    ragged: list[tuple[int, str]] = []

    def keep(row: pacsv.InvalidRow) -> str:
        ragged.append((row.number - 1, row.text))
        return "skip"

    table = pacsv.read_csv(
        file,
        read_options=pacsv.ReadOptions(use_threads=False),
        parse_options=pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=keep),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
    skipped = [row_no for row_no, _ in ragged]
    return CsvRows(names, _numbered(table.columns, table.num_rows, skipped), tuple(ragged))


def _header(file: Path) -> tuple[tuple[str, ...], bool]:
    """Return the names of the columns, and whether any row follows."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        lines = (line for line in csv.reader(stream) if line)
        names = tuple(next(lines, ()))
        return names, next(lines, None) is not None


def _is_strict(file: Path) -> bool:
    """Whether all of a file is UTF-8, and every quote in it stands where a strictly written file has one.

    There, quotes open and close in turn: one that opens follows a comma, a line's end or a quote, one that closes
    is followed by one of them. Whole blocks at a time, because a file may be large.

    Raises
    ------
    UnicodeDecodeError
        If it is no UTF-8.
    """
    seen, is_strict = 0, True
    decoder = codecs.getincrementaldecoder("utf-8")()
    for before, block, after in _blocks(file):
        decoder.decode(block)
        data = np.frombuffer(before + block + after, dtype=np.uint8)
        at = np.flatnonzero(data[1:-1] == _QUOTE) + 1
        is_closing = (np.arange(len(at)) + seen) % 2 == 1
        beside = np.where(is_closing, data[at + 1], data[at - 1])
        is_strict = is_strict and bool(_BESIDE_QUOTES[beside].all())
        seen += len(at)
    decoder.decode(b"", final=True)
    return is_strict and seen % 2 == 0


def _blocks(file: Path) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield the file's content in blocks, each with the byte before and the byte after it (at the ends a newline)."""
    with file.open("rb") as stream:
        before = b"\n"
        block = stream.read(_BLOCK).removeprefix(b"\xef\xbb\xbf")
        while block:
            following = stream.read(_BLOCK)
            yield before, block, following[:1] or b"\n"
            before, block = block[-1:], following


def _refuse_bad_quotes(file: Path, name: str) -> None:
    """Refuse a file in which a value begins with a quote and does not end with one; a quote inside a value is one."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        try:
            deque(reader, maxlen=0)  # reading all of it is the check; what was read is read again, in columns
        except csv.Error as error:
            key = "unclosed" if "end of data" in str(error) else "quote"
            raise TableRejected(key, file=name, line=reader.line_num) from error


def _numbered(columns: Sequence[pa.ChunkedArray], rows: int, skipped: Sequence[int]) -> pa.Table:
    """Name the columns c0, c1, ... and add each row's number, counting the ragged rows that are not here."""
    is_here = np.ones(rows + len(skipped), dtype=bool)
    is_here[np.array(skipped, dtype=np.int64) - 1] = False
    names = [*(f"c{index}" for index in range(len(columns))), "row_no"]
    return pa.Table.from_arrays([*columns, pa.array(np.flatnonzero(is_here) + 1)], names=names)
