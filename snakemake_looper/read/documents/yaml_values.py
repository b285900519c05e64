"""Values of YAML texts that are not of the kind that is needed, and the error for a broken text."""

from __future__ import annotations

from typing import Any

from ...errors import LooperError

DEEP = "is nested too deeply; remove levels"


class YamlFault(LooperError):
    """A text that cannot be read as YAML. The message says the fault and what to write instead."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line
        """Counted from 1; 0 if no line is known."""


def kind_of_value(value: Any) -> str:
    """The kind of a value, in words."""
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else "a date"


def not_text(value: Any) -> str | None:
    """The message for a value that must be text; None if it is, or if it is missing."""
    if value is None or isinstance(value, str):
        return None
    cure = "write one text instead" if isinstance(value, list) else "put it in quotes"
    return f"must be text, not {kind_of_value(value)}; {cure}"
