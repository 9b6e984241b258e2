"""Signs of a strained relationship, recorded by hand or visible in data."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.definitions.strain import MANAGER_SIDE, OTHER_BANK_SIGNALS, VISIBLE
from features.windows import KEYS, Tables, Window, counted, known, onto_spine


def strain(tables: Tables, spine: ir.Table) -> ir.Table:
    """Recorded signs of strain: how many, of how many kinds, how long ago.

    One row per (customer_id, as_of) of `spine`.

    Source: contact.md, "Signs of a strained relationship (13)".
    """
    rows = known(tables, "strain_signs", spine)
    counts = {
        f"strain_count_recorded_{days}d": rows.count(
            where=rows.code.isin(MANAGER_SIDE) & Window(days).holds(rows.event_day, rows.as_of_day)
        )
        for days in (180, 365)
    }
    codes = rows.code.nunique(where=Window(365).holds(rows.event_day, rows.as_of_day))
    total = rows.group_by(*KEYS).aggregate(
        **counts, strain_count_codes_365d=codes, last_day=rows.event_day.max()
    )
    joined = onto_spine(spine, total)
    return joined.select(
        *KEYS,
        **{
            name: counted(tables, "strain_signs", joined[name], joined.as_of_day)
            for name in (*counts, "strain_count_codes_365d")
        },
        strain_gap_days=(joined.as_of_day - joined.last_day).cast("float64"),
    )


def visible_strain(tables: Tables, spine: ir.Table, contact: ir.Table) -> ir.Table:
    """Add how many signs of strain are visible, and how many visible or recorded, in the last 180 days.

    `contact` has the features of its group, `moved_day` and `complaint_talks`, one row per KEYS. A sign that no
    table of the bank could show is not seen.

    Source: contact.md, "Those visible in data are features and warnings".
    """
    joined, half = contact, Window(180)
    nothing = ibis.literal(0)
    complaints = signals = nothing
    if "complaints" in tables:
        joined = onto_spine(joined, _count(known(tables, "complaints", spine), "complaints_received"))
        complaints = joined.complaints_received.fill_null(0)
    if "warning_signals" in tables:
        rows = known(tables, "warning_signals", spine)
        rows = rows.filter(rows.code.isin(OTHER_BANK_SIGNALS))
        joined = onto_spine(joined, _count(rows, "signals_raised"))
        signals = joined.signals_raised.fill_null(0)
    if "strain_signs" in tables:
        joined = onto_spine(joined, _recorded_codes(known(tables, "strain_signs", spine)))
    no = ibis.literal(False)  # noqa: FBT003 - a literal of the expression
    seen = {
        "moved_appointment": half.holds(joined.moved_day, joined.as_of_day).fill_null(no),
        "cooling": (joined.contact_cooling_365d == 1.0).fill_null(no),
        "complaint": (joined.complaint_talks.fill_null(0) + complaints) > 0,
        "other_bank": signals > 0,
    }
    visible = sum((is_seen.cast("int64") for is_seen in seen.values()), nothing)
    found = {"strain_count_visible_180d": visible}
    if "strain_signs" in tables:
        either = [is_seen | joined[f"has_{name}"].fill_null(no) for name, is_seen in seen.items()]
        others = joined.other_codes.fill_null(0)
        found["strain_count_any_180d"] = sum((is_sign.cast("int64") for is_sign in either), others)
    reaching = {name: counted(tables, "contacts", value, joined.as_of_day) for name, value in found.items()}
    return joined.select(*contact.columns, **reaching)


def _count(rows: ir.Table, name: str) -> ir.Table:
    recent = rows.filter(Window(180).holds(rows.event_day, rows.as_of_day))
    return recent.group_by(*KEYS).aggregate(**{name: recent.count()})


def _recorded_codes(rows: ir.Table) -> ir.Table:
    """Which of the visible signs were also recorded in the last 180 days, and how many kinds of others."""
    recent = rows.filter(Window(180).holds(rows.event_day, rows.as_of_day))
    return recent.group_by(*KEYS).aggregate(
        **{f"has_{name}": (recent.code == code).any() for name, code in VISIBLE.items()},
        other_codes=recent.code.nunique(where=~recent.code.isin(tuple(VISIBLE.values()))),
    )
