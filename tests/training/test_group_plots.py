"""Pictures of groups: what they say, how many dots they draw, and that they are readable on any machine."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure

from training.concentration import concentrate
from training.group_figures import Customers, group_figures
from training.group_plots import DOTS, MatrixTexts, draw_counts, draw_matrix, drawn_rows
from training.moves import Moves, count_moves
from training.png import write_png
from training.svg import drawing, new_figure, write_svg
from training.value_plots import draw_concentration, draw_moves
from training.wording import Wording

ENGLISH = Wording("en")
TEXTS = MatrixTexts(
    "Matrix", ENGLISH, {"current_contribution": "Now", "growth_potential": "Later"}, {1: "first", 2: "second"}, "Risk"
)  # fmt: skip


def _customers(count: int, *, has_churn: bool = True) -> Customers:
    draw = np.random.default_rng(1)
    scores = {name: draw.uniform(0, 1000, count) for name in ("growth_potential", "current_contribution")}
    churn = draw.uniform(0, 0.5, count) if has_churn else np.full(count, np.nan)
    return Customers(scores, np.where(np.arange(count) % 3, 1.0, 2.0), draw.normal(100, 50, count), churn)


def _text(figure: Figure, path: Path) -> str:
    with drawing("test"):
        write_svg(figure, path, "t")
    return path.read_text(encoding="utf-8")


def test_the_matrix_names_axes_groups_and_the_unit_of_its_colour(tmp_path: Path) -> None:
    """Of 30 customers one in three is in group 2; group 3 is empty and has no bubble, but is listed."""
    customers = _customers(30)
    figures = group_figures(customers, (1, 2, 3), 0.25)
    texts = replace(TEXTS, groups={**TEXTS.groups, 3: "third"})
    with drawing("test"):
        figure = draw_matrix(figures, customers, texts)
    text = _text(figure, tmp_path / "matrix.svg")
    for words in ("Matrix", "Now (score, 0 to 1,000)", "Later (score, 0 to 1,000)", "Risk (%)", "second"):
        assert words in text
    assert "20 customers (66.7%)" in text
    assert "0 customers (0.0%)" in text
    assert "<image" not in text


def test_without_a_known_risk_the_matrix_has_no_colour_bar(tmp_path: Path) -> None:
    customers = _customers(30, has_churn=False)
    with drawing("test"):
        figure = draw_matrix(group_figures(customers, (1, 2), 0.25), customers, TEXTS)
    text = _text(figure, tmp_path / "matrix.svg")
    assert "Risk" not in text
    assert "colour" not in text


@pytest.mark.parametrize(("count", "drawn"), [(DOTS, DOTS), (DOTS + 1, DOTS // 2 + 1)])
def test_no_more_single_customers_are_drawn_than_a_page_can_hold(count: int, drawn: int) -> None:
    """2,000 are all drawn; of 2,001 every second."""
    assert len(drawn_rows(_customers(count))) == drawn


def test_the_curve_says_what_a_fifth_brings(tmp_path: Path) -> None:
    """60 of 100 from one of five."""
    with drawing("test"):
        found = concentrate(np.array([60.0, 10.0, 10.0, 10.0, 10.0]))
        text = _text(draw_concentration(found, "Curve", ENGLISH), tmp_path / "curve.svg")
    assert "20% bring 60.0%" in text
    with pytest.raises(ValueError, match="above 0"):
        draw_concentration(concentrate(np.array([-1.0])), "Curve", ENGLISH)


def test_moves_are_drawn_with_how_many_are_where(tmp_path: Path) -> None:
    """Before 3 key and 1 general; after 2 key, 1 general and 1 gone. A state without anyone is left out."""
    before = {"a": "key", "b": "key", "c": "key", "d": "general"}
    counts = count_moves(before, {"a": "key", "b": "key", "c": "general"}, ("key", "general", "exit"))
    moves = Moves(date(2026, 10, 1), date(2026, 11, 1), ("key", "general", "exit"), counts)
    with drawing("test"):
        text = _text(
            draw_moves(moves, ("Key", "General", "Exit", "None"), "Moves", ENGLISH), tmp_path / "m.svg"
        )
    said = re.findall(r"(?:Key|General|Exit|None): \d+ \(\d+\.\d%\)", re.sub(r"<[^>]*>", "", text))
    assert said == [
        "Key: 3 (75.0%)", "General: 1 (25.0%)", "Key: 2 (50.0%)", "General: 1 (25.0%)", "None: 1 (25.0%)",
    ]  # fmt: skip
    assert "2026-10-01" in text
    assert "2026-11-01" in text


def test_other_numbers_of_groups_are_drawn_beside_that_of_policy(tmp_path: Path) -> None:
    found = {4: {"silhouette": 0.3, "stability": 0.8}, 5: {"silhouette": -0.1, "stability": 0.9}}
    with drawing("test"):
        figure = draw_counts(found, 5, "Counts", ENGLISH)
    text = _text(figure, tmp_path / "counts.svg")
    assert "policy: 5" in text
    assert figure.axes[0].get_ylim()[0] == -0.1


def test_without_a_chinese_font_no_picture_of_empty_boxes_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = [font for font in font_manager.fontManager.ttflist if "CJK" not in font.name]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", there)
    assert not write_png(new_figure(1, 1), tmp_path / "zh.png", "zh")
    assert not (tmp_path / "zh.png").exists()
    assert write_png(new_figure(1, 1), tmp_path / "en.png", "en")
