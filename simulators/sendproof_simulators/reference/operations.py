"""All operations of the simulated services with their limits, errors and evidence, from the contracts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sendproof_simulators.core.contracts import METHODS, load_contract
from sendproof_simulators.core.simulator import RateLimit, Simulator
from sendproof_simulators.services.discovery import contract_file

# Bounds from here are those of a number type, not limits of the service.
_TYPE_BOUND = 2**31 - 1
_MANY_VALUES = 12
_SECOND_MS = 1_000


@dataclass(frozen=True, slots=True)
class SourcedText:
    """A statement of a contract. `evidence` is documented, observed or assumed."""

    text: str
    evidence: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class OperationSummary:
    """One operation. `call` is method and path; `errors` are statuses and codes."""

    name: str
    call: str
    summary: str
    limits: tuple[SourcedText, ...]
    errors: tuple[SourcedText, ...]
    evidence: tuple[SourcedText, ...]


@dataclass(frozen=True, slots=True)
class ServiceSummary:
    """One simulated service with its operations, in the order of its contract."""

    name: str
    title: str
    contract: str
    limits: tuple[str, ...]
    operations: tuple[OperationSummary, ...]


def service_summaries(simulators: Mapping[str, Simulator]) -> list[ServiceSummary]:
    """Return all services, ordered by name."""
    return [_service_summary(simulator) for _, simulator in sorted(simulators.items())]


def _service_summary(simulator: Simulator) -> ServiceSummary:
    document = load_contract(contract_file(simulator)).document
    return ServiceSummary(
        name=simulator.name,
        title=document["info"]["title"],
        contract=simulator.contract,
        limits=(*_rate_limits(simulator), f"A body of at most {simulator.body_limit // 1024:,} KiB."),
        operations=tuple(_operation_summaries(document)),
    )


def _rate_limits(simulator: Simulator) -> Iterator[str]:
    limits = simulator.rate_limit if isinstance(simulator.rate_limit, tuple) else (simulator.rate_limit,)
    for limit in limits:
        if isinstance(limit, RateLimit):
            when = "" if limit.when is None else f" (dialect `{simulator.name}.{limit.when[0]}`: `{limit.when[1]}`)"
            window = f"{limit.window_ms // _SECOND_MS:,} s"
            yield f"{limit.requests:,} requests within {window} for one credential{when}."


def _operation_summaries(document: Mapping[str, Any]) -> Iterator[OperationSummary]:
    default_level = document["info"].get("x-evidence", "assumed")
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                operation = item[method]
                yield OperationSummary(
                    name=operation["operationId"],
                    call=f"{method.upper()} {path}",
                    summary=operation["summary"].rstrip("."),
                    limits=tuple(_limits(document, item, operation, default_level)),
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


def _limits(
    document: Mapping[str, Any], item: Mapping[str, Any], operation: Mapping[str, Any], default_level: str
) -> Iterator[SourcedText]:
    level = operation.get("x-evidence", item.get("x-evidence", default_level))
    for limit in operation.get("x-limits", ()):
        unit = f" {limit['unit']}" if "unit" in limit else ""
        details = "".join(f", {word} {limit[word]}" for word in ("code", "dialect") if word in limit)
        text = f"{limit['name']}: at most {limit['most']:,}{unit}{details}"
        yield SourcedText(text, limit["x-evidence"], limit["x-source"])
    found: dict[str, SourcedText] = {}
    for parameter in (*item.get("parameters", ()), *operation.get("parameters", ())):
        resolved = _resolved(document, parameter)
        _walk(document, resolved["schema"], resolved["name"], resolved.get("x-evidence", level), found)
    body = _resolved(document, operation.get("requestBody", {}))
    for media in body.get("content", {}).values():
        _walk(document, media["schema"], "", body.get("x-evidence", level), found)
    yield from found.values()


def _walk(
    document: Mapping[str, Any], schema: Mapping[str, Any], name: str, level: str, found: dict[str, SourcedText]
) -> None:
    """Collect the limits of a schema and of its parts, each once. Contracts have no recursive schemas."""
    schema = _resolved(document, schema)
    level = schema.get("x-evidence", level)
    for rule, text in _rules(schema):
        details = schema.get("x-limits", {}).get(rule, {})
        where = name or "body"
        limit = SourcedText(f"{where}: {text}", details.get("x-evidence", level), details.get("x-source", ""))
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
    if 1 < len(schema.get("enum", ())) <= _MANY_VALUES:
        yield "enum", f"one of {' '.join(str(value) for value in schema['enum'])}"


def _resolved(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


# -- text --------------------------------------------------------------------------------------------


def marked(statements: tuple[SourcedText, ...]) -> str:
    """Return the statements in one line, each with the first letter of its evidence."""
    return "; ".join(f"{statement.text} ({statement.evidence[0]})" for statement in statements)
