"""The changes between two schemas, for values that the bridge sends or receives.

A schema of sent values must not become narrower: the service would refuse a value that it took before. A schema of
received values must not become wider: the bridge would get a value that it was never promised. The types, nulls and
required members of received values are promises that every bridge relies on. Their lengths, bounds and lists of values
matter to some bridges only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from sendproof_simulators.comparison.changes import BREAKING, HARMLESS, RECEIVED, RISKY, SENT, Change, at_most_risky
from sendproof_simulators.comparison.flat_schemas import Document, Position, Schema, has_alternatives, text_of

_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_UPPER = {"maximum": inf, "maxLength": inf, "maxItems": inf, "maxProperties": inf}
_LOWER = {"minimum": -inf, "minLength": 0, "minItems": 0, "minProperties": 0}
_BOUNDS = {**_UPPER, **_LOWER}
_DIALECTS = "x-dialects"
_READ = frozenset({
    *_BOUNDS, "type", "nullable", "enum", "required", "properties", "items", "additionalProperties", "oneOf", "anyOf",
    "default", _DIALECTS,
})  # fmt: skip
_DEPTH = 40


@dataclass(frozen=True, slots=True)
class SchemaComparison:
    """The two documents, the direction of the values, and the name of the contract for its changes."""

    contract: str
    old: Document
    new: Document
    direction: str

    def changes(self, old: Any, new: Any, place: Position, depth: int = 0) -> Iterator[Change]:
        """Yield the changes between two schemas of the documents."""
        if depth > _DEPTH:
            return
        place = place.within(old, new)
        before, after = self.old.flat(old), self.new.flat(new)
        if has_alternatives(before) or has_alternatives(after):
            yield from self._alternatives(before, after, place, depth)
        else:
            yield from self._single(before, after, place, depth)

    def _single(self, old: Schema, new: Schema, place: Position, depth: int) -> Iterator[Change]:
        yield from self._type(old, new, place)
        yield from self._enum(old, new, place)
        for keyword, none in _BOUNDS.items():
            yield from self._bound(keyword, none, old, new, place)
        yield from self._members(old, new, place, depth)
        yield from self._other_members(old, new, place, depth)
        if "items" in old or "items" in new:
            yield from self.changes(old.get("items", {}), new.get("items", {}), place.below("[]"), depth + 1)
        if self.direction == SENT and old.get("default") != new.get("default"):
            yield self._keyword(RISKY, "default", old, new, place)
        yield from self._dialects(old, new, place, depth)
        for keyword in sorted((old.keys() | new.keys()) - _READ):
            if old.get(keyword) != new.get(keyword):
                yield self._keyword(self._other_keyword(keyword, old, new), keyword, old, new, place)

    # -- single keywords -------------------------------------------------------------------------

    def _type(self, old: Schema, new: Schema, place: Position) -> Iterator[Change]:
        before, after = types_of(old), types_of(new)
        if before != after:
            severity = self._severity(narrower=not before <= after, wider=not after <= before, is_promise=True)
            yield self._change(severity, "type", place, _type_names(before), _type_names(after))

    def _enum(self, old: Schema, new: Schema, place: Position) -> Iterator[Change]:
        before, after = old.get("enum"), new.get("enum")
        if before is None and after is None:
            return
        if before is None or after is None:
            severity = self._severity(narrower=before is None, wider=after is None)
            yield self._keyword(severity, "enum", old, new, place)
            return
        for value in before:
            if value not in after:
                severity = self._severity(narrower=True)
                yield self._change(severity, "value removed", place, old=text_of(value))
        for value in after:
            if value not in before:
                yield self._change(self._severity(wider=True), "value added", place, new=text_of(value))

    def _bound(self, keyword: str, none: float, old: Schema, new: Schema, place: Position) -> Iterator[Change]:
        before, after = old.get(keyword, none), new.get(keyword, none)
        if before != after:
            is_lower = (after < before) == (keyword in _UPPER)
            yield self._keyword(self._severity(narrower=is_lower, wider=not is_lower), keyword, old, new, place)

    def _other_keyword(self, keyword: str, old: Schema, new: Schema) -> str:
        """Return the severity of a keyword that is only added, removed or changed, such as a pattern."""
        if keyword in old and keyword in new:
            return RISKY
        return self._severity(narrower=keyword not in old, wider=keyword not in new)

    # -- members ---------------------------------------------------------------------------------

    def _members(self, old: Schema, new: Schema, place: Position, depth: int) -> Iterator[Change]:
        before, after = old.get("properties", {}), new.get("properties", {})
        required = (old.get("required", ()), new.get("required", ()))
        names = dict.fromkeys(name for group in (before, after, *required) for name in group)
        for name in names:
            where = place.below(f".{name}")
            was, is_now = (name in group for group in required)
            is_new = name not in before and name in after
            if name in before and name not in after:
                yield self._change(self._of_removed(name, old, new), "member removed", where)
            elif is_new and not was:
                severity = BREAKING if self.direction == SENT and is_now else HARMLESS
                yield self._change(severity, f"{'required' if is_now else 'optional'} member added", where)
            else:
                yield from self._requirement(was, is_now, where)
                yield from self.changes(before.get(name, {}), after.get(name, {}), where, depth + 1)

    def _of_removed(self, name: str, old: Schema, new: Schema) -> str:
        """Return the severity of a member that is no longer described."""
        if self.direction == SENT:
            return BREAKING if new.get("additionalProperties") is False else RISKY
        return BREAKING if name in old.get("required", ()) else RISKY

    def _requirement(self, was: bool, is_now: bool, place: Position) -> Iterator[Change]:  # noqa: FBT001 - old and new
        if was != is_now:
            severity = self._severity(narrower=is_now, wider=was, is_promise=True)
            yield self._change(severity, "required" if is_now else "no longer required", place)

    def _other_members(self, old: Schema, new: Schema, place: Position, depth: int) -> Iterator[Change]:
        before, after = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if before == after:
            return
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from self.changes(before, after, place.below(".*"), depth + 1)
            return
        narrower = after is False or before is True
        # A reader that reads names does not see the members that it does not know.
        severity = self._severity(narrower=narrower) if self.direction == SENT else HARMLESS
        yield self._change(severity, "other members", place, _openness(before), _openness(after))

    # -- several forms ---------------------------------------------------------------------------

    def _alternatives(self, old: Schema, new: Schema, place: Position, depth: int) -> Iterator[Change]:
        before, after = self.old.alternatives(old), self.new.alternatives(new)
        pairs, gone, added = _paired(before, after)
        for (name, one), (_, other) in pairs:
            yield from self.changes(one, other, place.below(f" ({name})" if name else ""), depth + 1)
        for name, form in gone:
            yield self._change(self._severity(narrower=True), "form removed", place, old=name or text_of(form))
        known = frozenset[str]().union(*(types_of(form) for _, form in before))
        for name, form in added:
            is_other_type = not types_of(form) <= known
            severity = self._severity(wider=True, is_promise=is_other_type)
            yield self._change(severity, "form added", place, new=name or text_of(form))

    def _dialects(self, old: Schema, new: Schema, place: Position, depth: int) -> Iterator[Change]:
        before, after = _options(old), _options(new)
        for choice in (*before, *(choice for choice in after if choice not in before)):
            where = place.below(f" ({choice})")
            if choice not in before or choice not in after:
                what = "form of the option removed" if choice in before else "form of the option added"
                yield self._change(RISKY, what, where)
                continue
            found = self.changes(before[choice], after[choice], where, depth + 1)
            yield from (at_most_risky(change) for change in found)

    # -- changes ---------------------------------------------------------------------------------

    def _severity(self, *, narrower: bool = False, wider: bool = False, is_promise: bool = False) -> str:
        """Return the severity of values that become fewer, more, or both (other values)."""
        if self.direction == SENT:
            return BREAKING if narrower else HARMLESS
        if not wider:
            return HARMLESS
        return BREAKING if is_promise else RISKY

    def _keyword(self, severity: str, keyword: str, old: Schema, new: Schema, place: Position) -> Change:
        before, after = (text_of(schema[keyword]) if keyword in schema else "none" for schema in (old, new))
        return self._change(severity, keyword, place, before, after)

    def _change(self, severity: str, what: str, place: Position, old: str = "", new: str = "") -> Change:
        return Change(
            severity=severity,
            contract=self.contract,
            place=place.place,
            part=place.part,
            what=what,
            old=old,
            new=new,
            direction=self.direction,
        )

    def opposite(self) -> "SchemaComparison":
        """Return the comparison of values in the other direction."""
        return replace(self, direction=RECEIVED if self.direction == SENT else SENT)


def types_of(schema: Schema) -> frozenset[str]:
    """Return the types that a schema allows; every integer is a number."""
    kinds = schema.get("type", _TYPES)
    found = {kinds} if isinstance(kinds, str) else set(kinds)
    if schema.get("nullable"):
        found.add("null")
    if "number" in found:
        found.add("integer")
    return frozenset(found)


def _type_names(types: frozenset[str]) -> str:
    if types == frozenset(_TYPES):
        return "any"
    return " or ".join(sorted(types - {"integer"} if "number" in types else types))


def _openness(value: Any) -> str:
    return {False: "refused", True: "any"}[value] if isinstance(value, bool) else text_of(value)


def _options(schema: Schema) -> dict[str, Any]:
    dialects = schema.get(_DIALECTS, {})
    return {f"{dialect}={option}": form for dialect, forms in dialects.items() for option, form in forms.items()}


_Form = tuple[str, Schema]


def _paired(old: Sequence[_Form], new: Sequence[_Form]) -> tuple[list[tuple[_Form, _Form]], list[_Form], list[_Form]]:
    """Pair the forms of two schemas: those of one name, then equal ones, then the rest in order if they are as many."""
    pairs: list[tuple[_Form, _Form]] = []
    gone, added = list(old), list(new)
    for is_same in (_have_same_name, _are_equal):
        for form in list(gone):
            match = next((other for other in added if is_same(form, other)), None)
            if match is not None:
                pairs.append((form, match))
                gone.remove(form)
                added.remove(match)
    unnamed = not any(name for name, _ in (*gone, *added)) or len(old) == len(new) == 1
    if unnamed and len(gone) == len(added):
        return [*pairs, *zip(gone, added, strict=True)], [], []
    return pairs, gone, added


def _have_same_name(one: _Form, other: _Form) -> bool:
    return bool(one[0]) and one[0] == other[0]


def _are_equal(one: _Form, other: _Form) -> bool:
    return one[1] == other[1]
