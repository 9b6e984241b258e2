"""The code list of recorded facts, as policy sorts it."""

from __future__ import annotations

from features.policy import read_policy


def fact_codes(counts_as: str) -> tuple[str, ...]:
    """Return the codes of recorded facts that count as one thing, in the order of the policy.

    Raises
    ------
    ValueError
        If no code counts as that.

    Examples
    --------
    >>> fact_codes("change_asked")
    ('manager_change_asked',)
    """
    codes = read_policy("facts")["codes"]
    found = tuple(code for code, about in codes.items() if about["counts_as"] == counts_as)
    if not found:
        kinds = sorted({about["counts_as"] for about in codes.values()})
        raise ValueError(
            f"features/policy/facts.yaml: expected a code with counts_as {counts_as}; got only {', '.join(kinds)}. "
            "Give one code that role."
        )
    return found
