"""How well each contract is founded: operations, fields and rules that are documented, observed or assumed."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.services.discovery import CONTRACTS

LEVELS = ("documented", "observed", "assumed")
PARTS = ("operations", "fields", "rules")
# Our own interfaces: nothing about them has to be found out.
_OUR_OWN = frozenset({"bridge.yaml", "control.yaml"})
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})
_RULES = frozenset(
    {"enum", "maximum", "maxItems", "maxLength", "minimum", "minItems", "minLength", "pattern", "required"}
)
_NOT_CONTRACT = frozenset({"example", "examples", "default", "enum", "x-limits"})


class Statement(NamedTuple):
    """One thing that a contract says: an operation, a field or a rule, and how well it is founded."""

    part: str
    level: str


def coverage(folder: Path = CONTRACTS) -> dict[str, dict[str, dict[str, int]]]:
    """Contract -> part -> level -> how many statements."""
    files = sorted(path for path in folder.glob("*.yaml") if path.name not in _OUR_OWN)
    return {path.name: _counted(path) for path in files}


def _counted(path: Path) -> dict[str, dict[str, int]]:
    counts = Counter(statements(load_contract(path).document))
    return {part: {level: counts[Statement(part, level)] for level in LEVELS} for part in PARTS}


def statements(document: Mapping[str, Any]) -> Iterator[Statement]:
    """Every statement. One without evidence of its own has that of what it lies in; a shared part is assumed then."""
    yield from _walk(document, (), document.get("info", {}).get("x-evidence", LEVELS[-1]))


def _walk(node: Any, place: tuple[str, ...], level: str) -> Iterator[Statement]:
    if isinstance(node, list):
        for number, item in enumerate(node):
            yield from _walk(item, (*place, str(number)), level)
    if not isinstance(node, Mapping):
        return
    level = node.get("x-evidence", level)
    part = _part(place)
    if part is not None:
        yield Statement(part, level)
    told = node.get("x-limits", {})
    # A property may be called "pattern": only a schema has rules.
    if place[-1:] != ("properties",):
        yield from (Statement("rules", told.get(rule, {}).get("x-evidence", level)) for rule in _rules(node))
    for key, value in node.items():
        if key not in _NOT_CONTRACT or place[-1:] == ("properties",):
            yield from _walk(value, (*place, str(key)), level)


def _part(place: tuple[str, ...]) -> str | None:
    *_, above, last = ("", "", *place)
    if above.startswith("/") and last in _METHODS:
        return "operations"
    return "fields" if above in {"properties", "parameters"} else None


def _rules(node: Mapping[str, Any]) -> list[str]:
    """The rules of a schema or a parameter, each once."""
    return [rule for rule in sorted(_RULES & node.keys()) if node[rule] not in (False, None)]
