"""The fate of rows, and from when to when they are in force."""

import itertools
from pathlib import Path

import pytest

from features.tables import ALWAYS, NEVER
from pipelines.intake import AmountCounts, IntakeReport, prepare, read_manifest
from tests.tables_in import day, fates, faults, hand_in, quarantine, rows, take_in

HEAD = "transaction_id,customer_id,occurred_at,amount,kind,recorded_at\n"


def test_rows_with_keys_of_their_own_are_accepted(tmp_path: Path) -> None:
    report = take_in(
        tmp_path, transactions=HEAD + "T1,C1,2026-01-05 10:00,5,cash,\nT2,C1,2026-01-05 10:00,5,cash,\n"
    )
    assert fates(report, "transactions") == (2, 0, 0, 0)
    assert [row["transaction_id"] for row in rows(report, "transactions")] == ["T1", "T2"]


def test_a_row_identical_in_every_column_is_a_duplicate(tmp_path: Path) -> None:
    """5 and 5.00 are one amount: three identical rows are one row and two duplicates."""
    lines = "T1,C1,2026-01-05 10:00,5,cash,\nT1,C1,2026-01-05T10:00:00,5.00,cash,\nT1,C1,2026-01-05 10:00,+5.0,cash,\n"
    report = take_in(tmp_path, transactions=HEAD + lines)
    assert fates(report, "transactions") == (1, 2, 0, 0)
    assert [row["amount"] for row in rows(report, "transactions")] == [500]


