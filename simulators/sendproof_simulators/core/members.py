"""The members of a JSON body as services read them: spelled in any case, and null where they could be absent.

Both JSON serialisers of .NET match members in any case when they bind a body, and of members that differ only in case
the last one counts. Clients in .NET and Java write unset members as null by default. What a service does with either is
an open question, so both are dialects, and `BodyRules` are their options in one sandbox.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sendproof_simulators.core.dialects import Dialect, Option, Options

Schema = Mapping[str, Any]

#: The extension of a schema with another one for an option of a dialect: `{dialect: {option: schema}}`.
DIALECTS_EXTENSION = "x-dialects"

#: An option of a dialect.
Choice = tuple[str, str]

#: The extension of a contract for an optional member whose null means the same as its absence.
NULL_EXTENSION = "x-null"

NULL_MEMBERS = Dialect(
    name="null_members",
    question="May an optional member of a body be null?",
    options=(
        Option(
            value="accepted",
            meaning="yes, it counts as absent",
            evidence="assumed",
            source="serialisers of .NET and Java write unset members as null by default",
        ),
        Option(
            value="refused",
            meaning="no, except for the members that the documents show as null",
            evidence="assumed",
            source="no statement",
        ),
    ),
)
_ANY_CASE = "any_case"
# Names in contracts are shorter; those of a hostile client can have megabytes.
_LONGEST_NAME = 200
MEMBER_NAMES = Dialect(
    name="member_names",
    question="Do the members of a body match in any case?",
    options=(
        Option(
            value=_ANY_CASE,
            meaning="yes, as paths and query names do; of members that differ only in case the last one counts",
            evidence="observed",
            source="client code: GitHub larvit/optimove_mocker, beside the live service, reads TemplateId",
        ),
        Option(
            value="exact", meaning="no, another spelling is an unknown member", evidence="assumed", source="RFC 8259"
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class BodyRules:
    """How a sandbox reads the members of bodies. `options` select the schemas of single options of dialects."""

    in_any_case: bool = False
    nulls_accepted: bool = True
    options: Options = field(default_factory=dict, compare=False)


def body_rules(options: Options) -> BodyRules:
    """Return the rules for the options of a service's dialects."""
    return BodyRules(
        in_any_case=options.get(MEMBER_NAMES.name) == _ANY_CASE,
        nulls_accepted=options.get(NULL_MEMBERS.name, "accepted") == "accepted",
        options=options,
    )


@dataclass(frozen=True, slots=True)
class Members:
    """The members of an object, or of the objects in a list.

    `names` are those of the contract, `spellings` finds each by its lower-case form, and `below` has the members of
    members. For the names in `nullable`, null means absent. `is_open`: the contract allows other members.
    """

    names: frozenset[str] = frozenset()
    spellings: Mapping[str, str] = field(default_factory=dict)
    below: Mapping[str, "Members"] = field(default_factory=dict)
    nullable: frozenset[str] = frozenset()
    is_open: bool = False

    def read(self, value: Any, rules: BodyRules) -> Any:
        """Return a decoded value with the contract's names, and without nulls that mean absent. It changes `value`."""
        if not self.names:
            return value
        # A list in a list has no members: a client could nest lists without end.
        if isinstance(value, list):
            return [self._read_object(item, rules) if isinstance(item, dict) else item for item in value]
        return self._read_object(value, rules) if isinstance(value, dict) else value

    def _has_other_spelling(self, value: Mapping[str, Any]) -> bool:
        """Return True if a name of the contract is spelled in another case. Without one, no copy is needed."""
        return not value.keys() <= self.names and any(
            len(name) <= _LONGEST_NAME and name not in self.names and name.lower() in self.spellings for name in value
        )

    def _read_object(self, value: dict[str, Any], rules: BodyRules) -> dict[str, Any]:
        if rules.in_any_case and self._has_other_spelling(value):
            value = {self.spellings.get(name.lower(), name): item for name, item in value.items()}
        if rules.nulls_accepted and self.nullable:
            for name in self.nullable & value.keys():
                if value[name] is None:
                    del value[name]
        for name, members in self.below.items():
            if name in value:
                value[name] = members.read(value[name], rules)
        return value


def members_of(schema: Schema, resolve: Callable[[Schema], Schema]) -> Members:
    """Return the members that a schema names, in all its forms. `resolve` follows the references of its contract."""
    properties: dict[str, Schema] = {}
    is_open = False
    for part in _parts(schema, resolve):
        properties = {**part.get("properties", {}), **properties}
        is_open = is_open or bool(part.get("additionalProperties", False))
    below = {name: members_of(part, resolve) for name, part in properties.items()}
    return Members(
        names=frozenset(properties),
        spellings={name.lower(): name for name in reversed(properties)},
        below={name: members for name, members in below.items() if members.names},
        nullable=frozenset(name for name, part in properties.items() if means_absent(part)),
        is_open=is_open,
    )


def without_absent_nulls(node: Any) -> Any:
    """Return a part of a contract that refuses null where it would mean absent."""
    if isinstance(node, list):
        return [without_absent_nulls(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    dropped = "nullable" if means_absent(node) else None
    return {key: without_absent_nulls(value) for key, value in node.items() if key != dropped}


def choices_in(node: Any, resolve: Callable[[Schema], Schema]) -> frozenset[Choice]:
    """Return the options with which another schema replaces a part of this one."""
    if isinstance(node, list):
        return frozenset[Choice]().union(*(choices_in(item, resolve) for item in node))
    if not isinstance(node, Mapping):
        return frozenset()
    if "$ref" in node:
        return choices_in(resolve(node), resolve)
    own = {(name, option) for name, schemas in node.get(DIALECTS_EXTENSION, {}).items() for option in schemas}
    return frozenset(own).union(
        *(choices_in(value, resolve) for key, value in node.items() if key != DIALECTS_EXTENSION)
    )


def with_choices(node: Any, chosen: frozenset[Choice]) -> Any:
    """Return a part of a contract as it is with these options."""
    if isinstance(node, list):
        return [with_choices(item, chosen) for item in node]
    if not isinstance(node, Mapping):
        return node
    for name, schemas in node.get(DIALECTS_EXTENSION, {}).items():
        for option, schema in schemas.items():
            if (name, option) in chosen:
                return schema
    return {key: with_choices(value, chosen) for key, value in node.items()}


def means_absent(schema: Schema) -> bool:
    """Return True if null means that the member of this schema is absent, according to a dialect."""
    return schema.get(NULL_EXTENSION) == "absent"


def _parts(schema: Schema, resolve: Callable[[Schema], Schema]) -> Iterator[Schema]:
    """Yield a schema and its alternatives; for a list, those of its items."""
    schema = resolve(schema)
    yield schema
    alternatives = (part for choice in ("allOf", "anyOf", "oneOf") for part in schema.get(choice, ()))
    for part in (*alternatives, *([schema["items"]] if "items" in schema else ())):
        yield from _parts(part, resolve)
