"""What becomes of a row: accepted, duplicate, correction or quarantined; and from when to when it is in force.

Rows that break a rule are quarantined already, and change nothing about other rows. Of the others, rows that are
identical in every column are one row and its duplicates. Rows with the same key and other content contradict each
other where they came to be known at the same moment (`recorded_at`, by default the time of the event): nobody can
say which of them is right, and all of these are quarantined. What remains of a key has moments of its own: the
first is accepted, each later one corrects the one before. The order of the rows in their files plays no part.
A mended row (from `corrected/`) settles a contradiction among the bank's own rows: it stands, they do not.

Source: contract, "What becomes of a row"; docs/decisions/0006, for what a contradiction does to earlier rows.
"""

# ruff: noqa: S608  # table names come from the declarations, everything else is quoted

from dataclasses import dataclass

import duckdb

from features.tables import ALWAYS, NEVER
from pipelines.intake.stage import Stage
from pipelines.intake.zones import ZoneClock

FATES = ("accepted", "duplicate", "correction", "quarantined")


@dataclass(frozen=True)
class JudgedTable:
    """A table's rows with their fates.

    The engine's view `name` has the stage's columns and `rid`, `fate`, `until_day` (of accepted rows and
    corrections), `is_conflict` (quarantined for the sake of another row), `event_day` and `known_day`.
    """

    stage: Stage
    name: str


def judge_fates(connection: duckdb.DuckDBPyConnection, stage: Stage, clock: ZoneClock) -> JudgedTable:
    """Give every row of a stage its fate."""
    days = Days(stage, clock)
    name = f"judged_{stage.table.name}"
    special = _special_name(stage)
    connection.execute(f"CREATE OR REPLACE TABLE {special} AS {_special_sql(stage, days)}")
    fate = "CASE WHEN problem IS NOT NULL THEN 'quarantined' ELSE coalesce(special.fate, 'accepted') END"
    connection.execute(
        f"CREATE OR REPLACE VIEW {name} AS SELECT stage.*, stage.rowid AS rid, {fate} AS fate, "
        f"coalesce(special.until_day, {NEVER}) AS until_day, coalesce(special.is_conflict, false) AS is_conflict, "
        f"{days.event_day} AS event_day, {days.known_day} AS known_day "
        f"FROM {stage.name} stage LEFT JOIN {special} special ON stage.rowid = special.rid"
    )
    return JudgedTable(stage, name)


def known_customers_sql(judged: JudgedTable) -> str:
    """SQL for the ids of the customers of whom a row was not quarantined, numbered in the order of their ids."""
    customer = judged.stage.at("customer_id")
    ids = f"SELECT DISTINCT {customer} AS customer_id FROM {judged.name} WHERE fate <> 'quarantined'"
    return f"SELECT customer_id, CAST(row_number() OVER (ORDER BY customer_id) - 1 AS INTEGER) FROM ({ids})"


def drop_rows(connection: duckdb.DuckDBPyConnection, judged: JudgedTable) -> None:
    """Let the engine forget a table's rows."""
    connection.execute(f"DROP VIEW {judged.name}")
    connection.execute(f"DROP TABLE {_special_name(judged.stage)}")
    judged.stage.close(connection)


def _special_name(stage: Stage) -> str:
    return f"special_{stage.table.name}"


