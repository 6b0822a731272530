"""The changes of the calls in one contract: of those that the bridge makes, or of those that it gets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sendproof_simulators.comparison.changes import BREAKING, HARMLESS, RECEIVED, RISKY, SENT, Change
from sendproof_simulators.comparison.flat_schemas import ANNOTATIONS, Document, Position, Schema, text_of
from sendproof_simulators.comparison.schema_changes import SchemaComparison
from sendproof_simulators.core.contracts import METHODS

_EVENTS = "x-events"
_ALIASES = "x-aliases"
#: Keys of an operation and of its path that are compared, or that say nothing about the calls.
_READ = ANNOTATIONS | {
    "operationId", "parameters", "requestBody", "responses", "security", "servers", "tags", _EVENTS, _ALIASES,
    "x-limits", "x-error-codes", "x-handler", "x-waits", "x-unsuited-checks", "x-default-dialects", *METHODS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document, with the part of the document that describes its path."""

    id: str
    method: str
    path: str
    item: Schema
    spec: Schema


@dataclass(frozen=True, slots=True)
class OperationComparison:
    """The two documents of one contract. `bridge_is_client`: the bridge makes the calls; otherwise it gets them."""

    contract: str
    old: Document
    new: Document
    bridge_is_client: bool

    def changes(self) -> Iterator[Change]:
        """Yield the changes of all operations, in the order of the old contract, added operations last."""
        pairs, added = self._pairs()
        for old, new in pairs:
            found = self._removed(old) if new is None else self._operation(old, new)
            yield from (change.at(old.id) for change in found)
        for new in added:
            # A call that nobody has to make; or one that the bridge gets now, and does not know.
            severity = HARMLESS if self.bridge_is_client else RISKY
            yield self._change(severity, "operation added", new=f"{new.method} {new.path}").at(new.id)

    def common(self) -> list[tuple[Operation, Operation]]:
        """Return the operations that both documents have, as they are in each."""
        return [(old, new) for old, new in self._pairs()[0] if new is not None]

    def _pairs(self) -> tuple[list[tuple[Operation, Operation | None]], list[Operation]]:
        """Pair the operations by call, then by id; return them with those that are added."""
        before, after = operations(self.old), operations(self.new)
        left = list(after)
        pairs: dict[int, Operation] = {}
        for is_same in (_have_same_call, _have_same_id):
            for number, old in enumerate(before):
                match = next((new for new in left if number not in pairs and is_same(old, new)), None)
                if match is not None:
                    pairs[number] = match
                    left.remove(match)
        return [(old, pairs.get(number)) for number, old in enumerate(before)], left

    def _removed(self, old: Operation) -> Iterator[Change]:
        yield self._change(BREAKING, "operation removed", old=f"{old.method} {old.path}")

    def _operation(self, old: Operation, new: Operation) -> Iterator[Change]:
        yield from self._path(old, new)
        yield from self._security(old, new)
        yield from self._parameters(old, new)
        yield from self._request_body(old, new)
        yield from self._responses(old, new)
        yield from self._names(_EVENTS, "event", old, new, removed=BREAKING)
        yield from self._names("x-error-codes", "error code", old, new, removed=HARMLESS)
        for key in sorted((old.spec.keys() | new.spec.keys()) - _READ):
            if old.spec.get(key) != new.spec.get(key):
                yield self._change(RISKY, key, "", text_of(old.spec.get(key, "")), text_of(new.spec.get(key, "")))

    def _path(self, old: Operation, new: Operation) -> Iterator[Change]:
        # The path of a call to the bridge is that of the URL that the bridge has registered.
        if not self.bridge_is_client:
            return
        spellings = {(new.method, path) for path in (new.path, *_aliases(new.item, "path"))}
        if (old.method, old.path) not in spellings:
            yield self._change(BREAKING, "call", "", f"{old.method} {old.path}", f"{new.method} {new.path}")
        for path in _aliases(old.item, "path"):
            if (old.method, path) not in spellings:
                yield self._change(BREAKING, "path removed", "path", old=path)

    def _security(self, old: Operation, new: Operation) -> Iterator[Change]:
        before, after = _schemes(self.old, old), _schemes(self.new, new)
        if before == after:
            return
        severity = HARMLESS if before <= after or not after else BREAKING
        yield self._change(severity, "credential", "", " or ".join(sorted(before)), " or ".join(sorted(after)))

    # -- requests --------------------------------------------------------------------------------

    @property
    def _request_direction(self) -> str:
        return SENT if self.bridge_is_client else RECEIVED

    def _parameters(self, old: Operation, new: Operation) -> Iterator[Change]:
        before, after = _parameters(self.old, old), _parameters(self.new, new)
        is_sent = self.bridge_is_client
        schemas = self._schemas(self._request_direction)
        nodes = _parameter_nodes(self.old, old), _parameter_nodes(self.new, new)
        for place in (*before, *(place for place in after if place not in before)):
            was, now = before.get(place, {}), after.get(place, {})
            if place not in after:
                severity = BREAKING if not is_sent and was.get("required") else RISKY
                yield self._change(severity, "parameter removed", place)
            elif place not in before:
                severity = BREAKING if is_sent and now.get("required") else HARMLESS
                what = f"{'required' if now.get('required') else 'optional'} parameter added"
                yield self._change(severity, what, place)
            else:
                yield from self._parameter(was, now, place)
                position = Position(place).within(nodes[0][place], nodes[1][place])
                yield from schemas.changes(was.get("schema", {}), now.get("schema", {}), position)

    def _parameter(self, old: Schema, new: Schema, place: str) -> Iterator[Change]:
        was, is_now = bool(old.get("required")), bool(new.get("required"))
        if was != is_now:
            severity = BREAKING if is_now == self.bridge_is_client else HARMLESS
            yield self._change(severity, "required" if is_now else "no longer required", place)
        for name in _aliases(old, "name"):
            if name not in {new["name"], *_aliases(new, "name")}:
                yield self._change(BREAKING, "spelling removed", place, old=name)

    def _request_body(self, old: Operation, new: Operation) -> Iterator[Change]:
        before, after = self.old.resolve(old.spec.get("requestBody")), self.new.resolve(new.spec.get("requestBody"))
        if before and after:
            was, is_now = bool(before.get("required")), bool(after.get("required"))
            if was != is_now:
                severity = BREAKING if is_now == self.bridge_is_client else HARMLESS
                yield self._change(severity, "required" if is_now else "no longer required", "body")
            place = Position("body").within(old.spec["requestBody"], new.spec["requestBody"])
            yield from self._contents(before, after, place, self._request_direction)
        elif before or after:
            severity = self._of_body(before, after)
            yield self._change(severity, "body removed" if before else "body added", "body")

    def _of_body(self, before: Schema, after: Schema) -> str:
        if self.bridge_is_client:
            return BREAKING if after.get("required") else RISKY if before else HARMLESS
        return BREAKING if before.get("required") else RISKY

    # -- responses -------------------------------------------------------------------------------

    def _responses(self, old: Operation, new: Operation) -> Iterator[Change]:
        before, after = old.spec.get("responses", {}), new.spec.get("responses", {})
        direction = RECEIVED if self.bridge_is_client else SENT
        for status in (*before, *(status for status in after if status not in before)):
            place = str(status)
            if status not in after:
                yield self._change(self._of_gone_status(place), "status removed", place)
            elif status not in before:
                yield self._change(RISKY if self.bridge_is_client else HARMLESS, "status added", place)
            else:
                was, now = self.old.resolve(before[status]), self.new.resolve(after[status])
                position = Position(place).within(before[status], after[status]).below(".body")
                yield from self._contents(was, now, position, direction)
                if self.bridge_is_client:
                    yield from self._headers(was, now, place)

    @staticmethod
    def _of_gone_status(status: str) -> str:
        return BREAKING if status.startswith("2") else HARMLESS

    def _headers(self, old: Schema, new: Schema, status: str) -> Iterator[Change]:
        before, after = old.get("headers", {}), new.get("headers", {})
        schemas = self._schemas(RECEIVED)
        for name in (*before, *(name for name in after if name not in before)):
            place = f"{status}.header.{name}"
            was, now = self.old.resolve(before.get(name)), self.new.resolve(after.get(name))
            if name not in after:
                yield self._change(BREAKING if was.get("required") else RISKY, "header removed", place)
            elif name not in before:
                yield self._change(HARMLESS, "header added", place)
            else:
                if bool(was.get("required")) != bool(now.get("required")):
                    is_now = bool(now.get("required"))
                    what = "required" if is_now else "no longer required"
                    yield self._change(HARMLESS if is_now else BREAKING, what, place)
                yield from schemas.changes(was.get("schema", {}), now.get("schema", {}), Position(place))

    def _contents(self, old: Schema, new: Schema, place: Position, direction: str) -> Iterator[Change]:
        """Yield the changes of bodies, by content type."""
        before, after = old.get("content", {}), new.get("content", {})
        is_sent, schemas = direction == SENT, self._schemas(direction)
        for kind in before:
            if kind in after:
                yield from schemas.changes(before[kind].get("schema", {}), after[kind].get("schema", {}), place)
            else:
                # The bridge sends this type, or reads it.
                yield self._change(BREAKING, "content type removed", place.place, old=kind)
        for kind in after:
            if kind not in before:
                severity = HARMLESS if is_sent else RISKY
                yield self._change(severity, "content type added", place.place, new=kind)

    # -- parts -----------------------------------------------------------------------------------

    def _names(self, key: str, what: str, old: Operation, new: Operation, removed: str) -> Iterator[Change]:
        before, after = ([str(name) for name in spec.get(key, ())] for spec in (old.spec, new.spec))
        for name in before:
            if name not in after:
                yield self._change(removed, f"{what} removed", old=name)
        for name in after:
            if name not in before:
                yield self._change(RISKY, f"{what} added", new=name)

    def _schemas(self, direction: str) -> SchemaComparison:
        return SchemaComparison(self.contract, self.old, self.new, direction)

    def _change(self, severity: str, what: str, place: str = "", old: str = "", new: str = "") -> Change:
        return Change(
            severity=severity,
            contract=self.contract,
            place=place,
            what=what,
            old=old,
            new=new,
            direction=self._request_direction,
        )


