"""Bad input, kind by kind: what is quarantined, what is rejected, what stops intake; and the words for it."""

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.intake import prepare, read_manifest
from tests.tables_in import CUSTOMERS, Handed, fates, faults, hand_in, quarantine, rows, take_in

CONTACTS = "contact_id,customer_id,occurred_at,channel,warmth\n"
MOMENT = datetime(2026, 1, 5, 10, tzinfo=UTC)


def contacts(**columns: pa.Array) -> pa.Table:
    """One contact as Arrow, with some columns replaced."""
    plain = {
        "contact_id": pa.array(["K1"]),
        "customer_id": pa.array(["C1"]),
        "occurred_at": pa.array([MOMENT], pa.timestamp("us", tz="UTC")),
        "channel": pa.array(["T"]),
    }
    return pa.table({**plain, **columns})


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("K1,C1,2026-01-05,X,", ("contacts.channel, row 1: expected one of B, E, L, M, S, T; got 'X'. "
         "Map it in the import, or correct the row.")),
        ("K1,C1,2026-01-05,t,", "expected one of B, E, L, M, S, T; got 't'"),
        ("K1,C1,2026-01-05,,", "contacts.channel, row 1: expected a value; got nothing. Fill it in"),
        (",C1,2026-01-05,T,", "contacts.contact_id, row 1: expected a value; got nothing."),
        ("K1,C1,yesterday,T,", "contacts.occurred_at, row 1: expected a timestamp as YYYY-MM-DD HH:MM:SS; got 'yest"),
        ("K1,C1,05/01/2026,T,", "got '05/01/2026'"),
        ("K1,C1,2026-02-30 10:00,T,", "got '2026-02-30 10:00'"),
        ("K1,C1,2026-01-05 24:00,T,", "got '2026-01-05 24:00'"),
        ("K1,C1,2026-01-05,T,3", "contacts.warmth, row 1: expected a number between -2 and 2; got '3'."),
        ("K1,C1,2026-01-05,T,1.5", "contacts.warmth, row 1: expected a whole number without separators; got '1.5'."),
        ("K1,C1,2026-01-05,T, 1", "expected a whole number without separators; got ' 1'"),
        ("K1,C1,2026-01-05,T,=1+1", "expected a whole number without separators; got '=1+1'"),
        ("K1,C3,2026-01-05,T,", "customer_id, row 1: expected a customer_id of the table customers; got 'C3'."),
        ("K1,c1,2026-01-05,T,", "got 'c1'"),
        ("K1,C1 ,2026-01-05,T,", "got 'C1 '"),
        ("K1,C1,2026-01-05", "contacts.*, row 1: expected 5 values, as in the header; got 'K1,C1,2026-01-05'."),
        ("K1,C1,2026-01-05,T,1,1", "expected 5 values, as in the header; got 'K1,C1,2026-01-05,T,1,1'."),
    ],
)  # fmt: skip
def test_a_row_that_breaks_a_rule_is_quarantined_and_says_why(tmp_path: Path, line: str, fault: str) -> None:
    report = take_in(tmp_path, contacts=f"{CONTACTS}{line}\nK2,C2,2026-01-05,T,\n")
    assert fates(report, "contacts") == (1, 0, 0, 1)
    assert fault in faults(report)[0]
    assert quarantine(report)[0][:3] == ("contacts.csv", "contacts", "1")


def test_the_first_rule_in_the_order_of_columns_is_the_one_that_is_named(tmp_path: Path) -> None:
    report = take_in(tmp_path, contacts=f"{CONTACTS}K1,C9,never,X,9\n")
    assert [line[3] for line in quarantine(report)] == ["occurred_at"]


def test_rows_after_a_ragged_one_keep_their_numbers(tmp_path: Path) -> None:
    report = take_in(tmp_path, contacts=f"{CONTACTS}K1\nK2,C1,2026-01-05,T,\nK3,C1,2026-01-05,X,\n")
    assert [(line[2], line[3]) for line in quarantine(report)] == [("1", "*"), ("3", "channel")]


