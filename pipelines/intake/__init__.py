"""Tables in: what a bank hands over is held against the contract and prepared once for everything that reads it."""

from pipelines.intake.prepared import read_manifest, read_report
from pipelines.intake.report import AmountCounts, IntakeReport, Issue, TableCounts
from pipelines.intake.run import Progress, prepare
from pipelines.intake.show import show
from pipelines.intake.words import IntakeError, Language, Message

__all__ = [
    "AmountCounts",
    "IntakeError",
    "IntakeReport",
    "Issue",
    "Language",
    "Message",
    "Progress",
    "TableCounts",
    "prepare",
    "read_manifest",
    "read_report",
    "show",
]
