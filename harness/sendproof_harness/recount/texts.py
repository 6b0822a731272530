"""Texts and templates, numbers and times, as the SQL statements need them."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_PLACEHOLDER = re.compile(r"%%\|(?P<percent>.*?)(?:\^\{.*?\})?%%|\{\{\s*(?P<braces>.*?)\s*\}\}", re.DOTALL)
_SIGNIFICANT_DIGITS = 10
_LINK = re.compile(r"(?<=\()https?://(?:[^()\n]|\([^()\n]*\))*(?=\))", re.IGNORECASE)


@lru_cache(maxsize=10_000)
def milliseconds(time: str | None) -> int | None:
    """Return a time in ISO 8601 as milliseconds since the Unix epoch."""
    return None if time is None else (datetime.fromisoformat(time) - _EPOCH) // _MILLISECOND


def significant_digits(number: str | None) -> str | None:
    """Return what all forms of a number have in common; None without a number. An e-mail address has one form."""
    if number and "@" in number:
        return number
    return "".join(re.findall(r"\d", number))[-_SIGNIFICANT_DIGITS:] if number else None


def typed(message: str | None, number: str | None) -> str | None:
    """Return where a message of a type goes: a user gets push notifications and inbox messages at one id."""
    return number if number is None or message in {None, "sms"} else f"{message} {number}"


def letters(text: str | None) -> str:
    """Return the ASCII letters and digits of a text, which survive a wrong character set."""
    return "".join(re.findall(r"[A-Za-z0-9]", text or ""))


def part(text: str, place: int) -> str:
    """Return one of the parts of a text between colons."""
    return text.split(":")[place]


def fits(text: str, body: str) -> bool:
    """Return True if a text can be made from the body of a template."""
    return _values(text, body) is not None


def refill(text: str, body: str, other: str) -> str | None:
    """Return the text that the body `other` makes of the values in a text; None if it needs more values."""
    values = _values(text, body)
    if values is None or any(name not in values for name in _names(other)):
        return None
    return _PLACEHOLDER.sub(lambda found: values[_name(found)], other)


def agrees(text: str, body: str, due: str, due_body: str) -> bool:
    """Return True if a text was made from a body with the values of the due text, as far as both name them."""
    got, wanted = _values(text, body), _values(due, due_body)
    return got is not None and wanted is not None and all(got[name] == wanted[name] for name in got.keys() & wanted)


def relink(text: str, due_texts: str) -> str:
    """Return the text of an e-mail, where each link that forwards to a due one is that one.

    `due_texts` is a JSON list of the texts that are due at its address. A link may also have more parameters than the
    due one.
    """
    due = {link for due in json.loads(due_texts) for link in _LINK.findall(due or "")}
    by_length = sorted(due, key=lambda link: (-len(link), link))

    def exchanged(found: re.Match[str]) -> str:
        link = found.group()
        return link if link in due else next((other for other in by_length if _forwards(link, other)), link)

    return _LINK.sub(exchanged, text)


def _forwards(link: str, due: str) -> bool:
    whole, wanted = (unquote_plus(unquote_plus(unquote_plus(part))) for part in (link, due))
    ends = "&#" if "?" in wanted else "?&#"
    for found in re.finditer(re.escape(wanted), whole):
        before, after = whole[: found.start()][-1:], whole[found.end() :][:1]
        if (not before or before in "=/?&") and (not after or after in ends):
            return True
    return any(_has_all(link[found.start() :], due) for found in re.finditer("https?://", link, re.IGNORECASE))


def _has_all(link: str, due: str) -> bool:
    """Return True if a link has the place and the parameters of another; it may have more."""
    try:
        got, wanted = urlsplit(link), urlsplit(due)
    except ValueError:
        return False
    places = [(url.scheme, url.netloc.lower(), unquote(url.path) or "/") for url in (got, wanted)]
    missing = Counter(parse_qsl(wanted.query, keep_blank_values=True)) - Counter(
        parse_qsl(got.query, keep_blank_values=True)
    )
    fragments = unquote(wanted.fragment), unquote(got.fragment)
    return places[0] == places[1] and not missing and fragments[0] in {"", fragments[1]}


def _values(text: str, body: str) -> dict[str, str] | None:
    found = _pattern(body).fullmatch(text)
    return None if found is None else dict(zip(_names(body), found.groups(), strict=True))


@lru_cache(maxsize=1_000)
def _pattern(body: str) -> re.Pattern[str]:
    places = [found.span() for found in _PLACEHOLDER.finditer(body)]
    begins, ends = [0, *(end for _, end in places)], [*(start for start, _ in places), len(body)]
    fixed = [re.escape(body[begin:end]) for begin, end in zip(begins, ends, strict=True)]
    return re.compile("(.*?)".join(fixed), re.DOTALL)


@lru_cache(maxsize=1_000)
def _names(body: str) -> tuple[str, ...]:
    return tuple(map(_name, _PLACEHOLDER.finditer(body)))


def _name(found: re.Match[str]) -> str:
    return (found["percent"] or found["braces"] or "").strip()
