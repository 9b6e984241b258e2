"""The monitor's page for people: what differs, in both languages, the one asked for first."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from features.policy import read_policy
from pipelines.monitor_report import FeatureDrift, MonitorReport, prediction_spec
from pipelines.overrides import override_text
from serving.reasons import NumberWriter, Texts
from training.wording import LANGUAGES, Wording

_STYLE = """
body { font: 15px/1.5 "Helvetica Neue", Arial, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif;
       max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 1.5rem; }
th, td { padding: 0.25rem 0.6rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
tr.alarm td { font-weight: bold; background: #fdecea; }
p.alarm { font-weight: bold; }
section + section { border-top: 3px double #999; margin-top: 3rem; }
"""
_MINUS = "\N{EN DASH}"


def write_page(report: MonitorReport, language: str, details: str | None) -> None:
    """Write `report.html`, whole or not at all; `details` is the file of Evidently's report beside it."""
    order = (language, *(each for each in LANGUAGES if each != language))
    sections = "\n".join(_section(report, Wording(each), details) for each in order)
    title = escape(Wording(language)("monitor.title", as_of=report.as_of, version=report.version))
    text = (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{sections}\n</body>\n</html>\n"
    )
    draft = report.html.with_name(f".{report.html.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(report.html)


def _section(report: MonitorReport, words: Wording, details: str | None) -> str:
    rows = report.rows
    measured = words(
        "monitor.measured", now=f"{rows['sample_current']:,}", scorable=f"{rows['current']:,}",
        before=f"{rows['sample_reference']:,}", limit=read_policy("monitor")["psi_alarm"],
    )  # fmt: skip
    count = len(report.alarms)
    state = words("monitor.alarms", count=count) if count else words("monitor.no_alarm")
    if all(item.limit is None for item in report.predictions.values()):
        state = words("monitor.too_few", rows=read_policy("monitor")["minimum_rows"])
    link = f'<p><a href="{escape(details)}">{escape(words("monitor.details"))}</a></p>' if details else ""
    parts = [
        f"<h1>{escape(words('monitor.title', as_of=report.as_of, version=report.version))}</h1>",
        *_against_the_gate(report, words),
        f"<p>{escape(measured)}</p>",
        f'<p class="alarm">{escape(state)}</p>',
        f"<h2>{escape(words('monitor.predictions'))}</h2>",
        _predictions(report, words),
        f"<h2>{escape(words('monitor.features'))}</h2>",
        _features(report, words),
        *_unchanging(report, words),
        link,
    ]
    return f'<section lang="{words.language}">\n' + "\n".join(parts) + "\n</section>"


def _against_the_gate(report: MonitorReport, words: Wording) -> list[str]:
    if report.override is None:
        return []
    text = words(
        "monitor.override", version=report.version, text=override_text(report.override, words.language)
    )
    return [f'<p class="alarm">{escape(text)}</p>']


def _predictions(report: MonitorReport, words: Wording) -> str:
    titles = report.titles[words.language]
    writer = NumberWriter(Texts(read_policy("texts")), report.bank, words.language)
    rows = []
    for key, item in report.predictions.items():
        spec = prediction_spec(is_amount=item.is_amount)
        means = (writer.write(spec, item.mean_before), writer.write(spec, item.mean_now))
        state = words("monitor.is_alarm") if item.alarm else _MINUS
        rows.append((item.alarm, (titles[key], f"{item.psi:.3f}", *means, state)))
    names = ("name", "psi", "mean_before", "mean_now", "state")
    return _table([words(f"monitor.{name}") for name in names], rows)


def _features(report: MonitorReport, words: Wording) -> str:
    """The features that vary, the largest index first."""
    titles = report.titles[words.language]
    varied = [(name, item) for name, item in report.features.items() if not item.is_constant]
    rows = [
        (item.alarm, (titles[name], f"{item.psi:.3f}", f"{item.missing_before:.1%}", f"{item.missing_now:.1%}",
                      _state(name, item, words)))
        for name, item in sorted(varied, key=lambda pair: -pair[1].psi)
    ]  # fmt: skip
    names = ("name", "psi", "missing_before", "missing_now", "state")
    return _table([words(f"monitor.{name}") for name in names], rows)


def _state(name: str, item: FeatureDrift, words: Wording) -> str:
    if name in read_policy("monitor")["growing"]:
        return words("monitor.grows")
    return words("monitor.is_alarm") if item.alarm else _MINUS


def _unchanging(report: MonitorReport, words: Wording) -> list[str]:
    titles = report.titles[words.language]
    still = [(name, item) for name, item in report.features.items() if item.is_constant]
    empty = [titles[name] for name, item in still if item.missing_now == 1.0]
    constant = [titles[name] for name, item in still if item.missing_now < 1.0]
    found = [("constant", constant), ("empty", empty)]
    return [
        f"<p>{escape(words(f'monitor.{kind}', names=', '.join(names)))}</p>" for kind, names in found if names
    ]


def _table(head: Sequence[str], rows: Sequence[tuple[bool, Sequence[str]]]) -> str:
    """HTML of a table; a row that is an alarm stands out."""
    lines = ["<table>", "<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"]
    for is_alarm, cells in rows:
        mark = ' class="alarm"' if is_alarm else ""
        lines.append(f"<tr{mark}>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    return "\n".join([*lines, "</table>"])
