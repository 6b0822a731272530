"""Diagnostics of a file: the position of each problem, the expected value and the actual one."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sendproof_harness.suggestions import suggestion

KeyPath = tuple[str | int, ...]

_MAX_VALUE_LENGTH = 60


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Diagnostic:
    """One problem of `file`. `where` is a path of keys such as `campaigns[0].splits[1].share`, or empty."""

    file: str
    line: int
    where: str
    message: str

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        return f"{self.file}:{self.line}: {where}{self.message}"


class InvalidFileError(ValueError):
    """A file that cannot be used. `diagnostics` lists all its problems, in the order of the file."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(sorted(diagnostics))
        super().__init__("\n".join(str(diagnostic) for diagnostic in self.diagnostics))


def path_text(path: KeyPath) -> str:
    """Format `("campaigns", 0, "splits")` as `campaigns[0].splits`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def expected_got(expected: str, got: object) -> str:
    """Return the message for a value that is not the expected one."""
    return f"expected {expected}, got {value_text(got)}"


def unknown_name(kind: str, name: object, known: Iterable[object]) -> str:
    """Return the message for a name that does not exist: `unknown channel 9; known: 505`."""
    text = f'"{name}"' if isinstance(name, str) else name
    return f"unknown {kind} {text}; {suggestion(str(name), known)}"


def unknown_client(name: str, clients: Sequence[str]) -> str:
    """Return the message for a client that does not exist."""
    if clients:
        return unknown_name("client", name, clients)
    return f'no client is named "{name}"; name the clients in `clients`, or remove this key'


def value_text(value: object) -> str:
    """Format a value of a file for a message, truncated if it is long."""
    if isinstance(value, dict):
        return "a mapping of keys" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_VALUE_LENGTH else text[:_MAX_VALUE_LENGTH] + "…"