class Days:
    """SQL for the days of a row: of its event, of its being known, of its replacing an earlier row."""

    def __init__(self, stage: Stage, clock: ZoneClock) -> None:
        self._stage, self._clock = stage, clock
        table = stage.table
        fallback = table.event_fallback
        self.event_day = self.day_of(table.event)
        self.event_time = self._time_of(table.event)
        if fallback is not None:
            self.event_day = f"coalesce({self.event_day}, {self.day_of(fallback)})"
            self.event_time = f"coalesce({self.event_time}, {self._time_of(fallback)})"
        recorded = f"{self.day_of('recorded_at')} + 1"
        later = [f"{self.day_of(name)} + 1" for name in table.known_after]
        event = self.event_day if table.known_on_the_day else f"{self.event_day} + 1"
        self.known_day = (
            f"CAST(coalesce(greatest({', '.join([event, recorded, *later])}), {ALWAYS}) AS INTEGER)"
        )
        self.replaces_day = f"coalesce({recorded}, {self.known_day})"
        self.recorded_time = f"coalesce({stage.at('recorded_at')}, {self.event_time})"

    def day_of(self, column: str) -> str:
        """SQL for a date's or timestamp's day in the bank's zone, days since 1970-01-01."""
        day = self._stage.at(column)
        if self._stage.table.column(column).type == "timestamp":
            day = f"CAST(make_timestamp({self._clock.to_local(day)}) AS DATE)"
        return f"CAST({day} - DATE '1970-01-01' AS INTEGER)"

    def _time_of(self, column: str) -> str:
        """SQL for a date's midnight or a timestamp in UTC microseconds."""
        at = self._stage.at(column)
        if self._stage.table.column(column).type == "timestamp":
            return at
        return self._clock.to_utc(f"epoch_us(CAST({at} AS TIMESTAMP))")


def _special_sql(stage: Stage, days: Days) -> str:
    """SQL for the rows that share their key with another row: rid, fate, until_day, is_conflict."""
    key = [stage.at(column) for column in stage.table.key]
    key = [at for at in key if at.startswith("v")]
    same_key = " AND ".join(f"stage.{at} IS NOT DISTINCT FROM repeated.{at}" for at in key)
    keys = ", ".join(key)
    content = ", ".join(f"v{index}" for index in range(len(stage.columns.taken)))
    is_mended = _is_mended(stage)
    return f"""
        WITH repeated AS (
            SELECT {keys} FROM {stage.name} WHERE problem IS NULL GROUP BY {keys} HAVING count(*) > 1
        ), candidates AS (
            SELECT stage.*, stage.rowid AS rid FROM {stage.name} stage SEMI JOIN repeated ON {same_key}
            WHERE problem IS NULL
        ), copies AS (
            SELECT *, row_number() OVER (PARTITION BY {content} ORDER BY file_no, row_no) AS copy,
                bool_or({is_mended}) OVER (PARTITION BY {content}) AS is_mended,
                bool_or(NOT {is_mended}) OVER (PARTITION BY {content}) AS is_own
            FROM candidates
        ), originals AS (
            SELECT rid, {keys}, {days.recorded_time} AS recorded, {days.replaces_day} AS replaces_day,
                is_mended, is_own
            FROM copies WHERE copy = 1
        ), at_once AS (
            SELECT *, count(*) OVER together = 1
                OR (is_mended AND count_if(is_mended) OVER together = 1 AND count_if(is_own) OVER together > 1)
                AS stands
            FROM originals WINDOW together AS (PARTITION BY {keys}, recorded)
        ), ranked AS (
            SELECT rid, row_number() OVER in_order AS version,
                min(replaces_day) OVER (in_order ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS until_day
            FROM at_once WHERE stands
            WINDOW in_order AS (PARTITION BY {keys} ORDER BY recorded NULLS FIRST)
        )
        SELECT rid, 'duplicate' AS fate, CAST(NULL AS INTEGER) AS until_day, false AS is_conflict
        FROM copies WHERE copy > 1
        UNION ALL SELECT rid, 'quarantined', NULL, true FROM at_once WHERE NOT stands
        UNION ALL
        SELECT rid, CASE WHEN version > 1 THEN 'correction' ELSE 'accepted' END, CAST(until_day AS INTEGER), false
        FROM ranked
    """


def _is_mended(stage: Stage) -> str:
    """SQL that is true for rows out of `corrected/`."""
    numbers = ", ".join(str(number) for number in stage.corrected)
    return f"(file_no IN ({numbers}))" if numbers else "false"
