"""Where tables come from besides a bank: public data sets, and a simulated bank."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pipelines.sources.bank_marketing import import_bank_marketing
from pipelines.sources.berka import import_berka
from pipelines.sources.churn_modelling import import_churn_modelling
from pipelines.sources.credit_default import import_credit_default
from pipelines.sources.online_retail import import_online_retail
from pipelines.sources.writing import ImportFailed, ImportReport

IMPORTS: Mapping[str, Callable[[Path, Path], ImportReport]] = {
    "online-retail": import_online_retail,
    "bank-marketing": import_bank_marketing,
    "credit-default": import_credit_default,
    "churn-modelling": import_churn_modelling,
    "berka": import_berka,
}
"""Every import by the name it has on the command line."""

__all__ = [
    "IMPORTS",
    "ImportFailed",
    "ImportReport",
    "import_bank_marketing",
    "import_berka",
    "import_churn_modelling",
    "import_credit_default",
    "import_online_retail",
]
