"""Relations between customers, recorded needs, tasks, and what is said of industries and markets."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.sources.simulated.bank import Bank
from pipelines.sources.simulated.columns import Columns
from pipelines.sources.simulated.credit import Credit
from pipelines.sources.simulated.days import NEVER, Days
from pipelines.sources.simulated.history import History
from pipelines.sources.simulated.movements import Needs
from pipelines.sources.simulated.population import INDUSTRIES, PUBLIC_INDUSTRIES, RETAIL
from pipelines.sources.simulated.world import RATE_STEP
from pipelines.sources.simulated.writing import chosen, dates, money, numbered, numbers, table_of

RELATIONS = ("guarantor", "shareholder", "affiliate", "buyer", "supplier", "referred")
REFERRED = RELATIONS.index("referred")
NEEDS = ("expansion", "new_project", "product", "credit_request")
WANTED = ("wealth", "fund", "insurance", "loan", "term_deposit")
TASKS = ("call", "cross_sell", "plan", "directed", "referral")
PLAN, REFERRAL = TASKS.index("plan"), TASKS.index("referral")
OUTCOMES = ("deal", "interested", "declined", "not_reached")


def referrals(bank: Bank) -> tuple[Days, Days]:
    """Who brought whom: an older customer, and one who joined within the data."""
    rng, opened = bank.streams.of("referrals"), bank.population.profile.opened
    joined = np.flatnonzero(
        (opened >= bank.calendar.start) & (rng.random(len(opened)) < bank.rates.people.referral_share)
    )
    old = max(1, int((opened < bank.calendar.start).sum()))
    return rng.integers(0, old, len(joined)), joined


def relations_table(bank: Bank, credit: Credit) -> pa.Table:
    """One row per relation; `other_id` guarantees for, owns, buys from ... or was referred by `customer_id`."""
    rng, profile = bank.streams.of("relations"), bank.population.profile
    loans = credit.loans.rows(np.flatnonzero(credit.loans.guarantor >= 0))
    by, brought = referrals(bank)
    firms = np.flatnonzero(bank.population.is_business)
    some = firms[rng.random(len(firms)) < bank.rates.papers.firms_related]
    kind = rng.integers(1, REFERRED, len(some))
    other = firms[rng.integers(0, len(firms), len(some))] if len(firms) else some
    people = np.flatnonzero(profile.kind == RETAIL)
    owner = people[rng.integers(0, len(people), len(some))] if len(people) else other
    other = np.where(kind == RELATIONS.index("shareholder"), owner, other)
    customer = np.concatenate([loans.customer, some, by])
    others = np.concatenate([loans.guarantor, other, brought])
    kinds = np.concatenate([np.zeros(len(loans.customer), np.int64), kind, np.full(len(by), REFERRED)])
    later = np.maximum(profile.opened[some], profile.opened[other]) + 30
    since = np.concatenate([loans.granted, later, profile.opened[brought]])
    key = (customer * bank.population.size + others) * len(RELATIONS) + kinds
    kept = np.unique(key, return_index=True)[1]
    kept = kept[(customer[kept] != others[kept]) & (since[kept] < bank.calendar.stop)]
    share = np.round(rng.uniform(0.1, 1.0, len(customer)), 2)
    return table_of(
        {
            "customer_id": numbered("C", customer[kept]),
            "other_id": numbered("C", others[kept]),
            "kind": chosen(RELATIONS, kinds[kept]),
            "since": dates(since[kept]),
            "share": numbers(share[kept], kinds[kept] == RELATIONS.index("shareholder")),
        }
    )


def needs_table(bank: Bank, history: History, needs: Needs) -> pa.Table:
    """One row per need that somebody wrote down; more or less what is asked for comes of it, or nothing."""
    rng, law = bank.streams.of("need_file"), bank.rates.papers
    there = (
        needs.noted >= np.maximum(bank.population.profile.opened[needs.customer], bank.calendar.start)
    ) & (needs.noted < np.minimum(history.closes[needs.customer], bank.calendar.stop))
    rows = needs.rows(np.flatnonzero(there & needs.is_recorded))
    rows = rows.rows(np.argsort(rows.noted, kind="stable"))
    n = len(rows.noted)
    is_retail = bank.population.profile.kind[rows.customer] == RETAIL
    kind = np.where(
        is_retail, rng.choice(4, n, p=law.needs_of_people), rng.choice(4, n, p=law.needs_of_firms)
    )
    level = np.exp(
        history.level[
            rows.customer, np.clip((rows.noted - bank.calendar.start) // 31, 0, bank.calendar.months)
        ]
    )
    amount = np.rint(level * np.expm1(rows.gain) * rng.uniform(0.7, 1.4, n) / 100.0) * 100.0
    return table_of(
        {
            "need_id": numbered("N", np.arange(n)),
            "customer_id": numbered("C", rows.customer),
            "noted_on": dates(rows.noted),
            "kind": chosen(NEEDS, kind),
            "product": chosen(WANTED, np.where(kind == 2, rng.integers(0, len(WANTED), n), -1)),
            "amount": money(np.maximum(amount, 100.0), rng.random(n) < law.need_amount_noted),
            "urgency": chosen(("low", "normal", "high"), rng.integers(-1, 3, n)),
        }
    )


@dataclass(frozen=True)
class _Set(Columns):
    """Tasks that were set; -1 where there is no plan or nobody was referred."""

    customer: Days
    kind: Days
    created: Days
    done: Days
    plan: Days
    referred: Days


def _tasks_set(bank: Bank) -> _Set:
    """Calls, cross-selling, two campaigns a year, lists to work off; and referrals, done when the other joins."""
    rng, calendar, law = bank.streams.of("tasks"), bank.calendar, bank.rates.papers
    n, opened = bank.population.size, bank.population.profile.opened
    who = np.repeat(np.arange(n), rng.poisson(law.tasks * calendar.months, n))
    kind = rng.choice(4, len(who), p=law.task_kinds)
    created = rng.integers(calendar.start, calendar.stop, len(who))
    half_year = (created - calendar.start) // 182
    created = np.where(kind == PLAN, calendar.start + half_year * 182 + 40, created)
    done = created + rng.integers(1, 40, len(who))
    done = np.where(rng.random(len(who)) < law.tasks_done, done, NEVER)
    none = np.full(len(who), -1)
    by, brought = referrals(bank)
    begun = np.maximum(opened[brought] - 20, calendar.start)
    nothing = np.full(len(by), -1)
    return _Set.stack(
        [
            _Set(who, kind, created, done, np.where(kind == PLAN, half_year, -1), none),
            _Set(by, np.full(len(by), REFERRAL), begun, opened[brought], nothing, brought),
        ]
    )


def tasks_table(bank: Bank, history: History) -> pa.Table:
    """One row per task, with what became of it where it was done before the data end."""
    rng, calendar, law = bank.streams.of("task_file"), bank.calendar, bank.rates.papers
    rows = _tasks_set(bank)
    until = np.minimum(history.closes[rows.customer], calendar.stop)
    there = (rows.created >= bank.population.profile.opened[rows.customer]) & (rows.created < until)
    rows = rows.rows(np.flatnonzero(there))
    rows = rows.rows(np.argsort(rows.created, kind="stable"))
    n = len(rows.created)
    lean = np.clip(history.mood[rows.customer, (rows.created - calendar.start) // 31], -2.0, 2.0)
    ends = np.array(law.task_outcomes)[:, None] + np.array(law.task_outcomes_by_mood)[:, None] * lean[None, :]
    outcome = np.where(rows.kind == REFERRAL, 0, (rng.random(n)[None, :] > ends).sum(axis=0))
    is_done = rows.done < np.minimum(history.closes[rows.customer], calendar.stop)
    wants = np.isin(rows.kind, (TASKS.index("cross_sell"), PLAN))
    return table_of(
        {
            "task_id": numbered("J", np.arange(n)),
            "customer_id": numbered("C", rows.customer),
            "kind": chosen(TASKS, rows.kind),
            "plan_id": numbered("V", rows.plan, 3, rows.plan >= 0),
            "product": chosen(WANTED, np.where(wants, rng.integers(0, len(WANTED), n), -1)),
            "created_on": dates(rows.created),
            "due_on": dates(rows.created + 30),
            "done_on": dates(np.where(is_done, rows.done, NEVER)),
            "outcome": chosen(OUTCOMES, np.where(is_done, outcome, -1)),
            "referred_id": numbered("C", rows.referred, known=(rows.referred >= 0) & is_done),
        }
    )


def industry_outlook_table(bank: Bank) -> pa.Table:
    """One row per industry and quarter."""
    rng, names = bank.streams.of("outlook_file"), INDUSTRIES + PUBLIC_INDUSTRIES
    months = np.arange(0, bank.calendar.months, 3)
    outlook = np.stack([bank.world.outlook_of(int(month)) for month in months])
    noise = rng.normal(0.0, 1.0, (2, *outlook.shape))
    stated = np.array([bank.calendar.edge(int(month)) + 9 for month in months])
    return table_of(
        {
            "industry": chosen(names, np.tile(np.arange(len(names)), len(months))),
            "stated_on": dates(np.repeat(stated, len(names))),
            "outlook": numbers(np.clip(np.rint(outlook * 2.0) / 2.0, -2.0, 2.0).ravel()),
            "sales_growth": numbers(np.round(0.05 + 0.05 * outlook + 0.01 * noise[0], 4).ravel()),
            "inventory_days_growth": numbers(np.round(-0.08 * outlook + 0.02 * noise[1], 4).ravel()),
        }
    )


def market_table(bank: Bank) -> pa.Table:
    """One row per series and month: rates and yields here and elsewhere."""
    months = range(bank.calendar.months)
    policy = np.array([bank.world.policy_at(month) for month in months])
    gap = np.array([bank.world.gap(month) for month in months]) * RATE_STEP
    series = {
        "policy_rate": policy,
        "demand_deposit": 0.1 * policy,
        "term_deposit_12m": policy - 0.004,
        "term_deposit_12m_elsewhere": policy - 0.004 + gap,
        "wealth_90d": policy + 0.008,
        "wealth_90d_elsewhere": policy + 0.008 + gap,
        "loan_12m": policy + 0.018,
    }
    day = np.array([bank.calendar.edge(month) + 1 for month in months])
    return table_of(
        {
            "series": chosen(tuple(series), np.repeat(np.arange(len(series)), len(day))),
            "stated_on": dates(np.tile(day, len(series))),
            "value": numbers(np.round(np.concatenate(list(series.values())), 5)),
        }
    )
