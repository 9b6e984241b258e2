"""Relations between customers, recorded needs, tasks, and what is said of industries and markets."""

import numpy as np
import pyarrow as pa

from pipelines.sources.simulated.credit import Credit
from pipelines.sources.simulated.days import NEVER, Days
from pipelines.sources.simulated.history import Bank, History
from pipelines.sources.simulated.movements import Needs
from pipelines.sources.simulated.population import CORPORATE, INDUSTRIES, PUBLIC_INDUSTRIES, RETAIL
from pipelines.sources.simulated.world import RATE_STEP
from pipelines.sources.simulated.writing import chosen, dates, money, numbered, numbers, table_of

RELATIONS = ("guarantor", "shareholder", "affiliate", "buyer", "supplier", "referred")
REFERRED = RELATIONS.index("referred")
NEEDS = ("expansion", "new_project", "product", "credit_request")
WANTED = ("wealth", "fund", "insurance", "loan", "term_deposit")
TASKS = ("call", "cross_sell", "plan", "directed", "referral")
OUTCOMES = ("deal", "interested", "declined", "not_reached")


def referrals(bank: Bank) -> tuple[Days, Days]:
    """Who brought whom: an older customer, and one who joined within the data."""
    rng, opened = bank.streams.of("referrals"), bank.population.profile.opened
    joined = np.flatnonzero((opened >= bank.calendar.start) & (rng.random(len(opened)) < bank.rates.people.referral_share))
    old = max(1, int((opened < bank.calendar.start).sum()))
    return rng.integers(0, old, len(joined)), joined


def relations_table(bank: Bank, credit: Credit) -> pa.Table:
    """One row per relation; `other_id` guarantees for, owns, buys from ... or was referred by `customer_id`."""
    rng, profile = bank.streams.of("relations"), bank.population.profile
    loans = credit.loans.rows(np.flatnonzero(credit.loans.guarantor >= 0))
    by, brought = referrals(bank)
    firms = np.flatnonzero(bank.population.is_business)
    some = firms[rng.random(len(firms)) < 0.25]
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
    rng = bank.streams.of("need_file")
    there = (needs.noted >= np.maximum(bank.population.profile.opened[needs.customer], bank.calendar.start)) & (
        needs.noted < np.minimum(history.closes[needs.customer], bank.calendar.stop)
    )
    rows = needs.rows(np.flatnonzero(there & needs.is_recorded))
    rows = rows.rows(np.argsort(rows.noted, kind="stable"))
    n = len(rows.noted)
    is_retail = bank.population.profile.kind[rows.customer] == RETAIL
    kind = np.where(is_retail, rng.choice([2, 3], n, p=[0.85, 0.15]), rng.choice(4, n, p=[0.35, 0.2, 0.2, 0.25]))
    level = np.exp(history.level[rows.customer, np.clip((rows.noted - bank.calendar.start) // 31, 0, bank.calendar.months)])
    amount = np.rint(level * np.expm1(rows.gain) * rng.uniform(0.7, 1.4, n) / 100.0) * 100.0
    return table_of(
        {
            "need_id": numbered("N", np.arange(n)),
            "customer_id": numbered("C", rows.customer),
            "noted_on": dates(rows.noted),
            "kind": chosen(NEEDS, kind),
            "product": chosen(WANTED, np.where(kind == 2, rng.integers(0, len(WANTED), n), -1)),
            "amount": money(np.maximum(amount, 100.0), rng.random(n) < 0.85),
            "urgency": chosen(("low", "normal", "high"), rng.integers(-1, 3, n)),
        }
    )


def tasks_table(bank: Bank, history: History) -> pa.Table:
    """One row per task: calls, cross-selling, two campaigns a year, lists to work off, and referrals."""
    rng, calendar = bank.streams.of("tasks"), bank.calendar
    by, brought = referrals(bank)
    n = bank.population.size
    who = np.repeat(np.arange(n), rng.poisson(0.045 * calendar.months, n))
    kind = rng.choice(4, len(who), p=[0.5, 0.2, 0.2, 0.1])
    created = rng.integers(calendar.start, calendar.stop, len(who))
    half_year = (created - calendar.start) // 182
    created = np.where(kind == 2, calendar.start + half_year * 182 + 40, created)
    customer = np.concatenate([who, by])
    kind = np.concatenate([kind, np.full(len(by), 4)])
    opened = bank.population.profile.opened
    created = np.concatenate([created, np.maximum(opened[brought] - 20, calendar.start)])
    done = created + rng.integers(1, 40, len(created))
    done[len(who) :] = opened[brought]
    referred = np.concatenate([np.full(len(who), -1), brought])
    plan = np.where(kind == 2, np.concatenate([half_year, np.zeros(len(by), np.int64)]), -1)
    there = (created >= opened[customer]) & (created < history.closes[customer]) & (created < calendar.stop)
    kept = np.flatnonzero(there)
    kept = kept[np.argsort(created[kept], kind="stable")]
    month = np.clip((created - calendar.start) // 31, 0, calendar.months)
    lean = np.clip(history.mood[customer, month], -2.0, 2.0)
    outcome = (rng.random(len(lean))[None, :] > np.stack([0.12 + 0.04 * lean, 0.4 + 0.1 * lean, 0.8 + 0 * lean])).sum(axis=0)
    outcome = np.where(kind == 4, 0, outcome)
    is_done = (done < calendar.stop) & ((rng.random(len(lean)) < 0.8) | (kind == 4)) & (done < history.closes[customer])
    return table_of(
        {
            "task_id": numbered("J", np.arange(len(kept))),
            "customer_id": numbered("C", customer[kept]),
            "kind": chosen(TASKS, kind[kept]),
            "plan_id": numbered("V", plan[kept], 3, plan[kept] >= 0),
            "product": chosen(WANTED, np.where(np.isin(kind, (1, 2)), rng.integers(0, len(WANTED), len(kind)), -1)[kept]),
            "created_on": dates(created[kept]),
            "due_on": dates((created + 30)[kept]),
            "done_on": dates(np.where(is_done, done, NEVER)[kept]),
            "outcome": chosen(OUTCOMES, np.where(is_done, outcome, -1)[kept]),
            "referred_id": numbered("C", referred[kept], known=((referred >= 0) & is_done)[kept]),
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
