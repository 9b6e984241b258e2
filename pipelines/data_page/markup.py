"""HTML of the data page in small pieces. What is given as text is escaped here; what is given as HTML is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape


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


def grid(head: Sequence[str], rows: Iterable[Sequence[Cell]], kind: str = "") -> Html:
    """Return a table."""
    lines = [f'<table class="{kind}">' if kind else "<table>"]
    lines.append(
        "<thead><tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr></thead><tbody>"
    )
    lines += ["<tr>" + "".join(f"<td>{html_of(cell)}</td>" for cell in row) + "</tr>" for row in rows]
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
