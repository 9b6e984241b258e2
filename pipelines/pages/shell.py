"""The shell of a page: one file that loads nothing, both languages behind a switch that needs no script."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path

from pipelines.intake.words import LANGUAGES, Language
from pipelines.pages.markup import Html, element, joined
from training.wording import Wording

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
FONTS = '"Helvetica Neue", Arial, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif'
_STYLE = f"""
body {{ font: 14px/1.5 {FONTS}; color: #1a1a1a; background: #fff; max-width: 78rem;
       margin: 1.5rem auto; padding: 0 1.5rem; }}
h1 {{ font-size: 1.6rem; margin: .5rem 0; }} h2 {{ margin: 2rem 0 .5rem; border-bottom: 2px solid #0b5a9c; }}
h3 {{ margin: 1.4rem 0 .4rem; }} h3 span {{ font-weight: normal; }} h4 {{ margin: .8rem 0 .2rem; }}
code {{ font: .85em ui-monospace, Menlo, Consolas, monospace; color: #3b4a57; overflow-wrap: anywhere; }}
h3 code {{ font-size: 1em; color: inherit; }}
table {{ border-collapse: collapse; margin: .4rem 0 1rem; font-variant-numeric: tabular-nums; }}
th, td {{ border-bottom: 1px solid #d5dbe0; padding: .25rem .6rem; text-align: left; vertical-align: top; }}
th {{ background: #f0f3f6; }}
.figures {{ width: 100%; }} .figures :is(td, th):nth-child(n+2) {{ text-align: right; }}
.note {{ color: #48555f; font-size: .86rem; }}
.caption {{ margin: .6rem 0 .1rem; font-weight: bold; }}
summary {{ cursor: pointer; margin: .3rem 0; }} svg {{ display: block; max-width: 100%; }}
main {{ display: none; }} input {{ margin: 0 .3rem 0 1rem; }}
#show-en:checked ~ main:lang(en), #show-zh:checked ~ main:lang(zh) {{ display: block; }}
"""
_PRINTED = """
@page { size: A4 landscape; margin: 12mm; }
@media print {
  body { max-width: none; margin: 0; padding: 0; font-size: 11px; } input, label, nav { display: none; }
  details::details-content { content-visibility: visible; display: block; }
  tr, svg { break-inside: avoid; } h2, h3, h4, .caption { break-after: avoid; }
}
"""


@dataclass(frozen=True)
class Page:
    """What a page says in one language: its title, and everything below it."""

    title: str
    content: Html


def write_page(path: Path, language: str, in_language: Callable[[Language], Page], style: str = "") -> None:
    """Write a page, whole or not at all; it opens in `language`, "en" or "zh", which stands first.

    `style` holds the rules that no other page needs. Table class `figures`: all columns but the first at the right.
    """
    pages: dict[str, Page] = {
        each: in_language(each) for each in sorted(LANGUAGES, key=lambda each: each != language)
    }
    switch = "".join(
        f'<input type="radio" name="language" id="show-{each}"{" checked" if each == language else ""}>'
        f'<label for="show-{each}" lang="{each}">{escape(Wording(each)("own_name"))}</label>'
        for each in LANGUAGES
    )
    mains = "\n".join(
        f'<main lang="{each}">\n{joined(element("h1", page.title), page.content).text}\n</main>'
        for each, page in pages.items()
    )
    text = (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(pages[language].title)}</title>\n'
        f"<style>{_STYLE}{style}{_PRINTED}</style>\n</head>\n<body>\n{switch}\n{mains}\n</body>\n</html>\n"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
