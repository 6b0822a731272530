"""Types for the Python client: a `TypedDict` for each schema of `openapi/control.yaml` that the client uses."""

import keyword
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_ROOT = Path(__file__).parents[3]
CONTRACT_FILE = _ROOT / "openapi" / "control.yaml"
TYPES_FILE = _ROOT / "harness" / "sendproof" / "control_types.py"

Schema = Mapping[str, Any]

#: The schemas that the client takes or returns. The types of their members follow.
SCHEMAS = (
    "NewSandbox", "Sandbox", "State", "Snapshot", "Health", "Clock", "NewFault", "Fault", "NewTemplate", "Template",
    "NewCampaign", "Campaign", "CampaignSummary", "NewTrigger", "Trigger", "CustomerEvent",
    "RecordedEvents", "Webhook", "RequestEntry", "Request", "Message", "MessageDetails", "CustomerSummary", "Customer",
    "Key", "KeyChange", "ComputedVerdict",
)  # fmt: skip

_HEAD = '''"""The values of the control API, named like their schemas in `openapi/control.yaml`.

`make docs` generates this file. Instants are texts such as 2026-03-02T09:00:00.000Z. A member that is `NotRequired` may
be absent.
"""

from typing import Any, Literal, NotRequired, TypedDict
'''
_LINE = 120
_SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "object": "dict[str, Any]"}


def control_types() -> str:
    """Return the content of the Python file."""
    types = _Types(yaml.safe_load(CONTRACT_FILE.read_text("utf-8"))["components"]["schemas"])
    for name in SCHEMAS:
        types.define(name)
    return _HEAD + "\n" + "\n\n".join(types.texts.values())


class _Types:
    """The definitions so far by name. An object comes after the objects and texts that it contains."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas
        self.texts: dict[str, str] = {}

    def define(self, name: str) -> str:
        """Define a schema of the contract if that is not yet done; return its name."""
        if name not in self.texts:
            schema = self._schemas[name]
            self._define_object(name, schema) if "properties" in schema else self._define_alias(name, schema)
        return name

    def _define_alias(self, name: str, schema: Schema) -> None:
        text = f"{name} = {self._type(name, schema)}"
        if len(text) > _LINE:
            text = text.replace("Literal[", "Literal[\n    ").removesuffix("]") + "\n]"
        self.texts[name] = text + "\n"

    def _define_object(self, name: str, schema: Schema) -> None:
        required = schema.get("required", ())
        members = {
            member: kind if member in required else f"NotRequired[{kind}]"
            for member, part in schema["properties"].items()
            for kind in [self._type(name + "".join(map(str.capitalize, member.split("_"))), part)]
        }
        if any(map(keyword.iskeyword, members)):
            lines = ["TypedDict(", f'    "{name}",', "    {", *(f'        "{key}": {members[key]},' for key in members)]
            self.texts[name] = "\n".join([f"{name} = {lines[0]}", *lines[1:], "    },", ")", ""])
        else:
            lines = [f"class {name}(TypedDict):", *(f"    {key}: {members[key]}" for key in members), ""]
            self.texts[name] = "\n".join(lines)

    def _type(self, name: str, schema: Schema) -> str:
        """Return the annotation of a value; `name` is that of its class, if it needs one."""
        match schema:
            case {"$ref": reference}:
                kind = self.define(reference.rpartition("/")[2])
            case {"allOf": [part]}:
                kind = self._type(name, part)
            case {"oneOf": parts}:
                kind = " | ".join(dict.fromkeys(self._type(name, part) for part in parts))
            case {"enum": values}:
                kind = f"Literal[{', '.join(map(_literal, values))}]"
            case {"properties": _}:
                self._define_object(name, schema)
                kind = name
            case {"type": "array"}:
                kind = f"list[{self._type(f'{name}Item', schema['items'])}]"
            case {"type": "object", "additionalProperties": Mapping() as part} if part:
                kind = f"dict[str, {self._type(f'{name}Item', part)}]"
            case _:
                kind = _SCALARS.get(schema.get("type", ""), "Any")
        return f"{kind} | None" if schema.get("nullable") and kind != "Any" else kind


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
