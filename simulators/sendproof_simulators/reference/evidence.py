"""The evidence of each contract: numbers of operations, fields and rules that are documented, observed or assumed."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.services.discovery import CONTRACTS

LEVELS = ("documented", "observed", "assumed")
PARTS = ("operations", "fields", "rules")
# Our own interfaces need no evidence.
_OUR_OWN = frozenset({"bridge.yaml", "control.yaml"})
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})
_RULES = frozenset(
    {"enum", "maximum", "maxItems", "maxLength", "minimum", "minItems", "minLength", "pattern", "required"}
)
_NOT_CONTRACT = frozenset({"example", "examples", "default", "enum", "x-limits"})


class Statement(NamedTuple):
    """One statement of a contract: an operation, a field or a rule, with its evidence."""

    part: str
    level: str


def evidence_counts(folder: Path = CONTRACTS) -> dict[str, dict[str, dict[str, int]]]:
    """Return the number of statements by contract, part and level."""
    files = sorted(path for path in folder.glob("*.yaml") if path.name not in _OUR_OWN)
    return {path.name: _contract_counts(path) for path in files}


def _contract_counts(path: Path) -> dict[str, dict[str, int]]:
    counts = Counter(statements(load_contract(path).document))
    return {part: {level: counts[Statement(part, level)] for level in LEVELS} for part in PARTS}


def statements(document: Mapping[str, Any]) -> Iterator[Statement]:
    """Yield all statements. One without own evidence has that of its parent; shared components are then assumed."""
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
    limits = node.get("x-limits", {})
    if isinstance(limits, list):
        yield from (Statement("rules", limit.get("x-evidence", level)) for limit in limits)
        limits = {}
    # A property can have the name "pattern"; only a schema has rules.
    if place[-1:] != ("properties",):
        yield from (Statement("rules", limits.get(rule, {}).get("x-evidence", level)) for rule in _rules(node))
    for key, value in node.items():
        if key not in _NOT_CONTRACT or place[-1:] == ("properties",):
            yield from _walk(value, (*place, str(key)), level)


def _part(place: tuple[str, ...]) -> str | None:
    *_, above, last = ("", "", *place)
    if above.startswith("/") and last in _METHODS:
        return "operations"
    return "fields" if above in {"properties", "parameters"} else None


def _rules(node: Mapping[str, Any]) -> list[str]:
    """Return the rules of a schema or a parameter, each once."""
    return [rule for rule in sorted(_RULES & node.keys()) if node[rule] not in (False, None)]
