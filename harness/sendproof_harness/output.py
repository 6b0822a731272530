r"""Output: text of other parties is shown and never obeyed, and output never fails on its encoding or its reader.

A bridge, a scenario or a provider can send control characters, which a terminal obeys: they change colours, titles and
earlier lines. Such characters appear as their escapes in JSON, `\u001b`, and so do characters that the encoding lacks.
"""

import codecs
import io
import os
import re
import sys
from typing import Any, TextIO

# Control characters but tab and line end, directions of text that reorder what follows, other ends of lines, halves of
# characters, and what XML cannot contain.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
# What a CI server obeys in a log: `::error::` of GitHub at the beginning of a line, also of one that a terminal has
# wrapped; `##[error]` and `##vso[...]` of Azure DevOps, and `##teamcity[...]`, anywhere.
_NAMES = (
    "error|warning|notice|debug|group|endgroup|echo|add-mask|add-matcher|remove-matcher|add-path|set-env|set-output|"
    "save-state|stop-commands"
)
_COMMAND = re.compile(rf"(?<!\S):(?=:(?:{_NAMES})\b)|:(?=:(?:{_NAMES})(?: |::))|#(?=#\w*\[)")
_ERRORS = "sendproof_escape"
# A longer word in a message is a value that nobody reads, such as that of an option.
_LONGEST_WORD, _WORD_START = 1_000, 200
_LONG_WORD = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}")


def visible(text: str) -> str:
    """Return the text with an escape for what a terminal or a CI server would obey, or no file can contain."""
    return _COMMAND.sub(lambda match: _escape(match[0]), printable(text))


def printable(text: str) -> str:
    """Return the text as `visible` does, but leave commands to a CI server as they are."""
    return _HIDDEN.sub(lambda match: _escape(match[0]), text)


def echo(text: str, *, err: bool = False) -> None:
    """Print a line to stdout, or a message to stderr, in which very long words are cut."""
    stream = sys.stderr if err else sys.stdout
    stream.write((_with_short_words(visible(text)) if err else visible(text)) + "\n")
    stream.flush()


def _with_short_words(text: str) -> str:
    return _LONG_WORD.sub(lambda word: f"{word[0][:_WORD_START]}... ({len(word[0]):,} characters)", text)


def protect_streams() -> None:
    """Let stdout and stderr survive an encoding without a character, and a reader that has gone, such as `head`."""
    codecs.register_error(_ERRORS, _escaped)
    # In this order, as a stream that the caller has closed takes the lowest number that is free.
    sys.stdin = _nowhere("r") if sys.stdin is None else sys.stdin
    sys.stdout = _protected(sys.stdout)
    sys.stderr = _protected(sys.stderr)


def lost_output() -> str | None:
    """Return why a part of stdout was not written, such as a full disk; None if it was, or if no reader is left."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.lost if isinstance(raw, _LastingFile) else None


def reader_has_gone() -> bool:
    """Return True if the reader of stdout has gone, such as `head`, so that more output is of no use."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return isinstance(raw, _LastingFile) and raw.is_unread


class _LastingFile(io.FileIO):
    """A file that takes everything even if it cannot be written: the exit status is still worth computing."""

    lost: str | None = None
    is_unread = False

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            self.is_unread = True
            return len(data)
        except OSError as error:
            self.lost = error.strerror
            return len(data)


def _protected(stream: TextIO | None) -> TextIO:
    if stream is None:
        nowhere: TextIO = _nowhere("w")
        return nowhere
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_LastingFile(descriptor, "wb", closefd=False)),
        encoding=stream.encoding,
        errors=_ERRORS,
        line_buffering=stream.isatty() or stream is sys.stderr,
    )


def _nowhere(mode: str) -> Any:
    return open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123  # it stays open until the program ends


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_escape, error.object[error.start : error.end])), error.end


def _escape(character: str) -> str:
    """Return the escape of JSON; two of them for a character outside the first 65,536."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[index]:02x}{units[index + 1]:02x}" for index in range(0, len(units), 2))
