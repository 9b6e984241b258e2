"""Pictures of the data page: SVG written by hand, one path for all bars, so that a wide bank's page stays small."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_TIME_WIDTH, _TIME_HEIGHT = 860, 156
_LEFT, _RIGHT, _TOP, _BOTTOM = 90, 10, 24, 34
_SMALL_WIDTH, _SMALL_HEIGHT = 230, 30
_LINE = 14
_MOST_LABELS = 9
_LABEL_WIDTH = 64
_LETTER, _WIDEST_WORD = 6.8, 140.0


@dataclass(frozen=True)
class TimeAxes:
    """What stands at the axes of rows over time: names of both axes, and the highest bar's number."""

    rows: str
    time: str
    most: str


def rows_over_time(heights: Sequence[int], labels: Sequence[str], axes: TimeAxes, title: str) -> str:
    """Bars of rows over time; `labels` name where each bar begins, and as many are written as fit."""
    width, height = _TIME_WIDTH - _LEFT - _RIGHT, _TIME_HEIGHT - _TOP - _BOTTOM
    step = width / len(heights)
    floor = _TOP + height
    every = -(-len(heights) // _MOST_LABELS)
    ticks = [
        _text(_LEFT + (place + 0.5) * step, floor + 14, labels[place], "middle")
        for place in range(0, len(heights), every)
        if (len(heights) - place) * step > _LABEL_WIDTH / 2
    ]
    parts = [
        f'<path class="axis" d="M{_LEFT} {_TOP}V{floor}H{_TIME_WIDTH - _RIGHT}M{_LEFT - 4} {_TOP}h4"/>',
        _bars(heights, (_LEFT, floor), step, height),
        _text(_LEFT - 7, _TOP + 4, axes.most, "end"),
        _text(_LEFT - 7, floor + 2, "0", "end"),
        _text(_LEFT - 7, _TOP - 11, axes.rows, "end"),
        _text(_TIME_WIDTH - _RIGHT, _TIME_HEIGHT - 4, axes.time, "end"),
        *ticks,
    ]
    return _svg(_TIME_WIDTH, _TIME_HEIGHT, title, parts)


def histogram(heights: Sequence[int], left: str, right: str, title: str) -> str:
    """Bars of a distribution, with what stands at its left and right end."""
    parts = [
        _bars(heights, (0, _SMALL_HEIGHT), _SMALL_WIDTH / len(heights), _SMALL_HEIGHT),
        f'<path class="axis" d="M0 {_SMALL_HEIGHT}H{_SMALL_WIDTH}"/>',
        _text(0, _SMALL_HEIGHT + 11, left, "start"),
        _text(_SMALL_WIDTH, _SMALL_HEIGHT + 11, right, "end"),
    ]
    return _svg(_SMALL_WIDTH, _SMALL_HEIGHT + _LINE, title, parts)


def frequencies(rows: Sequence[tuple[str, int, str]], title: str) -> str:
    """Bars of words: each word, its rows, and their share as it is written."""
    most = max(count for _, count, _ in rows)
    label = min(_WIDEST_WORD, _LETTER * max(_letters(word) for word, _, _ in rows) + 8)
    room = _SMALL_WIDTH - label - 44
    parts = []
    for place, (word, count, share) in enumerate(rows):
        base = place * _LINE + 10
        parts.append(_text(label - 6, base, word, "end"))
        parts.append(_text(_SMALL_WIDTH, base, share, "end"))
        width = max(room * count / most, 1.0 if count else 0.0)
        parts.append(f'<path class="bar" d="M{label:.0f} {base - 8}h{width:.1f}v9h-{width:.1f}z"/>')
    return _svg(_SMALL_WIDTH, len(rows) * _LINE, title, parts)


def _bars(heights: Sequence[int], origin: tuple[float, float], step: float, height: float) -> str:
    """One path for all bars; a bar with rows is never too low to be seen."""
    most = max(heights) or 1
    gap = min(1.0, step / 5)
    pieces = []
    for place, count in enumerate(heights):
        if count:
            tall = max(height * count / most, 1.0)
            pieces.append(
                f"M{origin[0] + place * step + gap / 2:.1f} {origin[1]:.0f}v-{tall:.1f}h{step - gap:.1f}v{tall:.1f}z"
            )
    return f'<path class="bar" d="{"".join(pieces)}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg role="img" aria-label="{escape(title)}" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}">{"".join(parts)}</svg>'
    )


def _letters(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