def test_a_later_recorded_row_of_the_same_key_is_a_correction_from_the_next_midnight_on(
    tmp_path: Path,
) -> None:
    """Recorded on the 5th: known at as_of the 6th. Corrected on the 9th: the first is in force on 6..9."""
    lines = "T1,C1,2026-01-05 10:00,5,cash,2026-01-05 11:00\nT1,C1,2026-01-05 10:00,7,cash,2026-01-09 11:00\n"
    report = take_in(tmp_path, transactions=HEAD + lines)
    assert fates(report, "transactions") == (1, 0, 1, 0)
    spans = [(row["amount"], row["known_day"], row["until_day"]) for row in rows(report, "transactions")]
    assert spans == [(500, day("2026-01-06"), day("2026-01-10")), (700, day("2026-01-10"), NEVER)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_chain_of_corrections_does_not_depend_on_the_order_of_rows(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    lines = [f"T1,C1,2026-01-05 10:00,{amount},cash,2026-01-0{amount} 11:00\n" for amount in (5, 6, 8)]
    report = take_in(tmp_path, transactions=HEAD + "".join(lines[index] for index in order))
    assert fates(report, "transactions") == (1, 0, 2, 0)
    spans = [(row["amount"], row["until_day"]) for row in rows(report, "transactions")]
    assert spans == [(500, day("2026-01-07")), (600, day("2026-01-09")), (800, NEVER)]


def test_same_key_other_content_without_a_later_recorded_at_quarantines_all(tmp_path: Path) -> None:
    lines = "T1,C1,2026-01-05 10:00,5,cash,\nT1,C1,2026-01-05 10:00,6,cash,\nT1,C1,2026-01-05 10:00,7,cash,\n"
    report = take_in(tmp_path, "data_until: 2026-02-01", transactions=HEAD + lines)
    assert fates(report, "transactions") == (0, 0, 0, 3)
    assert {line[3:] for line in quarantine(report)} == {
        ("transaction_id", "same key, other content, no later recorded_at", "T1")
    }
    assert faults(report) == [
        (
            "transactions.transaction_id, row 1: expected one row per transaction_id, or a later recorded_at on the "
            "row that corrects; got 'T1'. Remove the wrong row, or say in recorded_at which one came later."
        )
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_a_contradiction_changes_nothing_about_what_was_recorded_before_it_and_after_it(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    """Recorded on the 5th, twice on the 6th, and on the 9th: the first is in force on 6..9, as without the two."""
    lines = [
        "T1,C1,2026-01-05 10:00,5,cash,2026-01-05 11:00\n",
        "T1,C1,2026-01-05 10:00,6,cash,2026-01-06 11:00\n",
        "T1,C1,2026-01-05 10:00,7,cash,2026-01-06 11:00\n",
        "T1,C1,2026-01-05 10:00,8,cash,2026-01-09 11:00\n",
    ]
    report = take_in(tmp_path, transactions=HEAD + "".join(lines[index] for index in order))
    assert fates(report, "transactions") == (1, 0, 1, 2)
    assert report.amounts["transactions"] == (AmountCounts("amount", 2600, 500, 0, 800, 1300, 0),)
    spans = [(row["amount"], row["known_day"], row["until_day"]) for row in rows(report, "transactions")]
    assert spans == [(500, day("2026-01-06"), day("2026-01-10")), (800, day("2026-01-10"), NEVER)]


def test_after_a_contradiction_at_the_beginning_the_next_version_is_the_first(tmp_path: Path) -> None:
    lines = "T1,C1,2026-01-05,5,cash,\nT1,C1,2026-01-05,6,cash,\nT1,C1,2026-01-05,7,cash,2026-01-09 11:00\n"
    report = take_in(tmp_path, transactions=HEAD + lines)
    assert fates(report, "transactions") == (1, 0, 0, 2)
    assert [(row["amount"], row["known_day"]) for row in rows(report, "transactions")] == [
        (700, day("2026-01-10"))
    ]


def test_a_row_without_any_time_is_older_than_one_with_a_recorded_at(tmp_path: Path) -> None:
    """A customer of unknown opening date, corrected on the 9th: the first row is in force up to that day."""
    customers = "customer_id,kind,region,recorded_at\nC1,retail,south,2026-01-09\nC1,retail,north,\n"
    report = take_in(tmp_path, customers=customers, transactions=HEAD + "T1,C1,2026-01-20,5,cash,\n")
    assert fates(report, "customers") == (1, 0, 1, 0)
    spans = [(row["region"], row["known_day"], row["until_day"]) for row in rows(report, "customers")]
    assert spans == [("north", ALWAYS, day("2026-01-10")), ("south", day("2026-01-10"), NEVER)]


def test_a_version_is_over_when_any_later_one_replaces_it(tmp_path: Path) -> None:
    """The second statement says nothing of its recording and came on 15 March; the third was recorded on 1 February.

    By their moments (default: the period's end) the third is the newest: from 2 February it alone is in force.
    """
    statements = (
        "customer_id,period_end,months,received_on,sales,recorded_at\n"
        "C1,2025-12-31,12,,1,2025-12-01\nC1,2025-12-31,12,2026-03-15,2,\nC1,2025-12-31,12,,3,2026-02-01\n"
    )
    report = take_in(tmp_path, statements=statements)
    assert fates(report, "statements") == (1, 0, 2, 0)
    spans = {row["sales"]: (row["known_day"], row["until_day"]) for row in rows(report, "statements")}
    assert spans == {
        100: (day("2026-01-01"), day("2026-02-02")),
        200: (day("2026-03-16"), day("2026-02-02")),
        300: (day("2026-02-02"), NEVER),
    }


def test_a_correction_that_is_quarantined_leaves_the_earlier_row_in_force(tmp_path: Path) -> None:
    """Moved to a customer nobody knows, or given an amount that is none: the row before stays as it is."""
    head = "T1,C1,2026-01-05 10:00,5,cash,\nT2,C1,2026-01-05 10:00,6,cash,\n"
    broken = "T1,C9,2026-01-05 10:00,5,cash,2026-01-07\nT2,C1,2026-01-05 10:00,six,cash,2026-01-07\n"
    report = take_in(tmp_path, transactions=HEAD + head + broken)
    assert fates(report, "transactions") == (2, 0, 0, 2)
    assert [(row["amount"], row["until_day"]) for row in rows(report, "transactions")] == [
        (500, NEVER), (600, NEVER),
    ]  # fmt: skip


def test_a_copy_of_a_contradicted_row_is_still_a_duplicate(tmp_path: Path) -> None:
    lines = "T1,C1,2026-01-05,5,cash,\nT1,C1,2026-01-05,5,cash,\nT1,C1,2026-01-05,6,cash,\n"
    report = take_in(tmp_path, transactions=HEAD + lines)
    assert fates(report, "transactions") == (0, 1, 0, 2)


def test_without_recorded_at_the_event_time_says_which_came_later(tmp_path: Path) -> None:
    """Contract: recorded_at is by default the event's own time."""
    lines = "T1,C1,2026-01-05 10:00,5,cash,\nT1,C1,2026-01-07 10:00,5,cash,\n"
    report = take_in(tmp_path, transactions=HEAD + lines)
    assert fates(report, "transactions") == (1, 0, 1, 0)
    assert [row["until_day"] for row in rows(report, "transactions")] == [day("2026-01-08"), NEVER]


def test_a_correction_ends_the_earlier_row_though_its_own_event_comes_later(tmp_path: Path) -> None:
    """A holding said to open on the 10th, corrected on the 3rd to the 20th: on the 11th..20th nothing is known."""
    holdings = "holding_id,customer_id,product,opened_on,recorded_at\nH1,C1,fund,2026-01-10,2026-01-02\n"
    holdings += "H1,C1,fund,2026-01-20,2026-01-03\n"
    report = take_in(tmp_path, "data_until: 2026-02-01", holdings=holdings)
    spans = [(row["known_day"], row["until_day"]) for row in rows(report, "holdings")]
    assert spans == [(day("2026-01-11"), day("2026-01-04")), (day("2026-01-21"), NEVER)]


def test_two_owners_of_one_customer_leave_the_customer_and_the_customers_events_out(tmp_path: Path) -> None:
    customers = "customer_id,kind,manager_id\nC1,retail,M1\nC1,retail,M2\nC2,retail,M1\n"
    lines = "T1,C1,2026-01-05,5,cash,\nT2,C2,2026-01-05,5,cash,\n"
    report = take_in(tmp_path, customers=customers, transactions=HEAD + lines)
    assert fates(report, "customers") == (1, 0, 0, 2)
    assert fates(report, "transactions") == (1, 0, 0, 1)


def test_a_missing_part_of_a_key_is_a_value_of_its_own(tmp_path: Path) -> None:
    """Without bank a balance is this bank's: it contradicts the one that says so, and not the one elsewhere."""
    balances = "customer_id,product,held_on,balance,bank\nC1,fund,2026-01-05,1,\nC1,fund,2026-01-05,2,own\n"
    balances += "C1,fund,2026-01-05,3,elsewhere\nC2,fund,2026-01-05,4,\n"
    report = take_in(tmp_path, balances=balances)
    assert fates(report, "balances") == (2, 0, 0, 2)
    assert [(row["balance"], row["bank"]) for row in rows(report, "balances")] == [
        (300, "elsewhere"),
        (400, "own"),
    ]


def test_a_row_is_known_on_the_day_after_its_event_and_its_recording(tmp_path: Path) -> None:
    lines = "T1,C1,2026-01-05 23:59:59,5,cash,\nT2,C1,2026-01-05,5,cash,2026-02-01 00:00\n"
    report = take_in(tmp_path, transactions=HEAD + lines)
    known = [(row["event_day"], row["known_day"]) for row in rows(report, "transactions")]
    assert known == [(day("2026-01-05"), day("2026-01-06")), (day("2026-01-05"), day("2026-02-02"))]


def test_a_statement_is_known_after_it_was_received(tmp_path: Path) -> None:
    statements = "customer_id,period_end,months,received_on\nC1,2025-12-31,12,2026-03-15\nC2,2025-12-31,12,\n"
    report = take_in(tmp_path, statements=statements)
    assert [row["known_day"] for row in rows(report, "statements")] == [day("2026-03-16"), day("2026-01-01")]


def test_a_snapshot_is_known_on_its_own_day(tmp_path: Path) -> None:
    """It holds what was known before that midnight; one recorded later is known the day after."""
    snapshots = "customer_id,as_of,x,recorded_at\nC1,2026-01-05,1,\nC2,2026-01-05,1,2026-01-07 09:00\n"
    report = take_in(tmp_path, snapshots=snapshots)
    assert [row["known_day"] for row in rows(report, "snapshots")] == [day("2026-01-05"), day("2026-01-08")]
    assert read_manifest(report.prepared).data_until.isoformat() == "2026-01-05"


def test_a_customer_without_opening_date_and_a_relation_without_date_are_known_always(tmp_path: Path) -> None:
    customers = "customer_id,kind,opened_on\nC1,retail,2026-01-05\nC2,retail,\n"
    relations = "customer_id,other_id,kind\nC1,C2,referred\n"
    report = take_in(tmp_path, "data_until: 2026-02-01", customers=customers, relations=relations)
    assert [row["known_day"] for row in rows(report, "customers")] == [day("2026-01-06"), ALWAYS]
    assert [row["known_day"] for row in rows(report, "relations")] == [ALWAYS]


def test_counts_and_amounts_add_up_whatever_becomes_of_the_rows(tmp_path: Path) -> None:
    """Read 1 + 1 + 2 + 3 + 4 + 5 = 16: accepted 1 + 3, duplicate 1, correction 2, quarantined 4 + 5; x is none."""
    lines = (
        "T1,C1,2026-01-05,1,cash,\nT1,C1,2026-01-05,1,cash,\nT1,C1,2026-01-05,2,cash,2026-01-06\n"
        "T2,C1,2026-01-05,3,cash,\nT3,C9,2026-01-05,4,cash,\nT4,C1,2026-01-05,5,barter,\nT5,C1,2026-01-05,x,cash,\n"
    )
    report = take_in(tmp_path, transactions=HEAD + lines)
    assert fates(report, "transactions") == (2, 1, 1, 3)
    assert report.amounts["transactions"] == (AmountCounts("amount", 1600, 400, 100, 200, 900, 1),)


def test_data_until_is_the_midnight_after_the_last_event_and_due_dates_do_not_count(tmp_path: Path) -> None:
    repayments = "loan_id,customer_id,due_on,due_principal,due_interest\nL1,C1,2030-01-01,1,1\n"
    report = take_in(tmp_path, repayments=repayments, transactions=HEAD + "T1,C1,2026-01-05 10:00,5,cash,\n")
    manifest = read_manifest(report.prepared)
    assert manifest.data_until.isoformat() == "2026-01-06"
    assert manifest.data_from["transactions"].isoformat() == "2026-01-05"
    assert manifest.tables["transactions"] == tuple(HEAD.strip().split(","))


def test_the_same_data_is_prepared_once(tmp_path: Path) -> None:
    first = take_in(tmp_path, transactions=HEAD + "T1,C1,2026-01-05,x,cash,\n")
    again = prepare(tmp_path / "in", tmp_path / "out")
    assert (first.reused, again.reused) == (False, True)
    assert again == first
    assert again.to_dict() == first.to_dict()


def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path) -> None:
    source = hand_in(tmp_path / "in", customers="customer_id,kind\nC1,retail\n", transactions=HEAD)

    def interrupt(table: str, done: int, total: int) -> None:
        if table == "transactions":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(source, tmp_path / "out", progress=interrupt)
    assert list((tmp_path / "out").iterdir()) == []


def test_what_a_killed_run_left_is_swept_away(tmp_path: Path) -> None:
    left = tmp_path / "out" / ".partial-999999999-abc" / "tables"
    left.mkdir(parents=True)
    report = take_in(tmp_path, transactions=HEAD)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [report.digest]


def test_check_json_has_the_shape_of_the_contract(tmp_path: Path) -> None:
    report: IntakeReport = take_in(
        tmp_path, transactions=HEAD + "T1,C1,2026-01-05,5,cash,\n", loans="loan_id\n"
    )
    body = report.to_dict()
    assert body["tables"]["transactions"] == {
        "read": 1, "accepted": 1, "duplicate": 0, "correction": 0, "quarantined": 0,
    }  # fmt: skip
    assert body["rejected"] == {
        "loans": (
            "loans.csv: expected the columns customer_id, granted_on, amount, matures_on; got loan_id. "
            "Name them as in the contract, letter by letter."
        )
    }
