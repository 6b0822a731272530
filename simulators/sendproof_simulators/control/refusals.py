"""Refusals of the control API in words: what was expected, what came, and what to do.

The services keep the texts of their validators, as the real ones do. People read those of the control API.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from itertools import islice
from typing import Any

import msgspec

from sendproof_simulators.core.contracts import Contract, Schema
from sendproof_simulators.core.http import Problem, Request, Violation
from sendproof_simulators.core.suggestions import alternatives, closest
from sendproof_simulators.server.near_misses.addresses import address_difference, nearest_operation

# The combinations of members that the schemas exclude: (operation, place in the body without positions) -> text. The
# schemas use `not`, because many generators of clients ignore the properties of a schema with `oneOf`.
_COMBINATIONS: Mapping[tuple[str | None, str], str] = {
    ("createSandbox", "clock"): (
        "`with` names a sandbox exactly when the mode is shared, and then `start` and `rate` are those of that sandbox"
    ),
    ("advanceClock", ""): "expected exactly one of `to` and `by_ms`",
    ("changeKey", ""): "expected exactly one of `enabled`, `rotate` and `access`",
    ("scheduleCampaign", ""): "expected either `channel` and `splits`, or `channels`",
    ("recordCustomerEvents", ""): "expected exactly one of `customer` and `visitor`",
}
_TYPES: Mapping[str, str] = {
    "array": "a list",
    "object": "an object",
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "null": "null",
}
_FORMATS: Mapping[str, str] = {
    "date-time": "an instant such as 2026-03-02T09:00:00Z",
    "time": "a time of day such as 09:00:00",
    "uri": "a URL such as http://127.0.0.1:9000/events",
}
_PATTERN = "text of the form "
_PATTERNS: Mapping[str, str] = {
    "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$": "at most 100 letters, digits and ._-, a letter or digit first",
    "^[1-5]([0-9]{2}|xx)$": "a status or a class of them, such as 404 or 4xx",
}
# Rules of parameters for which the text of the validator is hard to read.
_CLEARER_RULES = frozenset({"enum", "pattern"})
# Longer examples hide the message.
_EXAMPLE_LENGTH = 240
_QUOTED = 3
# Names that are compared with the known ones; a hostile request can have hundreds of thousands, of megabytes each.
_MOST_NAMES, _NAME_LENGTH = 20, 100
# A longer body is not decoded again for the names: other clients wait meanwhile.
_READ_AGAIN_MAX = 256 * 1024


def reworded(contract: Contract, request: Request, problem: Problem) -> Problem:
    """Return the problem with texts for people, if they can be clearer than those of the validator."""
    if problem.kind == "method_not_allowed":
        detail = f"expected {alternatives(problem.allow)} at {request.path}, got {request.method}"
        return replace(problem, detail=detail)
    if problem.status == HTTPStatus.NOT_FOUND and problem.operation is None:
        return replace(problem, detail=_unknown_path(contract, request))
    if problem.kind == "unsupported_media_type" and request.headers.get("content-type"):
        expected = alternatives(re.findall(r"'([^']+)'", problem.detail))
        return replace(problem, detail=f"expected Content-Type {expected}, got {request.headers['content-type']}")
    if not problem.violations:
        return problem
    refusal = _Refusal(contract, problem.operation, request.path, request.body)
    violations = tuple(replace(violation, message=refusal.text(violation)) for violation in problem.violations)
    texts = refusal.lines(violations)
    more = f"; and {len(texts) - _QUOTED} more" if len(texts) > _QUOTED else ""
    detail = "; ".join([*texts][:_QUOTED]).replace("?; ", "? ")
    return replace(problem, detail=detail + more, violations=violations)


def _unknown_path(contract: Contract, request: Request) -> str:
    """Return the nearest path with as many segments, else what near misses of any service name."""
    given = request.path.split("/")
    # With the same method last, which replaces others of the same path.
    operations = sorted(contract.operations.values(), key=lambda operation: operation.method == request.method)
    filled = {
        "/".join(value if part.startswith("{") else part for part, value in zip(parts, given, strict=True)): operation
        for operation in operations
        if len(parts := operation.path.split("/")) == len(given)
    }
    match = closest(request.path, filled)
    if match is None:
        return address_difference(contract, request, nearest_operation(contract, request))
    return f"no such path; nearest: {filled[match].method} {match}"


class _Refusal:
    """The texts for one request to an operation."""

    def __init__(self, contract: Contract, operation: str | None, path: str, body: bytes) -> None:
        self._contract = contract
        self._operation = operation
        self._media = _media(contract, operation)
        self._items = path.rpartition("/")[2]
        self._body = body

    def lines(self, violations: Sequence[Violation]) -> Sequence[str]:
        """Return the texts of all violations, each once; unknown members first, as others often follow from them."""
        unknown = [violation for violation in violations if violation.rule == "additionalProperties"]
        others = [violation for violation in violations if violation not in unknown and not self._is_implied(violation)]
        return list(dict.fromkeys(map(self._line, (*unknown, *others))))

    def _line(self, violation: Violation) -> str:
        """Return the text of a violation with its place, if the text does not name it."""
        place = violation.where.removeprefix("body").lstrip(".")
        names_itself = violation.rule in {"required", "additionalProperties"} or not place
        return violation.message if names_itself else f"{place}: {violation.message}"

    def _is_implied(self, violation: Violation) -> bool:
        """Return True for a missing member that the request has under a misspelled name."""
        if violation.rule == "not":
            return any(self._unknown(violation.pointer))
        name = _last(violation.pointer)
        return violation.rule == "required" and any(
            closest(given, [name]) for given in self._unknown(violation.pointer.rpartition("/")[0])
        )

    def text(self, violation: Violation) -> str:
        """Return the text of a violation."""
        describe = _TEXTS.get(violation.rule)
        is_clearer = violation.where.partition(".")[0] == "body" or violation.rule in _CLEARER_RULES
        return describe(self, violation) if describe is not None and is_clearer else violation.message

    def combination(self, violation: Violation) -> str:
        """Return the text about members that exclude or need each other."""
        place = ".".join(step for step in violation.pointer.split("/") if step and not step.isdigit())
        return _COMBINATIONS.get((self._operation, place), violation.message)

    def missing(self, violation: Violation) -> str:
        """Return the text about a missing member or body."""
        if not violation.pointer:
            return f"expected a body, got none{self._example()}"
        return f"expected {violation.pointer[1:].replace('/', '.')}, got none"

    def wrong_type(self, violation: Violation) -> str:
        """Return the text about a value of a wrong type."""
        is_whole = violation.where == "body"
        example = self._example() if is_whole else ""
        items = f" of {self._items}" if is_whole and violation.expected.endswith(" array") else ""
        return f"expected {_type_text(violation.expected)}{items}, got {violation.value}{example}"

    def wrong_format(self, violation: Violation) -> str:
        """Return the text about text in a wrong format."""
        kind = violation.expected.removeprefix("text of the format ")
        return f"expected {_FORMATS.get(kind, violation.expected)}, got {violation.value}"

    def compared(self, violation: Violation) -> str:
        """Return the text about a value beyond a limit, or that is none of a few."""
        expected = _PATTERNS.get(violation.expected.removeprefix(_PATTERN), violation.expected)
        expected = re.sub(r"\b1 (item|character|member)s$", r"1 \1", expected)
        return f"expected {expected}, got {violation.value}"

    def unknown_members(self, violation: Violation) -> str:
        """Return the text about the members of an object that are unknown."""
        place = violation.pointer.rpartition("/")[0]
        schema = self._schema_at(place)
        known = [*schema.get("properties", {})]
        unknown = [*self._unknown(place)] or [_last(violation.pointer)]
        return "; ".join(_unknown_text(name, known) for name in unknown)

    def _unknown(self, place: str) -> Iterator[str]:
        """Yield the first members of an object of the body that its schema does not know."""
        known = self._schema_at(place).get("properties")
        if len(self._body) > _READ_AGAIN_MAX:
            return
        value = _value_at(self._body, place)
        if known is not None and isinstance(value, Mapping):
            yield from islice((name for name in value if name not in known), _MOST_NAMES)

    def syntax(self, violation: Violation) -> str:
        """Return the text about a body that is no JSON, with the place."""
        found = re.search(r"byte ([0-9]+)", violation.message)
        lines = (self._body[: int(found[1])] if found else self._body).split(b"\n")
        return f"expected JSON, got other text at line {len(lines)}, column {len(lines[-1]) + 1}{self._example()}"

    def _example(self) -> str:
        """Return the contract's example of the body; nothing without one, or for a long one."""
        example = self._media.get("example")
        if isinstance(example, list):
            example = [min(example, key=lambda item: len(str(item)))]
        text = "" if example is None else msgspec.json.encode(example).decode()
        return f"; for example {text}" if text and len(text) <= _EXAMPLE_LENGTH else ""

    def _schema_at(self, place: str) -> Schema:
        """Return the schema of a part of the body; empty if its form depends on other members."""
        schema = self._contract.resolve(self._media.get("schema", {}))
        for step in filter(None, place.split("/")):
            inner = schema.get("items") if step.isdigit() else schema.get("properties", {}).get(step)
            schema = self._contract.resolve(inner or {})
        return schema


