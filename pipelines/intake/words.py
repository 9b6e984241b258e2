"""Intake's texts in English and Chinese, and the error that carries one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from features.policy import read_policy

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True)
class Message:
    """A text of the catalogue `features/policy/intake.yaml`, with the values it names.

    `key` is a path in the catalogue such as `rejected.twice`. A value that is a message itself is put into
    words in the same language.
    """

    key: str
    values: Mapping[str, "str | int | Message"] = field(default_factory=dict)

    def text(self, language: Language = "en") -> str:
        """Return the text in one language.

        Raises
        ------
        KeyError
            If the catalogue lacks the text or the language.

        Examples
        --------
        >>> Message("report.rows", {"count": 3}).text()
        '3 rows'
        """
        node: Any = read_policy("intake")
        for part in self.key.split("."):
            node = node[part]
        words = {
            name: value.text(language) if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        return str(node[language]).format(**words)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, for the report that is kept beside the prepared tables."""
        values = {
            name: value.to_json() if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        return {"key": self.key, "values": values}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "Message":
        """Read back what `to_json` returned."""
        values = {
            name: cls.from_json(value) if isinstance(value, dict) else value
            for name, value in body["values"].items()
        }
        return cls(body["key"], values)


class IntakeError(ValueError):
    """The tables cannot be taken in at all; says what was expected, what came, where, and what to do."""

    def __init__(self, key: str, /, **values: "str | int | Message") -> None:
        self.message = Message(f"errors.{key}", values)
        super().__init__(self.message.text())


class TableRejected(Exception):  # noqa: N818  # a fate of a table, not a failure of the run
    """One table cannot be taken in as a whole; the others go on."""

    def __init__(self, key: str, /, **values: "str | int | Message") -> None:
        self.message = Message(f"rejected.{key}", values)
        super().__init__(self.message.text())

    @classmethod
    def because(cls, message: Message) -> "TableRejected":
        """Return the refusal that a message puts into words."""
        return cls(message.key.removeprefix("rejected."), **message.values)
