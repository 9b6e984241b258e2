"""Buy-till-you-die: what purchases alone say of silence and turnover to come, a baseline that models must beat.

A customer buys at a rate of his own and after any repeat purchase may be gone for good (BG/NBD); the mean amount of a
purchase is his own too, and does not hang on how often he buys (Gamma-Gamma). A purchase here is a day with one or
more of them.

Source: Fader, Hardie, Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2), 275-284 (BG/NBD);
Fader, Hardie, Lee (2005), RFM and CLV, Journal of Marketing Research 42(4), 415-430 (Gamma-Gamma); fitted by
pymc-marketing with its own weak priors.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.errors import TrainingError

FloatArray = NDArray[np.float64]

LEAST_REPEATING = 20
"""Customers with a repeat purchase below which nothing is fitted. Source: own choice; seven numbers are looked for."""

MOST_FITTED = 10_000
"""Customers beyond which the fit takes a draw of so many; all are answered for. Source: own choice; seven numbers are
looked for, and the time of a fit grows with the customers."""

_MODE = "FAST_COMPILE"
"""How pytensor works a fit out: in NumPy, so that a C++ compiler neither helps nor is missed.

Source: own choice. BG/NBD on 4,000 customers took 5 s at first and 2 s again; by pytensor's default 39 s and 3 s with a
compiler, 22 s and 20 s without one."""


@dataclass(frozen=True, eq=False)
class Histories:
    """Purchases known at one as_of: one row per customer with a purchase day known; all arrays (customers,).

    Parameters
    ----------
    frequency
        Purchase days after the first; 0 for a customer seen once. Whole numbers.
    recency
        Days from the first purchase day to the last; 0 if and only if `frequency` is 0.
    age
        Days from the first purchase day to the as_of, at least `recency`.
    mean_amount
        Mean turnover of the purchase days after the first, in the bank's currency, above 0; NaN (not read) where
        `frequency` is 0.

    Raises
    ------
    TrainingError
        Lengths differ, or a row is none of the above.
    """

    frequency: FloatArray
    recency: FloatArray
    age: FloatArray
    mean_amount: FloatArray

    def __post_init__(self) -> None:
        rows = {len(self.frequency), len(self.recency), len(self.age), len(self.mean_amount)}
        if len(rows) != 1:
            raise TrainingError(f"histories: expected arrays of one length; got {sorted(rows)} rows")
        repeated = self.frequency > 0
        rules = {
            "frequency a whole number from 0": (self.frequency >= 0) & (self.frequency % 1 == 0),
            "recency 0 where frequency is 0, else above 0": (self.recency >= 0)
            & ((self.recency > 0) == repeated),
            "age finite and at least recency": np.isfinite(self.age) & (self.age >= self.recency),
            "mean_amount finite and above 0 where frequency is": ~repeated
            | (np.isfinite(self.mean_amount) & (self.mean_amount > 0)),
        }
        for rule, holds in rules.items():
            if not holds.all():
                row = int(np.flatnonzero(~holds)[0])
                raise TrainingError(
                    f"histories: expected {rule}; got at row {row} frequency {self.frequency[row]:g}, "
                    f"recency {self.recency[row]:g}, age {self.age[row]:g}, mean_amount {self.mean_amount[row]:g}. "
                    "Leave out customers without a purchase day, and amounts that are no turnover."
                )

    def __len__(self) -> int:
        return len(self.frequency)

    def take(self, rows: NDArray[np.intp]) -> Histories:
        """Return some of the rows."""
        return Histories(self.frequency[rows], self.recency[rows], self.age[rows], self.mean_amount[rows])

    @property
    def repeated(self) -> NDArray[np.bool_]:
        """Who has bought again, (customers,)."""
        return self.frequency > 0


@dataclass(frozen=True)
class Parameters:
    """What is fitted, in the letters of the papers.

    Purchase rates per day are Gamma(r, rate alpha in days), chances to be gone after a repeat purchase Beta(a, b).
    Amounts of a customer are Gamma(p, rate nu), and nu is Gamma(q, rate v in the bank's currency).
    """

    r: float
    alpha: float
    a: float
    b: float
    p: float
    q: float
    v: float


@dataclass(frozen=True, eq=False)
class Lifetimes:
    """BG/NBD and Gamma-Gamma fitted to the customers of one as_of, and those customers."""

    histories: Histories
    parameters: Parameters
    purchases: Any
    amounts: Any
    scale: float

    def silence(self, days: int) -> FloatArray:
        """Return the probability of no purchase within so many days after the as_of, (customers,) in 0..1.

        A score of churn: gone for good, or only quiet for so long. Where there is no repeat purchase the paper lets
        nobody be gone, and the closed form for an active customer is used: pymc-marketing's formula forgets that
        exception and answers too high (0.957 against 0.905 observed in a simulation), until it is put right there.
        """
        found = _values(self.purchases.expected_probability_no_purchase(days, _frame(self.histories)))
        fitted, age = self.parameters, self.histories.age
        quiet = ((fitted.alpha + age) / (fitted.alpha + age + days)) ** fitted.r
        return np.where(self.histories.repeated, found, quiet)

    def purchase_days(self, days: int) -> FloatArray:
        """Return the expected number of purchase days within so many days after the as_of, (customers,), 0 or more."""
        return _values(self.purchases.expected_purchases(_frame(self.histories), future_t=days))

    def mean_amount(self) -> FloatArray:
        """Return the expected turnover of a coming purchase day, (customers,), in the bank's currency.

        Between a customer's own mean and that of all; without a repeat purchase, that of all.
        """
        frame = _frame(self.histories, self.scale)
        return _values(self.amounts.expected_customer_spend(frame)) * self.scale

    def turnover(self, days: int) -> FloatArray:
        """Return the expected turnover within so many days after the as_of, (customers,), in the bank's currency."""
        return self.purchase_days(days) * self.mean_amount()


def fit_lifetimes(histories: Histories, seed: int) -> Lifetimes:
    """Fit both models to the customers of one as_of, by the mode of the posterior (MAP).

    Amounts are fitted in units of their median, so that a bank's currency changes nothing. The seed draws the
    customers of the fit where there are more than `MOST_FITTED`, and does nothing else.

    Raises
    ------
    TrainingError
        Fewer than `LEAST_REPEATING` customers have bought again.
    """
    drawn = histories
    if len(histories) > MOST_FITTED:
        chosen = np.random.default_rng(seed).choice(len(histories), MOST_FITTED, replace=False)
        drawn = histories.take(np.sort(chosen))
    if drawn.repeated.sum() < LEAST_REPEATING:
        raise TrainingError(
            f"lifetimes: expected {LEAST_REPEATING} customers or more with a repeat purchase; "
            f"got {drawn.repeated.sum()} of {len(drawn)}"
        )
    scale = float(np.median(drawn.mean_amount[drawn.repeated]))
    purchases, amounts = _fit(_frame(drawn, scale))
    found = {name: float(purchases.fit_result[name].item()) for name in ("r", "alpha", "a", "b")}
    found |= {name: float(amounts.fit_result[name].item()) for name in ("p", "q", "v")}
    found["v"] *= scale
    return Lifetimes(histories, Parameters(**found), purchases, amounts, scale)


def _fit(frame: Any) -> tuple[Any, Any]:
    """Fit BG/NBD to all rows, Gamma-Gamma to those with a repeat purchase."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # arviz tells of its next version, pytensor of a BLAS that no fit here needs
        from pymc_marketing.clv import BetaGeoModel, GammaGammaModel
        from pytensor.configdefaults import config

        with config.change_flags(mode=_MODE):
            purchases, amounts = BetaGeoModel(), GammaGammaModel()
            purchases.fit(frame, method="map", progressbar=False)
            amounts.fit(frame[frame["frequency"] > 0], method="map", progressbar=False)
    return purchases, amounts


def _frame(histories: Histories, scale: float = 1.0) -> Any:
    """Return histories as pymc-marketing reads them; an amount that is not known weighs nothing there."""
    import pandas as pd

    amount = np.where(histories.repeated, histories.mean_amount / scale, 0.0)
    return pd.DataFrame(
        {
            "customer_id": np.arange(len(histories)),
            "frequency": histories.frequency,
            "recency": histories.recency,
            "T": histories.age,
            "monetary_value": amount,
        }
    )


def _values(found: Any) -> FloatArray:
    """Return the one draw of the one chain that a MAP fit has, (customers,)."""
    return np.asarray(found.transpose("chain", "draw", "customer_id").to_numpy()[0, 0], dtype=np.float64)
