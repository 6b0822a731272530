"""Texts and templates, numbers and times, as the SQL statements need them."""

import json
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, unquote, unquote_plus, urlsplit

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# A text that begins placeholders without an end takes no longer than others: none of them contains the next.
_PLACEHOLDER = re.compile(
    r"%%\|(?P<percent>(?:(?!%%|\^\{).)*+)(?:\^\{(?:(?!\}%%|%%\|).)*+\})?%%|\{\{(?P<braces>[^{}]*+)\}\}", re.DOTALL
)
_SIGNIFICANT_DIGITS = 10
# Ways to divide two texts, times their length: more is not tried.
_DIVISIBLE = 100_000_000
# Pages that forward to each other, and the targets of each that are looked at.
_FORWARDS, _ENDS = 3, 5
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


def folded(text: str | None) -> str | None:
    """Return the words of a reply without capitals, spaces and punctuation, unless nothing is left of them."""
    return text and (re.sub(r"[\W_]", "", text.casefold()) or text)


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
    """Return True if a text was made from a body with the values of the due text, as far as both name them.

    Neighbouring values with spaces can be divided in several ways. Any will do, unless they are too many to try.
    """
    got, wanted = _values(text, body), _values(due, due_body)
    if got is None or wanted is None:
        return False
    if all(got[name] == wanted[name] for name in got.keys() & wanted):
        return True
    tries = _starts(due, due_body) * (_starts(text, body) if got.keys() - wanted else 1)
    is_possible = tries * (len(text) + len(due)) <= _DIVISIBLE
    return is_possible and _divisions(due_body, body).fullmatch(f"{due}\0{text}") is not None


def _starts(text: str, body: str) -> int:
    """Return how many ways there are to begin to divide a text, up to any of the fixed pieces of a body."""
    first, *pieces = _pieces(body)
    ending = [0] * (len(text) + 1)
    ending[len(first)] = 1
    found = 1
    for piece in pieces:
        earlier, ways = 0, ending
        ending = [0] * (len(text) + 1)
        for place in range(len(text) - len(piece) + 1):
            earlier += ways[place]
            if text.startswith(piece, place):
                ending[place + len(piece)] = earlier
        found += sum(ending)
    return found


@lru_cache(maxsize=1_000)
def _divisions(due_body: str, body: str) -> re.Pattern[str]:
    """Return the pattern of both texts, with a NUL in between: a placeholder of the second repeats the first one's."""
    places: dict[str, int] = {}
    for name in _names(due_body):
        places.setdefault(name, len(places) + 1)
    unseen = set(places)

    def in_due(name: str) -> str:
        is_first = name in unseen
        unseen.discard(name)
        return r"([^\0]*?)" if is_first else r"[^\0]*?"

    def in_other(name: str) -> str:
        return rf"(?:\{places[name]})" if name in places else r"[^\0]*?"

    return re.compile(rf"{_woven(due_body, in_due)}\0{_woven(body, in_other)}")


def relink(text: str, due_texts: str) -> str:
    """Return the text of an e-mail with the links of a due one, if each of its links is that one or forwards to it.

    `due_texts` is a JSON list of the texts that are due at its address. A link may also have more parameters than the
    due one.
    """
    due = [other for other in json.loads(due_texts) if other]
    if text in due:
        return text
    exchanged = [found for found in (_with_links_of(other, text) for other in due) if found is not None]
    return next((found for found in exchanged if found in due), [*exchanged, text][0])


def _with_links_of(due: str, text: str) -> str | None:
    ours, theirs = _LINK.findall(due), _LINK.findall(text)
    if len(ours) != len(theirs):
        return None
    if not all(_leads(link, wanted) for link, wanted in zip(theirs, ours, strict=True)):
        return None
    parts = _LINK.split(text)
    return "".join(part + link for part, link in zip(parts, [*ours, ""], strict=True))


def _leads(link: str, due: str) -> bool:
    """Return True if a link is the due one, or leads to it. The links in the text of an e-mail are decoded."""
    wanted = _as_url(due)
    return _has_all(_as_url(link), wanted) or _forwards(link, wanted, 1)


def _plain(link: str) -> str:
    begin, *query = link.split("?", 1)
    return "?".join([unquote(begin), *map(unquote_plus, query)])


def _as_url(link: str) -> str:
    return link.replace("%", "%25").replace("+", "%2B")


def _forwards(link: str, wanted: str, depth: int) -> bool:
    rest, values = re.split("[?#]", link, maxsplit=1)[0][1:], parse_qsl(link.partition("?")[2])[:_ENDS]
    starts = [found.start() for found in re.finditer("https?://", link, re.IGNORECASE) if found.start() > 0]
    ends = [link[start:] for start in starts[:_ENDS]]
    for value in [*(value for _, value in values), unquote(rest)]:
        for form in (value, unquote(value)):
            inner = re.search("https?://.*", form, re.IGNORECASE | re.DOTALL)
            ends += [] if inner is None else [inner[0]]
    chosen = [*dict.fromkeys(ends)]
    if any(_has_all(_as_url(form), wanted) for end in chosen for form in (end, _plain(end))):
        return True
    return depth < _FORWARDS and any(_forwards(end, wanted, depth + 1) for end in chosen)


def _has_all(link: str, due: str) -> bool:
    """Return True if a link has the place and the parameters of another; it may have more."""
    try:
        got, wanted = urlsplit(link), urlsplit(due)
        places = [_place(url) for url in (got, wanted)]
    except ValueError:
        return False
    missing = Counter(parse_qsl(wanted.query, keep_blank_values=True)) - Counter(
        parse_qsl(got.query, keep_blank_values=True)
    )
    fragments = unquote(wanted.fragment), unquote(got.fragment)
    return places[0] == places[1] and not missing and fragments[0] in {"", fragments[1]}


def _place(url: SplitResult) -> tuple[object, ...]:
    host = url.hostname or ""
    with suppress(UnicodeError):
        host = host.encode("idna").decode()
    port = url.port or (443 if url.scheme == "https" else 80)
    return url.scheme, url.username, url.password, host, port, unquote(url.path) or "/"


def _values(text: str, body: str) -> dict[str, str] | None:
    found = _pattern(body).fullmatch(text)
    return None if found is None else dict(zip(_names(body), found.groups(), strict=True))


@lru_cache(maxsize=1_000)
def _pattern(body: str) -> re.Pattern[str]:
    # An atomic group keeps the first place of its piece: if the rest fits after a later one, it fits after the first.
    first, *pieces = map(re.escape, _pieces(body))
    groups = [f"(?>(.*?){piece})" for piece in pieces[:-1]] + [f"(.*?){piece}" for piece in pieces[-1:]]
    return re.compile(first + "".join(groups), re.DOTALL)


def _woven(body: str, value: Callable[[str], str]) -> str:
    """Return the pattern of a body, with one for the value of each placeholder by its name."""
    first, *rest = map(re.escape, _pieces(body))
    return first + "".join(value(name) + fixed for name, fixed in zip(_names(body), rest, strict=True))


def _pieces(body: str) -> list[str]:
    """Return the pieces of a body around its placeholders."""
    places = [found.span() for found in _PLACEHOLDER.finditer(body)]
    begins, ends = [0, *(end for _, end in places)], [*(start for start, _ in places), len(body)]
    return [body[begin:end] for begin, end in zip(begins, ends, strict=True)]


@lru_cache(maxsize=1_000)
def _names(body: str) -> tuple[str, ...]:
    return tuple(map(_name, _PLACEHOLDER.finditer(body)))


def _name(found: re.Match[str]) -> str:
    return (found["percent"] or found["braces"] or "").strip()
