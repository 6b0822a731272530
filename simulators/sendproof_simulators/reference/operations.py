"""Every operation of every simulated service, from its contract: what it is, its limits, its errors, its evidence."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sendproof_simulators.core.contracts import METHODS, load_contract
from sendproof_simulators.core.simulator import RateLimit, Simulator
from sendproof_simulators.services.discovery import contract_file

# From here on a bound is that of a type of number, and no limit of the service.
_TYPE_BOUND = 2**31 - 1
_MANY_VALUES = 12
_SECOND_MS = 1_000


@dataclass(frozen=True, slots=True)
class Told:
    """Something that a contract says, and how well it is founded: documented, observed or assumed."""

    text: str
    evidence: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Described:
    """One operation. `call` is method and path, `errors` are statuses and codes."""

    name: str
    call: str
    summary: str
    limits: tuple[Told, ...]
    errors: tuple[Told, ...]
    evidence: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """One simulated service with its operations, in the order of its contract."""

    name: str
    title: str
    contract: str
    limits: tuple[str, ...]
    operations: tuple[Described, ...]


def services(providers: Mapping[str, Simulator]) -> list[Service]:
    """Every service by name."""
    return [_service(provider) for _, provider in sorted(providers.items())]


def _service(provider: Simulator) -> Service:
    document = load_contract(contract_file(provider)).document
    return Service(
        name=provider.name,
        title=document["info"]["title"],
        contract=provider.contract,
        limits=(*_rates(provider), f"A body of at most {provider.body_limit // 1024:,} KiB."),
        operations=tuple(_described(document)),
    )


def _rates(provider: Simulator) -> Iterator[str]:
    limits = provider.rate_limit if isinstance(provider.rate_limit, tuple) else (provider.rate_limit,)
    for limit in limits:
        if isinstance(limit, RateLimit):
            when = "" if limit.when is None else f" (dialect `{provider.name}.{limit.when[0]}`: `{limit.when[1]}`)"
            window = f"{limit.window_ms // _SECOND_MS:,} s"
            yield f"{limit.requests:,} requests within {window} for one credential{when}."


def _described(document: Mapping[str, Any]) -> Iterator[Described]:
    whole = document["info"].get("x-evidence", "assumed")
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                operation = item[method]
                yield Described(
                    name=operation["operationId"],
                    call=f"{method.upper()} {path}",
                    summary=operation["summary"].rstrip("."),
                    limits=tuple(_limits(document, item, operation, whole)),
                    errors=tuple(_errors(document, operation, whole)),
                    evidence=tuple(_evidence(item, operation, document["info"])),
                )


def _evidence(item: Mapping[str, Any], operation: Mapping[str, Any], info: Mapping[str, Any]) -> Iterator[Told]:
    """Of the function, and of its path where that is known from somebody else."""
    own = next((one for one in (operation, item) if "x-evidence" in one), info)
    yield Told("function", own.get("x-evidence", "assumed"), own.get("x-source", ""))
    if item.get("x-source", own.get("x-source")) != own.get("x-source"):
        yield Told("path", item["x-evidence"], item["x-source"])


def _errors(document: Mapping[str, Any], operation: Mapping[str, Any], whole: str) -> Iterator[Told]:
    for status, response in operation["responses"].items():
        if not status.startswith("2"):
            resolved = _resolved(document, response)
            yield Told(
                status, resolved.get("x-evidence", operation.get("x-evidence", whole)), resolved.get("x-source", "")
            )
    if operation.get("x-error-codes"):
        yield Told(f"codes {', '.join(map(str, operation['x-error-codes']))}", operation.get("x-evidence", whole))


# -- limits ------------------------------------------------------------------------------------------


def _limits(
    document: Mapping[str, Any], item: Mapping[str, Any], operation: Mapping[str, Any], whole: str
) -> Iterator[Told]:
    level = operation.get("x-evidence", item.get("x-evidence", whole))
    for one in operation.get("x-limits", ()):
        unit = f" {one['unit']}" if "unit" in one else ""
        more = "".join(f", {word} {one[word]}" for word in ("code", "dialect") if word in one)
        yield Told(f"{one['name']}: at most {one['most']:,}{unit}{more}", one["x-evidence"], one["x-source"])
    found: dict[str, Told] = {}
    for parameter in (*item.get("parameters", ()), *operation.get("parameters", ())):
        resolved = _resolved(document, parameter)
        _walk(document, resolved["schema"], resolved["name"], resolved.get("x-evidence", level), found)
    body = _resolved(document, operation.get("requestBody", {}))
    for media in body.get("content", {}).values():
        _walk(document, media["schema"], "", body.get("x-evidence", level), found)
    yield from found.values()


def _walk(
    document: Mapping[str, Any], schema: Mapping[str, Any], name: str, level: str, found: dict[str, Told]
) -> None:
    """Gather the limits of a schema and of what is in it, each once. Contracts do not refer to themselves."""
    schema = _resolved(document, schema)
    level = schema.get("x-evidence", level)
    for rule, text in _rules(schema):
        told = schema.get("x-limits", {}).get(rule, {})
        where = name or "body"
        found.setdefault(
            f"{where} {text}", Told(f"{where}: {text}", told.get("x-evidence", level), told.get("x-source", ""))
        )
    for choice in ("oneOf", "anyOf", "allOf"):
        for part in schema.get(choice, ()):
            _walk(document, part, name, level, found)
    if "items" in schema:
        _walk(document, schema["items"], f"{name}[]", level, found)
    for member, part in schema.get("properties", {}).items():
        _walk(document, part, f"{name}.{member}" if name else member, level, found)


def _rules(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(keyword, what it says) of each limit of one schema."""
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


def marked(told: tuple[Told, ...]) -> str:
    """Each statement with the first letter of its evidence."""
    return "; ".join(f"{one.text} ({one.evidence[0]})" for one in told)