def test_a_row_in_a_folder_names_its_file(tmp_path: Path) -> None:
    parts = [contacts(), contacts(contact_id=pa.array(["K2"]), channel=pa.array(["X"]))]
    report = take_in(tmp_path, contacts=parts)
    assert faults(report)[0].startswith(
        "contacts.channel, row 1 of contacts/part-1.parquet: expected one of B, E,"
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_nan_and_infinity_are_quarantined(tmp_path: Path, value: float) -> None:
    market = pa.table({"series": ["rate", "rate"], "stated_on": [date(2026, 1, 5), date(2026, 1, 6)],
                       "value": [value, 1.5]})  # fmt: skip
    report = take_in(tmp_path, market=market, contacts=contacts())
    assert fates(report, "market") == (1, 0, 0, 1)
    assert "market.value, row 1: expected a finite number with a point and no separators" in faults(report)[0]


def test_an_event_in_the_future_is_quarantined_and_a_due_date_is_not(tmp_path: Path) -> None:
    """Known at the 10th, noon: 12:00 has happened, a second later has not; next_agreed_on may lie ahead."""
    lines = ("contact_id,customer_id,occurred_at,channel,next_agreed_on\n"
             "K1,C1,2026-01-10 12:00:00,T,2026-03-01\nK2,C1,2026-01-10 12:00:01,T,\n")  # fmt: skip
    complaints = "complaint_id,customer_id,received_at,resolved_at\nP1,C1,2026-01-09,2026-01-11\n"
    report = take_in(
        tmp_path, known_at=datetime(2026, 1, 10, 12, tzinfo=UTC), contacts=lines, complaints=complaints
    )
    assert fates(report, "contacts") == (1, 0, 0, 1)
    assert fates(report, "complaints") == (0, 0, 0, 1)
    assert faults(report)[0] == (
        "contacts.occurred_at, row 2: expected nothing later than 2026-01-10T12:00:00+00:00, when the data was "
        "known; got '2026-01-10 12:00:01'. Correct the date, or give the moment at which the data was known."
    )


def test_ids_are_compared_exactly_and_csv_keeps_leading_zeros(tmp_path: Path) -> None:
    report = take_in(
        tmp_path,
        customers="customer_id,kind\n0012,retail\n12,retail\n",
        contacts=f"{CONTACTS}1,0012,2026-01-05,T,\n01,12,2026-01-05,T,\n1.0,012,2026-01-05,T,\n",
    )
    assert fates(report, "customers") == (2, 0, 0, 0)
    assert [(row["contact_id"], row["customer_id"]) for row in rows(report, "contacts")] == [
        ("1", "0012"),
        ("01", "12"),
    ]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (contacts(customer_id=pa.array([12])), ("contacts.customer_id: expected ids as text; got numbers (BIGINT) in "
         "contacts.parquet. Numbers have lost leading zeros: export the column as text.")),
        (contacts(contact_id=pa.array([1.0])), "contacts.contact_id: expected ids as text; got numbers (DOUBLE)"),
        (contacts().drop_columns("channel"), "contacts.parquet: expected the columns channel; got contact_id"),
        (contacts().rename_columns(["contact_id", "Customer_ID", "occurred_at", "channel"]), "columns customer_id;"),
        (contacts(channel=pa.array([1])), "contacts.channel: expected text; got BIGINT in contacts.parquet."),
        (contacts(occurred_at=pa.array([1])), "contacts.occurred_at: expected timestamps; got BIGINT"),
        (contacts(x=pa.array([1]), X=pa.array([1])), "contacts.parquet: expected each column once; got X, x more than"),
        ("", "contacts.csv: expected a readable CSV file; got: Empty CSV file."),
        (f'{CONTACTS}K1,C1,2026-01-05,T,"\nK2,C1,2026-01-05,T,\n', "expected every quoted value to be closed"),
        (CONTACTS.encode() + b"K1,C\xff,2026-01-05,T,\n", "expected a readable CSV file; got:"),
        (CONTACTS.replace(",", ";"), "contacts.csv: expected the columns contact_id, customer_id, occ"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_taken_in_as_a_whole_is_rejected(
    tmp_path: Path, table: Handed, reason: str
) -> None:
    report = take_in(tmp_path, contacts=table, facts="customer_id,code,noted_on\nC1,taxpayer,2026-01-05\n")
    assert reason in report.rejected["contacts"].text()
    assert "contacts" not in report.tables
    assert fates(report, "facts") == (1, 0, 0, 0)


def test_a_truncated_parquet_file_is_rejected_without_machine_paths(tmp_path: Path) -> None:
    source = hand_in(tmp_path / "in", customers=CUSTOMERS, contacts=contacts())
    file = source / "contacts.parquet"
    file.write_bytes(file.read_bytes()[:-20])
    reason = prepare(source, tmp_path / "out").rejected["contacts"].text()
    assert reason.startswith("contacts.parquet: expected a readable Parquet file; got:")
    assert str(tmp_path) not in reason


def test_a_column_without_any_value_has_no_wrong_type(tmp_path: Path) -> None:
    """What data frames make of a column that is empty throughout: floats, or no type at all."""
    empty = contacts(manager_id=pa.array([None], pa.float64()), outcome=pa.nulls(1))
    assert fates(take_in(tmp_path, contacts=empty), "contacts") == (1, 0, 0, 0)


def test_unknown_columns_are_kept_out_and_named(tmp_path: Path) -> None:
    report = take_in(tmp_path, contacts=contacts(mood=pa.array(["gay"])))
    assert report.ignored_columns == {"contacts": ("mood",)}
    assert "mood" not in rows(report, "contacts")[0]


def test_snapshots_keep_own_columns_by_type_and_leave_protected_ones_out(tmp_path: Path) -> None:
    lines = (
        "customer_id,as_of,age,code,member,Gender\nC1,2026-01-05,30,0012,TRUE,f\nC2,2026-01-05,,12,false,m\n"
    )
    report = take_in(tmp_path, snapshots=lines)
    assert read_manifest(report.prepared).snapshot_columns == {
        "age": "number",
        "code": "text",
        "member": "boolean",
    }
    assert report.protected_columns == {"snapshots": ("Gender",)}
    assert [(row["age"], row["code"], row["member"]) for row in rows(report, "snapshots")] == [
        (30.0, "0012", True), (None, "12", False),
    ]  # fmt: skip


def test_a_snapshot_number_that_is_none_is_quarantined_and_a_date_is_kept_out(tmp_path: Path) -> None:
    frame = pa.table({"customer_id": ["C1", "C2"], "as_of": [date(2026, 1, 5)] * 2, "x": [1.0, float("nan")],
                      "seen": [date(2026, 1, 1)] * 2})  # fmt: skip
    report = take_in(tmp_path, snapshots=frame)
    assert fates(report, "snapshots") == (1, 0, 0, 1)
    assert report.ignored_columns == {"snapshots": ("seen",)}


def test_a_signal_needs_somebody_it_is_about(tmp_path: Path) -> None:
    signals = (
        "signal_id,code,raised_on,customer_id,industry\nS1,E01,2026-01-05,,retail\nS2,E01,2026-01-05,,\n"
    )
    signals += "S3,F01,2026-01-05,,retail\nS4,F01,2026-01-05,C1,\nS5,F31,2026-01-05,C1,\n"
    report = take_in(tmp_path, warning_signals=signals)
    assert [row["signal_id"] for row in rows(report, "warning_signals")] == ["S4", "S1"]
    assert "expected one of E01..E08, F01..F30, M01..M51, H01..H14; got 'F31'" in faults(report)[0]


def test_an_instalment_below_zero_is_quarantined_and_one_of_nothing_is_not(tmp_path: Path) -> None:
    """L3 owes principal below 0, L4 interest; what was paid has no bound."""
    lines = ("L1,C1,2026-01-05,100.00,0,", "L2,C1,2026-01-05,0,0.00,-1", "L3,C1,2026-01-05,-0.01,5,",
             "L4,C2,2026-01-05,5,-1,")  # fmt: skip
    head = "loan_id,customer_id,due_on,due_principal,due_interest,paid_amount\n"
    repayments = head + "".join(f"{line}\n" for line in lines)
    report = take_in(tmp_path, "data_until: 2026-02-01", repayments=repayments)
    assert fates(report, "repayments") == (2, 0, 0, 2)
    assert [row["loan_id"] for row in rows(report, "repayments")] == ["L1", "L2"]
    assert [line[2:6] for line in quarantine(report)] == [
        ("3", "due_principal", "at least 0", "-0.01"), ("4", "due_interest", "at least 0", "-1"),
    ]  # fmt: skip
    assert faults(report)[1] == (
        "repayments.due_principal, row 3: expected a number of at least 0; got '-0.01'. "
        "Map it in the import, or correct the row."
    )
    (principal, interest, _) = report.amounts["repayments"]
    assert (principal.column, principal.read, principal.quarantined) == ("due_principal", 10_499, 499)
    assert (interest.column, interest.read, interest.quarantined) == ("due_interest", 400, 400)


def test_an_outcome_must_be_a_label_of_its_target(tmp_path: Path) -> None:
    lines = [
        "churn,0.5",
        "churn,1",
        "loyalty,0.5",
        "loyalty,1.1",
        "growth,-300",
        "growth,0.5",
        "response,0",
        "fun,1",
    ]
    text = "customer_id,as_of,target,value\n" + "".join(
        f"C1,2026-01-{number:02d},{line}\n" for number, line in enumerate(lines, start=1)
    )
    report = take_in(tmp_path, contacts=contacts(), outcomes=text)
    assert [row["value"] for row in rows(report, "outcomes")] == [1.0, 0.5, -300.0, 0.0]


def test_a_formula_in_the_quarantine_is_disarmed(tmp_path: Path) -> None:
    report = take_in(tmp_path, contacts=f'{CONTACTS}K1,"=HYPERLINK(1)",2026-01-05,T,\nK2,-5,2026-01-05,T,\n')
    assert [line[5] for line in quarantine(report)] == ["'=HYPERLINK(1)", "-5"]
