"""The evidence of each contract: numbers of operations, fields and rules that are documented, observed or assumed.

The statements of a provider's contract are also counted by the type of messages that they are about.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.core.messaging.message_types import MESSAGE_TYPES
from sendproof_simulators.services.discovery import CONTRACTS

LEVELS = ("documented", "observed", "assumed")
PARTS = ("operations", "fields", "rules")
#: What a service does that OpenAPI has no keyword for.
BEHAVIOUR = "behaviour"
#: Statements of a contract about several types of messages that are about each of them alike.
ALL_TYPES = "all"
# Our own interfaces need no evidence.
_OUR_OWN = frozenset({"bridge.yaml", "control.yaml"})
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})
_RULES = frozenset(
    {"enum", "maximum", "maxItems", "maxLength", "minimum", "minItems", "minLength", "pattern", "required"}
)
_NOT_CONTRACT = frozenset({"example", "examples", "default", "enum", "x-limits"})
_TYPES, _BEHAVIOUR = "x-message-types", "x-behaviour"
# Steps of a path in a contract that lead to a name and are none.
_UNNAMED_STEPS = frozenset(
    {"components", "schemas", "parameters", "properties", "paths", "items", "schema", "requestBody", "responses"}
    | {"content", "allOf", "anyOf", "oneOf"}
)


class Statement(NamedTuple):
    """One statement of a contract: an operation, a field, a rule or a behaviour, with its evidence.

    `about` names it, such as `PushContent.push_title`; a behaviour is a sentence. `messages` are the types of messages
    that it is about, and empty for a contract without such types.
    """

    part: str
    level: str
    about: str = ""
    source: str = ""
    messages: tuple[str, ...] = ()


class MessageEvidence(NamedTuple):
    """The number of a contract's statements about one type of messages, by part and level."""

    message: str
    contract: str
    counts: Mapping[str, Mapping[str, int]]


def evidence_counts(folder: Path = CONTRACTS) -> dict[str, dict[str, dict[str, int]]]:
    """Return the number of statements by contract, part and level."""
    return {name: _by_part(statements(document), PARTS) for name, document in _documents(folder)}


def message_evidence(folder: Path = CONTRACTS) -> list[MessageEvidence]:
    """Return the numbers of statements by type of messages and contract.

    A statement about several types counts for each of them. One about all types of a contract counts once, as `all`.
    """
    found: dict[tuple[str, str], list[Statement]] = {}
    for name, document in _documents(folder):
        types = tuple(document.get(_TYPES, ()))
        for statement in statements(document):
            is_about_all = len(types) > 1 and set(statement.messages) == set(types)
            for message in (ALL_TYPES,) if is_about_all else statement.messages:
                found.setdefault((message, name), []).append(statement)
    order = [*MESSAGE_TYPES, ALL_TYPES]
    return [
        MessageEvidence(message, name, _by_part(found[message, name], (*PARTS, BEHAVIOUR)))
        for message, name in sorted(found, key=lambda key: (order.index(key[0]), key[1]))
    ]


def statements_about(message: str, folder: Path = CONTRACTS) -> Iterator[tuple[str, Statement]]:
    """Yield the statements of contracts about a type of messages, but not those about all types of a contract.

    Each statement comes with the name of the contract.
    """
    for name, document in _documents(folder):
        types = tuple(document.get(_TYPES, ()))
        for statement in statements(document):
            is_about_all = len(types) > 1 and set(statement.messages) == set(types)
            if message in statement.messages and not is_about_all:
                yield name, statement


def statements(document: Mapping[str, Any]) -> Iterator[Statement]:
    """Yield all statements. One without own evidence has that of its parent; shared components are then assumed."""
    info = document.get("info", {})
    top = Statement(
        "", info.get("x-evidence", LEVELS[-1]), "", info.get("x-source", ""), tuple(document.get(_TYPES, ()))
    )
    yield from _Walk(document).statements(document, (), top)
    for behaviour in document.get(_BEHAVIOUR, ()):
        yield _inherited(behaviour, top)._replace(part=BEHAVIOUR, about=behaviour["text"])


def _documents(folder: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in sorted(path for path in folder.glob("*.yaml") if path.name not in _OUR_OWN):
        yield path.name, load_contract(path).document


def _by_part(found: Iterator[Statement] | list[Statement], parts: tuple[str, ...]) -> dict[str, dict[str, int]]:
    counts = Counter((statement.part, statement.level) for statement in found)
    return {part: {level: counts[part, level] for level in LEVELS} for part in parts}


def _inherited(node: Mapping[str, Any], parent: Statement) -> Statement:
    """Return what the statements below a node inherit from it and from its parent."""
    return parent._replace(
        level=node.get("x-evidence", parent.level),
        source=node.get("x-source", parent.source),
        messages=tuple(node.get(_TYPES, parent.messages)),
    )


class _Walk:
    """A walk through the statements of one contract."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def statements(self, node: Any, place: tuple[str, ...], parent: Statement) -> Iterator[Statement]:
        """Yield the statements of a node at a place, and of the nodes below it."""
        if isinstance(node, list):
            for number, item in enumerate(node):
                yield from self.statements(item, (*place, str(number)), parent)
        if not isinstance(node, Mapping):
            return
        own = _inherited({_TYPES: self._types(node, parent), **node}, parent)
        part = _part(place)
        place = (str(node["operationId"]),) if "operationId" in node else place
        if part is not None:
            yield own._replace(part=part, about=_about(node, place))
        yield from self._rules(node, place, own)
        for key, value in node.items():
            if key not in _NOT_CONTRACT or place[-1:] == ("properties",):
                yield from self.statements(value, (*place, str(key)), own)

    def _types(self, node: Mapping[str, Any], parent: Statement) -> tuple[str, ...]:
        """Return the types of messages of a component that a node refers to, or else those of its parent."""
        kind, _, name = str(node.get("$ref", "")).removeprefix("#/components/").partition("/")
        target = self._document.get("components", {}).get(kind, {}).get(name, {})
        return tuple(target.get(_TYPES, parent.messages))

    def _rules(self, node: Mapping[str, Any], place: tuple[str, ...], own: Statement) -> Iterator[Statement]:
        limits = node.get("x-limits", {})
        if isinstance(limits, list):
            for limit in limits:
                about = f"{_about(node, place)}: {limit.get('name', '')}".removeprefix(": ")
                yield _inherited(limit, own)._replace(part="rules", about=about)
            limits = {}
        # A property can have the name "pattern"; only a schema has rules.
        if place[-1:] != ("properties",):
            for rule in sorted(rule for rule in _RULES & node.keys() if node[rule] not in (False, None)):
                about = f"{_about(node, place)}.{rule}"
                yield _inherited(limits.get(rule, {}), own)._replace(part="rules", about=about)


def _part(place: tuple[str, ...]) -> str | None:
    *_, above, last = ("", "", *place)
    if above.startswith("/") and last in _METHODS:
        return "operations"
    return "fields" if above in {"properties", "parameters"} else None


def _about(node: Mapping[str, Any], place: tuple[str, ...]) -> str:
    """Return the name of an operation, a field or a schema: `AddChannelApps`, or `PushContent.push_title`."""
    named = [step for step, above in zip(place, ("", *place), strict=False) if _is_name(step, above)]
    parameter = [str(node["name"])] if place[-2:-1] == ("parameters",) and "name" in node else []
    return ".".join([*named, *parameter])


def _is_name(step: str, above: str) -> bool:
    """Return True for the name of an operation, a schema or a property; other steps only lead to it."""
    return above == "properties" or not (step.isdigit() or "/" in step or step in _UNNAMED_STEPS)
