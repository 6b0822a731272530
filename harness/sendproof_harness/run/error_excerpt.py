"""The part of a program's output that explains its end: the first error, with everything that belongs to it."""

import re
from collections.abc import Iterator, Sequence

# Errors long before the end were handled; a crash writes its own error among the last lines.
_CRASH_LINES = 200
# Enough for a stack trace; of a longer one, the end is kept.
_LINES_MAX = 40
_LINE_MAX = 1_000
_TRACEBACK = "Traceback (most recent call last):"
# Python ends a trace with `KeyError: 'x'`. Other languages begin with such a line: `Error: x`, `PHP Fatal error:  x`,
# `panic: x`, `Exception in thread "main" x`.
_ERROR = re.compile(r"(error|exception)\b|\b(fatal|panic|uncaught|unhandled|segmentation fault)\b", re.IGNORECASE)
# Below a line of source that Node quotes before it names the error.
_CARETS = re.compile(r"\s*\^+\s*$")
_CONTINUED = re.compile(r"\s+\S|\s*$|Caused by:|Stack trace:|#\d+ |goroutine ")


def crash_errors(output: str) -> list[str]:
    """Return the first error of a crash, and the last one if it is another; each with the lines that belong to it."""
    lines = [line[:_LINE_MAX] for line in output.splitlines()[-_CRASH_LINES:]]
    errors = list(_errors(lines))
    return errors[:1] if not errors or headline(errors[0]) == headline(errors[-1]) else [errors[0], errors[-1]]


def headline(error: str) -> str:
    """Return the most informative line of an error: the last one of a Python trace, else the first."""
    lines = error.splitlines()
    return lines[-1].strip() if _TRACEBACK in error else lines[0].strip()


def _errors(lines: Sequence[str]) -> Iterator[str]:
    number = 0
    while number < len(lines):
        if _TRACEBACK in lines[number]:
            end = _end_of_traceback(lines, number)
        elif _is_quoted_source(lines, number):
            number += 2
            continue
        elif _ERROR.search(lines[number]):
            end = _end_of_error(lines, number)
        else:
            number += 1
            continue
        yield "\n".join(lines[number:end][-_LINES_MAX:]).rstrip()
        number = end


def _is_quoted_source(lines: Sequence[str], number: int) -> bool:
    return number + 1 < len(lines) and _CARETS.match(lines[number + 1]) is not None


def _end_of_traceback(lines: Sequence[str], start: int) -> int:
    """Return the line after the exception: the first line that is not indented."""
    for number in range(start + 1, len(lines)):
        if lines[number].strip() and not lines[number].startswith((" ", "\t")):
            return number + 1
    return len(lines)


def _end_of_error(lines: Sequence[str], start: int) -> int:
    """Return the line after an error and its stack; a Python trace that follows explains it, and belongs to it."""
    for number in range(start + 1, len(lines)):
        if _TRACEBACK in lines[number]:
            return _end_of_traceback(lines, number)
        if not _CONTINUED.match(lines[number]):
            return number
    return len(lines)
