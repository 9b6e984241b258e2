"""The model card: what the models are for, what they learned from, how good they are, and what they are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan

from features.policy import read_policy
from serving.manifest import FeatureSpec, Lineage
from training.budget import Budget
from training.choose import Choice, Trial
from training.recipe import Kind
from training.resample import Interval
from training.run import TrainedTarget
from training.segments import SegmentFigures
from training.wording import LANGUAGES, Wording


@dataclass(frozen=True)
class CardModel:
    """One model as its card tells it.

    `baselines` are the simple rules' figures on the same test rows. `train_dates` are the as_of of its training
    rows as text, oldest first; none where customers, not dates, were kept for the test. `difference` is how far
    the served tables are from the fitted trees, as a share of the sum of absolute terms. `intervals` are those of
    `metrics`; `available_rows`, where more than `train_rows`, are those that customers were drawn from; `choice`,
    `budget` and `segments` as in `TrainedTarget`.
    """

    target: str
    horizon: int | None
    kind: Kind
    train_dates: tuple[str, ...]
    test_on: str
    validation: str
    train_rows: int
    train_customers: int
    train_base: float
    test_rows: int
    test_base: float
    metrics: Mapping[str, float]
    baselines: Mapping[str, Mapping[str, float]]
    trees: int
    features: int
    difference: float
    has_bank_labels: bool = False
    has_few_events: bool = False
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    choice: Choice | None = None
    budget: Budget | None = None
    segments: tuple[SegmentFigures, ...] = ()
    available_rows: int = 0


@dataclass(frozen=True)
class CardContent:
    """What a model card is written from.

    `left_out` are sentences on targets without a model; `absent` names the features that the bank lacks, with
    the reason. `tables` are the contract's tables that the bank handed over.
    """

    lineage: Lineage
    models: tuple[CardModel, ...]
    features: tuple[FeatureSpec, ...]
    tables: tuple[str, ...]
    zone: str
    gap_days: int
    left_out: tuple[str, ...] = ()
    absent: Mapping[str, str] | None = None


def card_model(trained: TrainedTarget, *, has_bank_labels: bool = False) -> CardModel:
    """Take from a trained model what its card tells."""
    proof = trained.fitted.proof
    return CardModel(
        target=trained.schedule.target,
        horizon=trained.schedule.horizon,
        kind=trained.fitted.kind,
        train_dates=tuple(day.isoformat() for day in trained.schedule.train),
        test_on=trained.schedule.test.isoformat(),
        validation=trained.validation,
        train_rows=trained.train_rows,
        train_customers=trained.train_customers,
        train_base=trained.train_base,
        test_rows=len(trained.test),
        test_base=float(trained.test.label.mean()),
        metrics=trained.metrics,
        baselines=trained.baselines,
        trees=trained.fitted.trees,
        features=len(trained.fitted.features),
        difference=max(proof.margin, proof.contribution, proof.base),
        has_bank_labels=has_bank_labels,
        has_few_events=trained.has_few_events,
        intervals=trained.intervals,
        choice=trained.choice,
        budget=trained.budget,
        segments=trained.segments,
        available_rows=trained.available_rows if trained.validation == "time" else 0,
    )


def model_card(content: CardContent) -> str:
    """Write the card as Markdown, in English and then in Chinese."""
    return "\n".join(_Writer(content, Wording(language)).text() for language in LANGUAGES)


@dataclass(frozen=True)
class _Writer:
    """Writes the card in one language."""

    content: CardContent
    words: Wording

    def text(self) -> str:
        """Return the whole card."""
        words = self.words
        parts = [
            f"# {words('card.title')}",
            f"## {words('card.purpose')}",
            words("card.purpose_text"),
            words("card.owner", owner=read_policy("targets")["owner"] or words("card.no_owner")),
            f"## {words('card.forbidden')}",
            _list(words.all("card.forbidden_text")),
            f"## {words('card.data')}",
            _list(self._data()),
            f"## {words('card.models')}",
            *(part for model in self.content.models for part in self._model(model)),
            f"## {words('card.left_out')}",
            self._left_out(),
            f"## {words('card.limits')}",
            _list(words.all("card.limits_text")),
            f"## {words('card.again')}",
            _list(self._again()),
        ]
        return "\n\n".join(parts) + "\n"

    def _data(self) -> list[str]:
        words, data = self.words, self.content.lineage.data
        families = Counter(feature.family for feature in self.content.features)
        named = ", ".join(f"{words.family(family)} {count}" for family, count in sorted(families.items()))
        return [
            words(
                "card.span", first=data.first_on, until=data.until, zone=self.content.zone, digest=data.digest
            ),
            words("card.tables", tables=", ".join(sorted(self.content.tables))),
            words("card.features", count=len(self.content.features), families=named),
            words("card.protected"),
        ]

    def _model(self, model: CardModel) -> list[str]:
        words = self.words
        definition = "from_outcomes" if model.has_bank_labels else model.target
        label = words(f"definitions.{definition}", **_policy_figures(model.target, self.content.gap_days))
        if not model.has_bank_labels:
            label += words("definitions.unripe", gap=self.content.gap_days)
        base = words(
            f"card.base_rate.{model.kind}",
            train=_base(model.kind, model.train_base),
            test=_base(model.kind, model.test_base),
        )
        facts = [f"{words('card.definition')}: {label}", base, self._training(model), self._test(model)]
        if model.available_rows > model.train_rows:
            facts.append(words("card.drawn", available=f"{model.available_rows:,}"))
        if model.has_few_events:
            facts.append(words("card.few_events"))
        made = words(
            "card.made_of", trees=model.trees, features=model.features, difference=f"{model.difference:.0e}"
        )
        return [
            f"### {words.model(model.target, model.horizon)}",
            _list([*facts, *self._choices(model.choice), made, *self._budget(model)]),
            self._figures(model),
            *self._segments(model),
        ]

    def _training(self, model: CardModel) -> str:
        facts: dict[str, object] = {
            "rows": f"{model.train_rows:,}",
            "customers": f"{model.train_customers:,}",
        }
        if model.validation == "customers":
            return self.words("card.trained_here", day=model.test_on, **facts)
        first, last = model.train_dates[0], model.train_dates[-1]
        return self.words("card.trained_on", dates=len(model.train_dates), first=first, last=last, **facts)

    def _test(self, model: CardModel) -> str:
        return self.words(f"card.tested_{model.validation}", rows=f"{model.test_rows:,}", day=model.test_on)

    def _choices(self, choice: Choice | None) -> list[str]:
        """Say what was chosen where, and what was tried and left."""
        if choice is None:
            return []
        words = self.words
        first, last = (choice.dates[0], choice.dates[-1]) if choice.dates else (None, None)
        where = words("card.on_dates", first=first, last=last) if first else words("card.on_customers")
        # Of several values of one setting the last one taken stands.
        taken = {trial.setting: trial for trial in choice.trials if trial.is_taken}
        left = [trial for trial in choice.trials if taken.get(trial.setting) != trial]
        lines = []
        for path, trials in (("card.chosen", list(taken.values())), ("card.not_chosen", left)):
            if trials:
                lines.append(words(path, where=where, tried="; ".join(map(self._trial, trials))))
        return lines

    def _trial(self, trial: Trial) -> str:
        setting = self.words(f"card.settings.{trial.setting}", value=trial.value)
        return f"{setting}: {trial.gain:+.4f} ± {trial.error:.4f}"

    def _budget(self, model: CardModel) -> list[str]:
        budget, words = model.budget, self.words
        if budget is None:
            return []
        cost = budget.depth_cost
        figure = words("figures.auc" if model.kind == "probability" else "figures.spearman")
        lines = [
            words(
                "card.depth",
                figure=figure,
                shallow=f"{budget.shallow:.4f}",
                deep=f"{budget.deep:.4f}",
                cost=f"{cost.value:+.4f} [{cost.low:+.4f}, {cost.high:+.4f}]",
                rows=f"{budget.rows:,}",
            )
        ]
        if not isnan(budget.agreement_top):
            top, every = f"{budget.agreement_top:.1%}", f"{budget.agreement_all:.1%}"
            lines.append(words("card.agreement", top=top, all=every))
        return lines

    def _figures(self, model: CardModel) -> str:
        """Return the table of figures: the model, and the simple rules beside it."""
        words, rules = self.words, list(model.baselines)
        lines = [[words("card.figure"), words("rules.model"), *map(words.rule, rules)]]
        lines.append(["---", *["---:"] * (1 + len(rules))])
        for name, value in model.metrics.items():
            others = [model.baselines[rule].get(name) for rule in rules]
            found = model.intervals.get(name)
            ends = f" [{_figure(found.low)}, {_figure(found.high)}]" if found and not isnan(found.low) else ""
            lines.append([words(f"figures.{name}"), _figure(value) + ends, *map(_figure, others)])
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _segments(self, model: CardModel) -> list[str]:
        """Return the table of segments and groups; nothing where none is large enough."""
        if not model.segments:
            return []
        words = self.words
        ranking = words("figures.auc" if model.kind == "probability" else "figures.spearman")
        heads = [words(f"card.segments.{name}") for name in ("segment", "rows", "outcome", "forecast")]
        lines = [[*heads, ranking], ["---", "---:", "---:", "---:", "---:"]]
        lines += [
            [
                words.segment(part.name, part.value),
                f"{part.rows:,}",
                _base(model.kind, part.outcome),
                _base(model.kind, part.forecast),
                _figure(part.ranking),
            ]
            for part in model.segments
        ]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return [words("card.segments.text"), table]

    def _left_out(self) -> str:
        words = self.words
        reasons = Counter((self.content.absent or {}).values())
        left = [words.translated(sentence) for sentence in self.content.left_out]
        left += [
            words("card.left_features", count=count, reason=words.translated(reason))
            for reason, count in sorted(reasons.items())
        ]
        return _list(left) if left else words("card.nothing_left")

    def _again(self) -> list[str]:
        words, lineage = self.words, self.content.lineage
        libraries = ", ".join(f"{name} {number}" for name, number in sorted(lineage.libraries.items()))
        seed = lineage.seeds.get("training", next(iter(lineage.seeds.values()), 0))
        return [
            words("card.command", seed=seed),
            words("card.commit", commit=lineage.code_commit),
            words("card.policy", digest=lineage.policy_digest),
            words("card.catalogue", digest=lineage.catalogue_digest),
            words("card.libraries", libraries=libraries),
        ]


def _policy_figures(target: str, gap: int) -> dict[str, object]:
    """Figures that the definition of a target's label names, from the policy."""
    policy = read_policy("targets").get(target, {})
    found: dict[str, object] = {"gap": gap}
    if target == "churn":
        found |= {
            "run": policy["inactive_run_days"],
            "exempt": f"{policy['exempt_assets_share']:.0%}",
            "base": policy["base_window_days"],
            "window": policy["drained_window_days"],
            "drained": f"{policy['drained_share']:.0%}",
            "fall": f"{policy['drained_minimum_fall']:,}",
        }
    if target == "growth":
        found |= {"end": policy["end_window_days"], "base": policy["base_window_days"]}
    if target == "loyalty":
        found |= {"block": policy["block_days"]}
    if target == "default":
        found |= {"late": policy["late_days"]}
    return found


def _base(kind: Kind, value: float) -> str:
    return f"{value:,.0f}" if kind == "amount" else f"{value:.2%}"


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4f}"


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
