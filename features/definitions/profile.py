"""Profile features: who the customer is. Columns without history serve only if the bank says they never change."""

from __future__ import annotations

from features.catalogue import Feature, Group

ORIENTATIONS = ("relationship", "value", "service")

_GROUP = Group("profile", "profile", ("customers",), "customers.md, What is kept per customer")


def _features() -> list[Feature]:
    add = _GROUP.feature
    return [
        add("tenure", "", unit="days", null_means="opening date unknown",
            definition="Days from the opening of the relationship to as_of."),
        add("age", "", unit="years", null_means="date of birth or founding unknown",
            definition="Days from birth (companies: founding) to as_of, over 365.25."),
        *(
            add("is", kind, unit="flag", null_means="never null", definition=f"1 if the customer is {text}, else 0.")
            for kind, text in (("micro", "a micro or small business"), ("corporate", "a corporate"),
                               ("institution", "an institution"))
        ),
        add("card", "level", unit="code", null_means="never null",
            definition="0 no level, 1 gold, 2 platinum, 3 diamond, in the newest state before as_of."),
        add("credit", "line", unit="money", null_means="no line on record",
            definition="Credit line in the newest state before as_of."),
        add("is", "managed", unit="flag", null_means="never null",
            definition="1 if a manager is named in the newest state before as_of, else 0."),
        add("has", "household", unit="flag", null_means="never null",
            definition="1 if a household is named in the newest state before as_of, else 0."),
        add("employee", "count", unit="count", null_means="no number on record",
            definition="People employed in the newest state before as_of."),
        *(
            add("is", f"{orientation}_oriented", unit="flag", null_means="no orientation on record",
                definition=f"1 if the customer looks for {orientation} first in the newest state before as_of, else 0.")
            for orientation in ORIENTATIONS
        ),
        add("is", "opted_out", unit="flag", null_means="nothing on record",
            definition="1 if the customer does not want marketing in the newest state before as_of, else 0."),
        add("business", "age", unit="months", null_means="founding date unknown, or a retail customer",
            definition="Months in business: days from the founding to as_of, over 30.4375."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_features())

NEEDED_COLUMNS = {
    "tenure_days": ("customers", "opened_on"),
    "age_years": ("customers", "born_on"),
    "card_level": ("customers", "card_level"),
    "credit_line": ("customers", "credit_line"),
    "is_managed": ("customers", "manager_id"),
    "has_household": ("customers", "household_id"),
    "employee_count": ("customers", "employees"),
    **{f"is_{orientation}_oriented": ("customers", "orientation") for orientation in ORIENTATIONS},
    "is_opted_out": ("customers", "marketing_opt_out"),
    "business_age_months": ("customers", "born_on"),
}
