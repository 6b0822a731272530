"""The changes of what OpenAPI has no words for: limits, the times of repeated webhooks, error codes and base URLs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sendproof_simulators.comparison.changes import BREAKING, HARMLESS, RISKY, Change, at_most_risky
from sendproof_simulators.comparison.flat_schemas import ANNOTATIONS, Document, Schema, text_of
from sendproof_simulators.comparison.operation_changes import Operation

_MILLISECONDS = {"second": 1_000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
_RETRIES = "x-webhook-retries"
#: Keys at the top of a contract that are compared, or that say nothing about the calls.
_READ = ANNOTATIONS | {
    "openapi", "info", "paths", "components", "tags", "security", "servers", "x-limits", "x-sources", "x-codes",
    "x-unsuited-checks", "x-default-dialects", _RETRIES,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LimitComparison:
    """The two documents of one contract, and its operations that are in both of them.

    `defaults` are the default options of the service's dialects, such as `rate_limit=50_in_10_s`: limits of other
    options concern few bridges. None if they are not known.
    """

    contract: str
    old: Document
    new: Document
    pairs: Sequence[tuple[Operation, Operation]]
    defaults: frozenset[str] | None = None

    def changes(self) -> Iterator[Change]:
        """Yield the changes of limits, first those of the whole service, and of the parts of the whole contract."""
        yield from self._limits()
        before, after = self.old.document, self.new.document
        yield from self._retries(before.get(_RETRIES, ()), after.get(_RETRIES, ()))
        yield from self._codes(before.get("x-codes", {}), after.get("x-codes", {}))
        hosts, new_hosts = (
            {str(server.get("url")) for server in document.get("servers", ())} for document in (before, after)
        )
        for url in sorted(hosts - new_hosts):
            yield self._change(RISKY, "base URL removed", old=url)
        for url in sorted(new_hosts - hosts):
            yield self._change(HARMLESS, "base URL added", new=url)
        for key in sorted((before.keys() | after.keys()) - _READ):
            if before.get(key) != after.get(key):
                yield self._change(RISKY, str(key), text_of(before.get(key, "")), text_of(after.get(key, "")))

    # -- limits ----------------------------------------------------------------------------------

    def _limits(self) -> Iterator[Change]:
        specs = [("", self.old.document, self.new.document)]
        specs += [(old.id, old.spec, new.spec) for old, new in self.pairs]
        for operation, old, new in specs:
            before, after = _limits(old), _limits(new)
            for key in (*before, *(key for key in after if key not in before)):
                _, option = key
                for change in self._limit(before.get(key), after.get(key)):
                    yield (change if self._is_in_force(option) else at_most_risky(change)).at(operation)

    def _is_in_force(self, option: str) -> bool:
        """Return True if the limit of an option can concern a bridge that was only tested with the defaults."""
        return not option or self.defaults is None or option in self.defaults

    def _limit(self, old: Schema | None, new: Schema | None) -> Iterator[Change]:
        if old is None or new is None:
            limit = old or new or {}
            severity, what = (HARMLESS, "limit removed") if new is None else (BREAKING, "limit added")
            yield self._change(severity, f"{what}: {limit['name']}", new=_limit_text(limit))
            return
        what = f"limit {new['name']}"
        if _limit_value(old) != _limit_value(new):
            severity = BREAKING if _is_stricter(old, new) else HARMLESS
            yield self._change(severity, what, _limit_text(old), _limit_text(new))
        if old.get("code") != new.get("code"):
            yield self._change(RISKY, f"{what}: code", text_of(old.get("code", "")), text_of(new.get("code", "")))
        if old.get("options", {}) != new.get("options", {}):
            before, after = (text_of(limit.get("options", {})) for limit in (old, new))
            yield self._change(RISKY, f"{what}: options", before, after)

    # -- the rest --------------------------------------------------------------------------------

    def _retries(self, old: Any, new: Any) -> Iterator[Change]:
        before, after = ({_choice(entry): entry.get("after") for entry in entries} for entries in (old, new))
        for choice in (*before, *(choice for choice in after if choice not in before)):
            if before.get(choice) != after.get(choice):
                yield self._change(
                    RISKY,
                    f"repeated webhooks ({choice})" if choice else "repeated webhooks",
                    text_of(before.get(choice, "none")),
                    text_of(after.get(choice, "none")),
                )

    def _codes(self, old: Any, new: Any) -> Iterator[Change]:
        before, after = (dict(codes) if isinstance(codes, Mapping) else {"all": codes} for codes in (old, new))
        for code in (*before, *(code for code in after if code not in before)):
            if code not in after:
                yield self._change(HARMLESS, f"code {code} removed", old=text_of(before[code]))
            elif code not in before:
                yield self._change(RISKY, f"code {code} added", new=text_of(after[code]))
            elif before[code] != after[code]:
                yield self._change(HARMLESS, f"text of code {code}", text_of(before[code]), text_of(after[code]))

    def _change(self, severity: str, what: str, old: str = "", new: str = "") -> Change:
        return Change(severity=severity, contract=self.contract, what=what, old=old, new=new)


def _limits(node: Schema) -> dict[tuple[str, str], Schema]:
    """Return the limits of a service or an operation by name and by the option that they belong to."""
    return {
        (str(limit["name"]), f"{limit['dialect']}={limit['option']}" if "option" in limit else ""): limit
        for limit in node.get("x-limits", ())
    }


def _choice(entry: Schema) -> str:
    return f"{entry['dialect']}={entry['option']}" if entry.get("option") else ""


def _limit_value(limit: Schema) -> tuple[str, float, float]:
    """Return the bound, the number in its smallest unit, and the window in milliseconds."""
    bound = "most" if "most" in limit else "least"
    return bound, _amount(limit[bound], limit.get("unit", "")), _window(limit)


def _amount(number: Any, unit: str) -> float:
    return float(number) * _MILLISECONDS.get(unit.removesuffix("s"), 1)


def _window(limit: Schema) -> float:
    number, _, unit = str(limit.get("within", "")).partition(" ")
    return _amount(number, unit) if number.isdigit() else 0


def _is_stricter(old: Schema, new: Schema) -> bool:
    """Return True if a bridge that keeps the old limit can exceed the new one."""
    (bound, number, window), (new_bound, new_number, new_window) = _limit_value(old), _limit_value(new)
    if bound != new_bound:
        return True
    is_stricter_number = new_number < number if bound == "most" else new_number > number
    return is_stricter_number or new_window > window


def _limit_text(limit: Schema) -> str:
    bound, unit, within = ("most" if "most" in limit else "least"), limit.get("unit", ""), limit.get("within", "")
    return " ".join(part for part in (f"at {bound}", str(limit[bound]), unit, within and f"in {within}") if part)
