"""The part of the data page on what to do first, and on the features this bank gets and does not get."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from features.catalogue import FAMILIES, Catalogue, Feature
from features.tables import TABLES
from pipelines.data_page.gains import Gains, Gap, similar, wanted_columns
from pipelines.data_page.words import Words, number
from pipelines.intake import IntakeReport, Issue, Message
from pipelines.pages.markup import Cell, Html, bullets, code, element, folded, grid, joined


@dataclass(frozen=True)
class FeaturePart:
    """Writes the part in one language."""

    words: Words
    report: IntakeReport
    gains: Gains
    catalogue: Catalogue | None

    def actions(self) -> Html:
        """Return what to do first: gaps with features to win, then rules with rows to win back."""
        words = self.words
        pieces: list[Cell] = [element("h2", words("actions.heading"))]
        if not self.gains.gaps and not self.gains.issues:
            pieces.append(element("p", words("actions.nothing")))
        if self.gains.gaps:
            head = [words(f"actions.{name}") for name in ("what", "features", "families")]
            gaps = [
                (self._advice(gap), number(len(gap.features)), self._families(gap)) for gap in self.gains.gaps
            ]
            pieces += [element("h3", words("actions.for_features")), grid(head, gaps, "actions")]
        if self.gains.issues:
            head = [words(f"actions.{name}") for name in ("where", "rows", "why")]
            issues = map(self._issue, self.gains.issues)
            pieces += [element("h3", words("actions.for_rows")), grid(head, issues, "actions")]
            pieces.append(element("p", words("actions.quarantine"), kind="note"))
        return joined(*pieces)

    def _families(self, gap: Gap) -> str:
        counted = Counter(feature.family for feature in gap.features)
        return self.words.listed([f"{self.words.family(family)} {n}" for family, n in counted.most_common()])

    def _advice(self, gap: Gap) -> str:
        """Say what to do about a gap."""
        words, is_one = self.words, len(gap.names) == 1
        if gap.kind == "rejected":
            return " ".join(
                words("actions.rejected", table=name, title=words.table(name), reason=self._refusal(name))
                for name in gap.names
            )
        if gap.kind == "table" and is_one:
            return self._hand_over(gap)
        title = words.table(gap.names[0]) if gap.kind == "empty_table" else ""
        form = {"table": "tables", "column": "column" if is_one else "columns"}.get(gap.kind, gap.kind)
        text = words(f"actions.{form}", names=words.listed(gap.names), title=title)
        return text + "".join(map(self._renamed, gap.names)) if gap.kind == "column" else text

    def _refusal(self, table: str) -> str:
        reason = self.report.rejected.get(table)
        return "" if reason is None else self.words.refusal(reason)

    def _hand_over(self, gap: Gap) -> str:
        (name,) = gap.names
        columns = self.words.listed(TABLES[name].required)
        text = self.words("actions.table", table=name, title=self.words.table(name), columns=columns)
        if further := [
            each for each in wanted_columns(name, gap.features) if each not in TABLES[name].required
        ]:
            text += self.words("actions.optional", columns=self.words.listed(further))
        files = {file.rstrip("/").split(".")[0]: file for file in self.report.ignored_files}
        near = similar(name, tuple(files))
        return text + (self.words("actions.rename", name=files[near]) if near else "")

    def _renamed(self, column: str) -> str:
        """Name the column that came under a similar name, if one did."""
        table, name = column.split(".")
        near = similar(name, self.report.ignored_columns.get(table, ()))
        return self.words("actions.rename", name=near) if near else ""

    def _issue(self, issue: Issue) -> Sequence[Cell]:
        language = self.words.language
        rule, advice = (
            Message(f"rules.{issue.rule}.{part}", issue.values).text(language) for part in ("name", "advice")
        )
        first = self.words("actions.first", row=number(issue.row), file=issue.file)
        why = joined(element("strong", rule), advice, element("span", first, kind="note"))
        return code(f"{issue.table}.{issue.column}"), number(issue.count), why

    def features(self) -> Html:
        """Return how many features of each family are built, which, and which not for which reason."""
        words = self.words
        built = () if self.catalogue is None else self.catalogue.features
        absent = [feature for gap in self.gains.absent for feature in gap.features]
        have, lack = (Counter(feature.family for feature in group) for group in (built, absent))
        rows = [(words.family(f), number(have[f]), number(lack[f])) for f in FAMILIES if have[f] + lack[f]]
        rows.append((words("features.all"), number(len(built)), number(len(absent))))
        head = [words(f"features.{name}") for name in ("family", "built", "absent")]
        pieces: list[Cell] = [element("h2", words("features.heading")), grid(head, rows, "sums")]
        if built:
            summary = words("features.built_list", count=number(len(built)))
            pieces.append(folded(summary, self._by_family(built)))
        pieces.append(element("h3", words("features.absent_heading")))
        if not absent:
            pieces.append(element("p", words("features.none_absent")))
        pieces += [folded(self._reason(gap), self._by_family(gap.features)) for gap in self.gains.absent]
        return joined(*pieces)

    def _reason(self, gap: Gap) -> str:
        is_part = gap.kind == "table" and self.report.rejected.keys() & set(gap.names)
        kind = "rejected" if is_part else gap.kind
        reason = self.words(f"features.because_{kind}", names=self.words.listed(gap.names))
        return self.words("features.count", reason=reason, count=number(len(gap.features)))

    def _by_family(self, features: Iterable[Feature]) -> Html:
        by_family: dict[str, list[Feature]] = {}
        for feature in features:
            by_family.setdefault(feature.family, []).append(feature)
        return joined(
            *(
                joined(
                    element("h4", self.words.family(family)),
                    bullets((self._named(each) for each in by_family[family]), "features"),
                )
                for family in FAMILIES
                if family in by_family
            )
        )

    def _named(self, feature: Feature) -> Html:
        return joined(self.words.feature(feature), code(feature.name))
