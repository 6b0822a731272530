"""What is wrong with a file, said so that it can be mended: where, what was expected, what stands there."""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]

_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Diagnostic:
    """One thing to mend in `file`. `where` is a path of keys such as `campaigns[0].splits[1].share`, or empty."""

    file: str
    line: int
    where: str
    message: str

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{self.file}:{self.line}: {place}{self.message}"


class InvalidFileError(ValueError):
    """A file that a person wrote and that cannot be used. `diagnostics` lists all that was found, in its order."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(sorted(diagnostics))
        super().__init__("\n".join(str(diagnostic) for diagnostic in self.diagnostics))


def path_text(place: KeyPath) -> str:
    """`("campaigns", 0, "splits")` as `campaigns[0].splits`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def expected_got(what: str, got: object) -> str:
    """The form of every message about a value."""
    return f"expected {what}, got {value_text(got)}"


def value_text(value: object) -> str:
    """A value as a reader of the file knows it, cut where it gets long."""
    if isinstance(value, dict):
        return "a mapping of keys" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def suggestion(word: str, known: Iterable[object]) -> str:
    """The end of a message about an unknown name: the nearest known one, else all of them."""
    names = [str(name) for name in known]
    near = closest(word, names)
    if near:
        return f'did you mean "{near}"?'
    if not names:
        return "there are none"
    return "known: " + ", ".join(names)


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known name that a misspelt word most likely means."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return near[0] if near else None
