"""OpenAPI documents as data: YAML within bounds, whose references stay inside and come to an end.

Connexion and other readers of OpenAPI would follow a reference to another document: they would open any file, wait for
a pipe, or request a URL. So each document is checked before any of them sees it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sendproof_simulators.core.contract_cache import read_through
from sendproof_simulators.core.validation.yaml_text import parse_yaml

#: Schemas that one reference leads to, with those that they combine. Sendproof's contracts have at most 11.
MOST_APPLIED = 10_000

_REFERENCE = "$ref"
_INSIDE = "#/"
_COMBINATIONS = ("allOf", "oneOf", "anyOf")
_NEGATION = "not"
_LONGEST_SHOWN = 100

Node = Mapping[str, Any]


def read_document(source: bytes, place: str) -> Node:
    """Return the document in a text of YAML; `ValueError` begins with `place` and names what is wrong with it."""
    try:
        document: Node = read_through(source, _parse)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
    return document


def _parse(source: bytes) -> Node:
    document = parse_yaml(source)
    if not isinstance(document, Mapping) or not isinstance(document.get("paths"), Mapping):
        raise ValueError("expected an OpenAPI document with paths")  # noqa: TRY004 - an error of a file
    _check_references(document)
    return document


def _check_references(document: Node) -> None:
    """Raise `ValueError`, with the place, for a reference to another document, and for references without an end."""
    references = list(_references("", document))
    for place, node in references:
        target = node[_REFERENCE]
        if not isinstance(target, str) or not target.startswith(_INSIDE):
            raise ValueError(
                f"{place}: expected a reference within the document, such as #/components/schemas/Name, "
                f"got {_shown(target)}; copy its target into the document"
            )
    counts: dict[int, int] = {}
    for place, node in references:
        _count_applied(document, place, node, counts)


def _references(place: str, node: Any) -> Iterator[tuple[str, Node]]:
    """Yield (place, node) of each node that is a reference. A document has few levels, so this never goes deep."""
    if isinstance(node, Mapping) and _REFERENCE in node:
        yield place, node
    for key, value in node.items() if isinstance(node, Mapping) else enumerate(node):
        if isinstance(value, Mapping | list):
            yield from _references(f"{place}/{key}" if place else str(key), value)


def _count_applied(document: Node, place: str, start: Node, counts: dict[int, int]) -> None:
    """Count the nodes that a node leads to, itself included; `ValueError` for a circle and for too many.

    `counts` has the counts of nodes by their ids, 0 while a node is counted. There is no recursion, because a chain of
    references can be longer than Python's stack.
    """
    walk = [] if id(start) in counts else [(start, iter(_applied(document, start)))]
    while walk:
        node, parts = walk[-1]
        counts.setdefault(id(node), 0)
        part = next(parts, None)
        if part is None:
            walk.pop()
            counts[id(node)] = 1 + sum(counts[id(part)] for part in _applied(document, node))
            if counts[id(node)] > MOST_APPLIED:
                raise ValueError(f"{place}: expected at most {MOST_APPLIED:,} schemas of one reference, got more")
        elif id(part) not in counts:
            walk.append((part, iter(_applied(document, part))))
        elif not counts[id(part)]:
            raise ValueError(f"{place}: expected references with an end, got a circle of them")


def _applied(document: Node, node: Node) -> Sequence[Node]:
    """Return the nodes that apply to the same value as a node."""
    if _REFERENCE in node:
        found = [_target(document, node[_REFERENCE])]
    else:
        found = [part for key in _COMBINATIONS if isinstance(node.get(key), list) for part in node[key]]
        found.append(node.get(_NEGATION))
    return [part for part in found if isinstance(part, Mapping)]


def _target(document: Node, reference: str) -> Any:
    """Return what a reference leads to, or None for one that leads to nothing."""
    target: Any = document
    for step in reference.removeprefix(_INSIDE).split("/"):
        if isinstance(target, list):
            target = next((item for number, item in enumerate(target) if str(number) == step), None)
        elif isinstance(target, Mapping):
            target = target.get(step.replace("~1", "/").replace("~0", "~"))
        else:
            return None
    return target


def _shown(target: object) -> str:
    text = repr(target)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
