"""From evaluations to episodes: a signal is raised by a firing, and closed by so many clear evaluations in a row."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.signals.measures import EVALUATED
from features.tables import NEVER
from features.windows import KEYS

_SERIES = (*KEYS, "place")
EPISODE = (*_SERIES, "raised_day", "closed_day", "severity")
"""Columns of a signal while it lasts: from `raised_day` until before `closed_day` (null: still open)."""


def episodes(evaluations: ir.Table, clear: int) -> ir.Table:
    """Times through which computed signals were open.

    One row per KEYS, `place` of the code, and episode: `raised_day`, `closed_day`, `severity` of the newest firing,
    and `fired_day`, its evaluation. Evaluations of one day count as one: it fires if one of them does. What was not
    evaluated neither raises, closes nor keeps open. An evaluation tells what became known on the day before its
    `evaluated_day`, and it is on that day that a signal is raised or closed: like a recorded one it is open at an
    as_of if raised before it, and not closed before it.

    Parameters
    ----------
    evaluations
        KEYS, `place`, `evaluated_day`, `level` (1-5: fires; 0: clear).
    clear
        How many clear evaluations in a row close a signal.

    Source: warning-signals.md, "When".
    """
    days = evaluations.group_by(*_SERIES, EVALUATED).aggregate(level=evaluations.level.max())
    series = ibis.window(group_by=_SERIES, order_by=EVALUATED)
    days = days.mutate(
        number=ibis.row_number().over(series), cleared=days[EVALUATED].lead(clear).over(series)
    )
    fired = days.filter(days.level > 0)
    before, after = fired.number.lag().over(series), fired.number.lead().over(series)
    fired = fired.mutate(
        starts=before.isnull() | (fired.number - before > clear),
        ends=after.isnull() | (after - fired.number > clear),
    )
    start = ibis.ifelse(fired.starts, fired[EVALUATED], ibis.null("int32"))
    so_far = ibis.cumulative_window(group_by=_SERIES, order_by=EVALUATED)
    last = fired.mutate(start=start.max().over(so_far)).filter(lambda t: t.ends)
    return last.select(
        *_SERIES,
        raised_day=(last.start - 1).cast("int32"),
        closed_day=(last.cleared - 1).cast("int32"),
        severity=last.level.cast("int8"),
        fired_day=last[EVALUATED].cast("int32"),
    )


def merged(spans: ir.Table) -> ir.Table:
    """Join spans of one code that overlap or touch, as `episodes` would have it.

    Parameters
    ----------
    spans
        KEYS, `place`, `raised_day`, `closed_day` (null: open), `severity`, and `figure`, which is kept of what is
        still open: the highest.
    """
    each = spans.mutate(end=spans.closed_day.fill_null(NEVER)).group_by(*_SERIES, "raised_day", "end")
    spans = each.aggregate(severity=spans.severity.max(), figure=spans.figure.max())
    by_start = {"group_by": _SERIES, "order_by": ("raised_day", "end")}
    reach = spans.end.max().over(ibis.window(**by_start, preceding=(None, 1)))
    spans = spans.mutate(starts=(reach.isnull() | (spans.raised_day > reach)).cast("int32"))
    spans = spans.mutate(number=spans.starts.sum().over(ibis.cumulative_window(**by_start)))
    found = spans.group_by(*_SERIES, "number").aggregate(
        raised_day=spans.raised_day.min(),
        end=spans.end.max(),
        severity=spans.severity.max(),
        figure=spans.figure.max(where=spans.end == NEVER),
    )
    closed = found.end.nullif(NEVER).cast("int32")
    return found.select(*_SERIES, "raised_day", "severity", "figure", closed_day=closed)
