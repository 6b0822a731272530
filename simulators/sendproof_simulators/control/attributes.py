"""The operation of `control.yaml` on customer attributes: the client adds one, or has one registered for syncs."""

from collections.abc import Mapping
from typing import Any

from sendproof_simulators.control.call import ControlCall, ControlError
from sendproof_simulators.core.audience.attribute_types import fits, normalize_type
from sendproof_simulators.core.audience.records import Attribute, CustomerRecords
from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.http import Response, json_response


async def put_attribute(call: ControlCall) -> Response:
    """Add an attribute to all customers, or change whether vendors may sync it."""
    name, records = call.params["attribute"], call.sandbox.customers
    known = records.find_attribute(name)
    if known is None:
        records.add_attribute(_new_attribute(name, call.body, call.now))
    elif known.name != name or ("type" in call.body and normalize_type(call.body["type"]) != known.type):
        raise ControlError(409, f"attribute {known.name} exists with type {known.type}; choose another name")
    else:
        records.register_attribute(name, registered=call.body.get("registered", True))
    attribute_json = _attribute_json(records, name)
    call.sandbox.record("attribute", {**attribute_json, "source": "client"})
    return json_response(attribute_json)


def _new_attribute(name: str, fields: Mapping[str, Any], now: Instant) -> Attribute:
    type_, default = normalize_type(fields.get("type", "")), fields.get("default")
    if type_ is None:
        raise ControlError(409, f"type: expected a type such as VARCHAR(10) or INT, got {fields.get('type')!r}")
    if not fits(type_, default):
        raise ControlError(409, f"default: expected a value of type {type_}, got {default!r}")
    return Attribute(name, type_, default, now, registered=fields.get("registered", True))


def _attribute_json(records: CustomerRecords, name: str) -> dict[str, object]:
    attribute = records.find_attribute(name)
    if attribute is None:
        raise LookupError(f"expected the attribute {name} among the records")
    return {
        "name": name,
        "type": attribute.type,
        "default": attribute.default,
        "registered": attribute.registered,
    }
