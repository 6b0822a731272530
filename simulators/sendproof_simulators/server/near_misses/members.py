"""Parameters and members with a name that the operation does not have, and the names that were probably meant."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sendproof_simulators.core.contracts import FORM, Operation, decode
from sendproof_simulators.core.http import Request, Violation
from sendproof_simulators.core.members import BodyRules, Members
from sendproof_simulators.server.near_misses.names import most_similar

_BODY_READ_MAX = 65_536
_ITEMS_READ = 3
_MOST_NAMED = 3
# A hostile request may have thousands of names, and each comparison takes microseconds.
_MOST_COMPARED = 20
_QUERY, _BODY, _HEADER = "query", "body", "headers"


Names = frozenset[str]


@dataclass(frozen=True, slots=True)
class _Place:
    """One part of a request: the names that are `unknown` there, and those of the contract that are `free`."""

    words: str
    unknown: Sequence[str]
    free: Sequence[str]


def differences(
    meant: Operation, request: Request, rules: BodyRules, violations: Sequence[Violation], security: Names
) -> Iterator[str]:
    """Yield the unknown names of a refused request, each with the name that was probably meant.

    `security` are the parameters of the query that are credentials, in lower case.
    """
    places = [*_places(meant, request, rules, security)]
    required = {violation.where.rpartition(".")[2] for violation in violations if violation.rule == "required"}
    named = (text for place in places for text in _named(meant, place, places, required))
    yield from islice(named, _MOST_NAMED)


def ignored(meant: Operation, request: Request, body: Any, security: Names) -> Iterator[str]:
    """Yield the unknown names of a request that was served, if they are probably misspelt: the service ignored them."""
    places = []
    if _unknown_query(meant, request, security):
        places.append(_query_place(meant, request, security))
    known = None if meant.body is None else meant.body.members
    if known is not None and isinstance(body, dict) and not (known.is_open or body.keys() <= known.names):
        places.append(_object_place(known, body, _body_words(meant, "")))
    named = (text for place in places for name in place.unknown if (text := _similar(meant, place, name)))
    yield from islice(named, _MOST_NAMED)


def _named(meant: Operation, place: _Place, places: Iterable[_Place], required: set[str]) -> Iterator[str]:
    for name in place.unknown:
        text = _similar(meant, place, name) or _elsewhere(meant, place, name, places)
        missing = [free for free in place.free if free in required]
        if not text and len(missing) == 1 and len(place.unknown) == 1:
            text = f"you sent {_shown(name)} {place.words}, {meant.id} wants {missing[0]}"
        if text:
            yield text
        elif place.words != f"in the {_HEADER}":
            yield f"{meant.id} has no {_shown(name)} {place.words}"


def _similar(meant: Operation, place: _Place, name: str) -> str:
    similar = most_similar(name, place.free)
    return "" if similar is None else f"you sent {_shown(name)} {place.words}, {meant.id} wants {similar}"


def _elsewhere(meant: Operation, place: _Place, name: str, places: Iterable[_Place]) -> str:
    """Return the text on a right name in the wrong part of the request, "" if it is none."""
    for other in places:
        if other.words != place.words and name in other.free:
            return f"you sent {_shown(name)} {place.words}, {meant.id} wants it {other.words}"
    return ""


def _places(meant: Operation, request: Request, rules: BodyRules, security: Names) -> Iterator[_Place]:
    yield _query_place(meant, request, security)
    yield from _header_places(meant, request)
    if meant.body is not None:
        body = _decoded(meant, request)
        yield from _object_places(meant, meant.body.members, body, "", rules)


def _unknown_query(meant: Operation, request: Request, security: Names) -> list[str]:
    return [
        name
        for name, _ in request.query
        if meant.query_key(name) not in meant.query_names and name.lower() not in security
    ]


def _query_place(meant: Operation, request: Request, security: Names) -> _Place:
    sent = {meant.query_names.get(meant.query_key(name)) for name, _ in request.query}
    free = [name for name in dict.fromkeys(meant.query_names.values()) if name not in sent]
    return _Place(f"in the {_QUERY}", _unknown_query(meant, request, security)[:_MOST_COMPARED], free)


def _header_places(meant: Operation, request: Request) -> Iterator[_Place]:
    """Yield the headers with a name similar to one that is missing: a client sends many others."""
    names = [parameter.name for parameter in meant.parameters if parameter.where == "header"]
    free = [name for name in names if name.lower() not in request.headers]
    wanted = {name.lower() for name in names}
    unknown = [name for name in request.headers if name not in wanted and most_similar(name, free) is not None]
    if unknown:
        yield _Place(f"in the {_HEADER}", unknown, free)


def _decoded(meant: Operation, request: Request) -> Any:
    assert meant.body is not None  # noqa: S101 - the caller checked it
    if not request.body or len(request.body) > _BODY_READ_MAX:
        return {}
    try:
        return decode(request.body, meant.body.content_type, meant.body.types)
    except (ValueError, RecursionError):
        return {}


def _object_places(meant: Operation, members: Members, value: Any, pointer: str, rules: BodyRules) -> Iterator[_Place]:
    """Yield the objects in a body with an unknown member, the outer ones first."""
    if isinstance(value, list):
        for number, item in enumerate(value[:_ITEMS_READ]):
            if isinstance(item, dict):
                yield from _object_places(meant, members, item, f"{pointer}/{number}", rules)
        return
    if not isinstance(value, dict) or not members.names:
        return
    named = _with_contract_names(members, value, rules)
    if not members.is_open:
        yield _object_place(members, named, _body_words(meant, pointer))
    for name, below in members.below.items():
        if name in named:
            yield from _object_places(meant, below, named[name], f"{pointer}/{name}", rules)


def _with_contract_names(members: Members, value: Mapping[str, Any], rules: BodyRules) -> Mapping[str, Any]:
    if not rules.in_any_case:
        return value
    return {members.spellings.get(name.lower(), name): item for name, item in value.items()}


def _object_place(members: Members, value: Mapping[str, Any], words: str) -> _Place:
    unknown = [name for name in value if name not in members.names]
    return _Place(words, unknown[:_MOST_COMPARED], sorted(members.names - value.keys()))


def _body_words(meant: Operation, pointer: str) -> str:
    is_form = meant.body is not None and meant.body.content_type == FORM
    what = "form" if is_form else _BODY
    return f"in the {what} at {pointer}" if pointer else f"in the {what}"


def _shown(name: str) -> str:
    """Return the start of a name that a client made up."""
    return name[:60] if name.isprintable() else ascii(name)[:60]