#: By rule: the function that describes a violation in the body.
_TEXTS: Mapping[str, Callable[[_Refusal, Violation], str]] = {
    "additionalProperties": _Refusal.unknown_members,
    "not": _Refusal.combination,
    "required": _Refusal.missing,
    "syntax": _Refusal.syntax,
    "type": _Refusal.wrong_type,
    "format": _Refusal.wrong_format,
    **dict.fromkeys(
        ("minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength", "minProperties", "enum", "pattern"),
        _Refusal.compared,
    ),
}


def _media(contract: Contract, operation: str | None) -> Mapping[str, Any]:
    """Return the media type object of an operation's body; empty without one."""
    found = contract.operations.get(operation or "")
    if found is None or found.body is None:
        return {}
    spec = contract.document["paths"][found.path][found.method.lower()]
    media: Mapping[str, Any] = contract.resolve(spec["requestBody"])["content"][found.body.content_type]
    return media


def _unknown_text(name: str, known: Sequence[str]) -> str:
    match = closest(name, known)
    hint = f"did you mean {match!r}?" if match else f"expected {alternatives(known or ['no member'])}"
    shown = name if len(name) <= _NAME_LENGTH else f"{name[:_NAME_LENGTH]}…"
    return f"unknown {shown!r}; {hint}"


def _type_text(expected: str) -> str:
    """Return `a list or null` for `a value of type array, null`."""
    types = expected.removeprefix("a value of type ")
    return alternatives(_TYPES.get(kind, kind) for kind in re.split(", | or a value of type ", types))


def _value_at(body: bytes, place: str) -> object:
    try:
        value: Any = msgspec.json.decode(body)
        for step in filter(None, place.split("/")):
            value = value[int(step) if isinstance(value, list) else step]
    except (msgspec.DecodeError, LookupError, ValueError, TypeError, RecursionError):
        return None
    return value


def _last(pointer: str) -> str:
    return pointer.rpartition("/")[2]
