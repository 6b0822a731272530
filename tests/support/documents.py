"""The documents as a reader sees them: commands with what they say, and blocks in other languages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from repository import ROOT, files, name_of

PROMPT = "$ "
ASKS_STATUS = "echo $?"
# Its examples are those of `--help`, and mostly shown and explained elsewhere: that is where they are run.
_LAST = "docs/reference/"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of a document: its text, and the line at which it begins."""

    document: str
    line: int
    text: str


@dataclass(frozen=True)
class Command:
    """A command that a document shows, what it is said to say (None: nothing is said of it), and its exit status."""

    document: str
    line: int
    text: str
    says: tuple[str, ...] | None
    status: int | None

    def __str__(self) -> str:
        return f"{self.document}:{self.line}: {self.text}"


def documents() -> list[str]:
    """Every document, in the order in which readers find them."""
    return sorted(map(name_of, files(".md")), key=_place)


def _place(name: str) -> tuple[bool, bool, bool, str]:
    return (name.startswith(_LAST), "/" in name, not name.startswith("docs/"), name)


def blocks(document: str, language: str) -> Iterator[Block]:
    """Every block of a document that is written in a language."""
    text = (ROOT / document).read_text()
    for found in _BLOCK.finditer(text):
        if found[1] == language:
            yield Block(document, text.count("\n", 0, found.start()) + 2, found[2])


def languages(document: str) -> set[str]:
    """Every language that a document has a block in; empty for a block of none."""
    return set(re.findall(r"^ *```(\w*)\n.*?^ *```$", (ROOT / document).read_text(), re.MULTILINE | re.DOTALL))


def commands(document: str) -> list[Command]:
    """Every command that a document shows, in its order."""
    return [command for block in blocks(document, "console") for command in _commands(block)]


def _commands(block: Block) -> Iterator[Command]:
    lines = block.text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith(PROMPT)]
    assert starts[:1] == [0], f"{block.document}:{block.line}: expected a command that begins with {PROMPT!r}"
    parts = [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    asked = [part[0] == PROMPT + ASKS_STATUS for part in parts]
    for index, (start, part) in enumerate(zip(starts, parts, strict=True)):
        if not asked[index]:
            answer = parts[index + 1] if index + 1 < len(parts) and asked[index + 1] else None
            status = None if answer is None else int(answer[1])
            text = part[0].removeprefix(PROMPT)
            yield Command(block.document, block.line + start, text, tuple(part[1:]) or None, status)


def differs(says: tuple[str, ...], said: str) -> str | None:
    """The first line of what a document shows that did not come, or came too late; None when all came in order.

    A line `...` stands for any lines; `...` within a line, with blanks around it, for any text.
    """
    came = [line.rstrip() for line in said.splitlines()]
    at, anywhere = 0, False
    for line in says:
        if line == "...":
            anywhere = True
            continue
        found = next((number for number in range(at, len(came)) if _alike(line, came[number])), None)
        if found is None or (found != at and not anywhere):
            return line
        at, anywhere = found + 1, False
    return None if anywhere or at == len(came) else f"nothing more, but this came: {came[at]}"


def _alike(shown: str, came: str) -> bool:
    pattern = r"\s+".join(".*" if word == "..." else re.escape(word) for word in shown.split())
    return re.fullmatch(rf"\s*{pattern}\s*", came) is not None


def named_files(document: str) -> dict[str, str]:
    """Every file that a document shows below a heading with its name."""
    shown = re.compile(r"^### `([^`]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return dict(shown.findall((ROOT / document).read_text()))
