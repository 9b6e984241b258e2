"""Time and money: every question of zone and unit is settled once, exactly, or the row is quarantined."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from pipelines.intake.zones import zone_clock
from tests.tables_in import Handed, day, fates, faults, rows, take_in

HEAD = "contact_id,customer_id,occurred_at,channel\n"
LONDON = "zone: Europe/London"
SHANGHAI = "zone: Asia/Shanghai"


def moments(place: Path, settings: str, *texts: str) -> list[tuple[str, int]]:
    """UTC moment and bank-local day of contacts at these times, in order; quarantined ones are left out."""
    lines = "".join(f"K{number},C1,{text},T\n" for number, text in enumerate(texts))
    found = sorted(
        rows(take_in(place, settings, contacts=HEAD + lines), "contacts"), key=lambda row: row["contact_id"]
    )
    return [
        (row["occurred_at"].astimezone(UTC).strftime("%Y-%m-%d %H:%M"), row["event_day"]) for row in found
    ]


def test_a_time_without_zone_is_the_banks_and_one_with_zone_keeps_its_moment(tmp_path: Path) -> None:
    """Shanghai is 8 hours ahead: local midnight of the 5th is 16:00 UTC on the 4th; 16:00Z is the 6th there."""
    texts = (
        "2026-01-05",
        "2026-01-05 00:00",
        "2026-01-05T16:00Z",
        "2026-01-05 16:00:00+00:00",
        "2026-01-05 09:00+0900",
    )
    assert moments(tmp_path, SHANGHAI, *texts) == [
        ("2026-01-04 16:00", day("2026-01-05")),
        ("2026-01-04 16:00", day("2026-01-05")),
        ("2026-01-05 16:00", day("2026-01-06")),
        ("2026-01-05 16:00", day("2026-01-06")),
        ("2026-01-05 00:00", day("2026-01-05")),
    ]


def test_an_hour_that_occurs_twice_is_the_earlier_one(tmp_path: Path) -> None:
    """London goes back at 02:00 on 2026-10-25: 01:30 is 00:30 UTC first, and 01:30 UTC an hour later."""
    texts = ("2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:00")
    assert [moment for moment, _ in moments(tmp_path, LONDON, *texts)] == [
        "2026-10-24 23:30", "2026-10-25 00:30", "2026-10-25 02:00",
    ]  # fmt: skip


def test_an_hour_that_never_occurs_is_quarantined(tmp_path: Path) -> None:
    """London goes forward at 01:00 on 2026-03-29: 00:59 and 02:00 occur, 01:00 to 01:59 do not."""
    times = ("00:59", "01:00", "01:59:59", "02:00")
    lines = "".join(f"K{time},C1,2026-03-29 {time},T\n" for time in times)
    report = take_in(tmp_path, LONDON, contacts=HEAD + lines)
    assert [row["contact_id"] for row in rows(report, "contacts")] == ["K00:59", "K02:00"]
    assert faults(report)[0].startswith(
        "contacts.occurred_at, row 2: expected a time that exists in Europe/London; got '2026-03-29 01:00'."
    )


def test_parquet_times_of_every_unit_are_read_alike(tmp_path: Path) -> None:
    """10:00 local without zone, 10:00 UTC with one; nanoseconds are cut to microseconds."""
    moment = datetime(2026, 7, 5, 10)  # noqa: DTZ001  # without a zone on purpose
    for number, unit in enumerate(("s", "ms", "us", "ns")):
        kinds = (pa.timestamp(unit), pa.timestamp(unit, "UTC"), pa.timestamp(unit, "Asia/Tokyo"))
        for zone, kind in enumerate(kinds):
            value = moment if zone == 0 else moment.replace(tzinfo=UTC)
            frame = pa.table({"contact_id": ["K"], "customer_id": ["C1"], "channel": ["T"],
                              "occurred_at": pa.array([value], kind)})  # fmt: skip
            report = take_in(tmp_path / f"{number}{zone}", LONDON, contacts=frame)
            expected = datetime(2026, 7, 5, 9 if zone == 0 else 10, tzinfo=UTC)
            assert rows(report, "contacts")[0]["occurred_at"] == expected


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        (pa.date32(), date(2026, 1, 5), True),
        (pa.timestamp("ns"), datetime(2026, 1, 5), True),  # noqa: DTZ001
        (pa.timestamp("us"), datetime(2026, 1, 5, 1), False),  # noqa: DTZ001
        (pa.timestamp("us", "UTC"), datetime(2026, 1, 4, 16, tzinfo=UTC), True),
        (pa.timestamp("us", "UTC"), datetime(2026, 1, 5, tzinfo=UTC), False),
        (pa.string(), "2026-01-05", True),
        (pa.string(), "2026-01-05 00:00", False),
        (pa.string(), "2026-1-5", False),
    ],
)
def test_a_timestamp_is_a_date_only_where_it_is_a_midnight(
    tmp_path: Path, kind: pa.DataType, value: object, kept: bool
) -> None:
    frame = pa.table({"customer_id": ["C1"], "code": ["taxpayer"], "noted_on": pa.array([value], kind)})
    report = take_in(tmp_path, SHANGHAI, facts=frame)
    assert [row["noted_on"] for row in rows(report, "facts")] == [date(2026, 1, 5)] * kept


@pytest.mark.parametrize(
    "zone", ["Europe/London", "America/Sao_Paulo", "Asia/Kathmandu", "Africa/Casablanca", "UTC"]
)
def test_a_zones_clock_agrees_with_the_tz_database_on_every_hour_of_two_years(
    tmp_path: Path, zone: str
) -> None:
    """The SQL of both directions against zoneinfo, hour by hour, a minute before and after each."""
    import duckdb

    clock, info = zone_clock(zone), ZoneInfo(zone)
    start = datetime(2018, 1, 1, tzinfo=UTC)
    utc = [start + timedelta(hours=hour, minutes=minute) for hour in range(2 * 8766) for minute in (-1, 0, 1)]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    frame = pa.table({"moment": [(moment - epoch) // timedelta(microseconds=1) for moment in utc]})
    local = duckdb.from_arrow(frame).query("f", f"SELECT {clock.to_local('moment')} FROM f").fetchall()
    naive_epoch = datetime(1970, 1, 1)  # noqa: DTZ001
    expected = [
        (moment.astimezone(info).replace(tzinfo=None) - naive_epoch) // timedelta(microseconds=1)
        for moment in utc
    ]
    assert [value for (value,) in local] == expected
    back = duckdb.from_arrow(pa.table({"l": expected})).query(
        "f", f"SELECT {clock.to_utc('l')}, {clock.is_gap('l')} FROM f"
    ).fetchall()  # fmt: skip
    for moment, (answer, is_gap) in zip(utc, back, strict=True):
        first = moment.astimezone(info).replace(fold=0).astimezone(UTC)
        assert (answer, is_gap) == ((first - epoch) // timedelta(microseconds=1), False)


MONEY = "transaction_id,customer_id,occurred_at,kind,amount\n"


@pytest.mark.parametrize(
    ("decimals", "text", "minor"),
    [
        (2, "12", 1200), (2, "12.3", 1230), (2, "12.34", 1234), (2, "-0.5", -50), (2, "+7.50", 750), (2, "0012", 1200),
        (2, "12.340", 1234), (2, "12.", None), (2, ".5", None), (2, "12.345", None), (2, "1,234", None),
        (2, "1e3", None), (2, "¥12", None), (2, "12 ", None), (2, "(12)", None), (2, "NaN", None), (2, "=12", None),
        (2, "92233720368547758.07", 2**63 - 1), (2, "92233720368547758.08", None),
        (2, "-92233720368547758.08", -(2**63)),
        (0, "12", 12), (0, "12.0", 12), (0, "12.5", None), (3, "12.345", 12345),
    ],
)  # fmt: skip
def test_csv_amounts_are_major_units_and_converted_exactly(
    tmp_path: Path, decimals: int, text: str, minor: int | None
) -> None:
    lines = f'{MONEY}T1,C1,2026-01-05,cash,"{text}"\n'
    report = take_in(tmp_path, f"currency_decimals: {decimals}\ndata_until: 2026-02-01", transactions=lines)
    assert [row["amount"] for row in rows(report, "transactions")] == [minor] * (minor is not None)


@pytest.mark.parametrize(
    ("amounts", "minor"),
    [
        (pa.array([1200, -5], pa.int64()), [1200, -5]),
        (pa.array([1200, 2**63], pa.uint64()), [1200]),
        (pa.array([12, 5], pa.int8()), [12, 5]),
        (pa.array([Decimal("12"), Decimal("-0.5")], pa.decimal128(18, 4)), [1200, -50]),
        (pa.array([Decimal("12.345"), Decimal("0.01")], pa.decimal128(18, 4)), [1]),
        (pa.array([Decimal("9" * 30), Decimal("1")], pa.decimal128(38, 2)), [100]),
    ],
)
def test_integers_are_minor_units_and_decimals_major_units(
    tmp_path: Path, amounts: pa.Array, minor: list[int]
) -> None:
    frame = pa.table({"transaction_id": ["T1", "T2"], "customer_id": ["C1", "C1"], "kind": ["cash", "cash"],
                      "occurred_at": [date(2026, 1, 5)] * 2, "amount": amounts})  # fmt: skip
    assert [row["amount"] for row in rows(take_in(tmp_path, transactions=frame), "transactions")] == minor


def test_money_as_floats_rejects_the_table_and_says_what_to_do(tmp_path: Path) -> None:
    frame = pa.table({"transaction_id": ["T1"], "customer_id": ["C1"], "kind": ["cash"],
                      "occurred_at": [date(2026, 1, 5)], "amount": [12.5]})  # fmt: skip
    report = take_in(tmp_path, transactions=frame, contacts=HEAD)
    assert report.rejected["transactions"].text() == (
        "transactions.amount: expected whole minor units (integers) or decimals; got floating point (DOUBLE) in "
        "transactions.parquet. Floats are not exact: export integers of minor units, or a decimal column."
    )


def test_too_many_decimals_are_told_apart_from_no_amount(tmp_path: Path) -> None:
    report = take_in(
        tmp_path, transactions=f"{MONEY}T1,C1,2026-01-05,cash,1.234\nT2,C1,2026-01-05,cash,one\n"
    )
    told = faults(report)
    assert fates(report, "transactions") == (0, 0, 0, 2)
    assert any(
        "expected an amount with at most 2 decimals; got '1.234'. Nothing is rounded" in text for text in told
    )
    assert any("expected an amount such as 1234.50" in text for text in told)


def test_days_stand_beside_every_date_also_where_the_bank_has_none(tmp_path: Path) -> None:
    complaints: Handed = (
        "complaint_id,customer_id,received_at,resolved_at\nP1,C1,2026-01-05 23:30Z,2026-01-06 16:00Z\n"
    )
    row = rows(take_in(tmp_path, SHANGHAI, complaints=complaints), "complaints")[0]
    assert (row["event_day"], row["resolved_day"]) == (day("2026-01-06"), day("2026-01-07"))
    assert row["first_response_day"] is None
    assert "first_response_at" not in row


def test_truth_values_and_whole_numbers_are_read_in_the_spellings_that_leave_no_doubt(tmp_path: Path) -> None:
    head = "complaint_id,customer_id,received_at,satisfied,severity\n"
    lines = ["true,1", "FALSE,5", "1,+3", "0,03", ",", "yes,1", "true,6", "true,3.0"]
    text = head + "".join(f"P{number},C1,2026-01-05,{line}\n" for number, line in enumerate(lines))
    found = [
        (row["satisfied"], row["severity"]) for row in rows(take_in(tmp_path, complaints=text), "complaints")
    ]
    assert found == [(True, 1), (False, 5), (True, 3), (False, 3), (None, None)]
