"""Ways to damage a text: for each cause, what the right text becomes.

Each hypothesis is a pure function of the right text. Its result is compared with the text that was sent.
"""

import html
import json
import re
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from itertools import takewhile
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from sendproof_harness.judge.facts.deliveries.matching import letters

Change = Callable[[str], str]

#: Lengths at which software cuts texts off: one or several parts of an SMS in GSM-7 or UCS-2, or 1,600 characters.
SMS_LENGTHS = frozenset({67, 70, 134, 140, 153, 160, 201, 306, 459, 612, 765, 918, 1600})

#: The cause of a text or a value without the white space at its ends.
TRIMMED = "spaces at the ends were cut off"

_ELLIPSES = ("...", "\N{HORIZONTAL ELLIPSIS}")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# A tag ends before the next one: a text of `<` alone must not be read to its end for each of them.
# In the replacement of a regular expression, by language.
_REFERENCE = re.compile(r"\$(?:[$&`']|\d{1,2}|<\w{1,20}>)|\\\d")
_TAG = re.compile("<[^<>]*+>")


# -- changes ----------------------------------------------------------------------------------------


def _misread(written: str, read: str, errors: str = "replace") -> Change:
    return lambda text: text.encode(written, errors).decode(read, errors)


def _twice(change: Change) -> Change:
    return lambda text: change(change(text))


def _in_form(form: str) -> Change:
    return lambda text: unicodedata.normalize(form, text)  # type: ignore[arg-type]


def _non_ascii_as(mark: str) -> Change:
    return lambda text: "".join(letter if letter.isascii() else mark for letter in text)


def _without_accents(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))


def _as_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _with_escaped_quotes(text: str) -> str:
    return re.sub(r"(['\"\\])", r"\\\1", text)


def _as_base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _as_entities(text: str) -> str:
    return "".join(letter if letter.isascii() else f"&#{ord(letter)};" for letter in html.escape(text))


def _without_tags(text: str) -> str:
    """Return what a mail client shows if it takes signs in the text for tags of HTML."""
    return re.sub(" +", " ", _TAG.sub("", text)).strip() if "<" in text else text


_LATIN_1, _WINDOWS = _misread("utf-8", "latin-1"), _misread("utf-8", "cp1252")

#: The hypotheses about all characters, the most specific first: a cause, and what the right text may become.
CHANGES: tuple[tuple[str, tuple[Change, ...]], ...] = (
    ("in capital letters", (str.upper,)),
    ("in small letters", (str.lower,)),
    (
        "UTF-8 was read as Latin-1, so non-ASCII characters were damaged",
        (_LATIN_1, _WINDOWS, _twice(_LATIN_1), _twice(_WINDOWS), _misread("utf-8", "cp1252", "ignore")),
    ),
    (
        "Latin-1 was read as UTF-8, so non-ASCII characters were damaged",
        (_misread("latin-1", "utf-8"), _misread("cp1252", "utf-8")),
    ),
    (
        "non-ASCII characters were replaced by question marks",
        (_misread("ascii", "ascii"), _misread("latin-1", "latin-1"), _non_ascii_as(_REPLACEMENT)),
    ),
    (
        "non-ASCII characters were left out",
        (_misread("ascii", "ascii", "ignore"), _misread("latin-1", "ascii", "ignore")),
    ),
    (
        "non-ASCII characters were replaced by similar ASCII ones",
        (_without_accents, lambda text: _misread("ascii", "ascii", "ignore")(_without_accents(text))),
    ),
    ("characters are in another Unicode form", tuple(map(_in_form, ("NFD", "NFC", "NFKD", "NFKC")))),
    (
        "encoded once too often, as in a URL",
        (quote, lambda text: quote(text, safe=""), quote_plus, lambda text: text.replace(" ", "+")),
    ),
    (
        "encoded once too often, as in HTML",
        (html.escape, lambda text: html.escape(text, quote=False), _as_entities, _twice(html.escape)),
    ),
    ("encoded once too often, as in JSON", (_as_json, json.dumps, _with_escaped_quotes, _twice(_as_json))),
    ("encoded once too often, in Base64", (_as_base64,)),
    (
        "quotes were doubled, as in SQL",
        (lambda text: text.replace("'", "''"), lambda text: text.replace('"', '""')),
    ),
    ("decoded once too often: % and + in a text must be escaped in a URL", (unquote, unquote_plus)),
    ("decoded once too often, as in HTML", (html.unescape, lambda text: _TAG.sub("", text), _without_tags)),
    ("the text twice", (lambda text: text + text, lambda text: f"{text} {text}", lambda text: f"{text}\n{text}")),
    ("reversed", (lambda text: text[::-1],)),
)


