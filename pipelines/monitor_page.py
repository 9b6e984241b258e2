"""The monitor's page for people: what differs."""

from __future__ import annotations

from collections.abc import Sequence

from features.policy import read_policy
from pipelines.monitor_report import FeatureDrift, MonitorReport, prediction_spec
from pipelines.overrides import override_text
from pipelines.pages.markup import Html, element, grid, joined, link
from pipelines.pages.shell import Page, write_page
from serving.reasons import NumberWriter, Texts
from training.wording import Wording

_STYLE = """
body { max-width: 60rem; }
tr.alarm td { font-weight: bold; background: #fdecea; }
p.alarm { font-weight: bold; }
"""
_MINUS = "\N{EN DASH}"


def write_monitor_page(report: MonitorReport, language: str, details: str | None) -> None:
    """Write `report.html`; `details` is the file of Evidently's report beside it."""
    write_page(report.html, language, lambda each: _page(report, Wording(each), details), _STYLE)


def _page(report: MonitorReport, words: Wording, details: str | None) -> Page:
    rows = report.rows
    measured = words(
        "monitor.measured", now=f"{rows['sample_current']:,}", scorable=f"{rows['current']:,}",
        before=f"{rows['sample_reference']:,}", limit=read_policy("monitor")["psi_alarm"],
    )  # fmt: skip
    count = len(report.alarms)
    state = words("monitor.alarms", count=count) if count else words("monitor.no_alarm")
    if all(item.limit is None for item in report.predictions.values()):
        state = words("monitor.too_few", rows=read_policy("monitor")["minimum_rows"])
    parts = [
        *_against_the_gate(report, words),
        element("p", measured),
        element("p", state, kind="alarm"),
        element("h2", words("monitor.predictions")),
        _predictions(report, words),
        element("h2", words("monitor.features")),
        _features(report, words),
        *_unchanging(report, words),
    ]
    if details:
        parts.append(element("p", link(details, words("monitor.details"))))
    title = words("monitor.title", as_of=report.as_of, version=report.version)
    return Page(title, joined(*parts))


def _against_the_gate(report: MonitorReport, words: Wording) -> list[Html]:
    if report.override is None:
        return []
    text = words(
        "monitor.override", version=report.version, text=override_text(report.override, words.language)
    )
    return [element("p", text, kind="alarm")]


def _predictions(report: MonitorReport, words: Wording) -> Html:
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


def _features(report: MonitorReport, words: Wording) -> Html:
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


def _unchanging(report: MonitorReport, words: Wording) -> list[Html]:
    titles = report.titles[words.language]
    still = [(name, item) for name, item in report.features.items() if item.is_constant]
    empty = [titles[name] for name, item in still if item.missing_now == 1.0]
    constant = [titles[name] for name, item in still if item.missing_now < 1.0]
    found = [("constant", constant), ("empty", empty)]
    return [element("p", words(f"monitor.{kind}", names=", ".join(names))) for kind, names in found if names]


def _table(head: Sequence[str], rows: Sequence[tuple[bool, Sequence[str]]]) -> Html:
    """Return a table; a row that is an alarm stands out."""
    cells = [row for _, row in rows]
    return grid(head, cells, "figures", ["alarm" if is_alarm else "" for is_alarm, _ in rows])