def operations(document: Document) -> list[Operation]:
    """Return all operations of a document; one without an id has its method and path as its id."""
    found: list[Operation] = []
    for path, node in document.document.get("paths", {}).items():
        item = document.resolve(node)
        for method in METHODS:
            if method in item:
                spec, verb = item[method], method.upper()
                found.append(Operation(str(spec.get("operationId", f"{verb} {path}")), verb, path, item, spec))
    return found


def _have_same_call(old: Operation, new: Operation) -> bool:
    return (old.method, old.path) == (new.method, new.path)


def _have_same_id(old: Operation, new: Operation) -> bool:
    return old.id == new.id


def _aliases(node: Schema, key: str) -> list[str]:
    return [str(alias[key]) for alias in node.get(_ALIASES, ())]


def _parameters(document: Document, operation: Operation) -> dict[str, Mapping[str, Any]]:
    return {place: document.resolve(node) for place, node in _parameter_nodes(document, operation).items()}


def _parameter_nodes(document: Document, operation: Operation) -> dict[str, Mapping[str, Any]]:
    """Return the parameters of an operation by place, as references if they are."""
    found: dict[str, Mapping[str, Any]] = {}
    for node in (*operation.item.get("parameters", ()), *operation.spec.get("parameters", ())):
        resolved = document.resolve(node)
        found[f"{resolved['in']}.{resolved['name']}"] = node
    return found


def _schemes(document: Document, operation: Operation) -> frozenset[str]:
    """Return the ways to authenticate a call, each as text; empty for none."""
    known = document.document.get("components", {}).get("securitySchemes", {})
    required = operation.spec.get("security", document.document.get("security", ()))
    return frozenset(
        " and ".join(_scheme_text(name, document.resolve(known.get(name))) for name in sorted(alternative)) or "none"
        for alternative in required
    )


def _scheme_text(name: str, scheme: Schema) -> str:
    place = f"{scheme.get('in', '')} {scheme.get('name', scheme.get('scheme', name))}".strip()
    return f"{scheme.get('type', 'scheme')} {place}"