# -- comparisons ------------------------------------------------------------------------------------


def _is_same_without_case(got: str, expected: str) -> bool:
    return got.casefold() == expected.casefold()


def _is_whitespace_trimmed(got: str, expected: str) -> bool:
    return got == expected.strip()


def _has_other_line_ends(got: str, expected: str) -> bool:
    has_lines = "\n" in expected or "\n" in got or "\r" in got
    return has_lines and re.sub(r"[\r\n]+|\\r?\\n|<br ?/?>", " ", got).split() == expected.split()


def _is_same_without_whitespace(got: str, expected: str) -> bool:
    return "".join(got.split()) == "".join(expected.split())


def _is_encoded(got: str, expected: str) -> bool:
    return expected in {unquote_plus(got), unquote(got), html.unescape(got)}


def _is_encoded_word(got: str, expected: str) -> bool:
    try:
        return got != expected and str(make_header(decode_header(got))) == expected
    except (HeaderParseError, LookupError, ValueError):
        return False


def _is_shown_html(got: str, expected: str) -> bool:
    shown = html.unescape(_TAG.sub(" ", got))
    return re.search("<[a-z]", got) is not None and _is_same_without_whitespace(shown, expected)


def _is_rounded(got: str, expected: str) -> bool:
    """Return True if a whole number lost its last digits in a floating-point type, which keeps 15 to 17."""
    return (
        expected.isdecimal()
        and re.fullmatch(r"[\d.]+([eE]\+?\d{1,2})?", got) is not None
        and _as_float(got) == _as_float(expected)
    )


def _as_float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _has_lost_signs(got: str, expected: str) -> bool:
    """Return True if signs such as € or [ are missing, and nothing else."""
    lost = set(expected).difference(got)
    return not any(map(str.isalnum, lost)) and "".join(letter for letter in expected if letter not in lost) == got


def _has_lost_dots(got: str, expected: str) -> bool:
    """Return True if only dots are missing, some of them, as without those that a mail client doubles."""
    rest = iter(expected)
    lost = [skipped for letter in got for skipped in takewhile(letter.__ne__, rest)] + list(rest)
    return set(lost) == {"."} and len(got) + len(lost) == len(expected)


def _has_replaced_signs(got: str, expected: str) -> bool:
    """Return True if signs such as quotes became others, each always the same one, and nothing else changed."""
    if len(got) != len(expected):
        return False
    replaced = {pair for pair in zip(expected, got, strict=True) if pair[0] != pair[1]}
    # The decimals of a number are a value in another format, not a sign of the text.
    has_decimals = any(set(pair) == {".", ","} for pair in replaced)
    is_one_to_one = len(dict(replaced)) == len(replaced) and not any(due.isalnum() or due in got for due, _ in replaced)
    return is_one_to_one and not has_decimals


def _has_same_ascii(got: str, expected: str) -> bool:
    return not expected.isascii() and bool(letters(got)) and letters(got) == letters(expected)


def _has_filled_references(got: str, expected: str) -> bool:
    """Return True if signs such as $1, which mean a part of a match in a replacement, were replaced."""
    kept = _REFERENCE.split(expected)
    return len(kept) > 1 and 2 * sum(map(len, kept)) >= len(expected) and _has_in_order(got, kept)


