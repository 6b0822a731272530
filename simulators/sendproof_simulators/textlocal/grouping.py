"""The commands about groups and contacts. The source of each rule is in `openapi/textlocal.yaml`."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from urllib.parse import unquote_plus

import msgspec

from sendproof_simulators.core.exchange import Fact
from sendproof_simulators.core.numbers import to_digits
from sendproof_simulators.provider import Call
from sendproof_simulators.textlocal import errors
from sendproof_simulators.textlocal.answers import Answer, Fields
from sendproof_simulators.textlocal.contacts import CONTACTS, OPT_OUTS, Details
from sendproof_simulators.textlocal.errors import RefusalError
from sendproof_simulators.textlocal.state import NAME

NUMBERS_MOST = 15_000
CONTACTS_MOST = 1_500
_PAGE = 100


class BulkContact(msgspec.Struct, gc=False):
    """One of `contacts`."""

    number: str | int = ""
    first_name: str = ""
    last_name: str = ""
    custom1: str = ""
    custom2: str = ""
    custom3: str = ""

    def details(self) -> Details:
        """All but the number; None when that is all."""
        given = {name: getattr(self, name) for name in _DETAILS}
        return given if any(given.values()) else None


_DETAILS = ("first_name", "last_name", "custom1", "custom2", "custom3")
_NO_DETAILS: Mapping[str, str] = dict.fromkeys(_DETAILS, "")
_decode = msgspec.json.Decoder(list[BulkContact]).decode


def create_group(call: Call, fields: Fields) -> Answer:
    """Make an empty group."""
    return Answer(value={"group": {"id": call.state.contacts.create(fields["name"]), "name": fields["name"]}})


def get_groups(call: Call, fields: Fields) -> Answer:
    """Every group with its size."""
    del fields
    groups = [{"id": id_, "name": name, "size": size} for id_, name, size in call.state.contacts.groups()]
    return Answer(value={"num_groups": len(groups), "groups": groups})


def delete_group(call: Call, fields: Fields) -> Answer:
    """Delete a group for good."""
    call.state.contacts.delete(fields["group_id"])
    return Answer(value={})


def get_contacts(call: Call, fields: Fields) -> Answer:
    """A page of a group, or the one contact with a number."""
    members = call.state.contacts.members(fields["group_id"])
    if "number" in fields:
        number = to_digits(fields["number"])
        members = {number: members[number]} if number in members else {}
    start, limit = fields.get("start", 0), fields.get("limit", _PAGE)
    page = islice(members.items(), min(start, len(members)), min(start + limit, len(members)))
    said = {"group_id": fields["group_id"], "start": start, "limit": limit, "num_contacts": len(members)}
    return Answer(value={**said, "contacts": _listed(page)})


def create_contacts(call: Call, fields: Fields) -> Answer:
    """Add numbers to a group; those that are none are left out with a warning."""
    given = [number for number in map(str.strip, fields["numbers"].split(",")) if number]
    if not given:
        raise RefusalError(errors.NO_CONTACTS)
    if len(given) > NUMBERS_MOST:
        raise RefusalError(errors.TOO_MANY, f"{len(given)} of {NUMBERS_MOST} at most")
    return _create(call, fields, [(number, None) for number in given], errors.BAD_CONTACTS)


def create_contacts_bulk(call: Call, fields: Fields) -> Answer:
    """Add contacts with names and custom values to a group."""
    text = fields["contacts"]
    try:
        # observed: the vendor's own class percent-encodes the JSON text once more.
        contacts = _decode(unquote_plus(text) if text.startswith("%") else text)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise RefusalError(errors.BAD_JSON, str(error)) from error
    if len(contacts) > CONTACTS_MOST:
        raise RefusalError(errors.TOO_MANY, f"{len(contacts)} of {CONTACTS_MOST} at most")
    given = [(str(contact.number), contact.details()) for contact in contacts]
    return _create(call, fields, given, errors.BAD_OR_DUPLICATE)


def delete_contact(call: Call, fields: Fields) -> Answer:
    """Take a number out of a group for good."""
    group, number = fields.get("group_id", CONTACTS), to_digits(fields["number"])
    call.state.contacts.remove(group, number or "")
    return Answer(value={"group_id": group, "number": int(number or 0)})


def get_optouts(call: Call, fields: Fields) -> Answer:
    """Every number that must not be sent to. The shape is assumed."""
    del fields
    numbers = [{"number": int(number)} for number in call.state.contacts.opt_outs]
    return Answer(value={"num_optouts": len(numbers), "optouts": numbers})


def _create(call: Call, fields: Fields, given: Sequence[tuple[str, Details]], code_if_none: int) -> Answer:
    group = fields.get("group_id", CONTACTS)
    members = call.state.contacts.members(group)
    created: dict[str, Details] = {}
    left_out: list[str] = []
    for text, details in given:
        number = to_digits(text) if text else None
        if number is None or number in created:
            left_out.append(text)
        else:
            created[number] = details
    if not created:
        raise RefusalError(code_if_none)
    facts = tuple(_opt_out(call.operation, number) for number in created if number not in members)
    members.update(created)
    said = {"group_id": group, "num_contacts": len(created), "contacts": _listed(created.items())}
    return Answer(value={**said, **_warned(left_out)}, facts=facts if group == OPT_OUTS else ())


def _warned(numbers: Sequence[str]) -> dict[str, object]:
    warning = {"code": errors.INVALID_NUMBER, "message": "Invalid number", "numbers": ",".join(numbers)}
    return {"warnings": [warning]} if numbers else {}


def _listed(contacts: Iterable[tuple[str, Details]]) -> list[dict[str, object]]:
    return [{"number": int(number), **(details or _NO_DETAILS)} for number, details in contacts]


def _opt_out(operation: str, number: str) -> Fact:
    return Fact(kind="opt_out", fields={"service": NAME, "number": number, "how": operation.removesuffix("_get")})
