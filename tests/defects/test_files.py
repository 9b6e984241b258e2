"""Every defect of a file, for every table that it fits: rejected with the reason, or each row with its fate."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from features.tables import TABLES
from pipelines.intake import IntakeReport, prepare
from tests.compute import tell
from tests.defects.cells import CELLS
from tests.defects.file_kinds import FILES
from tests.defects.files import FileDefect, good
from tests.defects.good import SETTINGS, csv_text, lean_rows
from tests.defects.ledger import quarantined_rows, rule_pattern
from tests.defects.rows import ROWS
from tests.defects.test_native import NARROW, WIDE
from tests.tables_in import fates, hand_in


def wrong_fate(report: IntakeReport, table: str, defect: FileDefect) -> str | None:
    """What is not as expected of one table."""
    if defect.rejected:
        reason = report.rejected.get(table)
        keys = [f"rejected.{key}" for key in defect.rejected.split(" or ")]
        is_right = reason is not None and reason.key in keys and table not in report.tables
        return None if is_right else f"{table}: expected rejected.{defect.rejected}, got {reason}"
    if table in report.rejected:
        return f"{table}: {report.rejected[table].text()}"
    read = len(good(table)) + (defect.rows - 3 if defect.rows == 4 else 0) if defect.rows != 0 else 0
    expected = (read - defect.lost, 0, 0, defect.lost)
    if fates(report, table) != expected:
        return f"{table}: expected {expected}, got {fates(report, table)}"
    rules = [rule for _, rule in quarantined_rows(report, table).values()]
    if not all(rule_pattern(defect.rule).fullmatch(rule) for rule in rules):
        return f"{table}: expected {defect.rule}, got {rules}"
    return None


@pytest.mark.parametrize("defect", FILES, ids=[defect.name for defect in FILES])
def test_a_file_with_this_defect_is_rejected_or_loses_only_the_rows_that_have_it(
    defect: FileDefect, tmp_path: Path
) -> None:
    """In one hand-over with good customers; then with the customers' own table as the one that has it."""
    tables = [table for table in TABLES if table != "customers" and defect.fits(table)]
    source = hand_in(tmp_path / "in", SETTINGS, customers=csv_text(lean_rows("customers", 2)))
    for table in tables:
        defect.write(table, source)
    report = prepare(source, tmp_path / "out")
    wrong = [wrong_fate(report, table, defect) for table in tables]
    assert wrong == [None] * len(tables), [text for text in wrong if text]
    assert fates(report, "customers") == (2, 0, 0, 0)
    if defect.fits("customers"):
        source = hand_in(tmp_path / "own" / "in", SETTINGS, facts=csv_text(lean_rows("facts", 2)))
        defect.write("customers", source)
        report = prepare(source, tmp_path / "own" / "out")
        assert wrong_fate(report, "customers", defect) is None
        if defect.rejected:
            assert fates(report, "facts") == (0, 0, 0, 2)


def test_a_file_that_may_not_be_read_is_rejected(tmp_path: Path) -> None:
    """As another user than root: for root every file can be read."""
    source = hand_in(tmp_path / "in", SETTINGS, customers=csv_text(lean_rows("customers", 2)),
                     facts=csv_text(lean_rows("facts", 2)), loans=csv_text(lean_rows("loans", 2)))  # fmt: skip
    (source / "loans.csv").chmod(0)
    report = as_nobody(source, tmp_path / "out")
    assert (
        report.rejected["loans"]
        .text()
        .startswith("loans.csv: expected a readable CSV file; got: Permission denied")
    )
    assert fates(report, "facts") == (2, 0, 0, 0)


def as_nobody(source: Path, out: Path) -> IntakeReport:
    """Take tables in with the rights of an ordinary user."""
    if os.geteuid() != 0:
        return prepare(source, out)
    out.mkdir()
    out.chmod(0o777)
    for place in (*source.parents, source):
        if place.stat().st_uid == 0 and place.is_relative_to("/tmp") and place != Path("/tmp"):
            place.chmod(0o755)
    os.seteuid(65534)
    try:
        return prepare(source, out)
    finally:
        os.seteuid(0)


def test_there_are_as_many_kinds_of_defects_as_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    typed = [defect for storages in (WIDE, NARROW) for one in storages.values() for defect in one.defects]
    names = [defect.name for defect in (*CELLS, *typed, *ROWS, *FILES)]
    assert len(set(names)) == len(names) >= 60
    cases = sum(file.fits(table) for file in FILES for table in TABLES)
    parts = f"{len(CELLS)} of cells, {len(typed)} of typed values, {len(ROWS)} of rows, {len(FILES)} of files"
    tell(
        capsys,
        f"named defects: {len(names)} kinds ({parts} in {cases} cases), the future and the right to read too",
    )
