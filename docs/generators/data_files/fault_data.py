"""Data of the harness that depends on the fault kinds of the simulators.

The harness cannot import the simulators, so two of its files are generated: `fault_kinds.json`, and the keys of a fault
in the JSON Schema of scenario files. The source is the content of `GET /control/faults`.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from sendproof_harness.scenario.fault_kinds import COMMON_KEYS
from sendproof_harness.scenario.load import SCHEMA_FILE
from sendproof_harness.scenario.values import duration_text
from sendproof_simulators.core.faults.spec import VIRTUAL_DURATION, catalogue

Schema = dict[str, Any]
#: One setting of one kind of fault: the name of the kind, the JSON Schema of the setting, and its default.
Setting = tuple[str, Schema, Any]

# Members of a setting's JSON Schema that the schema of scenario files repeats.
_LIMITS = ("type", "minimum", "exclusiveMinimum", "maximum", "minLength", "maxLength")


def fault_kinds_json() -> str:
    """Return the content of `fault_kinds.json`: by kind, its targets, moments, keys and durations."""
    kinds = {
        kind["fault"]: {
            "on": kind["on"],
            "when": kind["when"],
            "keys": list(kind["fields"]),
            "durations": [name for name, field in kind["fields"].items() if _is_duration(field)],
        }
        for kind in catalogue()
    }
    return _json_text(kinds) + "\n"


def scenario_schema_json() -> str:
    """Return the JSON Schema of scenario files, with the fault kinds of the simulators and their keys."""
    schema: Schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    fault = schema["$defs"]["fault"]
    common = {key: fault["properties"][key] for key in COMMON_KEYS}
    common["fault"]["examples"] = [kind["fault"] for kind in catalogue()]
    fault["properties"] = common | {name: _key_schema(name, settings) for name, settings in _settings().items()}
    return _json_text(schema) + "\n"


def _settings() -> Mapping[str, list[Setting]]:
    """Return all settings by name; kinds may share a name."""
    settings: dict[str, list[Setting]] = {}
    for kind in catalogue():
        for name, field in kind["fields"].items():
            # A setting that may be null has two alternatives; the second is null.
            schema = field["anyOf"][0] if "anyOf" in field else field
            settings.setdefault(name, []).append((kind["fault"], schema, field["default"]))
    return settings


def _key_schema(name: str, settings: list[Setting]) -> Schema:
    limits = [{key: schema[key] for key in _LIMITS if key in schema} for _, schema, _ in settings]
    if any(other != limits[0] for other in limits):
        kinds = ", ".join(kind for kind, _, _ in settings)
        raise ValueError(f"expected the same limits for {name} in {kinds}, got {limits}; choose another name in one")
    description = " ".join(_descriptions(settings))
    if _is_duration(settings[0][1]):
        return {"$ref": "#/$defs/duration", "description": description}
    return {"title": _title(limits[0]), "description": description, **limits[0]}


def _is_duration(field: Schema) -> bool:
    return field.items() >= VIRTUAL_DURATION.items()


def _title(limits: Schema) -> str:
    match limits["type"]:
        case "integer":
            return f"a whole number from {limits['minimum']} to {limits['maximum']}"
        case "number":
            return f"a number greater than {limits['exclusiveMinimum']}, up to {limits['maximum']}"
    return "some text"


def _descriptions(settings: list[Setting]) -> Iterator[str]:
    """Yield each distinct meaning of a setting, after the kinds that share it."""
    kinds: dict[str, list[str]] = {}
    for kind, schema, default in settings:
        text = f"{schema['description']}. {_default(schema, default)}"
        kinds.setdefault(text, []).append(kind)
    for text, names in kinds.items():
        yield f"{', '.join(names)}: {text}"


def _default(schema: Schema, default: Any) -> str:
    if default in (None, ""):
        return "Optional."
    if _is_duration(schema):
        return f"Default {duration_text(timedelta(milliseconds=default)) if default else 'none'}."
    return f"Default {default:g}." if isinstance(default, float) else f"Default {default}."


def _json_text(value: Any, indent: str = "") -> str:
    """Return JSON with one key per line; lists and single references stay on one line."""
    if not isinstance(value, dict) or not value or list(value) == ["$ref"]:
        return json.dumps(value, ensure_ascii=False)
    inside = indent + "  "
    members = (f"{inside}{json.dumps(key)}: {_json_text(member, inside)}" for key, member in value.items())
    return "{\n" + ",\n".join(members) + f"\n{indent}}}"
