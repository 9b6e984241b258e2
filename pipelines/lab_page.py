"""The definition lab's page for people: what each definition would call, and which one is recommended, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.lab_report import LabReport, Part
from pipelines.lab_words import LabWords, percent
from pipelines.pages.markup import Cell, Html, bullets, element, folded, grid, joined
from pipelines.pages.shell import Page, write_page
from training.lab_figures import Finding, Overlap
from training.lab_plots import draw_overlap, draw_rates, draw_signs
from training.lab_recommend import TESTS, Judged
from training.wording import Wording

_STYLE = """
.figures td { font-variant-numeric: tabular-nums; } .figures td small { display: block; color: #555; }
.figures td:first-child { min-width: 17rem; }
tr.own td:first-child, tr.best td:first-child { font-weight: bold; } tr.best { background: #eaf3ea; }
svg { height: auto; margin: .5rem 0; } .reason { margin: .3rem 0 1rem; }
"""


def write_lab_page(report: LabReport, language: str) -> None:
    """Write the page; it opens in the language asked for."""

    def in_language(each: str) -> Page:
        words = LabWords(Wording(each), report.currency, report.policy.limits, report.gap)
        return Page(words("title"), _Writer(report, words).content())

    write_page(report.html, language, in_language, _STYLE)


@dataclass(frozen=True, eq=False)
class _Writer:
    """Writes the page in one language."""

    report: LabReport
    words: LabWords

    def content(self) -> Html:
        words = self.words
        parts: list[Cell] = [
            element("p", words("about", until=self.report.until)),
            element("h2", words("summary.heading")),
            self._summary(),
            element("h3", words("rule")),
            element("p", words("rule_text", least=words.limits.least_events)),
            bullets(words(f"tests.{test}.rule", **words.asked(test)) for test in TESTS),
            folded(words("how"), bullets(self._measures())),
        ]
        for part in self.report.parts:
            parts += self._part(part)
        parts += self._overlaps()
        if self.report.left_out:
            reasons = (words.words.translated(reason) for reason in self.report.left_out)
            parts += [element("h2", words("left_out")), bullets(reasons)]
        return joined(*parts)

    def _measures(self) -> Iterable[str]:
        words, measures = self.words, self.report.policy.measures
        is_balances = self.report.level == "balances"
        fall = measures.fall_share_balances if is_balances else measures.fall_share_turnover
        yield words("measures.rate", dates=measures.as_of_dates)
        yield words("measures.overlap")
        yield words(
            f"measures.lead.{self.report.level}", lead=measures.lead_blocks, block=measures.block_days,
            share=percent(fall), reference=measures.reference_blocks, most=measures.lead_blocks * measures.block_days,
        )  # fmt: skip
        yield words("measures.others")
        yield words("measures.alarms", days=measures.follow_up_days, share=percent(measures.back_share))

    def _summary(self) -> Html:
        words = self.words
        head = [words(f"summary.{name}") for name in ("label", "own", "verdict", "best")]
        rows = []
        for part in self.report.parts:
            own, best = part.recommendation.own, part.recommendation.best
            own_text = words("summary.no_own") if own is None else words.name(own.finding.definition)
            verdict = "–"
            if own is not None:
                tests = words.tests(own)
                verdict = words("summary.yes") if own.fits else words("summary.no", tests=tests)
            if part.is_given:
                text = words("summary.given")
            elif best is None:
                text = words("summary.none")
            else:
                is_own = best is own
                text = words("summary.same") if is_own else words.name(best.finding.definition)
            rows.append((words.words.model(part.target, part.horizon), own_text, verdict, text))
        return grid(head, rows)

    def _part(self, part: Part) -> Iterable[Html]:
        words = self.words
        yield element("h2", words.words.model(part.target, part.horizon))
        yield bullets(self._reason(part), kind="reason")
        shown = {self._label(part, each): each for each in _shown(part)}
        yield Html(draw_rates(part.key, shown, part.dates, words.words))
        single = [each for each in part.findings if each.definition.clause != "whole"]
        main = [*single, *(each for each in _shown(part) if each.definition.clause == "whole")]
        drawn = {words.name(each.definition): each for each in main}
        yield Html(draw_signs(part.key, drawn, words.limits, words.gap, words.words))
        yield self._table(part, main)
        whole = [each for each in part.findings if each.definition.clause == "whole"]
        if len(whole) > 1:
            yield folded(words("whole_grid", count=len(whole)), self._table(part, whole))
        yield folded(words("by_date"), self._by_date(part, shown))

    def _label(self, part: Part, finding: Finding) -> str:
        """Name a definition, and say whether it is the policy's own or the recommended one."""
        marks = []
        if finding.definition.is_own and not part.is_given:
            marks.append(self.words("own"))
        if part.recommendation.best is not None and finding is part.recommendation.best.finding:
            marks.append(self.words("recommended"))
        name = self.words.name(finding.definition)
        return f"{name} ({self.words.listed(marks)})" if marks else name

    def _reason(self, part: Part) -> Iterable[str]:
        words, recommendation = self.words, part.recommendation
        if part.is_given:
            yield words("reason.given")
            return
        tried = len(recommendation.tried)
        if recommendation.best is not None:
            fits = sum(judged.fits for judged in recommendation.tried)
            name = words.name(recommendation.best.finding.definition)
            yield words("reason.best", name=name, count=tried, fits=fits)
            yield from (words.measured(test) for test in recommendation.best.tests)
        else:
            yield words("reason.none", count=tried)
            failing = {test: recommendation.failing(test) for test in TESTS}
            named = [
                words("reason.failing", name=words(f"tests.{test}.name"), count=count)
                for test, count in failing.items()
                if count
            ]
            yield words.listed(named)
            if recommendation.nearest is not None:
                yield self._not_passed("nearest", recommendation.nearest)
        yield from self._own(part)

    def _own(self, part: Part) -> Iterable[str]:
        own, best = part.recommendation.own, part.recommendation.best
        if own is None or own is part.recommendation.nearest:
            return
        if own is best:
            yield self.words("reason.own_best")
        elif own.fits:
            yield self.words("reason.own_fits", name=self.words.name(own.finding.definition))
        else:
            yield self._not_passed("own_fails", own)

    def _not_passed(self, reason: str, judged: Judged) -> str:
        measured = [self.words.measured(test) for test in judged.failed]
        name = self.words.name(judged.finding.definition)
        return self.words(f"reason.{reason}", name=name, tests=self.words.listed(measured))

    def _table(self, part: Part, findings: Sequence[Finding]) -> Html:
        words = self.words
        judged = {id(each.finding): each for each in part.recommendation.tried}
        columns = ("definition", "rate", "range", "events", "jaccard", "lead", "others", "alarms", "fits")
        rows, kinds = [], []
        for each in findings:
            verdict = judged.get(id(each))
            rows.append((self._label(part, each), *self._figures(each), self._verdict(verdict)))
            is_best = part.recommendation.best is not None and each is part.recommendation.best.finding
            kinds.append("best" if is_best else "own" if each.definition.is_own else "")
        return grid([words(f"columns.{name}") for name in columns], rows, "figures", kinds)

    def _figures(self, finding: Finding) -> Iterable[Cell]:
        words, lead = self.words, finding.lead
        yield percent(finding.mean_rate)
        yield f"{percent(min(finding.shares))} – {percent(max(finding.shares))}" if finding.shares else "–"
        yield f"{finding.events:,}"
        yield percent(finding.with_own.jaccard) if finding.with_own else "–"
        yield _under(*words.lead(lead))
        is_judged = lead.judged >= words.limits.least_events
        yield f"{percent(lead.fell_share)}; {percent(lead.others_share)}" if is_judged else "–"
        yield _under(*words.alarms(finding.alarms))

    def _verdict(self, judged: Judged | None) -> str:
        if judged is None:
            return "–"
        tests = self.words.tests(judged)
        return self.words("summary.yes") if judged.fits else self.words("summary.no", tests=tests)

    def _by_date(self, part: Part, shown: dict[str, Finding]) -> Html:
        words = self.words
        rows = [
            (
                str(day),
                *(
                    words("cell", share=percent(rate.share), events=f"{rate.events:,}", rows=f"{rate.rows:,}")
                    for rate in (each.rates[place] for each in shown.values())
                ),
            )
            for place, day in enumerate(part.dates)
        ]
        return grid([words("as_of"), *shown], rows, "figures")

    def _overlaps(self) -> Iterable[Html]:
        overlaps, words = self.report.overlaps, self.words
        if not overlaps:
            return
        members = {each.key: words.short(each) for pair in overlaps for each in (pair.first, pair.second)}
        yield element("h2", words("overlaps.heading"))
        yield element("p", words("overlaps.text"))
        yield Html(draw_overlap(members, overlaps, words.words))
        names = ("first", "second", "rows", "only", "in_second", "in_first")
        head = [*(words(f"overlaps.{name}") for name in names), "Jaccard"]
        yield folded(
            words("overlaps.heading"), grid(head, [self._pair(each, members) for each in overlaps], "figures")
        )

    @staticmethod
    def _pair(each: Overlap, members: dict[str, str]) -> tuple[str, ...]:
        first, second, both = each.first_events, each.second_events, each.both
        return (
            members[each.first.key],
            members[each.second.key],
            f"{each.rows:,}",
            f"{first:,} · {second:,} · {both:,}",
            percent(both / first if first else None),
            percent(both / second if second else None),
            percent(each.jaccard),
        )


def _shown(part: Part) -> list[Finding]:
    """Choose what is drawn over time: the policy's own, whole and by clause, and the recommended; else everything."""
    best = part.recommendation.best
    chosen = [
        each
        for each in part.findings
        if each.definition.is_own or (best is not None and each is best.finding)
    ]
    return chosen if any(each.definition.is_own for each in part.findings) else list(part.findings)


def _under(value: str, note: str) -> Html:
    return joined(value, element("small", note))
