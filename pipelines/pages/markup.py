"""HTML in small pieces. What is given as text is escaped here; what is given as HTML is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain, repeat


@dataclass(frozen=True)
class Html:
    """A piece of HTML that needs no escaping."""

    text: str


Cell = str | Html


def html_of(cell: Cell) -> str:
    """Return a cell's HTML: a text escaped, HTML as it is."""
    return cell.text if isinstance(cell, Html) else escape(cell)


def element(tag: str, *content: Cell, kind: str = "") -> Html:
    """Wrap content in a tag; `kind` is its class."""
    mark = f' class="{kind}"' if kind else ""
    return Html(f"<{tag}{mark}>{''.join(map(html_of, content))}</{tag}>")


def code(name: str) -> Html:
    """Return a raw name, small."""
    return element("code", name)


def link(target: str, text: str) -> Html:
    """Return a link; `target` is a place on the page (#name) or a file beside it."""
    return Html(f'<a href="{escape(target)}">{escape(text)}</a>')


def grid(
    head: Sequence[str], rows: Iterable[Sequence[Cell]], kind: str = "", row_kinds: Iterable[str] = ()
) -> Html:
    """Return a table; `row_kinds` holds the class of the first rows, "" for none."""
    lines = [f'<table class="{kind}">' if kind else "<table>"]
    lines.append(
        "<thead><tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr></thead><tbody>"
    )
    for row, row_kind in zip(rows, chain(row_kinds, repeat("")), strict=False):
        lines.append(element("tr", *(element("td", cell) for cell in row), kind=row_kind).text)
    return Html("\n".join([*lines, "</tbody></table>"]))


def facts(rows: Iterable[tuple[str, Cell]]) -> Html:
    """Return pairs of a name and what is to be said of it."""
    items = "".join(f"<dt>{escape(name)}</dt><dd>{html_of(cell)}</dd>" for name, cell in rows)
    return Html(f"<dl>{items}</dl>")


def bullets(items: Iterable[Cell], kind: str = "") -> Html:
    """Return a list."""
    return element("ul", *(element("li", item) for item in items), kind=kind)


def folded(summary: Cell, *content: Cell) -> Html:
    """Return content that opens at a click, and stands open in print."""
    return element("details", element("summary", summary), *content)


def joined(*pieces: Cell) -> Html:
    """Return pieces one after another."""
    return Html("\n".join(map(html_of, pieces)))
