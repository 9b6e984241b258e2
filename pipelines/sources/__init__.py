"""Where tables come from besides a bank: public data sets, and a simulated bank."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pipelines.sources.bank_marketing import import_bank_marketing
from pipelines.sources.online_retail import import_online_retail
from pipelines.sources.writing import ImportFailed, ImportReport

IMPORTS: Mapping[str, Callable[[Path, Path], ImportReport]] = {
    "online-retail": import_online_retail,
    "bank-marketing": import_bank_marketing,
}
"""Every import by the name it has on the command line."""

__all__ = ["IMPORTS", "ImportFailed", "ImportReport", "import_bank_marketing", "import_online_retail"]
