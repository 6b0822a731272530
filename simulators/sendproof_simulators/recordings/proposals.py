"""Changes of a contract that would make it agree with recorded traffic, each with the evidence `observed`.

A proposal is a place in the document and a value, as in JSON Patch (RFC 6902). It is for a person to decide: one
recording shows what a service does once, not what it promises.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sendproof_simulators.core.contracts import METHODS, Contract
from sendproof_simulators.recordings.judging import CONTRACT, EVENT, REQUEST, RESPONSE, Finding
from sendproof_simulators.recordings.known_contracts import KnownContract

ADD, REPLACE, REMOVE, REVIEW = "add", "replace", "remove", "review"
_ALTERNATIVES = ("allOf", "oneOf", "anyOf")
_LENGTHS: Mapping[str, Any] = {"maxLength": len, "minLength": len, "maxItems": len, "minItems": len}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One change. `pointer` is a JSON pointer into `contract`, and `source` names the recording that shows it.

    With `review`, no value follows from the traffic, and a person has to read the findings.
    """

    contract: str
    action: str
    pointer: str
    value: Any = None
    source: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the proposal as JSON."""
        evidence = {"x-evidence": "observed", "x-source": self.source}
        value = {} if self.value is None else {"value": self.value}
        return {"contract": self.contract, "op": self.action, "path": self.pointer, **value, **evidence}


def propose(known: KnownContract, findings: Sequence[Finding], source: str) -> Proposal | None:
    """Return the proposal for equal findings about a contract, None if they are about something else."""
    first = findings[0]
    if first.blame != CONTRACT:
        return None
    is_event = first.part == EVENT
    contract = known.webhook_contract if is_event else known.contract
    operation = None if contract is None else _operation(contract, first.operation, is_event=is_event)
    if contract is None or operation is None:
        file = known.simulator.webhook_contract if is_event else known.simulator.contract
        return Proposal(contract=file, action=REVIEW, pointer="/paths", source=source)
    action, pointer, value = _Document(contract).change(operation, findings)
    return Proposal(contract=f"{contract.name}.yaml", action=action, pointer=pointer, value=value, source=source)


def _operation(contract: Contract, name: str, *, is_event: bool) -> tuple[str, ...] | None:
    """Return the place of an operation, or of the operation that describes an event."""
    found: list[tuple[str, ...]] = []
    for path, item in contract.document["paths"].items():
        for method in (method for method in METHODS if method in item):
            spec = item[method]
            names = spec.get("x-events", [spec["operationId"]]) if is_event else [spec["operationId"]]
            if name in names:
                return ("paths", path, method)
            found.append(("paths", path, method))
    return found[0] if is_event and len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class _Place:
    """A node of a document, and the steps that lead to it through references."""

    steps: tuple[str, ...]
    node: Mapping[str, Any]


class _Document:
    def __init__(self, contract: Contract) -> None:
        self._document = contract.document

    def change(self, operation: tuple[str, ...], findings: Sequence[Finding]) -> tuple[str, str, Any]:
        """Return (action, pointer, value) of the change for equal findings."""
        first = findings[0]
        rule, where = first.violation.rule, first.violation.where
        spec = self._at(_Place((), self._document), operation)
        if first.part == RESPONSE and where == "status":
            status = str(first.call.response.status) if first.call.response else "default"
            return ADD, _pointer((*spec.steps, "responses", status)), {"description": "Observed."}
        body = self._body(spec, first)
        if body is None or not where.startswith("body"):
            return REVIEW, _pointer(spec.steps), None
        steps = _steps(first.violation.pointer)
        parent = self._inside(body, steps[:-1]) if steps else None
        node = self._inside(body, steps)
        values = [_value_at(finding.value, _steps(finding.violation.pointer)) for finding in findings]
        if rule == "additionalProperties" and parent is not None:
            return ADD, _pointer((*parent.steps, "properties", steps[-1])), schema_of(values)
        if rule == "required" and parent is not None:
            return REMOVE, _pointer((*parent.steps, "required")), steps[-1]
        if node is not None:
            return _keyword_change(node, rule, values)
        return REVIEW, _pointer(body.steps), None

    def _body(self, spec: _Place, finding: Finding) -> _Place | None:
        """Return the schema of the body that a finding is about."""
        if finding.part in {REQUEST, EVENT}:
            holder = self._at(spec, ("requestBody",)) if "requestBody" in spec.node else None
        else:
            status = finding.call.response.status if finding.call.response else 0
            responses = spec.node.get("responses", {})
            name = next((name for name in (str(status), f"{status // 100}XX", "default") if name in responses), None)
            holder = None if name is None else self._at(spec, ("responses", name))
        if holder is None or not holder.node.get("content"):
            return None
        return self._at(holder, ("content", next(iter(holder.node["content"])), "schema"))

    def _at(self, place: _Place, steps: tuple[str, ...]) -> _Place:
        for step in steps:
            place = self._resolved(_Place((*place.steps, step), place.node[step]))
        return place

    def _resolved(self, place: _Place) -> _Place:
        while isinstance(place.node, Mapping) and "$ref" in place.node:
            steps = tuple(str(place.node["$ref"]).removeprefix("#/").split("/"))
            target: Any = self._document
            for step in steps:
                target = target[step]
            place = _Place(steps, target)
        return place

    def _inside(self, place: _Place, steps: Sequence[str]) -> _Place | None:
        """Return the schema of a part of a value; of several forms, the first that describes it."""
        if not steps:
            return place
        step, rest = steps[0], steps[1:]
        if "items" in place.node and step.isdigit():
            return self._inside(self._at(place, ("items",)), rest)
        if step in place.node.get("properties", {}):
            return self._inside(self._at(place, ("properties", step)), rest)
        for key in _ALTERNATIVES:
            for number, form in enumerate(place.node.get(key, ())):
                found = self._inside(self._resolved(_Place((*place.steps, key, str(number)), form)), steps)
                if found is not None:
                    return found
        return None


def _keyword_change(place: _Place, rule: str, values: Sequence[Any]) -> tuple[str, str, Any]:
    pointer = _pointer((*place.steps, rule))
    if rule == "enum":
        return ADD, f"{pointer}/-", values[0]
    if rule == "type" and all(value is None for value in values):
        return ADD, _pointer((*place.steps, "nullable")), True
    if rule == "type":
        kinds = sorted({schema_of([value])["type"] for value in values if value is not None})
        return REPLACE, pointer, kinds[0] if len(kinds) == 1 else kinds
    if rule in {*_LENGTHS, "maximum", "minimum"}:
        measured = [_LENGTHS.get(rule, _itself)(value) for value in values]
        return REPLACE, pointer, max(measured) if rule.startswith("max") else min(measured)
    return REVIEW, pointer, None


def _itself(value: Any) -> Any:
    return value


def schema_of(values: Sequence[Any]) -> dict[str, Any]:
    """Return a schema that describes the values: their type, without a statement about other values."""
    present = [value for value in values if value is not None]
    kinds = {_kind(value) for value in present}
    if kinds == {"integer", "number"}:
        kinds = {"number"}
    schema: dict[str, Any] = {"type": kinds.pop()} if len(kinds) == 1 else {}
    if schema.get("type") == "array":
        schema["items"] = schema_of([item for value in present for item in value])
    if schema.get("type") == "object":
        names = dict.fromkeys(name for value in present for name in value)
        schema["properties"] = {name: schema_of([value[name] for value in present if name in value]) for name in names}
    return schema | {"nullable": True} if len(present) < len(values) and schema else schema


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    kinds: Mapping[type, str] = {int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return kinds[type(value)]


def _value_at(value: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, Mapping):
            value = value.get(step)
        else:
            return None
    return value


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _pointer(steps: Sequence[str]) -> str:
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def unique(proposals: Iterator[Proposal | None]) -> list[Proposal]:
    """Return the proposals, each once."""
    found: dict[str, Proposal] = {}
    for proposal in proposals:
        if proposal is not None:
            found.setdefault(str(proposal.as_json()), proposal)
    return list(found.values())
