"""All operations of the simulated services with their limits, errors and evidence, from the contracts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sendproof_simulators.core.contracts import METHODS, Contract
from sendproof_simulators.core.dialects import Options, choose
from sendproof_simulators.core.limits import SERVICE, Limit, stated_limits
from sendproof_simulators.core.simulator import Simulator
from sendproof_simulators.services.discovery import service_contract

# Bounds from here are those of a number type, not limits of the service.
_TYPE_BOUND = 2**31 - 1
_MANY_VALUES = 12
_SECOND_MS = 1_000
_NO_DIALECTS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class SourcedText:
    """A statement of a contract. `evidence` is documented, observed or assumed."""

    text: str
    evidence: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class LimitSummary(SourcedText):
    """One limit. `rule` is most, least, a keyword of OpenAPI, or default; `value` is the number or value in force.

    `is_in_force` is False if the limit does not apply with these dialects.
    """

    name: str = ""
    rule: str = ""
    value: Any = None
    unit: str = ""
    is_in_force: bool = True


@dataclass(frozen=True, slots=True)
class OperationSummary:
    """One operation. `call` is method and path; `errors` are statuses and codes."""

    name: str
    call: str
    summary: str
    limits: tuple[LimitSummary, ...]
    errors: tuple[SourcedText, ...]
    evidence: tuple[SourcedText, ...]


@dataclass(frozen=True, slots=True)
class ServiceSummary:
    """One simulated service with its operations, in the order of its contract. `limits` are those of all operations."""

    name: str
    title: str
    contract: str
    limits: tuple[LimitSummary, ...]
    operations: tuple[OperationSummary, ...]


def service_summaries(
    simulators: Mapping[str, Simulator], dialects: Mapping[str, str] = _NO_DIALECTS
) -> list[ServiceSummary]:
    """Return all services, ordered by name, with the limits for these dialects (by full name) and default ones.

    `ValueError` names an unknown dialect or option, or names the error in a contract.
    """
    chosen = choose({name: simulator.dialects for name, simulator in simulators.items()}, dialects)
    return [
        contract_summary(name, service_contract(simulator), chosen[name])
        for name, simulator in sorted(simulators.items())
    ]


def contract_summary(name: str, contract: Contract, dialects: Options) -> ServiceSummary:
    """Return the operations of the service with this contract, with the limits for these options of its dialects."""
    limits: dict[str, list[LimitSummary]] = {}
    for limit in stated_limits(contract):
        limits.setdefault(limit.operation, []).append(_limit_summary(limit, dialects))
    return ServiceSummary(
        name=name,
        title=contract.document["info"]["title"],
        contract=f"{contract.name}.yaml",
        limits=tuple(limits.get(SERVICE, ())),
        operations=tuple(_operation_summaries(contract.document, limits)),
    )


def _limit_summary(limit: Limit, dialects: Options) -> LimitSummary:
    value = limit.stated(dialects)
    parts = [f"{limit.name}: at {limit.bound} {value:,}{f' {limit.unit}' if limit.unit else ''}"]
    parts += [f"within {limit.within // _SECOND_MS:,} s for one credential"] if limit.within else []
    parts += [f"code {limit.code}"] if limit.code else []
    if limit.option:
        parts.append(f"only with {limit.dialect}={limit.option}")
    elif limit.dialect:
        parts.append(f"dialect {limit.dialect}")
    return LimitSummary(
        text=", ".join(parts),
        evidence=limit.evidence,
        source=limit.source,
        name=limit.name,
        rule=limit.bound,
        value=value,
        unit=limit.unit,
        is_in_force=limit.is_in_force(dialects),
    )


def _operation_summaries(
    document: Mapping[str, Any], limits: Mapping[str, Sequence[LimitSummary]]
) -> Iterator[OperationSummary]:
    default_level = document["info"].get("x-evidence", "assumed")
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                operation = item[method]
                name = operation["operationId"]
                yield OperationSummary(
                    name=name,
                    call=f"{method.upper()} {path}",
                    summary=operation["summary"].rstrip("."),
                    limits=(*limits.get(name, ()), *_schema_limits(document, item, operation, default_level)),
                    errors=tuple(_errors(document, operation, default_level)),
                    evidence=tuple(_evidence(item, operation, document["info"])),
                )


def _evidence(item: Mapping[str, Any], operation: Mapping[str, Any], info: Mapping[str, Any]) -> Iterator[SourcedText]:
    """Yield the evidence of the function, and of its path if that has another source."""
    own = next((node for node in (operation, item) if "x-evidence" in node), info)
    yield SourcedText("function", own.get("x-evidence", "assumed"), own.get("x-source", ""))
    if item.get("x-source", own.get("x-source")) != own.get("x-source"):
        yield SourcedText("path", item["x-evidence"], item["x-source"])


def _errors(document: Mapping[str, Any], operation: Mapping[str, Any], default_level: str) -> Iterator[SourcedText]:
    for status, response in operation["responses"].items():
        if not status.startswith("2"):
            resolved = _resolved(document, response)
            yield SourcedText(
                status,
                resolved.get("x-evidence", operation.get("x-evidence", default_level)),
                resolved.get("x-source", ""),
            )
    if operation.get("x-error-codes"):
        yield SourcedText(
            f"codes {', '.join(map(str, operation['x-error-codes']))}", operation.get("x-evidence", default_level)
        )


# -- limits ------------------------------------------------------------------------------------------


def _schema_limits(
    document: Mapping[str, Any], item: Mapping[str, Any], operation: Mapping[str, Any], default_level: str
) -> Iterator[LimitSummary]:
    level = operation.get("x-evidence", item.get("x-evidence", default_level))
    found: dict[str, LimitSummary] = {}
    for parameter in (*item.get("parameters", ()), *operation.get("parameters", ())):
        resolved = _resolved(document, parameter)
        _walk(document, resolved["schema"], resolved["name"], resolved.get("x-evidence", level), found)
    body = _resolved(document, operation.get("requestBody", {}))
    for media in body.get("content", {}).values():
        _walk(document, media["schema"], "", body.get("x-evidence", level), found)
    yield from found.values()


def _walk(
    document: Mapping[str, Any], schema: Mapping[str, Any], name: str, level: str, found: dict[str, LimitSummary]
) -> None:
    """Collect the limits of a schema and of its parts, each once. Contracts have no recursive schemas."""
    schema = _resolved(document, schema)
    level = schema.get("x-evidence", level)
    for rule, text in _rules(schema):
        details = schema.get("x-limits", {}).get(rule, {})
        where = name or "body"
        limit = LimitSummary(
            text=f"{where}: {text}",
            evidence=details.get("x-evidence", level),
            source=details.get("x-source", ""),
            name=where,
            rule=rule,
            value=schema[rule],
        )
        found.setdefault(f"{where} {text}", limit)
    for choice in ("oneOf", "anyOf", "allOf"):
        for part in schema.get(choice, ()):
            _walk(document, part, name, level, found)
    if "items" in schema:
        _walk(document, schema["items"], f"{name}[]", level, found)
    for member, part in schema.get("properties", {}).items():
        _walk(document, part, f"{name}.{member}" if name else member, level, found)


def _rules(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (keyword, description) of each limit of one schema."""
    if "maxItems" in schema:
        least = f"{schema['minItems']:,} to " if schema.get("minItems") else "up to "
        yield "maxItems", f"{least}{schema['maxItems']:,} items"
    if "maxLength" in schema:
        least = f"{schema['minLength']:,} to " if schema.get("minLength") else "up to "
        yield "maxLength", f"{least}{schema['maxLength']:,} characters"
    if schema.get("maximum", _TYPE_BOUND) < _TYPE_BOUND:
        yield "maximum", f"{schema.get('minimum', 'up')} to {schema['maximum']:,}"
    if "default" in schema:
        yield "default", f"default {_json_text(schema['default'])}"
    if 1 < len(schema.get("enum", ())) <= _MANY_VALUES:
        yield "enum", f"one of {' '.join(str(value) for value in schema['enum'])}"


def _json_text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value).lower()


def _resolved(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def in_force(limits: Sequence[LimitSummary]) -> list[LimitSummary]:
    """Return the limits that apply."""
    return [limit for limit in limits if limit.is_in_force]


# -- text --------------------------------------------------------------------------------------------


def marked(statements: Sequence[SourcedText]) -> str:
    """Return the statements in one line, each with the first letter of its evidence."""
    return "; ".join(f"{statement.text} ({statement.evidence[0]})" for statement in statements)
