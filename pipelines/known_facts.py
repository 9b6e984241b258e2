"""What is known of each customer at an as_of and is no number of a model: read once, published and scored alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from pipelines.build import Store
from pipelines.classes import Classes, micro_classes
from pipelines.contact_due import Contacts, due_contacts
from pipelines.warnings import Warnings, open_warnings


@dataclass(frozen=True, eq=False)
class KnownFacts:
    """Open warnings, next contact and class, by customer; codes and figures, no words."""

    warnings: Warnings
    contacts: Contacts
    classes: Classes

    @classmethod
    def read(cls, source: Store, as_of: date) -> KnownFacts:
        """Read them from the bank's tables as known at an as_of, which has to be built."""
        return cls(
            open_warnings(source.bank, as_of), due_contacts(source.bank, as_of), micro_classes(source, as_of)
        )

    def of(self, customer_id: str) -> dict[str, Any]:
        """Return what is known of one customer, as the facts of a row hold it."""
        return {
            "warnings": list(self.warnings.get(customer_id, ())),
            "contact": self.contacts.get(customer_id),
            "class": self.classes.get(customer_id),
        }
