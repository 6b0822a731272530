"""Reading a handover file: one that a run wrote, or one written by hand for another environment."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from sendproof_harness.bounded_file import FileTooLargeError, read_bounded
from sendproof_harness.bounded_http import decode_json
from sendproof_harness.handover.format import CLIENT, SCHEMA, Channel, HandoverFile, Service, optimove_key_name
from sendproof_harness.scenario.diagnostics import KeyPath, expected_got, path_text
from sendproof_harness.suggestions import suggestion

# A handover of a hundred clients is a tenth of this.
MAX_BYTES = 10_000_000
_VALIDATOR = Draft202012Validator(SCHEMA)


class HandoverError(ValueError):
    """A handover that no bridge can be set up with; the message has a line for every mistake."""


def read(file: Path) -> tuple[HandoverFile, ...]:
    """Return the handover of each client in a file; `HandoverError` names the mistakes."""
    try:
        content = decode_json(read_bounded(file, MAX_BYTES))
    except OSError as error:
        raise HandoverError(f"{file}: cannot be read: {error.strerror}; a run writes one into its results") from error
    except FileTooLargeError as error:
        raise HandoverError(f"{file}: {error}; a run writes one into its results") from error
    except ValueError as error:
        raise HandoverError(f"{file}: expected JSON, got {error}; a run writes one into its results") from error
    return parse_clients(content, str(file))


def parse_clients(content: Any, name: str) -> tuple[HandoverFile, ...]:
    """Return the handover of each client in JSON; messages begin with `name`."""
    if not (isinstance(content, dict) and content.keys() == {"clients"} and isinstance(content["clients"], list)):
        return (parse_client(content, name),)
    return tuple(parse_client(client, f"{name}: clients[{index}]") for index, client in enumerate(content["clients"]))


def parse_client(content: Any, name: str) -> HandoverFile:
    """Return the handover of one client in JSON; `HandoverError` names the mistakes, each with `name`."""
    mistakes = [f"{name}: {mistake}" for error in _VALIDATOR.iter_errors(content) for mistake in _mistakes(error)]
    if mistakes:
        # The validator reports missing keys of one object once for each key.
        raise HandoverError("\n".join(dict.fromkeys(mistakes)))
    listen = content.get("listen")
    return HandoverFile(
        client=content.get("client", CLIENT),
        services={key: Service(name=key, **value) for key, value in content["services"].items()},
        channels=tuple(
            Channel(**{key: channel[key] for key in ("id", "provider", "kind") if key in channel})
            for channel in content["channels"]
        ),
        phone=content["attributes"]["phone"],
        consent=content["attributes"].get("consent"),
        country=content["country"],
        listen=None if listen is None else (listen["host"], listen["port"]),
        clock_url=content.get("clock_url"),
        key=optimove_key_name(content),
    )


def _mistakes(error: ValidationError) -> Iterator[str]:
    # No part of the schema is a bare `true`.
    place, part = tuple(error.absolute_path), cast("Mapping[str, Any]", error.schema)
    got: Any = error.instance
    if error.validator == "additionalProperties":
        for key in sorted(got.keys() - part["properties"].keys()):
            yield f"{path_text((*place, key))}: unknown key, {suggestion(key, part['properties'])}"
    elif error.validator == "required":
        for key in part["required"]:
            if key not in got:
                yield f"{path_text((*place, key))}: expected {_title(part['properties'][key])}, got nothing"
    else:
        yield f"{_prefix(place)}{expected_got(_title(part), got)}"


def _title(part: Mapping[str, Any]) -> str:
    """Return the title of a part of the schema, or of the definition that it refers to."""
    name = part.get("$ref", "").removeprefix("#/$defs/")
    return str(SCHEMA["$defs"][name]["title"] if name else part["title"])


def _prefix(place: KeyPath) -> str:
    return f"{path_text(place)}: " if place else ""
