"""Defects of rows: repeated, contradicting, correcting, moved, of the wrong length; and the fate of each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from features.tables import TABLES, Column, Table
from tests.defects.good import CsvRow, good_row
from tests.defects.ledger import Expected

Make = Callable[[str, int], list[Expected]]


@dataclass(frozen=True)
class RowDefect:
    """One kind of defect of rows: rows of a table with a key of their own, in the order of the file, and fates."""

    name: str
    make: Make


def content_of(table: Table) -> Column:
    """A column that is neither key nor time nor customer: what a correction changes."""
    order = ("money", "float", "integer", "text", "id", "enum", "boolean")
    free = [
        column
        for column in table.columns
        if column.name not in (*table.key, table.customer_column) and column.type in order
    ]
    return min(free, key=lambda column: order.index(column.type)) if free else Column("score", "float")


OTHER = {"money": "99.00", "float": "0", "integer": "1", "text": "other", "id": "other", "boolean": "false"}


def changed(table: str, row: CsvRow) -> CsvRow:
    """The row with other content under the same key."""
    column = content_of(TABLES[table])
    return {**row, column.name: column.allowed[1] if column.type == "enum" else OTHER[column.type]}


def recorded(row: CsvRow, days: int) -> CsvRow:
    """The row as the bank came to know it some days after the event."""
    return {**row, "recorded_at": str(datetime.fromisoformat(row["recorded_at"]) + timedelta(days=days))}


def conflict(table: str, row: CsvRow) -> Expected:
    return Expected(row, "quarantined", " + ".join(TABLES[table].key), "conflict")


def moves(table: str) -> bool:
    """Whether a row can be said of another customer under the same key."""
    owner = TABLES[table].customer_column
    return owner is not None and owner not in TABLES[table].key


def moved(table: str, row: CsvRow, customer: str) -> CsvRow:
    return {**row, "customer_id": customer}


def _duplicate(table: str, place: int) -> list[Expected]:
    row = good_row(table, place)
    return [Expected(row, "accepted"), Expected(row, "duplicate"), Expected(row, "duplicate")]


def _spelled(table: str, place: int) -> list[Expected]:
    """One content in two spellings: more zeros after the point, a moment with its offset."""
    row = good_row(table, place)
    other = {name: f"{row[name]}0" for name in TABLES[table].money}
    other["recorded_at"] = f"{row['recorded_at'].replace(' ', 'T')}+00:00"
    return [Expected(row, "accepted"), Expected({**row, **other}, "duplicate")]


def _contradiction(table: str, place: int) -> list[Expected]:
    row = good_row(table, place)
    return [conflict(table, row), conflict(table, changed(table, row))]


def _late_contradiction(table: str, place: int) -> list[Expected]:
    row = recorded(good_row(table, place), 3)
    tied = [conflict(table, row), conflict(table, changed(table, row))]
    return [*tied, Expected(changed(table, good_row(table, place)), "accepted")]


def _settled_contradiction(table: str, place: int) -> list[Expected]:
    return [*_late_contradiction(table, place), Expected(recorded(good_row(table, place), 9), "correction")]


def _copied_contradiction(table: str, place: int) -> list[Expected]:
    first, other = _contradiction(table, place)
    return [first, Expected(first.row, "duplicate"), other]


def _correction(table: str, place: int) -> list[Expected]:
    row = good_row(table, place)
    return [Expected(row, "accepted"), Expected(recorded(changed(table, row), 1), "correction")]


def _corrections_in_reverse(table: str, place: int) -> list[Expected]:
    row = good_row(table, place)
    middle = Expected(recorded(changed(table, row), 1), "correction")
    return [Expected(recorded(row, 2), "correction"), middle, Expected(row, "accepted")]


def _same_again_later(table: str, place: int) -> list[Expected]:
    """Only the time of recording differs: another content, so a correction that changes nothing."""
    row = good_row(table, place)
    return [Expected(row, "accepted"), Expected(recorded(row, 1), "correction")]


def _before_the_event(table: str, place: int) -> list[Expected]:
    return [Expected(recorded(good_row(table, place), -30), "accepted")]


def _never_recorded(table: str, place: int) -> list[Expected]:
    return [Expected({**good_row(table, place), "recorded_at": ""}, "accepted")]


def _filled_later(table: str, place: int) -> list[Expected]:
    """First without the facts that come later, then with them: a correction."""
    row = good_row(table, place)
    later = [name for fact, hanging in TABLES[table].dated.items() for name in (fact, *hanging)]
    if not later:
        return []
    return [
        Expected({**row, **dict.fromkeys(later, "")}, "accepted"),
        Expected(recorded(row, 5), "correction"),
    ]


def _two_owners(table: str, place: int) -> list[Expected]:
    row = good_row(table, place)
    if not moves(table):
        return []
    return [conflict(table, moved(table, row, customer)) for customer in ("C1", "C2")]


def _moved(table: str, place: int) -> list[Expected]:
    row = good_row(table, place)
    if not moves(table):
        return []
    return [Expected(moved(table, row, "C1"), "accepted"),
            Expected(recorded(moved(table, row, "C2"), 1), "correction")]  # fmt: skip


def _moved_to_nobody(table: str, place: int) -> list[Expected]:
    row = good_row(table, place)
    if not moves(table):
        return []
    lost = Expected(recorded(moved(table, row, "C9"), 1), "quarantined", "customer_id", "unknown_customer")
    return [Expected(row, "accepted"), lost]


def _broken_correction(table: str, place: int) -> list[Expected]:
    row = good_row(table, place)
    broken = {**changed(table, row), "recorded_at": "later"}
    return [Expected(row, "accepted"), Expected(broken, "quarantined", "recorded_at", "timestamp")]


def _many_defects(table: str, place: int) -> list[Expected]:
    """The first in the order of columns is the one that is named."""
    row = dict.fromkeys(good_row(table, place), "\x07")
    first = TABLES[table].columns[0]
    rule = "blank"
    return [Expected(row, "quarantined", first.name, rule)]


def _general_signal(table: str, place: int) -> list[Expected]:
    """Of category E a signal may be about an industry or a region; one about nothing is about nobody."""
    if table != "warning_signals":
        return []
    row = {**good_row(table, place), "code": "E01", "customer_id": ""}
    return [Expected(row, "accepted"),
            Expected({**good_row(table, place + 1), "code": "E01", "customer_id": "", "industry": "", "region": ""},
                     "quarantined", "customer_id", "whom")]  # fmt: skip


def _wrong_label(table: str, place: int) -> list[Expected]:
    if table != "outcomes":
        return []
    labels = (("churn", "0.5"), ("loyalty", "1.5"), ("growth", "0.5"), ("default", "2"), ("response", "-1"))
    return [
        Expected(
            {**good_row(table, place + at), "target": target, "value": value},
            "quarantined",
            "value",
            "outcome",
        )
        for at, (target, value) in enumerate(labels)
    ]


def _leading_zeros(table: str, place: int) -> list[Expected]:
    """Lost or not, leading zeros make another customer."""
    if table != "customers":
        return []
    row = good_row(table, place)
    return [Expected({**row, "customer_id": name}, "accepted") for name in ("0012", "12", "12.0", "١٢")]


ROWS: tuple[RowDefect, ...] = (
    RowDefect("row handed in three times", _duplicate),
    RowDefect("row handed in again in another spelling", _spelled),
    RowDefect("two rows of one key", _contradiction),
    RowDefect("two rows of one key, one of them twice", _copied_contradiction),
    RowDefect("two rows of one key after a first", _late_contradiction),
    RowDefect("two rows of one key between a first and a last", _settled_contradiction),
    RowDefect("correction", _correction),
    RowDefect("corrections before what they correct", _corrections_in_reverse),
    RowDefect("same row recorded again later", _same_again_later),
    RowDefect("recorded before the event", _before_the_event),
    RowDefect("without a time of recording", _never_recorded),
    RowDefect("facts filled in later", _filled_later),
    RowDefect("row of two owners", _two_owners),
    RowDefect("row moved to another customer", _moved),
    RowDefect("row moved to nobody", _moved_to_nobody),
    RowDefect("correction that breaks a rule", _broken_correction),
    RowDefect("every cell broken", _many_defects),
    RowDefect("signal about nobody", _general_signal),
    RowDefect("label that its target does not have", _wrong_label),
    RowDefect("lost leading zeros", _leading_zeros),
)

PLACES = 8
"""Rows that one case may take: so far apart lie the places of its table."""


def rows_of(table: str, defects: Sequence[RowDefect], first_place: int) -> tuple[list[Expected], set[str]]:
    """The rows of every defect that fits a table, and the names of these."""
    found, names = [], set()
    for at, defect in enumerate(defects):
        rows = defect.make(table, first_place + at * PLACES)
        found += [Expected(row.row, row.fate, row.column, row.rule, defect.name) for row in rows]
        names |= {defect.name} if rows else set()
    return found, names


def future_rows(table: str, known_at: date) -> list[Expected]:
    """A row per date that lies after the moment at which the data was known, and two with all of them before it."""
    found = [Expected(good_row(table, place), "accepted") for place in (0, 1)]
    declared = TABLES[table]
    for column in declared.times:
        row = good_row(table, len(found))
        late = known_at + timedelta(days=1)
        row[column.name] = f"{late} 10:00:00" if column.type == "timestamp" else late.isoformat()
        if column.name in declared.future_ok:
            found.append(Expected(row, "accepted", note=f"{column.name} ahead"))
        else:
            found.append(Expected(row, "quarantined", column.name, "future", f"{column.name} ahead"))
    return found
