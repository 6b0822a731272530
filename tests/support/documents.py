"""Commands and code blocks in the documents."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from repository import ROOT, files, name_of

PROMPT = "$ "
STATUS_COMMAND = "echo $?"
# Its examples are those of `--help`. Other documents show and explain most of them, and are preferred.
_REFERENCE = "docs/reference/"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A code block: its text, and the line on which it begins."""

    document: str
    line: int
    text: str


@dataclass(frozen=True)
class Command:
    """A command in a document, its `output` (None: not shown), and its exit status (None: not shown)."""

    document: str
    line: int
    text: str
    output: tuple[str, ...] | None
    status: int | None

    def __str__(self) -> str:
        return f"{self.document}:{self.line}: {self.text}"


def documents() -> list[str]:
    """Return the names of all documents, in the order in which readers find them."""
    return sorted(map(name_of, files(".md")), key=_reading_order)


def _reading_order(name: str) -> tuple[bool, bool, bool, str]:
    return (name.startswith(_REFERENCE), "/" in name, not name.startswith("docs/"), name)


def blocks(document: str, language: str) -> Iterator[Block]:
    """Yield the blocks of a document in one language."""
    text = (ROOT / document).read_text()
    for match in _BLOCK.finditer(text):
        if match[1] == language:
            yield Block(document, text.count("\n", 0, match.start()) + 2, match[2])


def languages(document: str) -> set[str]:
    """Return the languages of all blocks of a document; a block without a language has an empty one."""
    return set(re.findall(r"^ *```(\w*)\n.*?^ *```$", (ROOT / document).read_text(), re.MULTILINE | re.DOTALL))


def commands(document: str) -> list[Command]:
    """Return the commands of a document, in order."""
    return [command for block in blocks(document, "console") for command in _commands(block)]


def _commands(block: Block) -> Iterator[Command]:
    lines = block.text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith(PROMPT)]
    assert starts[:1] == [0], f"{block.document}:{block.line}: expected a command that begins with {PROMPT!r}"
    parts = [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    shows_status = [part[0] == PROMPT + STATUS_COMMAND for part in parts]
    for index, (start, part) in enumerate(zip(starts, parts, strict=True)):
        if not shows_status[index]:
            has_status = index + 1 < len(parts) and shows_status[index + 1]
            status = int(parts[index + 1][1]) if has_status else None
            text = part[0].removeprefix(PROMPT)
            yield Command(block.document, block.line + start, text, tuple(part[1:]) or None, status)


def missing_line(expected: tuple[str, ...], output: str) -> str | None:
    """Return the first line of a document that the output lacks or has too late, or None if it has all in order.

    A line `...` matches any lines. Within a line, `...` between spaces matches any text.
    """
    lines = [line.rstrip() for line in output.splitlines()]
    position, is_anywhere = 0, False
    for line in expected:
        if line == "...":
            is_anywhere = True
            continue
        found = next((number for number in range(position, len(lines)) if _matches(line, lines[number])), None)
        if found is None or (found != position and not is_anywhere):
            return line
        position, is_anywhere = found + 1, False
    return None if is_anywhere or position == len(lines) else f"the end of the output, got {lines[position]}"


def _matches(expected: str, line: str) -> bool:
    pattern = r"\s+".join(".*" if word == "..." else re.escape(word) for word in expected.split())
    return re.fullmatch(rf"\s*{pattern}\s*", line) is not None


def named_files(document: str) -> dict[str, str]:
    """Return the files that a document shows under a heading with the file name."""
    pattern = re.compile(r"^### `([^`]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return dict(pattern.findall((ROOT / document).read_text()))
