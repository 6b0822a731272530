"""The limits that a contract states beyond the keywords of OpenAPI: `x-limits` of an operation or of the whole service.

A service reads its limits once for each sandbox, in `Simulator.read_limits`. Contracts are checked at start: a missing,
misspelt or unused limit is an error that names it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sendproof_simulators.core.clock.wall_clock import DAY, HOUR, MINUTE, SECOND
from sendproof_simulators.core.contracts import METHODS, Contract
from sendproof_simulators.core.dialects import Options
from sendproof_simulators.core.effects import RetryPolicy

#: The place of the limits that concern all operations together.
SERVICE = ""
REQUESTS, BODY = "requests", "body"
_DEFAULT_BODY_BYTES = 8 * 1024 * 1024
_MILLISECONDS: Mapping[str, int] = {"seconds": SECOND, "minutes": MINUTE, "hours": HOUR, "days": DAY}
_UNITS = frozenset({"", "bytes", "characters", *_MILLISECONDS})
_BOUNDS = ("most", "least")
_KEYS = frozenset({"unit", "within", "dialect", "option", "options", "code", "reason", "x-evidence", "x-source"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One entry of `x-limits`: a maximum (`most`), or a minimum (`least`), in `unit`.

    With `option` it only applies if the dialect has that option. `options` are the numbers for some options of the
    dialect; all others have `number`. `within` is the window of a rate, in milliseconds.
    """

    operation: str
    name: str
    bound: str
    number: int
    unit: str = ""
    within: int = 0
    dialect: str = ""
    option: str = ""
    options: Mapping[str, int] = field(default_factory=dict)
    code: str = ""
    reason: str = ""
    evidence: str = "assumed"
    source: str = ""

    def is_in_force(self, dialects: Options) -> bool:
        """Return True if the limit applies with these dialects."""
        return not self.option or dialects.get(self.dialect) == self.option

    def stated(self, dialects: Options) -> int:
        """Return the number for these dialects, in `unit`."""
        return self.options.get(dialects.get(self.dialect, ""), self.number)

    def value(self, dialects: Options) -> int:
        """Return the number for these dialects; a time is in milliseconds."""
        return self.stated(dialects) * _MILLISECONDS.get(self.unit, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """At most `requests` in any window of `window_ms` of the sandbox's clock, for one credential."""

    requests: int
    window_ms: int


class Limits:
    """The limits of one contract with the dialects of one sandbox. Methods raise `ValueError` for an absent limit."""

    def __init__(self, contract: Contract, dialects: Options) -> None:
        """Parse all limits of the contract."""
        self._contract = contract
        self.dialects = dialects
        self._limits = stated_limits(contract)
        self._read: set[tuple[str, str]] = {(SERVICE, REQUESTS), (SERVICE, BODY)}

    def value(self, operation: str, name: str) -> int:
        """Return the number of a limit; a time is in milliseconds. `SERVICE` is the operation of the whole service."""
        return self._find(operation, name).value(self.dialects)

    def by_operation(self, name: str) -> Mapping[str, int]:
        """Return the number of each operation's limit of this name, without those of other dialects."""
        limits = [limit for limit in self._limits if limit.name == name and limit.operation != SERVICE]
        if not limits:
            raise ValueError(f"{self._contract.name}.yaml: expected an operation with a limit {name!r} in x-limits")
        self._read |= {(limit.operation, name) for limit in limits}
        return {limit.operation: limit.value(self.dialects) for limit in limits if limit.is_in_force(self.dialects)}

    def keyword(self, schema: str, keyword: str) -> Any:
        """Return a keyword of a schema in `components`, such as the `default` of `BulkData.test`."""
        node: Mapping[str, Any] = self._contract.document.get("components", {}).get("schemas", {})
        for depth, name in enumerate(schema.split(".")):
            node = self._contract.resolve(node if depth == 0 else node.get("properties", {})).get(name, {})
        node = self._contract.resolve(node)
        if keyword not in node:
            raise ValueError(f"{self._contract.name}.yaml: expected the keyword {keyword} in the schema {schema}")
        return node[keyword]

    @property
    def rate_limit(self) -> RateLimit | None:
        """The rate limit of a credential, or None."""
        for limit in self._limits:
            if limit.operation == SERVICE and limit.name == REQUESTS and limit.is_in_force(self.dialects):
                return RateLimit(requests=limit.value(self.dialects), window_ms=limit.within)
        return None

    @property
    def body_bytes(self) -> int:
        """The maximum length of a body, in bytes."""
        stated = [limit for limit in self._limits if limit.operation == SERVICE and limit.name == BODY]
        return stated[0].value(self.dialects) if stated else _DEFAULT_BODY_BYTES

    def check_dialects(self, known: Mapping[str, frozenset[str]]) -> None:
        """Raise `ValueError` for a limit with a dialect or an option that the service does not have."""
        for limit in self._limits:
            place = f"{self._place(limit.operation)}: {limit.name}"
            if limit.dialect and limit.dialect not in known:
                raise ValueError(f"{place}: expected a dialect of the service, got {limit.dialect!r}")
            unknown = sorted({*limit.options, *filter(None, [limit.option])} - known.get(limit.dialect, frozenset()))
            if unknown:
                expected = ", ".join(sorted(known.get(limit.dialect, frozenset())))
                raise ValueError(f"{place}: expected options out of {expected}, got {', '.join(unknown)}")

    @property
    def webhook_retries(self) -> RetryPolicy:
        """The retries of a webhook that is not acknowledged, as `x-webhook-retries` states them."""
        for entry in self._contract.document.get("x-webhook-retries", ()):
            if not entry.get("option") or self.dialects.get(entry["dialect"]) == str(entry["option"]):
                place = f"{self._contract.name}.yaml: x-webhook-retries"
                return RetryPolicy(delays_ms=tuple(_milliseconds(place, text) for text in entry["after"]))
        return RetryPolicy()

    def unread(self) -> list[str]:
        """Return the limits that were not read so far, each with its operation."""
        return [
            f"{limit.operation or 'the service'}: {limit.name}"
            for limit in self._limits
            if (limit.operation, limit.name) not in self._read
        ]

    def _find(self, operation: str, name: str) -> Limit:
        for limit in self._limits:
            if (limit.operation, limit.name) == (operation, name):
                self._read.add((operation, name))
                return limit
        names = ", ".join(limit.name for limit in self._limits if limit.operation == operation) or "none"
        raise ValueError(f"{self._place(operation)}: expected a limit named {name!r}, got {names}")

    def _place(self, operation: str) -> str:
        return f"{self._contract.name}.yaml: x-limits of {operation or 'the service'}"


def stated_limits(contract: Contract) -> tuple[Limit, ...]:
    """Return all limits of a contract, those of the whole service first; `ValueError` names an invalid one."""
    limits = [_limit(contract, SERVICE, entry) for entry in contract.document.get("x-limits", ())]
    for operation, spec in _operations(contract):
        limits += [_limit(contract, operation, entry) for entry in spec.get("x-limits", ())]
    return tuple(limits)


def _operations(contract: Contract) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for item in contract.document["paths"].values():
        for method in METHODS:
            if method in item:
                yield item[method]["operationId"], item[method]


def _limit(contract: Contract, operation: str, entry: Mapping[str, Any]) -> Limit:
    place = f"{contract.name}.yaml: x-limits of {operation or 'the service'}"
    bounds = [bound for bound in _BOUNDS if bound in entry]
    if "name" not in entry or len(bounds) != 1 or entry.keys() - _KEYS - {"name", *bounds}:
        expected = f"name, either most or least, and some of {', '.join(sorted(_KEYS))}"
        raise ValueError(f"{place}: expected {expected}, got {', '.join(map(str, entry))}")
    place = f"{place}: {entry['name']}"
    numbers = (entry[bounds[0]], *entry.get("options", {}).values())
    if not all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in numbers):
        raise ValueError(f"{place}: expected whole numbers of at least 0, got {', '.join(map(str, numbers))}")
    if ("dialect" in entry) != ("option" in entry or "options" in entry):
        raise ValueError(f"{place}: expected `dialect` together with `option` or `options`")
    if entry.get("unit", "") not in _UNITS:
        raise ValueError(f"{place}: unit: expected one of {', '.join(sorted(_UNITS))}, got {entry['unit']!r}")
    return Limit(
        operation=operation,
        name=entry["name"],
        bound=bounds[0],
        number=numbers[0],
        unit=entry.get("unit", ""),
        within=_milliseconds(f"{place}: within", entry["within"]) if "within" in entry else 0,
        dialect=entry.get("dialect", ""),
        option=str(entry.get("option", "")),
        options={str(option): number for option, number in entry.get("options", {}).items()},
        code=str(entry.get("code", "")),
        reason=entry.get("reason", ""),
        evidence=entry.get("x-evidence", "assumed"),
        source=entry.get("x-source", ""),
    )


def _milliseconds(place: str, text: object) -> int:
    """Return a time such as `10 seconds` in milliseconds; `ValueError` begins with the place."""
    number, _, unit = str(text).partition(" ")
    unit = unit if unit.endswith("s") else f"{unit}s"
    if not number.isdigit() or int(number) == 0 or unit not in _MILLISECONDS:
        raise ValueError(f"{place}: expected a number and a unit out of {', '.join(_MILLISECONDS)}, got {text!r}")
    return int(number) * _MILLISECONDS[unit]