def _has_in_order(text: str, parts: Sequence[str]) -> bool:
    """Return True if a text begins and ends with the first and last part, and has the others between, in order."""
    first, *middle, last = parts
    position = len(first)
    for part in middle:
        found = text.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return text.startswith(first) and text.endswith(last) and position + len(last) <= len(text)


#: The hypotheses that leave several results open, after all others.
COMPARISONS: tuple[tuple[str, Callable[[str, str], bool]], ...] = (
    ("the case of letters was changed", _is_same_without_case),
    ("encoded once too often, as in the header of an e-mail", _is_encoded_word),
    ("the HTML is shown as text", _is_shown_html),
    ("encoded once too often", _is_encoded),
    ("line breaks were changed", _has_other_line_ends),
    (TRIMMED, _is_whitespace_trimmed),
    ("whitespace differs", _is_same_without_whitespace),
    ("a long number was rounded, as by a floating-point type", _is_rounded),
    ("some signs were left out", _has_lost_signs),
    ("dots were left out, as if none at the beginning of a line was doubled", _has_lost_dots),
    ("some signs were replaced by others", _has_replaced_signs),
    ("non-ASCII characters were damaged", _has_same_ascii),
    ("signs such as $1 were taken for references of a replacement", _has_filled_references),
)


def damage(got: str, expected: str) -> str | None:
    """Return the cause that turns the expected text, or one line of it, into this one, or None.

    Both have characters and differ. Often only the subject of an e-mail is damaged, which is the first line.
    """
    parts = [(got, expected), *_line_that_differs(got, expected)]
    for cause, changes in CHANGES:
        if any(_changed(change, due) == sent for sent, due in parts for change in changes):
            return cause
    return next((cause for cause, applies in COMPARISONS if any(applies(sent, due) for sent, due in parts)), None)


def _line_that_differs(got: str, expected: str) -> list[tuple[str, str]]:
    """Return the line that was sent and the one that was due, if it is the only one that differs."""
    sent, due = got.split("\n"), expected.split("\n")
    pairs = [pair for pair in zip(sent, due, strict=False) if pair[0] != pair[1]]
    return pairs if len(sent) == len(due) > 1 and len(pairs) == 1 else []


def _changed(change: Change, text: str) -> str | None:
    """Return the changed text; None if the change is not possible for this text, or leaves it the same."""
    try:
        changed = change(text)
    except ValueError:
        return None
    return None if changed == text else changed


# -- parts of the text ------------------------------------------------------------------------------


def cut_length(got: str, expected: str) -> int | None:
    """Return the length at which the text was cut off, before any ellipsis; None if it was not."""
    kept = next((got.removesuffix(mark) for mark in _ELLIPSES if got.endswith(mark)), got)
    candidates = (kept, kept.rstrip()) if kept != got else (kept,)
    return next((len(got) for text in candidates if text and _is_beginning(text, expected)), None)


def _is_beginning(text: str, expected: str) -> bool:
    return len(text) < len(expected) and expected.startswith(text)


def cut_cause(length: int, missing: str, lengths: Mapping[int, int], endings: Mapping[str, int]) -> str:
    """Return the cause of a cut text: its length if this is a limit, or what is `missing` from several texts.

    `lengths` and `endings` count the texts of this length, and those that lack this ending.
    """
    if endings[missing] > max(lengths[length], 1):
        return f"the end is missing: {missing.strip()!r}"
    is_limit = length in SMS_LENGTHS or lengths[length] > 1
    return f"cut off at {length:,} characters" if is_limit else "the end was cut off"


def addition_cause(got: str, expected: str) -> str | None:
    """Return where the text was extended, or the beginning is missing; None for other differences."""
    if not expected.strip() or not got.strip():
        return None
    if got.startswith(expected):
        return "text was added at the end"
    if got.endswith(expected):
        return "text was added at the beginning"
    if expected.endswith(got):
        return "the beginning is missing"
    return "text was added at both ends" if expected in got else None
